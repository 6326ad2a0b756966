"""Servers on a fleet, operations on them at random, and what must be true of them when everything is back."""

import random
import time
import uuid

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
timeout_seconds = 300
[stop]
command = "stop"
grace_seconds = 60
'''
# Nothing here measures: a wait is only given up when it is sure that nothing comes any more.
PATIENCE = 240


class Workload:
    """Some servers are left alone, the others are started, stopped, restarted and killed."""

    def __init__(self, fleet, seed, untouched=2, touched=5):
        self.fleet = fleet
        self.random = random.Random(seed)
        self.counts = (untouched, touched)
        self.starts_allowed = {}  # server id -> how often its game may have started
        self.unknown = []         # (path, key): sent, but nobody answered
        self.asked = 0

    # --- before

    def prepare(self, through=None):
        """A fleet of the three with all servers ready; `through` is the port that the node dials, when it is another one."""
        fleet = self.fleet
        (fleet.folder / 'games').mkdir(exist_ok=True)
        (fleet.folder / 'games' / 'soakgame.toml').write_text(GAME)
        fleet.start_engine()
        fleet.start_coordinator()
        token = fleet.surely('POST', '/api/v1/join-tokens', {'expires_in_seconds': 600})['token']
        fleet.dialled = through() if through else None
        fleet.start_node(token)
        self.untouched = [self.deploy(f'untouched-{i}') for i in range(self.counts[0])]
        self.touched = [self.deploy(f'touched-{i}') for i in range(self.counts[1])]
        self.until(self.all_ready, 'all servers to be ready')
        self.since = {s: self.started_at(s) for s in self.untouched}

    def all_ready(self):
        servers = self.servers()
        for server in servers:
            assert server['state'] != 'crashed', f'{server["name"]} did not start: {server["reason"]}'
        return all(server['state'] == 'ready' for server in servers)

    def deploy(self, name):
        answer = self.fleet.surely('POST', '/api/v1/servers', {'name': name, 'game': 'soakgame'})
        self.starts_allowed[answer['server']['id']] = 1
        return answer['server']['id']

    # --- during

    def act(self, timeout=3):
        """One operation on one of the servers. Whether it was taken may remain unknown."""
        server = self.random.choice(self.touched)
        verb = self.random.choice(['start', 'stop', 'restart', 'kill', 'start', 'restart'])
        path, key = f'/api/v1/servers/{server}/{verb}', str(uuid.uuid4())
        if verb in ('start', 'restart'):
            self.starts_allowed[server] += 1
        self.asked += 1
        status, _ = self.fleet.call('POST', path, {}, key, timeout=timeout)
        if status == 0 and self.random.random() < 0.5:
            self.unknown.append((path, key))

    def repeat_unknown(self):
        """Asks again under the same key: at most one execution."""
        for path, key in self.unknown:
            self.fleet.call('POST', path, {}, key)
        self.unknown.clear()

    # --- after

    def servers(self):
        status, answer = self.fleet.call('GET', '/api/v1/servers?limit=500')
        return answer['items'] if status == 200 else [{'state': 'nobody answers', 'id': ''}]

    def open_operations(self):
        found = []
        for state in ('queued', 'running'):
            status, answer = self.fleet.call('GET', f'/api/v1/operations?state={state}&limit=500')
            if status != 200:
                return ['nobody answers']
            found += answer['items']
        return found

    def started_at(self, server):
        return self.fleet.docker('inspect', '-f', '{{.State.StartedAt}}', f'muster-{server}').strip()

    def starts(self, server):
        # Empty for a moment while the game counts.
        path = self.fleet.folder / 'node' / 'data' / server / 'data' / 'starts.txt'
        return int(self.fleet.wait(lambda: path.exists() and path.read_text().strip(), 10, f'the starts of {server}'))

    def settled(self):
        wanted = {'running': ('ready',), 'stopped': ('stopped',)}
        return all(s['state'] in wanted.get(s.get('desired'), ()) or self.refused(s) for s in self.servers())

    def refused(self, server):
        """Whether the engine refuses to start it. Docker 20.10 that was killed in the middle of a start may keep the port."""
        return server['state'] == 'crashed' and server.get('desired') == 'running' and 'docker-proxy' in server['reason']

    def repair(self):
        """What a person would do about those that the engine refuses: begin it anew, and start them again."""
        refused = [s for s in self.servers() if self.refused(s)]
        if not refused:
            return
        for server in refused:
            print(f'     the engine keeps a port of {server["name"]}; beginning it anew: {server["reason"]}', flush=True)
        self.fleet.kill('engine')
        self.fleet.start('engine')
        for server in refused:
            self.starts_allowed[server['id']] += 1
            self.fleet.surely('POST', f'/api/v1/servers/{server["id"]}/start', {})
        self.until(lambda: not self.open_operations(), 'every operation to end')

    def engine_agrees(self):
        running = self.fleet.docker('ps', '--format', '{{.Names}}').split()
        return all((f'muster-{s["id"]}' in running) == (s.get('desired') == 'running') for s in self.servers())

    def until(self, look, what):
        try:
            self.fleet.wait(look, PATIENCE, what)
        except AssertionError:
            for server in self.servers():
                print('  ', {k: server.get(k) for k in ('id', 'name', 'state', 'desired', 'reason', 'generation')})
            for operation in self.open_operations():
                print('  ', operation)
            print(self.fleet.docker('ps', '-a'))
            raise

    def check(self):
        """Fails unless every promise holds; (starts of all games, operations asked for)."""
        self.repeat_unknown()
        self.until(lambda: not self.open_operations(), 'every operation to end')
        self.until(self.settled, 'every server to be as it was asked last')
        self.repair()
        self.until(self.settled, 'every server to be as it was asked last')
        assert self.engine_agrees(), f'the engine runs others than Muster says: {self.fleet.docker("ps", "-a")}'
        for server in self.untouched:
            assert self.started_at(server) == self.since[server], f'{server} was stopped and started, and nobody asked'
        total = 0
        for server, allowed in self.starts_allowed.items():
            starts = self.starts(server)
            assert starts <= allowed, f'{server} started {starts} times, and was told to {allowed} times'
            total += starts
        return total, self.asked
