"""A coordinator, a node and a Docker Engine as processes of their own, for tests that kill them."""

import argparse
import http.client
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
import uuid


def arguments(about, times):
    words = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument('--muster', required=True)
    words.add_argument('--folder', required=True)
    words.add_argument('--engine', required=True, help='the folder of the engine, short and absolute')
    words.add_argument('--times', type=int, default=times)
    words.add_argument('--seed', type=int, default=random.randrange(1_000_000))
    words.add_argument('--victims', default='coordinator,node,engine', help='which of these are killed')
    return words.parse_args()


class Fleet:
    """Starts and kills the three, and speaks the REST API. Everything lives under `folder`."""

    def __init__(self, muster, folder, engine):
        self.muster = muster
        self.folder = pathlib.Path(folder)
        self.engine = pathlib.Path(engine)
        self.docker_host = f'unix://{self.engine}/docker.sock'
        self.http = self.grpc = None
        self.coordinator_flags = ()
        # Ports of its own, so that several fleets have room on one machine.
        self.first_port = 20_000 + os.getpid() % 50 * 200
        self.dialled = None  # the port that the node dials; the coordinator's own when None
        self.processes = {}
        self.token = None
        self.folder.mkdir(parents=True, exist_ok=True)

    # --- processes

    def start_engine(self):
        subprocess.run(['tools/engine/start', str(self.engine)], check=True, stdout=subprocess.DEVNULL)

    def stop_engine(self):
        subprocess.run(['tools/engine/stop', str(self.engine)], check=False, stdout=subprocess.DEVNULL)

    def start_coordinator(self):
        data = self.folder / 'coordinator'
        (data / 'ready.json').unlink(missing_ok=True)
        self._spawn('coordinator', ['coordinator', '--data-dir', str(data), '--http', f'127.0.0.1:{self.http or 0}',
                                    '--grpc', f'127.0.0.1:{self.grpc or 0}', '--games', str(self.folder / 'games'),
                                    *self.coordinator_flags])
        ready = self.wait(lambda: _json(data / 'ready.json'), 60, 'the coordinator to be ready')
        self.http = int(ready['http'].rsplit(':', 1)[1])
        self.grpc = int(ready['grpc'].rsplit(':', 1)[1])
        self.token = (data / 'admin.token').read_text().strip()

    def start_node(self, join_token=None):
        command = ['node', '--data-dir', str(self.folder / 'node'), '--coordinator', f'127.0.0.1:{self.dialled or self.grpc}',
                   '--advertise', '127.0.0.1', '--ports', f'{self.first_port}-{self.first_port + 199}']
        environment = {'DOCKER_HOST': self.docker_host}
        if join_token:
            environment['MUSTER_JOIN_TOKEN'] = join_token
        self._spawn('node', command, environment)

    def _spawn(self, name, command, environment=None):
        log = open(self.folder / f'{name}.log', 'ab')
        self.processes[name] = subprocess.Popen([self.muster, *command], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                                env={**os.environ, **(environment or {})})

    def kill(self, name):
        """kill -9, of the engine too (its containers live on: --live-restore)."""
        if name == 'engine':
            pid = int((self.engine / 'dockerd.pid').read_text())
            os.kill(pid, signal.SIGKILL)
            self.wait(lambda: not _alive(pid), 10, 'the engine to be gone')
            return
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def start(self, name):
        {'engine': self.start_engine, 'coordinator': self.start_coordinator, 'node': self.start_node}[name]()

    def stop_all(self):
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()

    def clear(self):
        """Ends all that was started, and what runs in the engine."""
        self.stop_all()
        self.stop_engine()

    # --- the API

    def call(self, method, path, body=None, key=None, timeout=20):
        """(status, object); status 0 when nobody answered, so nothing is known."""
        headers = {'Authorization': f'Bearer {self.token}'}
        if body is not None:
            headers['Content-Type'] = 'application/json'
        if key:
            headers['Idempotency-Key'] = key
        request = urllib.request.Request(f'http://127.0.0.1:{self.http}{path}', method=method, headers=headers,
                                         data=None if body is None else json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else {}
        except urllib.error.HTTPError as error:
            text = error.read()
            return error.code, json.loads(text) if text else {}
        except (OSError, ValueError):
            return 0, {}

    def surely(self, method, path, body=None):
        """A call that is repeated, under one key, until the coordinator answers."""
        key = str(uuid.uuid4())
        status, answer = self.wait(lambda: _answered(self.call(method, path, body, key)), 120, f'an answer to {method} {path}')
        assert status < 300, f'{method} {path}: {status} {answer}'
        return answer

    def wait(self, look, seconds, what):
        """What `look` says, once it says something; fails after so many seconds."""
        end = time.monotonic() + seconds
        while True:
            found = look()
            if found:
                return found
            if time.monotonic() > end:
                raise AssertionError(f'waited {seconds} s for {what}')
            time.sleep(0.05)

    def docker(self, *words):
        return subprocess.run(['docker', '-H', self.docker_host, *words], check=True, capture_output=True, text=True).stdout


class UnixHttp:
    """HTTP over a Unix socket, one connection kept: how a program would speak to Docker itself."""

    def __init__(self, path):
        self.path = str(path)
        self.connection = None

    def post(self, target):
        if self.connection is None:
            self.connection = http.client.HTTPConnection('engine')
            self.connection.sock = socket.socket(socket.AF_UNIX)
            self.connection.sock.connect(self.path)
        self.connection.request('POST', target)
        answer = self.connection.getresponse()
        answer.read()
        return answer.status


def _answered(answer):
    return answer if answer[0] not in (0, 429, 503) else None


def _json(path):
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def _alive(pid):
    try:
        return pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[0] != 'Z'
    except OSError:
        return False
