"""A Stele server of a suite's own: on a free port of 127.0.0.1, with its data in a temporary folder."""

import ctypes
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from . import api, http1, sigv4

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
REGION = "us-east-1"
ACCOUNT = "123456789012"
ROOT = sigv4.Credentials("AKIDROOTOFTESTS", "secret/of+the/tests")
WAIT_S = 180 # for what takes no second unless the machine is busy


class ServerError(Exception):
    """The server did not do what a suite needs of it."""


def binary():
    return os.environ.get("STELE_BIN") or os.environ.get("STELE") or os.path.join(TOP, "build/stele")


def free_port():
    """One that no connection is given for its own end, if there are such, so that a server which starts
    again finds it free."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as lines:
        first_given = int(lines.read().split()[0])
    chance = random.SystemRandom()
    wanted = [chance.randrange(10000, first_given) for _ in range(20) if first_given > 12000]
    for port in wanted + [0]:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return probe.getsockname()[1]
            except OSError:
                pass # it is in use
    raise ServerError("there is no free port")


def temp_dir(purpose):
    """A folder for the caller to remove; TMPDIR says where."""
    return tempfile.mkdtemp(prefix="stele-%s-" % purpose)


class Server:
    """Starts on entry and is gone on exit, its data folder too unless it was given one.
    options: more arguments of `stele serve`; env: more environment variables."""

    def __init__(self, options=(), env=None, data=None, in_memory=False, program=None, log=None,
                 wrapper=(), address="127.0.0.1"):
        self.options = list(options)
        self.env = dict(env or {})
        self.in_memory = in_memory
        self.address = address # to listen on; clients come over 127.0.0.1
        self.program = program or binary()
        self.wrapper = list(wrapper)
        self.own_dir = temp_dir("data") if data is None and not in_memory else None
        self.data = data or (os.path.join(self.own_dir, "data") if self.own_dir else None)
        self.log_path = log
        self.own_log = log is None
        if self.own_log:
            handle, self.log_path = tempfile.mkstemp(prefix="stele-log-")
            os.close(handle)
        self.port = free_port()
        self.process = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process is not None:
            self.kill()
        if self.own_dir:
            shutil.rmtree(self.own_dir, ignore_errors=True)
        if self.own_log and os.path.exists(self.log_path):
            os.unlink(self.log_path)

    @property
    def has_tls(self):
        return "--tls-cert" in self.options

    def start(self, timeout_s=WAIT_S):
        """Returns when the server answers. Its port is the one it had, unless someone else took it."""
        deadline = time.monotonic() + timeout_s
        self._launch()
        while True:
            answers = self._answers()
            if self.process.poll() is not None:
                if "Address already in use" not in self.log_tail(2) or time.monotonic() > deadline:
                    raise ServerError("the server ended with status %d at start:\n%s" %
                                      (self.process.returncode, self.log_tail()))
                self.port = free_port()
                self._launch()
            elif answers:
                return
            elif time.monotonic() > deadline:
                raise ServerError("the server did not answer within %d s:\n%s" %
                                  (timeout_s, self.log_tail()))
            time.sleep(0.005) # sleep: between looks at whether it answers

    def _launch(self):
        where = ["--in-memory"] if self.in_memory else ["--data", self.data]
        command = self.wrapper + [self.program, "serve", "--listen", "%s:%d" % (self.address, self.port),
                                  "--region", REGION, "--account", ACCOUNT] + where + self.options
        env = {k: v for k, v in os.environ.items() if not k.startswith("STELE_")}
        env["STELE_ROOT_ACCESS_KEY_ID"] = ROOT.access_key_id
        env["STELE_ROOT_SECRET_ACCESS_KEY"] = ROOT.secret_access_key
        env.update(self.env)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=env, preexec_fn=die_with_parent)

    def _answers(self):
        if self.has_tls: # the handshake is the client's matter; that it listens is enough
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return True
            except OSError:
                return False
        try:
            with http1.Connection("127.0.0.1", self.port, timeout_s=1) as connection:
                return connection.request("GET", "/", [("Host", "stele")]).status == 200
        except (OSError, http1.ClosedError):
            return False

    def stop(self, timeout_s=WAIT_S):
        """Asks it to end and returns its exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self._reap(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerError("the server did not end on SIGTERM:\n" + self.log_tail()) from None

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        if self.process is not None:
            self._reap(WAIT_S)

    def _reap(self, timeout_s):
        status = self.process.wait(timeout_s)
        self.process = None
        return status

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def client(self, credentials=None, region=REGION, tls=None, timeout_s=30):
        return api.Client("127.0.0.1", self.port, credentials or ROOT, region, tls, timeout_s)

    def files(self, folder):
        """Names of what a folder of its data directory has; folder and files may come and go."""
        try:
            return os.listdir(os.path.join(self.data, folder))
        except FileNotFoundError:
            return []

    def file_bytes(self, folder):
        """What they take together."""
        total = 0
        for name in self.files(folder):
            try:
                total += os.stat(os.path.join(self.data, folder, name)).st_size
            except FileNotFoundError:
                pass # just removed
        return total

    def log(self):
        with open(self.log_path, "rb") as log:
            return log.read().decode("utf-8", "replace")

    def log_tail(self, lines=15):
        return "\n".join(self.log().splitlines()[-lines:])


def check(data, program=None):
    """`stele check`: (whether the folder is sound, what it said)."""
    result = subprocess.run([program or binary(), "check", data], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=WAIT_S, check=False)
    return result.returncode == 0, result.stdout.decode("utf-8", "replace")


_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def die_with_parent():
    """A suite that is killed takes its servers with it."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
