"""`./dev bench spread`: what it costs to compute a world on several servers: one and four `muster world` for the same players on the same cores, by turns.

    spread.py --bin FOLDER --folder FOLDER [--clients N] [--rate N] [--seconds S] [--rounds N]

Players are `muster-load` (T1); they walk, so that on four servers some cross all the time. Both sides run as `--spread`, over NATS: the peer is the same
world on one server. A client-tick is one message of inputs up and one snapshot down; its cost is the CPU time of all world servers, and, told apart, that of
NATS. Medians of the rounds.
"""

import argparse
import json
import os
import pathlib
import platform
import shutil
import statistics
import sys
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'soak'))

from spread_fleet import Fleet, fail  # noqa: E402

TICK = os.sysconf('SC_CLK_TCK')
SETTLE_SECONDS = 12  # joins are over, and what they took of the processor is forgotten


def cpu_seconds(process):
    fields = pathlib.Path(f'/proc/{process.pid}/stat').read_text().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def bus_bytes(fleet):
    with urllib.request.urlopen(f'{fleet.monitor}/varz', timeout=5) as answer:
        return json.load(answer)['in_bytes']


def measure(arguments, servers, folder):
    arguments.servers, arguments.folder = servers, folder
    folder.mkdir(parents=True)
    fleet = Fleet(arguments)
    try:
        fleet.open()
        fleet.wait_spread()
        seconds = SETTLE_SECONDS + arguments.seconds + 5
        players = fleet.play(arguments.clients, seconds, '--pattern', 'walk')
        time.sleep(SETTLE_SECONDS)
        worlds = [process for name, process in fleet.processes.items() if name.startswith('world')]

        def sample():
            return time.monotonic(), sum(map(cpu_seconds, worlds)), cpu_seconds(fleet.processes['nats']), bus_bytes(fleet)

        before = sample()
        time.sleep(arguments.seconds)
        took, world_cpu, nats_cpu, traffic = (b - a for a, b in zip(before, sample()))
        players.wait(60)
        told = fleet.told()
    finally:
        fleet.close()
    if players.returncode != 0 or told['generator']['bound']:
        fail(f'the players of {servers} servers were not served, see {folder}/load.json')
    ticks = arguments.clients * arguments.rate * took
    return {'tick_us': world_cpu * 1e6 / ticks, 'nats_us': nats_cpu * 1e6 / ticks, 'bus_bytes': traffic / took / arguments.clients,
            'crossings': told['crossings']['per_second'], 'snapshots': told['snapshots']['per_player_second']}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--bin', type=pathlib.Path, required=True)
    parser.add_argument('--folder', type=pathlib.Path, required=True)
    parser.add_argument('--clients', type=int, default=400)
    parser.add_argument('--rate', type=int, default=30, choices=[60, 30, 20, 15, 10])
    parser.add_argument('--seconds', type=int, default=20)
    parser.add_argument('--rounds', type=int, default=5)
    arguments = parser.parse_args()
    arguments.hosts, arguments.postgres = 1, False
    root = arguments.folder
    rounds = {1: [], 4: []}
    for number in range(arguments.rounds):
        for servers in (1, 4):
            rounds[servers].append(measure(arguments, servers, root / f'{number}-{servers}'))
            shutil.rmtree(root / f'{number}-{servers}')

    def median(servers, what):
        return statistics.median(one[what] for one in rounds[servers])

    def line(metric, value, unit, **more):
        print(json.dumps({'bench': 'spread', 'metric': metric, 'value': round(value, 3), 'unit': unit, 'n': arguments.rounds, **more,
                          'clients': arguments.clients, 'rate': arguments.rate, 'tier': 'T1',
                          'machine': f'{platform.system()} {platform.release()} {os.cpu_count()} cores'}), flush=True)

    for servers in (1, 4):
        line('server CPU a client-tick', median(servers, 'tick_us'), 'us', servers=servers, nats_us=round(median(servers, 'nats_us'), 3),
             crossings_a_second=round(median(servers, 'crossings'), 1), snapshots_a_second=round(median(servers, 'snapshots'), 1))
    line('clients a core, of what one server has', median(1, 'tick_us') / median(4, 'tick_us'), 'ratio', asked=0.9,
         with_nats=round(median(1, 'tick_us') / (median(4, 'tick_us') + median(4, 'nats_us')), 3))
    line('bus traffic a client', median(4, 'bus_bytes'), 'B/s')


main()
