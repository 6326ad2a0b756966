#!/usr/bin/env python3
"""The same echo work on data channels, by Muster's transport and by libdatachannel (node-datachannel), by turns.

    rtc.py --echo BIN --peers FOLDER [--rounds N] [--clients N] [--seconds S]

Each client sends 40 bytes 30 times a second on an unreliable channel and gets 400 bytes back. The server is pinned to core 0, the
clients to core 1. One JSON object a line: the server's CPU time for one client-tick (a message in and one out, with everything:
kernel, SCTP, DTLS, HTTP) and its resident memory for one client; medians over the rounds. Load by Muster's clients, and once
more by libdatachannel's own.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

TICK = os.sysconf('SC_CLK_TCK')


def cpu_seconds(pid):
    fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def resident_bytes(pid):
    return int(pathlib.Path(f'/proc/{pid}/statm').read_text().split()[1]) * os.sysconf('SC_PAGESIZE')


def line_of(process, patience):
    """A line of the process's output; an error when it ends or stays silent."""
    os.set_blocking(process.stdout.fileno(), False)
    until, text = time.monotonic() + patience, ''
    while time.monotonic() < until:
        text += process.stdout.readline()
        if text.endswith('\n'):
            return text.strip()
        if process.poll() is not None:
            break
        time.sleep(0.01)
    raise RuntimeError(f'{process.args} said nothing within {patience} s (exit code {process.poll()})')


def start(core, *words, cwd=None):
    return subprocess.Popen(['taskset', '-c', str(core), *map(str, words)], stdout=subprocess.PIPE, text=True, cwd=cwd)


def stop(process):
    process.kill()
    process.wait()


def measure(server_words, client_words, clients, seconds, cwd):
    """One run: what the server cost while all its clients were there."""
    server = start(0, *server_words, cwd=cwd)
    load = None
    try:
        port = line_of(server, 20).split()[1]
        time.sleep(1)
        empty = resident_bytes(server.pid)
        load = start(1, *[word.replace('URL', f'http://127.0.0.1:{port}') for word in client_words], cwd=cwd)
        assert line_of(load, 120 + clients) == 'open'
        time.sleep(1)
        cpu, began = cpu_seconds(server.pid), time.monotonic()
        time.sleep(seconds)
        cpu, took = cpu_seconds(server.pid) - cpu, time.monotonic() - began
        memory = resident_bytes(server.pid)
        told = json.loads(line_of(load, 30))
        answered = told['received'] / max(1, told['sent'])
        return {
            'us': cpu * 1e6 / (clients * 30 * took * answered), 'kib': (memory - empty) / 1024 / clients,
            'answered': answered, 'share': cpu / took, 'trip': told.get('round_trip_p99_us', 0) / 1000,
            'generator': told.get('cpu_share', 0),
        }
    finally:
        for process in filter(None, (load, server)):
            stop(process)


def tell(metric, unit, rounds, key, load, clients, **more):
    ours, theirs = ([run[key] for run in rounds[side]] for side in ('muster', 'libdatachannel'))
    if not ours or not theirs:
        return
    value, peer = statistics.median(ours), statistics.median(theirs)
    print(json.dumps({
        'bench': 'rtc', 'metric': metric, 'value': round(value, 2), 'unit': unit, 'n': len(ours), 'peer': 'node-datachannel 0.33.4',
        'peer_value': round(peer, 2), 'ratio': round(value / peer, 3), 'asked_ratio': 0.25, 'clients': clients, 'load': load,
        'all': [round(x, 2) for x in ours], 'peer_all': [round(x, 2) for x in theirs], 'tier': 'T2',
        'machine': f'{platform.system()} {platform.release()} {os.cpu_count()} cores', **more,
    }), flush=True)


def compare(arguments, load, clients, client_words, rounds):
    servers = {
        'muster': [arguments.echo, 'serve'],
        'libdatachannel': ['node', pathlib.Path(arguments.peers).resolve() / 'server.mjs'],
    }
    runs = {side: [] for side in servers}
    for number in range(rounds):
        order = list(servers) if number % 2 == 0 else list(reversed(servers))
        for side in order:
            try:
                runs[side].append(measure(servers[side], client_words, clients, arguments.seconds, arguments.peers))
                print(f'{load}, round {number + 1}: {side} {runs[side][-1]}', file=sys.stderr)
            except (RuntimeError, AssertionError, ValueError) as error:
                print(f'{load}, round {number + 1}: {side} failed: {error}', file=sys.stderr)
    notes = {side: {key: round(statistics.median(run[key] for run in runs[side]), 3) for key in ('answered', 'share', 'trip', 'generator')}
             for side in runs if runs[side]}
    tell('server CPU a client-tick', 'us', runs, 'us', load, clients, notes=notes)
    tell('server memory a client', 'KiB', runs, 'kib', load, clients)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--echo', required=True)
    parser.add_argument('--peers', required=True)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--clients', type=int, default=300)
    parser.add_argument('--foreign-clients', type=int, default=100)
    parser.add_argument('--seconds', type=float, default=8)
    arguments = parser.parse_args()
    arguments.echo = pathlib.Path(arguments.echo).resolve()
    lasts = str(arguments.seconds + 2.5)
    compare(arguments, 'muster', arguments.clients, [str(arguments.echo), 'call', 'URL', str(arguments.clients), lasts], arguments.rounds)
    if arguments.foreign_clients > 0:
        client = str(pathlib.Path(arguments.peers).resolve() / 'client.mjs')
        compare(arguments, 'node-datachannel', arguments.foreign_clients,
                ['node', client, 'URL', str(arguments.foreign_clients), lasts], max(1, arguments.rounds // 2))


main()
