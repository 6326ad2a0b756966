#!/usr/bin/env python3
"""A world whose players come and go for a long time: memory and descriptors must not grow, nor anybody be left behind.

    worlds.py --bin FOLDER --folder FOLDER --minutes M [--steady N] [--storm N]

`--steady` players stay from the first minute to the last, `--storm` ones join, play two seconds and leave, all the time; both are
`muster-load`. A third of the time, five minutes at most, is for warming up: after it the resident memory may end at most 6 % and 2 MiB
above what it was. No player may decode what the server does not hold, lose a reliable message or be dropped. How fresh and how fast it
all was is for `./dev bench load`: here other programs may run.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time
import urllib.request

SAMPLE_SECONDS = 2
PAGE = os.sysconf('SC_PAGESIZE')


class Sample:
    def __init__(self, pid, url, started):
        self.seconds = time.monotonic() - started
        self.resident = int(pathlib.Path(f'/proc/{pid}/statm').read_text().split()[1]) * PAGE
        self.descriptors = len(os.listdir(f'/proc/{pid}/fd'))
        with urllib.request.urlopen(f'{url}/api/v1/worlds/statistics', timeout=20) as answer:
            self.joins = json.load(answer)['joins']


def start_world(arguments):
    log = open(arguments.folder / 'world.log', 'w')
    process = subprocess.Popen(
        [arguments.bin / 'muster', 'world', '--data-dir', arguments.folder / 'data', '--http', '127.0.0.1:0', '--udp', '127.0.0.1:0',
         '--modes', 'tdm', '--bots', '40', '--players-max', '1000', '--sessions-per-address-max', '1000', '--joins-per-second', '1000',
         '--joins-per-address-per-second', '1000'], stdout=log, stderr=log)
    ready = arguments.folder / 'data' / 'ready.json'
    until = time.monotonic() + 60
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > until:
            sys.exit(f'soak: the world did not start, see {arguments.folder}/world.log')
        time.sleep(0.05)
    return process, json.loads(ready.read_text())['http'].rstrip('/')


def start_players(arguments, url, pattern, clients):
    out = open(arguments.folder / f'{pattern}.json', 'w')
    return subprocess.Popen([arguments.bin / 'muster-load', '--url', url, '--clients', str(clients), '--seconds', str(arguments.minutes * 60),
                             '--pattern', pattern, '--json', '--quiet'], stdout=out, stderr=subprocess.STDOUT)


def watch(world, url, players, minutes):
    samples = []
    started = time.monotonic()
    deadline = started + minutes * 60 + 180
    said = 0
    while any(player.poll() is None for player in players):
        if world.poll() is not None:
            sys.exit(f'soak: the world ended with {world.returncode}')
        if time.monotonic() > deadline:
            sys.exit('soak: the players did not end in time')
        samples.append(Sample(world.pid, url, started))
        if samples[-1].seconds >= said:
            print(f'{samples[-1].seconds:6.0f} s  {samples[-1].resident / 2**20:7.1f} MiB  {samples[-1].descriptors} descriptors  {samples[-1].joins} joins', flush=True)
            said += 60
        time.sleep(SAMPLE_SECONDS)
    return samples


def judge(samples, minutes):
    warm = min(minutes * 20, 300)
    later = [one for one in samples if one.seconds >= warm and one.seconds <= minutes * 60]
    if len(later) < 8:
        return ['too few samples after warming up']
    part = max(len(later) // 8, 2)
    before = statistics.median(one.resident for one in later[:part])
    after = statistics.median(one.resident for one in later[-part:])
    print(f'resident {before / 2**20:.1f} MiB when warm, {after / 2**20:.1f} MiB at the end; {samples[-1].joins} joins')
    faults = []
    if after > before * 1.06 + 2 * 2**20:
        faults.append(f'the memory grew from {before / 2**20:.1f} to {after / 2**20:.1f} MiB')
    if max(one.descriptors for one in later[-part:]) > max(one.descriptors for one in later[:part]) + 16:
        faults.append('descriptors are left open')
    return faults


def left_behind(url):
    """People that are still there a while after all have left; a resume token keeps a place for 30 s."""
    until = time.monotonic() + 60
    while True:
        with urllib.request.urlopen(f'{url}/api/v1/worlds', timeout=20) as answer:
            people = json.load(answer)['worlds'][0]['people']
        if people == 0 or time.monotonic() > until:
            return people
        time.sleep(0.5)


def faults_of(arguments, pattern):
    """What muster-load found that no busy machine excuses."""
    file = arguments.folder / f'{pattern}.json'
    try:
        told = json.loads(file.read_text().strip().splitlines()[-1])
        wrong = {'records were wrong': told['witness']['records_wrong'], 'reliable messages were lost': told['reliable']['lost'],
                 'came out of order': told['reliable']['out_of_order'], 'messages could not be read': told['bad_messages'],
                 'players were dropped': told['joins']['dropped']}
        compared = told['witness']['records']
    except (IndexError, KeyError, ValueError) as error:
        return [f'{pattern}: muster-load said nothing that can be read ({error!r}), see {file}']
    faults = [f'{pattern}: {count} {what}, see {file}' for what, count in wrong.items() if count]
    return faults if compared else [*faults, f'{pattern}: nothing was compared with the truth']


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--bin', type=pathlib.Path, required=True)
    parser.add_argument('--folder', type=pathlib.Path, required=True)
    parser.add_argument('--minutes', type=float, required=True)
    parser.add_argument('--steady', type=int, default=60)
    parser.add_argument('--storm', type=int, default=60)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    world, url = start_world(arguments)
    players = {}
    try:
        players = {pattern: start_players(arguments, url, pattern, clients)
                   for pattern, clients in (('uniform', arguments.steady), ('storm', arguments.storm)) if clients > 0}
        samples = watch(world, url, players.values(), arguments.minutes)
        faults = judge(samples, arguments.minutes)
        faults += [fault for pattern in players for fault in faults_of(arguments, pattern)]
        people = left_behind(url)
        if people:
            faults.append(f'{people} are left behind')
    finally:
        for player in players.values():
            player.kill()
        world.terminate()
        world.wait(30)
    for fault in faults:
        print(f'soak: {fault}')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
