"""memory_group.py - a bound on the memory of a server, and of the pages of its files that the kernel keeps for it."""

import os
from pathlib import Path

from servers import Missing

ROOT = Path("/sys/fs/cgroup")


class MemoryGroup:
    """A control group of either version, while the context lasts. Its wrapper starts a program inside."""

    def __init__(self, limit_bytes):
        self.limit_bytes = limit_bytes
        self.is_v1 = (ROOT / "memory" / "memory.limit_in_bytes").exists()
        self.folder = (ROOT / "memory" if self.is_v1 else ROOT) / f"stele-bench-{os.getpid()}"

    def __enter__(self):
        limit, swap = ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes") if self.is_v1 else (
            "memory.max", "memory.swap.max")
        try:
            self.folder.mkdir()
        except OSError as reason:
            raise Missing(f"no memory control group can be made: {reason}") from None
        try:
            (self.folder / limit).write_text(str(self.limit_bytes))
            if (self.folder / swap).exists():
                (self.folder / swap).write_text(str(self.limit_bytes if self.is_v1 else 0))
        except OSError as reason:
            self.__exit__()
            raise Missing(f"memory cannot be limited in a control group: {reason}") from None
        return self

    def __exit__(self, *_):
        self.folder.rmdir()

    @property
    def wrapper(self):
        return ["sh", "-c", f'echo $$ > {self.folder}/cgroup.procs && exec "$@"', "sh"]


def forget_pages(folder):
    """What the kernel keeps of the files outside the group would make reads of them quick."""
    for path in Path(folder).rglob("*"):
        if path.is_file():
            with open(path, "rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def folder_bytes(folder):
    return sum(path.stat().st_blocks * 512 for path in Path(folder).rglob("*") if path.is_file())
