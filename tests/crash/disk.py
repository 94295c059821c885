"""The disk of faultfs.c, from the test's side."""

import errno
import mmap
import os
import struct

# Kinds of files, as in faultfs.c.
LOG, TABLE, MANIFEST, FOLDER, OTHER = 1, 2, 4, 8, 16

# struct faults of faultfs.c
_FIELDS = ("room", "warns", "refuses_new", "write_kinds", "write_after", "write_bytes", "sync_kinds",
           "sync_after", "sync_waits", "write_error", "sync_error", "refuses_direct",
           "failed")


class Disk:
    """Below a folder. Attributes are the fields of struct faults; servers started with `env` see
    changes at once."""

    def __init__(self, library, folder, control):
        with open(control, "wb") as file:
            file.write(bytes(8 * len(_FIELDS)))
        with open(control, "r+b") as file:
            memory = mmap.mmap(file.fileno(), 8 * len(_FIELDS))
        self.__dict__.update(
            memory=memory,
            env={"LD_PRELOAD": library, "STELE_PRELOAD_DIR": folder, "STELE_FAULTS": control})
        self.heal()

    def heal(self):
        """As much room as the machine has, and no faults."""
        for name in _FIELDS:
            setattr(self, name, 0)
        self.room = -1
        self.warns = 1
        self.write_error = self.sync_error = errno.EIO

    def __getattr__(self, name):
        return struct.unpack_from("<q", self.memory, 8 * _FIELDS.index(name))[0]

    def __setattr__(self, name, value):
        struct.pack_into("<q", self.memory, 8 * _FIELDS.index(name), value)
