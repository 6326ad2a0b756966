#!/usr/bin/env python3
"""Players who walk to and fro across a world that several servers compute, over a real NATS server and a coordinator.

    walk.py --bin FOLDER --folder FOLDER --minutes M [--servers N] [--clients N] [--rate N] [--hosts 2] [--fault FAULT [--times N]]

`--rate`: snapshots, and messages of inputs, a second. `--hosts 2`: the world servers are on two hosts, which are network namespaces (needs root).
`--fault`, N times within the run: `kill` one world server (-9) and start it again; the same with `nats`, `coordinator` or `postgres`, which are away
for four seconds; `partition`: for six seconds one of two hosts reaches neither bus nor coordinator. Then it is measured how long it takes until all
agree again: every server is here, every region one's, everybody in one of them.

Players are `muster-load --pattern walk`: it fails when one could not go on, or, as long as nothing is broken, when a reliable message was lost or
doubled.
"""

import argparse
import json
import pathlib
import random
import time

from spread_fleet import HOSTS, Fleet, fail

AWAY_SECONDS = 4
CUT_SECONDS = 6
AGREE_SECONDS = 10
PLAY_AGAIN_MS = 3_000


def kill_one(fleet):
    """The world server with the most players, and how long its regions were nobody's."""
    busiest = max(fleet.regions(), key=lambda region: region.get('players', 0))['server']
    servers = fleet.ask('GET', '/api/v1/world-servers')['items']
    name = next(server['name'] for server in servers if server['id'] == busiest)
    fleet.kill(name)
    killed = time.monotonic()
    while busiest in fleet.owners() or '' in fleet.owners():
        if time.monotonic() - killed > 30:
            fail(f'the regions of {name} are still its own: {fleet.owners()}')
        time.sleep(0.02)
    took = time.monotonic() - killed
    print(f'{name} was killed: its regions were others\' after {took:.2f} s', flush=True)
    time.sleep(2)
    fleet.again(name)
    fleet.ready(name)


def break_and_heal(fleet, fault):
    if fault == 'kill':
        kill_one(fleet)
    elif fault == 'partition':
        host = random.choice(list(HOSTS))
        fleet.hosts.cut(host, True)
        time.sleep(CUT_SECONDS)
        fleet.hosts.cut(host, False)
    else:
        fleet.kill(fault)
        time.sleep(AWAY_SECONDS)
        fleet.again(fault)
        if fault == 'coordinator':
            fleet.ready(fault)


def break_often(fleet, arguments, until):
    pause = arguments.minutes * 60 / (arguments.times + 1)
    for number in range(arguments.times):
        time.sleep(max(1, pause - AWAY_SECONDS))
        break_and_heal(fleet, arguments.fault)
        healed = time.monotonic()
        # As many as play now: who came back as somebody else is in the report of the players.
        last = ''
        while why := fleet.disagreement(arguments.clients):
            if why != last:
                print(f'  {time.monotonic() - healed:.1f} s: {why}', flush=True)
            last = why
            if time.monotonic() - healed > 3 * AGREE_SECONDS or time.monotonic() > until:
                fail(f'{arguments.fault} {number + 1}: no agreement: {why}')
            time.sleep(0.1)
        took = time.monotonic() - healed
        print(f'{arguments.fault} {number + 1} of {arguments.times}: all agree {took:.1f} s after it was over', flush=True)
        if took > AGREE_SECONDS:
            fail(f'that is more than {AGREE_SECONDS} s')


def judge(arguments, told, code):
    crossings = told.get('crossings', {})
    print(json.dumps(crossings), flush=True)
    if not arguments.fault:
        return f'muster-load ended with {code}' if code else ''
    if told['joins'].get('reasons'):
        return f'players ended: {told["joins"]["reasons"]}'
    if told['reliable']['doubled'] or crossings['players_doubled']:
        return 'something was doubled'
    slowest = crossings['resume_gap_ms']['max']
    if arguments.fault == 'kill' and slowest > PLAY_AGAIN_MS:
        return f'somebody was away for {slowest} ms'
    return ''


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--bin', type=pathlib.Path, required=True)
    parser.add_argument('--folder', type=pathlib.Path, required=True)
    parser.add_argument('--minutes', type=float, required=True)
    parser.add_argument('--servers', type=int, default=4)
    parser.add_argument('--clients', type=int, default=60)
    parser.add_argument('--rate', type=int, default=30, choices=[60, 30, 20, 15, 10])
    parser.add_argument('--hosts', type=int, default=1, choices=[1, 2])
    parser.add_argument('--fault', choices=['kill', 'nats', 'coordinator', 'postgres', 'partition'])
    parser.add_argument('--times', type=int, default=1)
    arguments = parser.parse_args()
    arguments.postgres = arguments.fault == 'postgres'
    if arguments.fault == 'partition' and arguments.hosts < 2:
        parser.error('a partition needs --hosts 2')
    arguments.folder.mkdir(parents=True)
    fleet = Fleet(arguments)
    try:
        fleet.open()
        fleet.wait_spread()
        players = fleet.play(arguments.clients, round(arguments.minutes * 60), '--pattern', 'walk')
        until = time.monotonic() + arguments.minutes * 60 + 120
        if arguments.fault:
            break_often(fleet, arguments, until)
        while players.poll() is None:
            dead = [name for name in fleet.dead() if name != 'players']
            if dead or time.monotonic() > until:
                fail(f'{dead or "the players"} ended, or did not, see {arguments.folder}')
            time.sleep(0.5)
        if wrong := judge(arguments, fleet.told(), players.returncode):
            fail(f'{wrong}, see {arguments.folder}/load.json')
    finally:
        fleet.close()


main()
