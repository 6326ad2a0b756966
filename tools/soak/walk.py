#!/usr/bin/env python3
"""Players who walk to and fro across a world that several servers compute, over a real NATS server and a coordinator.

    walk.py --bin FOLDER --folder FOLDER --minutes M [--servers N] [--clients N] [--rate N] [--kill]

`--rate`: snapshots, and messages of inputs, a second. `--kill`: in the middle one world server is killed (-9) and, ten seconds later, started again. Players are `muster-load --pattern walk`, which
fails when one could not go on, or when a reliable message was lost or doubled; here the fleet is looked at: every region has one owner, and
everybody who plays is one server's.
"""

import argparse
import json
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.request

MAP = '2400x1800'


def fail(text):
    sys.exit(f'soak walk: {text}')


class Fleet:
    def __init__(self, arguments):
        self.arguments = arguments
        self.folder = arguments.folder
        self.processes = {}
        self.token = self.url = self.link = self.bus = ''

    def start(self, name, command):
        log = open(self.folder / f'{name}.log', 'a')
        self.processes[name] = subprocess.Popen(command, stdout=log, stderr=log)

    def ready(self, name):
        file = self.folder / name / 'ready.json'
        until = time.monotonic() + 60
        while not file.exists():
            if self.processes[name].poll() is not None or time.monotonic() > until:
                fail(f'{name} did not start, see {self.folder}/{name}.log')
            time.sleep(0.05)
        return json.loads(file.read_text())

    def open(self):
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            port = free.getsockname()[1]
        self.bus = f'nats://127.0.0.1:{port}'
        self.start('nats', ['nats-server', '-a', '127.0.0.1', '-p', str(port)])
        self.start('coordinator', [self.arguments.bin / 'muster', 'coordinator', '--data-dir', self.folder / 'coordinator', '--http', '127.0.0.1:0',
                                   '--grpc', '127.0.0.1:0'])
        ready = self.ready('coordinator')
        self.url, self.link = ready['http'].rstrip('/'), ready['grpc'].split('//')[-1]
        self.token = (self.folder / 'coordinator' / 'admin.token').read_text().strip()
        for number in range(self.arguments.servers):
            self.start_world(f'world{number}')

    def start_world(self, name):
        ready = self.folder / name / 'ready.json'
        ready.unlink(missing_ok=True)
        join = self.ask('POST', '/api/v1/join-tokens', {'kind': 'world_server', 'name': name})['token']
        self.start(name, [self.arguments.bin / 'muster', 'world', '--data-dir', self.folder / name, '--http', '127.0.0.1:0', '--udp', '127.0.0.1:0',
                          '--coordinator', self.link, '--join-token', join, '--modes', 'ffa', '--map', MAP, '--bots', '0',
                          '--players-max', '2000', '--sessions-max', '4000', '--sessions-per-address-max', '4000', '--joins-per-second', '1000',
                          '--joins-per-address-per-second', '1000', '--spread', '--regions', str(self.arguments.servers), '--bus-url', self.bus,
                          '--snapshot-rate', str(self.arguments.rate)])
        self.ready(name)

    def ask(self, method, path, body=None):
        request = urllib.request.Request(self.url + path, method=method, data=None if body is None else json.dumps(body).encode(),
                                         headers={'Authorization': f'Bearer {self.token}', 'Content-Type': 'application/json'})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def owners(self):
        """The server of each region, '' for none."""
        return [region.get('server') or '' for region in self.ask('GET', '/api/v1/worlds/ffa').get('regions', [])]

    def wait_spread(self):
        until = time.monotonic() + 120
        while len(set(self.owners()) - {''}) < self.arguments.servers:
            if time.monotonic() > until:
                fail(f'the regions did not spread: {self.owners()}')
            time.sleep(0.5)

    def close(self):
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def kill_one(fleet):
    """The world server with the most players, and how long its regions were nobody's."""
    regions = fleet.ask('GET', '/api/v1/worlds/ffa')['regions']
    busiest = max(regions, key=lambda region: region.get('players', 0))['server']
    servers = fleet.ask('GET', '/api/v1/world-servers')['items']
    name = next(server['name'] for server in servers if server['id'] == busiest)
    fleet.processes[name].kill()
    fleet.processes[name].wait()
    killed = time.monotonic()
    while busiest in fleet.owners() or '' in fleet.owners():
        if time.monotonic() - killed > 30:
            fail(f'the regions of {name} are still its own: {fleet.owners()}')
        time.sleep(0.02)
    print(f'{name} was killed: its regions were others\' after {time.monotonic() - killed:.2f} s', flush=True)
    return name


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--bin', type=pathlib.Path, required=True)
    parser.add_argument('--folder', type=pathlib.Path, required=True)
    parser.add_argument('--minutes', type=float, required=True)
    parser.add_argument('--servers', type=int, default=4)
    parser.add_argument('--clients', type=int, default=60)
    parser.add_argument('--rate', type=int, default=30, choices=[60, 30, 20, 15, 10])
    parser.add_argument('--kill', action='store_true')
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True)
    fleet = Fleet(arguments)
    try:
        fleet.open()
        fleet.wait_spread()
        out = open(arguments.folder / 'load.json', 'w')
        players = subprocess.Popen([arguments.bin / 'muster-load', '--url', fleet.url, '--clients', str(arguments.clients), '--seconds',
                                    str(round(arguments.minutes * 60)), '--pattern', 'walk', '--rate', str(arguments.rate), '--json', '--quiet'], stdout=out, stderr=subprocess.STDOUT)
        fleet.processes['players'] = players
        deadline = time.monotonic() + arguments.minutes * 60 + 120
        if arguments.kill:
            time.sleep(arguments.minutes * 30)
            name = kill_one(fleet)
            time.sleep(10)
            fleet.start_world(name)
        while players.poll() is None:
            dead = [name for name, process in fleet.processes.items() if process.poll() is not None and name != 'players']
            if dead or time.monotonic() > deadline:
                fail(f'{dead or "the players"} ended, or did not, see {arguments.folder}')
            time.sleep(0.5)
        told = json.loads((arguments.folder / 'load.json').read_text().strip().splitlines()[-1])
        print(json.dumps(told.get('crossings', {})))
        if players.returncode != 0:
            fail(f'muster-load ended with {players.returncode}, see {arguments.folder}/load.json')
    finally:
        fleet.close()


main()
