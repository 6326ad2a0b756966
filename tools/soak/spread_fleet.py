"""A world that several `muster world` compute, with a real coordinator, a real NATS server and, when asked, a real PostgreSQL: for soaks and benches.

With two hosts, those are two network namespaces on a bridge (needs root): half of the world servers in each; everything else stands outside.
"""

import json
import os
import pathlib
import pwd
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

MAP = '2400x1800'
BRIDGE = 'muster-soak'
OUTSIDE = '10.77.0.1'
HOSTS = {'muster-soak-a': '10.77.0.2', 'muster-soak-b': '10.77.0.3'}


def fail(text):
    sys.exit(f'soak walk: {text}')


def run(*words):
    subprocess.run([str(word) for word in words], check=True, stdout=subprocess.DEVNULL)


def free_port(address):
    with socket.socket() as free:
        free.bind((address, 0))
        return free.getsockname()[1]


class Hosts:
    """Network namespaces, one a host."""

    def open(self):
        self.close()
        run('ip', 'link', 'add', BRIDGE, 'type', 'bridge')
        run('ip', 'address', 'add', f'{OUTSIDE}/24', 'dev', BRIDGE)
        run('ip', 'link', 'set', BRIDGE, 'up')
        for number, (host, address) in enumerate(HOSTS.items()):
            run('ip', 'netns', 'add', host)
            run('ip', 'link', 'add', f'{BRIDGE}{number}', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', host)
            run('ip', 'link', 'set', f'{BRIDGE}{number}', 'master', BRIDGE, 'up')
            run('ip', '-n', host, 'address', 'add', f'{address}/24', 'dev', 'eth0')
            run('ip', '-n', host, 'link', 'set', 'eth0', 'up')
            run('ip', '-n', host, 'link', 'set', 'lo', 'up')

    def close(self):
        for host in HOSTS:
            subprocess.run(['ip', 'netns', 'del', host], stderr=subprocess.DEVNULL)
        subprocess.run(['ip', 'link', 'del', BRIDGE], stderr=subprocess.DEVNULL)

    def cut(self, host, is_cut):
        """The bus and the coordinator cannot be reached from it, and it not from them; its players can still."""
        for chain in ('INPUT', 'OUTPUT'):
            run('ip', 'netns', 'exec', host, 'iptables', '-A' if is_cut else '-D', chain, '-p', 'tcp', '-j', 'DROP')


class Postgres:
    def __init__(self, folder):
        self.folder, self.port = folder, free_port('127.0.0.1')
        self.tools = max(pathlib.Path('/usr/lib/postgresql').iterdir(), key=lambda path: int(path.name)) / 'bin'
        self.url = f'postgresql://muster@127.0.0.1:{self.port}/postgres'
        self.folder.mkdir()
        # It does not run as root.
        self.as_user = ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'] if os.geteuid() == 0 else []
        if self.as_user:
            os.chown(self.folder, pwd.getpwnam('postgres').pw_uid, -1)
            for parent in self.folder.parents:
                parent.chmod(parent.stat().st_mode | 0o011)
        run(*self.as_user, self.tools / 'initdb', '-D', self.folder / 'data', '-U', 'muster', '-A', 'trust', '--no-sync')

    def command(self):
        return [*self.as_user, self.tools / 'postgres', '-D', self.folder / 'data', '-p', self.port, '-k', self.folder, '-c', 'listen_addresses=127.0.0.1']

    def wait(self):
        until = time.monotonic() + 30
        while subprocess.run([self.tools / 'pg_isready', '-h', '127.0.0.1', '-p', str(self.port)], stdout=subprocess.DEVNULL).returncode != 0:
            if time.monotonic() > until:
                fail('PostgreSQL does not start')
            time.sleep(0.1)


class Fleet:
    """`arguments`: bin, folder, servers, rate, hosts, postgres."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.folder = arguments.folder.resolve()
        self.processes, self.commands = {}, {}
        self.hosts = Hosts() if arguments.hosts > 1 else None
        self.postgres = None
        self.outside = OUTSIDE if self.hosts else '127.0.0.1'
        self.token = self.url = self.link = self.bus = self.monitor = ''

    # ---- processes

    def start(self, name, command):
        self.commands[name] = [str(word) for word in command]
        log = open(self.folder / f'{name}.log', 'a')
        self.processes[name] = subprocess.Popen(self.commands[name], stdout=log, stderr=log)

    def again(self, name):
        """As it was started before, after kill()."""
        (self.folder / name / 'ready.json').unlink(missing_ok=True)
        if name == 'postgres':
            (self.folder / 'postgres/data/postmaster.pid').unlink(missing_ok=True)
        self.start(name, self.commands[name])

    def kill(self, name):
        self.processes[name].kill()
        self.processes[name].wait()

    def ready(self, name):
        file = self.folder / name / 'ready.json'
        until = time.monotonic() + 60
        while not file.exists():
            if self.processes[name].poll() is not None or time.monotonic() > until:
                fail(f'{name} did not start, see {self.folder}/{name}.log')
            time.sleep(0.05)
        return json.loads(file.read_text())

    def dead(self):
        return [name for name, process in self.processes.items() if process.poll() is not None]

    def open(self):
        if self.hosts:
            self.hosts.open()
        if self.arguments.postgres:
            self.postgres = Postgres(self.folder / 'postgres')
            self.start('postgres', self.postgres.command())
            self.postgres.wait()
        port, monitor = free_port(self.outside), free_port(self.outside)
        self.bus, self.monitor = f'nats://{self.outside}:{port}', f'http://{self.outside}:{monitor}'
        self.start('nats', ['nats-server', '-a', self.outside, '-p', port, '-m', monitor])
        # Of its own choice it would take others when it comes back.
        self.start('coordinator', [self.arguments.bin / 'muster', 'coordinator', '--data-dir', self.folder / 'coordinator',
                                   '--http', f'{self.outside}:{free_port(self.outside)}', '--grpc', f'{self.outside}:{free_port(self.outside)}',
                                   *(['--public-address', self.outside] if self.hosts else []),
                                   *(['--store-url', self.postgres.url] if self.postgres else [])])
        ready = self.ready('coordinator')
        self.url, self.link = 'http://' + ready['http'].split('//')[-1].rstrip('/'), ready['grpc'].split('//')[-1]
        self.token = (self.folder / 'coordinator' / 'admin.token').read_text().strip()
        for number in range(self.arguments.servers):
            self.start_world(number)

    def start_world(self, number):
        name = f'world{number}'
        host, address = list(HOSTS.items())[number * 2 // self.arguments.servers] if self.hosts else ('', '127.0.0.1')
        join = self.ask('POST', '/api/v1/join-tokens', {'kind': 'world_server', 'name': name})['token']
        self.start(name, [*(['ip', 'netns', 'exec', host] if host else []), self.arguments.bin / 'muster', 'world', '--data-dir', self.folder / name,
                          '--http', '127.0.0.1:0', '--udp', f'{address}:0', '--coordinator', self.link, '--join-token', join, '--modes', 'ffa',
                          '--map', MAP, '--bots', '0', '--players-max', '2000', '--sessions-max', '4000', '--sessions-per-address-max', '4000',
                          '--joins-per-second', '1000', '--joins-per-address-per-second', '1000', '--spread', '--regions', self.arguments.servers,
                          '--bus-url', self.bus, '--snapshot-rate', self.arguments.rate,
                          '--shards', max(1, round(os.cpu_count() / self.arguments.servers))])
        self.ready(name)

    def play(self, clients, seconds, *words):
        """muster-load, whose last line is told()."""
        out = open(self.folder / 'load.json', 'w')
        players = subprocess.Popen([str(word) for word in [self.arguments.bin / 'muster-load', '--url', self.url, '--clients', clients, '--seconds',
                                                           seconds, '--rate', self.arguments.rate, '--json', '--quiet', *words]],
                                   stdout=out, stderr=subprocess.STDOUT)
        self.processes['players'] = players
        return players

    def told(self):
        return json.loads((self.folder / 'load.json').read_text().strip().splitlines()[-1])

    def close(self):
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
        if self.hosts:
            self.hosts.close()

    # ---- what the coordinator says

    def ask(self, method, path, body=None):
        request = urllib.request.Request(self.url + path, method=method, data=None if body is None else json.dumps(body).encode(),
                                         headers={'Authorization': f'Bearer {self.token}', 'Content-Type': 'application/json'})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def regions(self):
        try:
            return self.ask('GET', '/api/v1/worlds/ffa').get('regions', [])
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return []  # nobody has declared it yet
            raise

    def owners(self):
        """The server of each region, '' for none."""
        return [region.get('server') or '' for region in self.regions()]

    def wait_spread(self):
        until = time.monotonic() + 120
        while len(set(self.owners()) - {''}) < self.arguments.servers:
            if time.monotonic() > until:
                fail(f'the regions did not spread: {self.owners()}')
            time.sleep(0.5)

    def disagreement(self, players):
        """Why not every server is here, every region one's, and everybody in one of them; '' when all is so."""
        try:
            servers = {server['id'] for server in self.ask('GET', '/api/v1/world-servers')['items']}
            regions = self.regions()
        except OSError as error:
            return f'the coordinator does not answer: {error}'
        owners = [region.get('server') or '' for region in regions]
        if len(servers) != self.arguments.servers:
            return f'{len(servers)} world servers are here'
        if not owners or not set(owners) <= servers:
            return f'regions are of {owners}'
        there = sum(region.get('players', 0) for region in regions)
        # What each server last said of itself is not of one moment.
        return '' if abs(there - players) <= players / 20 else f'{there} of {players} players are there'
