"""generator.py - stele-bench on a processor of its own: its commands, and rows of what it measured."""

import json
import os
import subprocess
import sys

import cores
import servers
from report import Row
from servers import Failure

BENCH = servers.STELE.with_name("stele-bench")
SHARE_MAX = 0.97  # of its core; past it a row says what the generator can, not the server


class Generator:
    def __init__(self, cpus):
        self.cpus = cpus  # of the server and of the generator
        self.failed = False  # whether a server answered anything but what was asked for

    def generate(self, *arguments, environment=None):
        return finish(self.begin(*arguments, environment=environment))

    def begin(self, *arguments, environment=None, gives_way=False):
        """For finish() below to wait for. gives_way: to a load on the same core whose latency is measured; what the
        two take from each other is not the server's."""
        return subprocess.Popen(servers.pinned(self.cpus[1], [BENCH, *arguments]), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
                                env={**os.environ, **servers.IDENTITY, **(environment or {})},
                                preexec_fn=give_way if gives_way else None)

    def load(self, server, table, items, item_bytes, *form):
        self.generate("load", "--url", server.url, "--table", table, "--items", items, "--item-bytes", item_bytes,
                      *form)

    def measure(self, server, request, op, connections, table, items, note="", beside=None, **options):
        """One row. options: those of `stele-bench run`. beside: another load that was begun and is finished here."""
        watch = cores.Watch(self.cpus, server.pid)
        result = self.generate("run", "--url", server.url, "--op", op, "--items", items, "--table", table,
                               "--connections", connections, "--pid", server.pid, *words(options))
        result["beside"] = finish(beside) if beside else None
        result["others_share"] = watch.others_share()
        print(f"    {server.name}: {request}{', ' + note if note else ''}, {connections} connections: "
              f"{result['requests_per_second']:,.0f}/s", file=sys.stderr, flush=True)
        if result["generator_cpu_share"] > SHARE_MAX:
            print(f"    the generator was {100 * result['generator_cpu_share']:.0f} % busy: it limits this row",
                  file=sys.stderr)
        if result["errors"]:
            print(f"    {result['errors']} errors, the first: {result['first_error']}", file=sys.stderr)
            self.failed = True
        return Row(server.name, request, connections, result, note)


def words(options):
    """As arguments: item_bytes=300, spread=True is --item-bytes 300 --spread."""
    arguments = []
    for name, value in options.items():
        arguments += [f"--{name.replace('_', '-')}", *([] if value is True else [value])]
    return arguments


def give_way():
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def finish(process):
    """What it wrote."""
    written, said = process.communicate()
    if process.returncode != 0:
        raise Failure(f"{' '.join(process.args[3:])}: {said.strip()}")
    return json.loads(written) if written else {}
