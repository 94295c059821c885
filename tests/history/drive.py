"""Many calls at once from one thread: each connection has at most one under way, and those that are idle
are sent together, microseconds apart, so that the server has them at the same time.

A call is sent once, whatever happens: one without an answer may have taken effect until the server was
gone, and no longer.
"""

import json
import random
import selectors
import socket
import time

from lib import http1, server, sigv4

OPEN, DONE, REFUSED, UNKNOWN = "open", "done", "refused", "unknown"


class Call:
    """An operation, and what became of it. Times are of the monotonic clock, in ns."""

    def __init__(self, operation, document, **notes):
        self.operation, self.document = operation, document
        self.start = self.end = None
        self.status = OPEN  # at the end DONE, REFUSED (by an error that names itself) or UNKNOWN
        self.reply = None
        self.notes = notes  # what who made it wants to remember

    @property
    def error(self):
        return self.reply.get("__type", "").split("#")[-1] if self.status == REFUSED else None

    def __repr__(self):
        return "%s %s %.500s: %s %.500s" % (self.operation, self.status, self.document, self.error,
                                            self.reply)


class Connection:
    def __init__(self, port, head):
        self.socket = socket.create_connection(("127.0.0.1", port), 20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.head = head
        self.call = None
        self.received = b""

    def encode(self, call):
        body = json.dumps(call.document).encode()
        return b"%sX-Amz-Target: DynamoDB_20120810.%s\r\nContent-Length: %d\r\n\r\n%s" % (
            self.head, call.operation.encode(), len(body), body)

    def receive(self):
        """True when the call under way has its answer. Raises OSError when there will be none."""
        data = self.socket.recv(1 << 20)
        if not data:
            raise ConnectionResetError("closed by the server")
        self.received += data
        head, found, body = self.received.partition(b"\r\n\r\n")
        if not found:
            return False
        lines = head.decode("latin-1").split("\r\n")
        length = next(int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length:"))
        if len(body) < length:
            return False
        self.call.end = time.monotonic_ns()
        self.call.status = DONE if int(lines[0].split()[1]) == 200 else REFUSED
        self.call.reply = json.loads(body)
        self.received = b""
        return True


class Drive:
    """Calls that `work` wants made: work.next() is one more, work.ended(call) is told of each."""

    def __init__(self, own, work, seed, connections=10):
        self.own, self.work = own, work
        self.rng = random.Random(seed)
        self.count = connections
        self.selector = selectors.DefaultSelector()
        self.connections = []
        self.calls = 0

    def __enter__(self):
        self._connect()
        return self

    def __exit__(self, *_):
        self._disconnect()
        self.selector.close()

    def run(self, seconds, kills):
        """Load for so long, with so many kills at instants of chance; then all calls have ended."""
        start = time.monotonic()
        kill_times = sorted(start + self.rng.uniform(0.1, 0.9) * seconds for _ in range(kills))
        burst = 1
        while time.monotonic() < start + seconds:
            idle = [each for each in self.connections if each.call is None]
            if len(idle) >= burst:
                self._send(idle)
                is_due = kill_times and time.monotonic() > kill_times[0]
                burst = self.count if is_due else self.rng.randrange(1, self.count + 1)
                if is_due and len(idle) == self.count:
                    kill_times.pop(0)
                    time.sleep(self.rng.choice([0, 0.0001, 0.0004, 0.002]))  # sleep: the instant of the kill is random
                    self._kill()
            if self._is_waiting():
                self._receive()
        while self._is_waiting():
            self._receive()

    def call(self, call):
        """One call by itself."""
        self._send(self.connections[:1], [call])
        while call.status == OPEN:
            self._receive()
        return call

    def _connect(self):
        credentials = server.ROOT
        headers = [("Host", "127.0.0.1:%d" % self.own.port), ("Content-Type", "application/x-amz-json-1.0")]
        # Signed once: the server has open access, and signing each call would take longer than the call.
        headers = sigv4.sign_headers(credentials, server.REGION, "POST", "/", headers, b"")
        head = http1.head("POST", "/", headers)[:-2]
        for _ in range(self.count):
            connection = Connection(self.own.port, head)
            self.connections.append(connection)
            self.selector.register(connection.socket, selectors.EVENT_READ, connection)

    def _disconnect(self):
        for connection in self.connections:
            self.selector.unregister(connection.socket)
            connection.socket.close()
        self.connections = []

    def _is_waiting(self):
        return any(each.call for each in self.connections)

    def _send(self, connections, calls=None):
        calls = calls or [self.work.next() for _ in connections]
        ready = [(each, call, each.encode(call)) for each, call in zip(connections, calls)]
        for connection, call, data in ready:
            connection.call = call
            call.start = time.monotonic_ns()
            connection.socket.sendall(data)
        self.calls += len(ready)

    def _receive(self):
        ready = self.selector.select(20)
        if not ready:
            raise server.ServerError("no answer for 20 s:\n" + self.own.log_tail())
        for key, _ in ready:
            connection = key.data
            if connection.receive():
                self._end(connection)

    def _end(self, connection):
        call, connection.call = connection.call, None
        self.work.ended(call)

    def _kill(self):
        """Answers that were sent before the kill count."""
        self.own.kill()
        gone = time.monotonic_ns()
        for connection in self.connections:
            if connection.call is None:
                continue
            try:
                while not connection.receive():
                    pass
            except OSError:
                connection.call.status = UNKNOWN
            connection.call.end = gone
            self._end(connection)
        self._disconnect()
        self.own.start()
        self._connect()
