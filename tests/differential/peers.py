"""The servers that are asked the same: Stele, DynamoDB Local and dynalite."""

import os
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from lib import http1, preload, server

READY_SECONDS_MAX = 60
ANSWER_SECONDS_MAX = 10
JARS = os.path.join(HERE, "jars")
DYNALITE = os.path.join(server.TOP, "tests/bench/node_modules/dynalite/cli.js")
NATIVE = "libsqlite4java-linux-amd64"


class Missing(Exception):
    """A peer that is not on this machine; str() says why."""


class Peer:
    """A process on a port of 127.0.0.1 with a folder of its own; gone at the end of the context."""
    name = ""
    lacks = () # operations it does not know

    def __init__(self):
        self.port = server.free_port()
        self.folder = server.temp_dir(self.name)
        self.process = None

    def command(self):
        raise NotImplementedError

    def environment(self):
        return {}

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        with open(os.path.join(self.folder, "log"), "wb") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            cwd=self.folder, env={**os.environ, **self.environment()},
                                            preexec_fn=server.die_with_parent)
        self._await_ready()

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def restart(self):
        """Empty again, on the same port."""
        self.stop()
        self.start()

    def _await_ready(self):
        deadline = time.monotonic() + READY_SECONDS_MAX
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as log:
                    raise Missing("%s does not serve: %s" % (self.name, log.read()[-2000:].strip()))
            time.sleep(0.02) # sleep: between looks at whether it answers

    def _answers(self):
        try:
            with http1.Connection("127.0.0.1", self.port, timeout_s=5) as connection:
                return Client(self.port, connection).ask("ListTables", "{}")[0] == 200
        except (OSError, http1.ClosedError):
            return False

    def client(self):
        return Client(self.port)


class Local(Peer):
    """DynamoDB Local: the service's own request checks, by AWS, over an emulated store."""
    name = "local"
    lacks = ("TagResource", "UntagResource", "ListTagsOfResource")

    def __init__(self):
        java = shutil.which("java")
        if java is None:
            raise Missing("no java")
        if not os.path.isdir(JARS):
            raise Missing("no tests/differential/jars; tools/setup test installs them")
        natives = [each for each in os.listdir(JARS) if each.startswith(NATIVE)]
        if os.uname().machine != "x86_64" or not natives:
            raise Missing("its database has no library for this processor")
        self.java, self.native = java, natives[0]
        super().__init__()

    def command(self):
        library = os.path.join(self.folder, NATIVE + ".so")
        if not os.path.exists(library):
            os.symlink(os.path.join(JARS, self.native), library)
        return [self.java, "-Xms64m", "-Xmx384m", "-XX:MaxMetaspaceSize=192m", "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1", "-Djava.net.preferIPv4Stack=true", "-Djava.io.tmpdir=" + self.folder,
                "-Djava.library.path=" + self.folder, "-Dsqlite4java.library.path=" + self.folder,
                "-cp", os.path.join(JARS, "*"), "software.amazon.dynamodb.services.local.main.ServerRunner",
                "-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(self.port)]

    def environment(self):
        return {"LD_PRELOAD": preload.build(os.path.join(HERE, "loopback.c"), self.folder)}


class Dynalite(Peer):
    """dynalite: written from replies of the service, up to about 2020."""
    name = "dynalite"
    lacks = ("TransactWriteItems", "TransactGetItems", "ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction",
             "UpdateTimeToLive")

    def __init__(self):
        self.node = shutil.which("node")
        if self.node is None or not os.path.exists(DYNALITE):
            raise Missing("no tests/bench/node_modules, or no node; tools/setup test installs them")
        super().__init__()

    def command(self):
        return [self.node, DYNALITE, "--host", "127.0.0.1", "--port", str(self.port), "--createTableMs", "0",
                "--deleteTableMs", "0", "--updateTableMs", "0"]


class Client:
    """Asks one server: bodies go out as they are, so that they can be wrong in any way."""
    HEADERS = [("Host", "localhost"), ("Content-Type", "application/x-amz-json-1.0"),
               ("X-Amz-Date", "20260101T000000Z"),
               ("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDTEST/20260101/us-east-1/dynamodb/aws4_request, "
                                 "SignedHeaders=host;x-amz-date;x-amz-target, Signature=" + 64 * "0")]

    def __init__(self, port, connection=None):
        self.connection = connection or http1.Connection("127.0.0.1", port, timeout_s=ANSWER_SECONDS_MAX)

    def begin(self, operation, text):
        body = text.encode("utf-8", "surrogatepass")
        headers = self.HEADERS + [("X-Amz-Target", "DynamoDB_20120810." + operation),
                                  ("Content-Length", str(len(body)))]
        data = http1.head("POST", "/", headers) + body
        try:
            self.connection.send(data)
        except OSError: # closed since the last reply
            self.connection.close()
            self.connection.send(data)

    def end(self):
        """(status, body); status 0 if it closed the connection or kept silent instead of answering."""
        try:
            response = self.connection.read_response()
        except (http1.ClosedError, OSError) as error:
            self.connection.close()
            return 0, str(error).encode()
        return response.status, response.body

    def ask(self, operation, text):
        self.begin(operation, text)
        return self.end()

    def close(self):
        self.connection.close()
