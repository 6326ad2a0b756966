#!/usr/bin/env python3
"""Kills a coordinator, a node and a Docker Engine with -9 at random moments while operations are in flight.

    kill.py --muster BIN --folder DIR --times N [--seed S]

Then everything comes back, and these must hold:
- a server that nobody touched never stopped: its game has started once, and runs still;
- no operation was executed twice: no game started oftener than it was told to;
- none is stuck: every operation has ended;
- every server is in the state that was asked of it last.
"""

import argparse
import pathlib
import random
import sys
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from fleet import Fleet  # noqa: E402

GAME = '''
id = "soakgame"
name = "Soak game"
image = "muster-test/game:1"
[[ports]]
name = "game"
number = 7000
protocol = "tcp"
variable = "PORT"
same_outside = true
[[volumes]]
name = "data"
target = "/data"
[ready]
pattern = "Server ready"
timeout_seconds = 120
[stop]
command = "stop"
grace_seconds = 20
'''
UNTOUCHED = 2
TOUCHED = 5
VICTIMS = ['coordinator', 'node', 'engine']


class Soak:
    def __init__(self, fleet, seed):
        self.fleet = fleet
        self.random = random.Random(seed)
        self.starts_allowed = {}  # server id -> how often its game may have started
        self.unknown = []         # (server, path, key): sent, but nobody answered

    def deploy(self, name):
        answer = self.fleet.surely('POST', '/api/v1/servers', {'name': name, 'game': 'soakgame'})
        self.starts_allowed[answer['server']['id']] = 1
        return answer['server']['id']

    def prepare(self):
        fleet = self.fleet
        (fleet.folder / 'games').mkdir(exist_ok=True)
        (fleet.folder / 'games' / 'soakgame.toml').write_text(GAME)
        fleet.start_engine()
        fleet.start_coordinator()
        token = fleet.surely('POST', '/api/v1/join-tokens', {'expires_in_seconds': 600})['token']
        fleet.start_node(token)
        self.untouched = [self.deploy(f'untouched-{i}') for i in range(UNTOUCHED)]
        self.touched = [self.deploy(f'touched-{i}') for i in range(TOUCHED)]
        fleet.wait(lambda: all(s['state'] == 'ready' for s in self.servers()), 180, 'all servers to be ready')
        self.since = {s: self.started_at(s) for s in self.untouched}

    def servers(self):
        status, answer = self.fleet.call('GET', '/api/v1/servers?limit=500')
        return answer['items'] if status == 200 else [{'state': 'nobody answers', 'id': ''}]

    def started_at(self, server):
        return self.fleet.docker('inspect', '-f', '{{.State.StartedAt}}', f'muster-{server}').strip()

    def act(self):
        server = self.random.choice(self.touched)
        verb = self.random.choice(['start', 'stop', 'restart', 'kill', 'start', 'restart'])
        path, key = f'/api/v1/servers/{server}/{verb}', str(uuid.uuid4())
        if verb in ('start', 'restart'):
            self.starts_allowed[server] += 1
        status, _ = self.fleet.call('POST', path, {}, key, timeout=3)
        if status == 0 and self.random.random() < 0.5:
            self.unknown.append((path, key))  # asked again later under the same key: at most one execution

    def round(self):
        for _ in range(self.random.randint(1, 6)):
            self.act()
            time.sleep(self.random.uniform(0, 0.1))
        victims = self.random.sample(VICTIMS, self.random.choice([1, 1, 1, 2]))
        for victim in victims:
            time.sleep(self.random.uniform(0, 0.3))
            self.fleet.kill(victim)
        self.act()
        time.sleep(self.random.uniform(0, 0.5))
        self.random.shuffle(victims)
        for victim in victims:
            self.fleet.start(victim)
        for path, key in self.unknown:
            self.fleet.call('POST', path, {}, key)
        self.unknown.clear()
        return victims

    def open_operations(self):
        found = []
        for state in ('queued', 'running'):
            status, answer = self.fleet.call('GET', f'/api/v1/operations?state={state}&limit=500')
            if status != 200:
                return ['nobody answers']
            found += answer['items']
        return found

    def settled(self):
        wanted = {'running': ('ready',), 'stopped': ('stopped',)}
        return all(s['state'] in wanted.get(s.get('desired'), ()) for s in self.servers())

    def check(self):
        fleet = self.fleet
        fleet.wait(lambda: not self.open_operations(), 180, 'every operation to end')
        fleet.wait(self.settled, 180, f'every server to be as it was asked: {[(s["id"], s["state"], s.get("desired"), s.get("reason")) for s in self.servers()]}')
        for server in self.untouched:
            assert self.started_at(server) == self.since[server], f'{server} was stopped and started, and nobody asked'
        data = fleet.folder / 'node' / 'data'
        total = 0
        for server, allowed in self.starts_allowed.items():
            starts = int((data / server / 'data' / 'starts.txt').read_text())
            assert starts <= allowed, f'{server} started {starts} times, and was told to {allowed} times'
            total += starts
        status, answer = fleet.call('GET', '/api/v1/operations?limit=500')
        return total, len(answer['items']) if status == 200 else 0


def main():
    words = argparse.ArgumentParser()
    words.add_argument('--muster', required=True)
    words.add_argument('--folder', required=True)
    words.add_argument('--times', type=int, default=200)
    words.add_argument('--seed', type=int, default=random.randrange(1_000_000))
    given = words.parse_args()
    folder = pathlib.Path(given.folder).resolve()
    fleet = Fleet(str(pathlib.Path(given.muster).resolve()), folder, folder / 'engine')
    soak = Soak(fleet, given.seed)
    killed = 0
    print(f'soak kill: seed {given.seed}, {given.times} kills, folder {folder}', flush=True)
    try:
        soak.prepare()
        while killed < given.times:
            victims = soak.round()
            killed += len(victims)
            print(f'{killed:4} killed: {", ".join(victims)}', flush=True)
            if killed % 20 < len(victims):
                soak.check()
        starts, operations = soak.check()
        print(f'soak kill: {killed} kills survived; games started {starts} times; {operations} operations at the end, none open')
    finally:
        fleet.stop_all()
        for name in fleet.docker('ps', '-aq').split():
            fleet.docker('rm', '-f', name)
        fleet.stop_engine()


main()
