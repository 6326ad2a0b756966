#!/usr/bin/env python3
"""A world with real clients (T1): `muster world` on core 0, `muster-load` on core 1.

    load.py --bin FOLDER [--clients N] [--seconds S] [--bots N] [--only NAME...]

One JSON object a line. The runs: `uniform` (the clients walk about), `joins` (500 come at once), `weather` (5 % loss, 50 +- 10 ms each
way), `crowd` (500 in one place), `storm` (join, play two seconds, leave, for ever). The server's CPU time is all of it: tick,
encoding, SCTP, DTLS, kernel. A run whose generator used more than 80 % of its core says so.
"""

import argparse
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

TICK = os.sysconf('SC_CLK_TCK')


def cpu_seconds(pid):
    fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def resident_bytes(pid):
    return int(pathlib.Path(f'/proc/{pid}/statm').read_text().split()[1]) * os.sysconf('SC_PAGESIZE')


def get(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.loads(answer.read())


class World:
    """A world server of its own, pinned to core 0."""

    def __init__(self, arguments, players, bots):
        self.folder = tempfile.TemporaryDirectory()
        words = ['taskset', '-c', '0', arguments.bin / 'muster', 'world', '--data-dir', self.folder.name, '--http', '127.0.0.1:0',
                 '--udp', '127.0.0.1:0', '--public-ip', '127.0.0.1', '--modes', 'ctf', '--map', arguments.map, '--players-max', players,
                 '--bots', bots, '--shards', 1, '--sleep', '0s', '--sessions-max', 8192, '--sessions-per-address-max', 8192,
                 '--joins-per-second', 10000, '--joins-per-address-per-second', 10000]
        self.log = open(pathlib.Path(self.folder.name) / 'log', 'w+')
        self.process = subprocess.Popen([str(word) for word in words], stdout=self.log, stderr=self.log)
        ready = pathlib.Path(self.folder.name) / 'ready.json'
        until = time.monotonic() + 30
        while not ready.exists():
            if self.process.poll() is not None or time.monotonic() > until:
                self.log.seek(0)
                sys.exit(f'the world did not start: {self.log.read()[-2000:]}')
            time.sleep(0.02)
        self.url = json.loads(ready.read_text())['http']
        if not self.url.startswith('http'):
            self.url = f'http://{self.url}'
        self.name = get(f'{self.url}/api/v1/worlds')['worlds'][0]['name']

    def statistics(self):
        return get(f'{self.url}/api/v1/worlds/{self.name}/metrics')

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()
        self.folder.cleanup()


class Sampler(threading.Thread):
    """CPU, memory and the tick's own figures, while the generator says that it measures."""

    def __init__(self, world, seconds):
        super().__init__(daemon=True)
        self.world, self.seconds, self.done = world, seconds, threading.Event()
        self.samples = []

    def run(self):
        while not self.done.wait(0.5):
            pid = self.world.process.pid
            try:
                self.samples.append((time.monotonic(), cpu_seconds(pid), resident_bytes(pid), self.world.statistics()))
            except (OSError, ValueError):
                return

    def window(self):
        """The longest stretch within which the clients were all there: from a second after they were to a second before the end."""
        most = max((s[3]['people'] for s in self.samples), default=0)
        full = [s for s in self.samples if s[3]['people'] >= 0.95 * most]
        return full[2:-2] if len(full) > 6 else full


def run(arguments, name, clients, seconds, bots, *words):
    world = World(arguments, clients + bots, bots)
    sampler = Sampler(world, seconds)
    try:
        empty = resident_bytes(world.process.pid)
        sampler.start()
        command = ['taskset', '-c', '1', arguments.bin / 'muster-load', '--url', world.url, '--clients', clients, '--seconds', seconds,
                   '--json', '--quiet', *words]
        done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True, timeout=seconds + 120)
        sampler.done.set()
        sampler.join()
        if not done.stdout:
            print(f'{name}: muster-load failed with {done.returncode}', file=sys.stderr)
            return
        report(name, clients, bots, json.loads(done.stdout), sampler.window(), empty)
    finally:
        sampler.done.set()
        world.close()


