#!/usr/bin/env python3
"""Start and stop of a game server through Muster, against the same calls to Docker directly, interleaved.

    engine.py --muster BIN --folder DIR --engine DIR [--rounds N]

One JSON object a line, times in milliseconds: the median and the 99th percentile of each side, and what Muster adds.
Both sides run the same image with the same ports and limits; each round does one side, then the other, in changing order.
"""

import argparse
import http.client
import json
import pathlib
import platform
import socket
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / 'soak'))
from fleet import Fleet, UnixHttp  # noqa: E402

GAME = '''
id = "benchgame"
name = "Bench game"
image = "muster-test/game:1"
[[ports]]
name = "game"
number = 7000
protocol = "tcp"
variable = "PORT"
same_outside = true
[stop]
signal = "SIGTERM"
grace_seconds = 10
'''


class Api:
    """The REST API over one connection that is kept, as the other side keeps its own."""

    def __init__(self, fleet):
        self.connection = http.client.HTTPConnection('127.0.0.1', fleet.http)
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.headers = {'Authorization': f'Bearer {fleet.token}', 'Content-Type': 'application/json'}

    def call(self, method, path, body=None):
        self.connection.request(method, path, body, self.headers)
        return json.loads(self.connection.getresponse().read())


def until_over(api, operation):
    """Asks every 2 ms: oftener, and the asking would take the processor from what is measured."""
    while operation['state'] in ('queued', 'running'):
        time.sleep(0.002)
        operation = api.call('GET', f'/api/v1/operations/{operation["id"]}')
    assert operation['state'] == 'succeeded', operation


def through_muster(api, server):
    begin = time.perf_counter()
    for verb in ('start', 'stop'):
        answer = api.call('POST', f'/api/v1/servers/{server}/{verb}', '{}')
        until_over(api, answer.get('operation', answer))
    return (time.perf_counter() - begin) * 1000


def directly(docker, container):
    begin = time.perf_counter()
    for verb in ('start', 'stop'):
        status = docker.post(f'/v1.41/containers/{container}/{verb}')
        assert status in (204, 304), status
    return (time.perf_counter() - begin) * 1000


def say(metric, values, unit='ms'):
    values = sorted(values)
    print(json.dumps({'bench': 'engine', 'metric': metric, 'value': round(statistics.median(values), 2), 'unit': unit, 'n': len(values),
                      'p50': round(statistics.median(values), 2), 'p99': round(values[int(len(values) * 0.99)], 2), 'machine': platform.machine()}))


def main():
    words = argparse.ArgumentParser()
    words.add_argument('--muster', required=True)
    words.add_argument('--folder', required=True)
    words.add_argument('--engine', required=True)
    words.add_argument('--rounds', type=int, default=30)
    given = words.parse_args()
    folder = pathlib.Path(given.folder).resolve()
    fleet = Fleet(str(pathlib.Path(given.muster).resolve()), folder, given.engine)
    try:
        (folder / 'games').mkdir(exist_ok=True)
        (folder / 'games' / 'benchgame.toml').write_text(GAME)
        fleet.start_engine()
        # A benchmark asks oftener than a token may by default.
        fleet.coordinator_flags = ('--requests-per-second', '100000', '--requests-burst', '100000')
        fleet.start_coordinator()
        fleet.start_node(fleet.surely('POST', '/api/v1/join-tokens', {'expires_in_seconds': 600})['token'])
        server = fleet.surely('POST', '/api/v1/servers', {'name': 'bench', 'game': 'benchgame', 'start': False})
        api = Api(fleet)
        until_over(api, server['operation'])
        docker = UnixHttp(fleet.engine / 'docker.sock')
        container = fleet.docker('create', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--pids-limit', '512', '-i',
                                 '-p', f'{fleet.first_port + 199}:7000/tcp', 'muster-test/game:1').strip()
        ours, theirs = [], []
        for number in range(given.rounds + 2):
            pair = [lambda: ours.append(through_muster(api, server['server']['id'])), lambda: theirs.append(directly(docker, container))]
            for side in pair if number % 2 == 0 else reversed(pair):
                side()
        ours, theirs = ours[2:], theirs[2:]  # the first rounds warm both up
        say('start and stop through Muster', ours)
        say('start and stop of Docker directly', theirs)
        say('what Muster adds', [a - b for a, b in zip(ours, theirs)])
        footprint(fleet)
    finally:
        fleet.clear()


def footprint(fleet):
    """Resident memory: the coordinator with one node, and the node with 50 containers, both idle."""
    for number in range(50):
        fleet.docker('create', '--name', f'idle-{number}', 'muster-test/game:1')
    fleet.wait(lambda: len(fleet.call('GET', '/api/v1/containers?limit=500')[1].get('items', [])) >= 50, 60, 'the containers to be seen')
    time.sleep(10)
    for name, process in fleet.processes.items():
        status = pathlib.Path(f'/proc/{process.pid}/status').read_text()
        kib = int(next(line for line in status.splitlines() if line.startswith('VmRSS')).split()[1])
        print(json.dumps({'bench': 'footprint', 'metric': f'RSS of the {name}', 'value': round(kib / 1024, 1), 'unit': 'MiB', 'n': 1, 'machine': platform.machine()}))


main()
