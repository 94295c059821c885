"""Builds the request of a `call`, as its `with` lines bend it."""

import codecs
import gzip
import zlib

from lib import api, http1, server, sigv4

from script import ScriptError


def unescape(text):
    r"""\r \n \t \\ \" and \xNN in a script's text."""
    return codecs.decode(text.encode("utf-8").replace(b"\xc2\xa0", b" "), "unicode_escape") \
        if "\\" in text else text


class Request:
    """A signed POST of a JSON text, and what `with` changed about it."""

    def __init__(self, host, operation, text):
        self.method = "POST"
        self.target = "/"
        self.host = host
        self.headers = [("Host", host), ("Content-Type", "application/x-amz-json-1.0")]
        if operation:
            self.headers.insert(1, ("X-Amz-Target", operation if "." in operation else
                                    api.target(operation)))
        self.body = text.encode("utf-8")
        self.credentials = server.ROOT
        self.region = server.REGION
        self.service = "dynamodb"
        self.date = None
        self.auth = "header"
        self.chunk = 0
        self.late = []
        self.removed = []
        self.replaced = []

    def bend(self, text):
        """One `with` line."""
        word, _, rest = text.partition(" ")
        if word == "header":
            name, _, value = rest.partition(":")
            self.headers = [h for h in self.headers if h[0].lower() != name.lower()]
            self.headers.append((name, value.strip()))
        elif word == "late":
            name, _, value = rest.partition(":")
            self.late.append((name, value.strip()))
        elif word == "without":
            self.removed.append(rest.lower())
            self.headers = [h for h in self.headers if h[0].lower() != rest.lower()]
        elif word == "replace":
            old, arrow, new = (rest + " ").partition(" => ")
            if not arrow:
                raise ScriptError("with replace OLD => NEW")
            self.replaced.append((old, new.strip()))
        elif word == "method":
            self.method = rest
        elif word == "target":
            self.target = rest
        elif word == "body":
            self.body = unescape(rest).encode("latin-1" if "\\x" in rest else "utf-8")
        elif word == "gzip":
            self.body = gzip.compress(self.body, 1)
            self.headers.append(("Content-Encoding", "gzip"))
        elif word == "deflate":
            self.body = zlib.compress(self.body)
            self.headers.append(("Content-Encoding", "deflate"))
        elif word == "chunked":
            self.chunk = int(rest)
        elif word == "auth":
            self.auth = rest
        elif word == "key":
            self.credentials = sigv4.Credentials(*rest.split(" "))
        elif word == "region":
            self.region = rest
        elif word == "service":
            self.service = rest
        elif word == "date":
            self.date = sigv4.amz_date(int(rest))
        else:
            raise ScriptError("with what? " + text)

    def finish(self):
        """(method, target, headers, body) as they go out."""
        target, headers = self.target, self.headers
        how = (self.credentials, self.region, self.method, target, headers, self.body, self.service,
               self.date)
        if self.auth == "query":
            target = sigv4.sign_query(*how)
        elif self.auth != "none":
            headers = sigv4.sign_headers(*how)
        for name, value in self.late:
            headers = [h for h in headers if h[0].lower() != name.lower()] + [(name, value)]
        headers = [h for h in headers if h[0].lower() not in self.removed]
        for old, new in self.replaced:
            target = target.replace(old, new)
            headers = [(n, v.replace(old, new) if n == "Authorization" else v) for n, v in headers]
        body = self.body
        if self.chunk:
            headers = headers + [("Transfer-Encoding", "chunked")]
            body = http1.chunked(body, self.chunk)
        elif "content-length" not in self.removed:
            headers = headers + [("Content-Length", str(len(body)))]
        return self.method, target, headers, body
