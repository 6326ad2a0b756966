#!/usr/bin/env python3
"""Kills a coordinator, a node and a Docker Engine with -9 at random moments while operations are in flight.

    kill.py --muster BIN --folder DIR --engine DIR --times N [--seed S] [--victims coordinator,node,engine]

Then everything comes back, and these must hold:
- a server that nobody touched never stopped: its game has started once, and runs still;
- no operation was executed twice: no game started oftener than it was told to;
- none is stuck: every operation has ended;
- every server is in the state that was asked of it last, and the engine runs exactly those that should run.
"""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from fleet import Fleet, arguments  # noqa: E402
from workload import Workload  # noqa: E402


def round_of_kills(fleet, load, most, all_victims):
    random = load.random
    for _ in range(random.randint(1, 6)):
        load.act()
        time.sleep(random.uniform(0, 0.1))
    victims = random.sample(all_victims, min(most, len(all_victims), random.choice([1, 1, 1, 2])))
    for victim in victims:
        time.sleep(random.uniform(0, 0.3))
        fleet.kill(victim)
    load.act()
    time.sleep(random.uniform(0, 0.5))
    random.shuffle(victims)
    for victim in victims:
        fleet.start(victim)
    load.repeat_unknown()
    return victims


def main():
    given = arguments(__doc__, times=200)
    folder = pathlib.Path(given.folder).resolve()
    fleet = Fleet(str(pathlib.Path(given.muster).resolve()), folder, given.engine)
    load = Workload(fleet, given.seed)
    killed = 0
    print(f'soak kill: seed {given.seed}, {given.times} kills, folder {folder}', flush=True)
    try:
        load.prepare()
        while killed < given.times:
            victims = round_of_kills(fleet, load, given.times - killed, given.victims.split(','))
            killed += len(victims)
            print(f'{killed:4} killed: {", ".join(victims)}', flush=True)
            if killed % 20 < len(victims):
                load.check()
        starts, asked = load.check()
        print(f'soak kill: {killed} kills survived; {asked} operations asked for, none open; games started {starts} times')
    finally:
        fleet.clear()


main()
