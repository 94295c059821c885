"""cores.py - the processor of the server, the one of the generator, and who else runs there."""

import os
import resource
import sys
import time
from pathlib import Path

OTHERS_SHARE_MAX = 0.1  # of a processor; up to it a row is calm. The disk's own work is in it, too.


def choose():
    """The first processor for the server, and the first that is not its twin for the generator."""
    usable = sorted(os.sched_getaffinity(0))
    server = usable[0]
    twins = Path(f"/sys/devices/system/cpu/cpu{server}/topology/thread_siblings_list")
    shared = numbers_of(twins.read_text()) if twins.exists() else {server}
    others = [cpu for cpu in usable if cpu not in shared]
    if not others:
        print("bench: one processor only: the generator takes time from the server", file=sys.stderr)
    return server, (others or usable)[0]


def numbers_of(ranges):
    """"0-1,4" as a set."""
    ends = [[int(end) for end in part.split("-")] for part in ranges.strip().split(",")]
    return {number for part in ends for number in range(part[0], part[-1] + 1)}


class Watch:
    """From its making on: the share that others had of the two processors."""

    def __init__(self, cpus, server_pid):
        self.cpus = cpus
        self.server_pid = server_pid
        self.begin = self.read()

    def others_share(self):
        """Of the more disturbed one: what is neither the server's, nor our children's, nor idle."""
        seconds, server, generator = (end - begin for begin, end in zip(self.begin, self.read()))
        return max(server, generator, 0) / seconds

    def read(self):
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        server = process_seconds(self.server_pid) if self.server_pid else 0
        return (time.monotonic(), busy_seconds(self.cpus[0]) - server,
                busy_seconds(self.cpus[1]) - children.ru_utime - children.ru_stime)


def busy_seconds(cpu):
    """proc(5), stat: user, nice, system, irq, softirq, and steal, which the host kept for itself."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{cpu}":
            return sum(int(ticks[i]) for i in (0, 1, 2, 5, 6, 7)) / os.sysconf("SC_CLK_TCK")
    raise LookupError(f"/proc/stat has no cpu{cpu}")


def process_seconds(pid):
    """proc(5), pid/stat: utime and stime, fields 14 and 15; the name, field 2, may hold anything."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