def report(name, clients, bots, told, window, empty):
    def line(metric, value, unit, asked=None, **more):
        out = {'bench': 'load', 'scene': name, 'metric': metric, 'value': round(value, 3), 'unit': unit}
        if asked is not None:
            out['asked'] = asked
        print(json.dumps({**out, **more, 'clients': clients, 'bots': bots, 'tier': 'T1',
                          'machine': f'{platform.system()} {platform.release()} {os.cpu_count()} cores'}), flush=True)

    def spread(told_quantiles):
        return {key: round(told_quantiles[key], 2) for key in ('n', 'p50', 'p99', 'p999', 'max')}

    if len(window) > 1:
        first, last = window[0], window[-1]
        took = last[0] - first[0]
        people = sum(s[3]['people'] for s in window) / len(window)
        cpu = last[1] - first[1]
        if name != 'storm':
            line('server CPU a client-tick', cpu * 1e6 / (people * 30 * took), 'us', 11, seconds=round(took, 1), share=round(cpu / took, 3))
            line('server memory a client', (last[2] - empty) / 1024 / people, 'KiB')
        stages = last[3]['stages']
        line('tick', stages['tick']['p99_us'] / 1000, 'ms', 10, p50=stages['tick']['p50_us'] / 1000, p99=stages['tick']['p99_us'] / 1000,
             max=stages['tick']['max_us'] / 1000, late=last[3]['ticks_late'], skipped=last[3]['ticks_skipped'],
             overload=last[3]['server']['overload'], snapshots_skipped=last[3]['server']['snapshots_skipped'])
    joins, inputs, snapshots = told['joins'], told['inputs'], told['snapshots']
    line('joins: all playing', joins['all_playing_s'], 's', 5 if name == 'joins' else None, playing=joins['playing'], failed=joins['failed'],
         dropped=joins['dropped'], put_off=joins['put_off'], first_snapshot_ms=spread(joins['first_snapshot_ms']))
    line('input to ack', inputs['to_ack_ms']['p99'], 'ms', 40 if name == 'uniform' else None, **spread(inputs['to_ack_ms']))
    line('snapshots a second', snapshots['per_player_second'], '1/s', entities=round(snapshots['entities_each'], 1),
         freezes=snapshots['freezes'], gap_ms=spread(snapshots['gap_ms']))
    line('bytes down a second', told['bytes_per_player_second']['down_ip'], 'B/s', 15000, payload=told['bytes_per_player_second']['down'])
    witness = told['witness']
    line('mismatches with the truth', witness['records_wrong'] + witness['in_view_unknown'] + witness['in_view_stale'], 'records', 0,
         **{key: witness[key] for key in ('ticks', 'records', 'records_wrong', 'in_view', 'in_view_unknown', 'in_view_stale')},
         age_ms=spread(witness['age_ms']))
    line('reliable messages lost', told['reliable']['lost'], 'messages', 0, deliveries=told['reliable']['deliveries'])
    line('generator', told['generator']['cpu_share_max'], 'cores', 0.8, bound=told['generator']['bound'],
         socket_drops=told['datagrams']['socket_drops'])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--bin', type=pathlib.Path, required=True)
    parser.add_argument('--clients', type=int, default=1000)
    parser.add_argument('--seconds', type=float, default=20)
    parser.add_argument('--bots', type=int, default=0)
    parser.add_argument('--map', default='4000x3000')
    parser.add_argument('--only', nargs='*', default=['uniform', 'joins', 'weather', 'crowd', 'storm'])
    a = parser.parse_args()
    half = max(1, a.clients // 2)
    scenes = {
        'uniform': lambda: run(a, 'uniform', a.clients, a.seconds, a.bots),
        'joins': lambda: run(a, 'joins', half, 5, a.bots),
        'weather': lambda: run(a, 'weather', half, a.seconds, a.bots, '--loss', 5, '--delay', 50, '--jitter', 10),
        'crowd': lambda: run(a, 'crowd', half, a.seconds, a.bots, '--pattern', 'crowd'),
        'storm': lambda: run(a, 'storm', half, a.seconds, a.bots, '--pattern', 'storm'),
    }
    for name in a.only:
        scenes[name]()


main()
