"""A TCP proxy whose connections can be cut: the network between two processes, for tests of its faults."""

import selectors
import socket
import struct
import threading


class Proxy:
    """Forwards what comes to `port` to another port of this machine. Runs a thread of its own.

    mode 'pass'   everything goes through
         'reset'  connections are reset, and new ones too
         'silent' connections stay, and nothing goes through: neither end is told
         'up'     only what the dialling end says goes through
         'down'   only what it is answered goes through
    What is held back by a silent network is delivered when it is whole again, as TCP would do.
    """

    BYTES = 1 << 16

    def __init__(self, target):
        self.target = target
        self.mode = 'pass'
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.pairs = []  # [dialling end, answering end]
        self.lock = threading.Lock()
        self.over = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def set(self, mode):
        with self.lock:
            self.mode = mode
            if mode == 'reset':
                for pair in self.pairs:
                    _reset(pair)
                self.pairs.clear()

    def close(self):
        self.over = True
        self.thread.join()
        self.listener.close()
        self.set('reset')

    def _run(self):
        while not self.over:
            with self.lock:
                mode, pairs = self.mode, list(self.pairs)
            watch = {self.listener: None}
            for pair in pairs:
                if mode in ('pass', 'up'):
                    watch[pair[0]] = pair
                if mode in ('pass', 'down'):
                    watch[pair[1]] = pair
            for ready in _readable(watch, 0.02):
                self._serve(ready, watch[ready])

    def _serve(self, ready, pair):
        with self.lock:
            if ready is self.listener:
                self._accept()
            elif pair in self.pairs:
                other = pair[1] if ready is pair[0] else pair[0]
                try:
                    data = ready.recv(self.BYTES)
                    if data:
                        other.sendall(data)
                        return
                except OSError:
                    pass
                self.pairs.remove(pair)
                for end in pair:
                    end.close()

    def _accept(self):
        near, _ = self.listener.accept()
        if self.mode == 'reset':
            _reset([near])
            return
        try:
            far = socket.create_connection(('127.0.0.1', self.target()), timeout=5)
        except OSError:
            _reset([near])
            return
        for end in (near, far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            end.settimeout(5)
        self.pairs.append([near, far])


def _readable(sockets, seconds):
    with selectors.DefaultSelector() as selector:
        for end in sockets:
            selector.register(end, selectors.EVENT_READ)
        return [key.fileobj for key, _ in selector.select(seconds)]


def _reset(ends):
    for end in ends:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        end.close()
