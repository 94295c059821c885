"""HTTP/1.1 as a client that hides nothing: headers go out in the order given, bytes come back as sent."""

import gzip
import socket
import ssl


class ClosedError(Exception):
    """The peer closed the connection instead of answering."""


class Response:
    def __init__(self, status, reason, headers, sent):
        self.status = status
        self.reason = reason
        self.headers = headers  # list of (name, value), as sent
        self.sent = sent  # body after removing chunking, before content decoding

    def header(self, name):
        """First value of a header, or None."""
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return None

    @property
    def body(self):
        if self.header("Content-Encoding") == "gzip":
            return gzip.decompress(self.sent)
        return self.sent


class Connection:
    """One connection, opened when first needed and again after the peer closed it."""

    def __init__(self, host, port, tls=None, timeout_s=30):
        self.host = host
        self.port = port
        self.tls = tls  # ssl.SSLContext or None
        self.timeout_s = timeout_s
        self._socket = None
        self._rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._rest = b""

    def open(self):
        if self._socket is not None:
            return
        raw = socket.create_connection((self.host, self.port), self.timeout_s)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = self.tls.wrap_socket(raw, server_hostname=self.host) if self.tls else raw
        self._rest = b""

    def send(self, data):
        self.open()
        self._socket.sendall(data)

    def request(self, method, target, headers, body=b""):
        """Sends a request and reads its response. A connection that an earlier response left open
        and that the server has closed since is opened once more."""
        data = head(method, target, headers) + body
        reused = self._socket is not None
        try:
            self.send(data)
            return self.read_response(method)
        except (ClosedError, ConnectionError, BrokenPipeError):
            self.close()
            if not reused:
                raise
        self.send(data)
        return self.read_response(method)

    def read_response(self, method="POST"):
        """Reads one final response. Raises ClosedError if the peer closes before its head ends."""
        while True:
            status, reason, headers = self._read_head()
            if status >= 200:
                break
        response = Response(status, reason, headers, b"")
        if method == "HEAD" or status in (204, 304):
            pass
        elif (response.header("Transfer-Encoding") or "").lower() == "chunked":
            response.sent = self._read_chunks()
        elif response.header("Content-Length") is not None:
            response.sent = self._read(int(response.header("Content-Length")))
        else:
            response.sent = self._read_to_end()
        if (response.header("Connection") or "").lower() == "close":
            self.close()
        return response

    def read_interim(self):
        """Reads one response head and returns its status; for 100-continue."""
        return self._read_head()[0]

    def is_closed_by_peer(self, timeout_s=5):
        """Whether the peer closes within the time, without sending anything more."""
        if self._socket is None:
            return True
        self._socket.settimeout(timeout_s)
        try:
            return not self._rest and self._socket.recv(1) == b""
        except ConnectionError:
            return True
        except (socket.timeout, ssl.SSLWantReadError):
            return False
        finally:
            self._socket.settimeout(self.timeout_s)

    def _read_head(self):
        head_bytes = self._read_until(b"\r\n\r\n")
        lines = head_bytes.decode("latin-1").split("\r\n")
        version, status, reason = (lines[0] + "  ").split(" ", 2)
        if not version.startswith("HTTP/1."):
            raise ClosedError("not HTTP: %r" % lines[0])
        headers = []
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers.append((name, value.strip()))
        return int(status), reason.strip(), headers

    def _read_chunks(self):
        body = b""
        while True:
            size = int(self._read_until(b"\r\n").split(b";")[0], 16)
            if size == 0:
                while self._read_until(b"\r\n"):
                    pass
                return body
            body += self._read(size)
            self._read(2)

    def _read_until(self, end):
        while end not in self._rest:
            self._more()
        line, self._rest = self._rest.split(end, 1)
        return line

    def _read(self, size):
        while len(self._rest) < size:
            self._more()
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def _read_to_end(self):
        try:
            while True:
                self._more()
        except ClosedError:
            data, self._rest = self._rest, b""
            self.close()
            return data

    def _more(self):
        if self._socket is None:
            raise ClosedError("the connection is closed")
        data = self._socket.recv(262144)
        if not data:
            raise ClosedError("the peer closed the connection")
        self._rest += data


def head(method, target, headers):
    """The bytes of a request's head."""
    lines = ["%s %s HTTP/1.1" % (method, target)]
    lines += ["%s: %s" % (name, value) for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def chunked(body, size):
    """A body in chunked coding, in pieces of the given size."""
    out = b""
    for start in range(0, len(body), size):
        piece = body[start:start + size]
        out += b"%x\r\n%s\r\n" % (len(piece), piece)
    return out + b"0\r\n\r\n"
