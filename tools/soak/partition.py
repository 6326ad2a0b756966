#!/usr/bin/env python3
"""Cuts the network between a node and its coordinator at random, both ways or one, with operations in flight.

    partition.py --muster BIN --folder DIR --engine DIR --times N [--seed S]

A cut resets connections or swallows what is said on them, for shorter or longer than the lease of a node. Whenever the
network is whole again, the promises of kill.py must hold; and all the while nothing that nobody touched may stop or be
said to have stopped: a node that cannot be reached is unknown, not lost.
"""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from fleet import Fleet, arguments  # noqa: E402
from proxy import Proxy  # noqa: E402
from workload import Workload  # noqa: E402

CUTS = ['reset', 'silent', 'up', 'down']
# Short, so that cuts of a few seconds are on both sides of it.
LEASE = ('--link-ping', '500ms', '--link-lease', '2s', '--link-grace', '3s')


def cut(load, proxy, number):
    random = load.random
    mode = CUTS[number % len(CUTS)] if number < len(CUTS) else random.choice(CUTS)
    for _ in range(random.randint(1, 4)):
        load.act(timeout=20)
        time.sleep(random.uniform(0, 0.1))
    seconds = random.choice([random.uniform(0.05, 1), random.uniform(2, 5)])
    proxy.set(mode)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if random.random() < 0.3:
            load.act(timeout=20)
        time.sleep(random.uniform(0, 0.5))
        said = {s['id']: s['state'] for s in load.servers()}
        for server in load.untouched:
            assert said[server] in ('ready', 'unknown'), f'{server} is said to be {said[server]} while its node is away'
    proxy.set('pass')
    return mode, seconds


def main():
    given = arguments(__doc__, times=100)
    folder = pathlib.Path(given.folder).resolve()
    fleet = Fleet(str(pathlib.Path(given.muster).resolve()), folder, given.engine)
    fleet.coordinator_flags = LEASE
    load = Workload(fleet, given.seed)
    proxies = []

    def through():
        proxies.append(Proxy(lambda: fleet.grpc))
        return proxies[0].port

    print(f'soak partition: seed {given.seed}, {given.times} cuts, folder {folder}', flush=True)
    try:
        load.prepare(through)
        for number in range(given.times):
            mode, seconds = cut(load, proxies[0], number)
            print(f'{number + 1:4} {mode} for {seconds:.2f} s', flush=True)
            if number % 10 == 9:
                load.check()
        starts, asked = load.check()
        print(f'soak partition: {given.times} cuts survived; {asked} operations asked for, none open; games started {starts} times')
    finally:
        fleet.clear()
        for proxy in proxies:
            proxy.close()


main()
