"""servers.py - the servers that are measured: how each is started, found ready, and ended.

A server is a context: inside it runs pinned to one processor, at the end of it it is gone, whatever
happened in between. Each runs in a folder of its own that the caller removes.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

READY_SECONDS_MAX = 30
STOP_SECONDS_MAX = 30
HERE = Path(__file__).resolve().parent
STELE = HERE.parent.parent / "build" / "stele"

sys.path.insert(0, str(HERE.parent))

from lib import preload

# Signed with, and given to Stele as its root key.
IDENTITY = {"AWS_ACCESS_KEY_ID": "AKIDBENCHMARK0000000", "AWS_SECRET_ACCESS_KEY": "benchmark-secret-key-of-40-characters-xx",
            "AWS_REGION": "us-east-1"}


class Failure(Exception):
    """A program that did not do what it was started for; str() has its words."""


class Missing(Exception):
    """A server that is not on this machine; str() says what to do."""


class Server:
    name = ""
    lacks = ()  # values of --op that it does not serve
    version = ""
    warmup_seconds = 0  # before anything is measured: for compilers that work while it runs

    def __init__(self, folder, cpu):
        self.folder = Path(folder)
        self.cpu = cpu
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None
        self.pid = 0  # of the process that serves

    def command(self):
        raise NotImplementedError

    def environment(self):
        return {}

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(pinned(self.cpu, self.command()), stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env={**os.environ, **self.environment()})
        try:
            self.await_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def await_ready(self):
        deadline = time.monotonic() + READY_SECONDS_MAX
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                break
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    said = (self.folder / "log").read_text(errors="replace").strip()
                    raise Failure(f"{self.name} does not serve: {said}") from None
                time.sleep(0.01)  # sleep: between two looks at the condition
        self.pid = self.process.pid


class Stele(Server):
    """Durable: a data folder on the disk, every write synced. Every request is signed and verified."""
    name = "Stele"

    def __init__(self, folder, cpu, memory="4G", options=(), wrapper=()):
        """The memory has room for the million items: what is larger is measured by scale.py."""
        super().__init__(folder, cpu)
        self.version = output([STELE, "version"])
        self.memory = memory
        self.options = options
        self.wrapper = wrapper  # a command that executes the one behind it

    def command(self):
        return [*self.wrapper, STELE, "serve", "--listen", f"127.0.0.1:{self.port}", "--data", self.folder / "data",
                "--memory", self.memory, "--auth", "keys", "--threads", "1", *self.options]

    def environment(self):
        return {"STELE_ROOT_ACCESS_KEY_ID": IDENTITY["AWS_ACCESS_KEY_ID"],
                "STELE_ROOT_SECRET_ACCESS_KEY": IDENTITY["AWS_SECRET_ACCESS_KEY"]}


class Nginx(Server):
    """The ceiling: one worker that answers every POST with the same 300 bytes, and logs nothing."""
    name = "nginx"

    def __init__(self, folder, cpu):
        super().__init__(folder, cpu)
        self.program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
        if self.program is None:
            raise Missing("no nginx on this machine; tools/setup bench installs it")
        self.version = output([self.program, "-v"]).removeprefix("nginx version: ")

    def command(self):
        body = '{"text":"' + "x" * 289 + '"}'
        temporary = "".join(f"{kind}_temp_path {self.folder}/{kind};\n"
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (self.folder / "nginx.conf").write_text(f"""
daemon off;
worker_processes 1;
pid {self.folder}/pid;
events {{ worker_connections 2048; }}
http {{
    {temporary}
    access_log off;
    keepalive_requests 1000000000;
    server {{
        listen 127.0.0.1:{self.port};
        location / {{
            default_type application/json;
            return 200 '{body}';
        }}
    }}
}}
""")
        return [self.program, "-e", self.folder / "log", "-c", self.folder / "nginx.conf"]

    def await_ready(self):
        super().await_ready()
        deadline = time.monotonic() + READY_SECONDS_MAX
        children = []
        while not children:  # the master listens before it has a worker
            children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
            if time.monotonic() > deadline:
                raise Failure("nginx has no worker")
        self.pid = int(children[0])


class Dynalite(Server):
    """A peer: an emulator of the API in JavaScript that keeps its tables in memory."""
    name = "dynalite"
    lacks = ("transact",)

    def __init__(self, folder, cpu):
        super().__init__(folder, cpu)
        self.program = HERE / "node_modules" / "dynalite" / "cli.js"
        self.node = shutil.which("node")
        if self.node is None or not self.program.exists():
            raise Missing("no dynalite in tests/bench/node_modules, or no node; tools/setup bench installs them")
        package = output([self.node, "-p", f"require('{HERE}/node_modules/dynalite/package.json').version"])
        self.version = f"dynalite {package}, node {output([self.node, '--version'])}"

    def command(self):
        return [self.node, self.program, "--host", "127.0.0.1", "--port", str(self.port), "--createTableMs", "0",
                "--deleteTableMs", "0"]


class DynamoDBLocal(Server):
    """A peer: Amazon's own emulator, on the Java machine with its best compiler, in memory."""
    name = "DynamoDB Local"
    warmup_seconds = 15
    jars = HERE.parent / "differential" / "jars"
    native = "libsqlite4java-linux-amd64"

    def __init__(self, folder, cpu):
        super().__init__(folder, cpu)
        self.java = shutil.which("java")
        core = next(self.jars.glob("DynamoDBLocal-*.jar"), None) if self.jars.is_dir() else None
        self.library = next(self.jars.glob(self.native + "*.so"), None) if core else None
        if self.java is None or self.library is None or os.uname().machine != "x86_64":
            raise Missing("no DynamoDB Local in tests/differential/jars, or no java; tools/setup bench installs them")
        java = re.search(r'version "([^"]*)"', output([self.java, "-version"]))
        self.version = f"DynamoDB Local {core.stem.split('-', 1)[1]}, java {java[1] if java else 'unknown'}"

    def command(self):
        library = self.folder / (self.native + ".so")
        library.symlink_to(self.library)
        return [self.java, "-Xms1g", "-Xmx2g", "-Djava.net.preferIPv4Stack=true", f"-Djava.io.tmpdir={self.folder}",
                f"-Djava.library.path={self.folder}", f"-Dsqlite4java.library.path={self.folder}",
                "-cp", self.jars / "*", "software.amazon.dynamodb.services.local.main.ServerRunner",
                "-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(self.port)]

    def environment(self):
        # It would listen on all addresses.
        return {"LD_PRELOAD": preload.build(str(HERE.parent / "differential" / "loopback.c"), str(self.folder))}


class Dynoxide(Server):
    """A peer: an emulator in Rust over SQLite, in memory."""
    name = "dynoxide"

    def __init__(self, folder, cpu):
        super().__init__(folder, cpu)
        self.program = HERE / "dynoxide" / "bin" / "dynoxide"
        if not self.program.exists():
            raise Missing("no dynoxide in tests/bench/dynoxide; PEERS=1 tools/setup bench builds it, with a Rust compiler")
        installed = (HERE / "dynoxide" / ".crates.toml").read_text()
        self.version = re.search(r'"(dynoxide-rs \S+)', installed)[1]

    def command(self):
        return [self.program, "serve", "--host", "127.0.0.1", "--port", str(self.port), "--log", "quiet"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pinned(cpu, command):
    return ["taskset", "-c", str(cpu), *map(str, command)]


def output(command):
    made = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL, check=True)
    return made.stdout.strip()
