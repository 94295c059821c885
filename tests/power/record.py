"""What powerfs.c recorded, and the disk that follows from it: what is on it for certain at a position of
the record, what may be, and the states that a power cut there can leave.

A file's contents are durable as of its last sync; of later writes any sectors may be there, in any
order, and the file may have its new size without them. A folder's entries are durable as of its own last
sync; of later changes the first so many happened, in their order, as journalling file systems promise
(a file's sync says nothing about its name).
"""

import mmap
import os
import struct

SECTOR = 512
START, OPEN, WRITE, RESIZE, RENAME, UNLINK, LINK, MKDIR, SYNC, SYNCED = range(1, 11)
CREATED, TRUNCATED = 1, 2
_HEAD = struct.Struct("<IIQQ")


class Entry:
    """One change; `start` and `end` are positions in the record."""

    __slots__ = ("kind", "handle", "value", "data", "start", "end")

    def __init__(self, kind, handle, value, data, start, end):
        self.kind = kind
        self.handle = handle
        self.value = value
        self.data = data  # for a path, text; for a write, a view of the record
        self.start = start
        self.end = end


def read(path):
    """The entries of a record."""
    with open(path, "rb") as file:
        memory = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    entries, at = [], 0
    while at + _HEAD.size <= len(memory):
        kind, handle, value, size = _HEAD.unpack_from(memory, at)
        end = at + _HEAD.size + size
        if end > len(memory):
            break  # the process was killed while it recorded
        data = memory[at + _HEAD.size:end]
        entries.append(Entry(kind, handle, value, data if kind == WRITE else bytes(data).decode(), at, end))
        at = end
    return entries


class File:
    """Contents: those that are durable, and the changes since."""

    def __init__(self):
        self.data = bytearray()
        self.size = 0  # the data may end earlier: zeros
        self.changes = []  # ("write", offset, bytes) or ("resize", size)
        self.applied = 0  # changes that became durable

    def sync(self, count):
        """The first so many of all changes ever are durable."""
        while self.applied < count:
            change = self.changes.pop(0)
            self.size = apply(self.data, self.size, change)
            self.applied += 1

    @property
    def made(self):
        return self.applied + len(self.changes)


class Folder:
    """Entries: those that are durable, the changes since, and the present ones."""

    def __init__(self):
        self.entries = {}
        self.now = {}
        self.changes = []  # {name: node, or None for no such name}
        self.applied = 0

    def change(self, change):
        self.changes.append(change)
        alter(self.now, change)

    def sync(self, count):
        while self.applied < count:
            alter(self.entries, self.changes.pop(0))
            self.applied += 1

    @property
    def made(self):
        return self.applied + len(self.changes)


def apply(data, size, change):
    """Makes a change of contents; returns the size."""
    if change[0] == "resize":
        del data[change[1]:]
        return change[1]
    offset, piece = change[1:]
    if len(data) < offset:
        data.extend(bytes(offset - len(data)))
    data[offset:offset + len(piece)] = piece
    return max(size, offset + len(piece))


def alter(entries, change):
    for name, node in change.items():
        if node is None:
            entries.pop(name, None)
        else:
            entries[name] = node


class Disk:
    """The files below a folder, as the entries of a record change them.
    counts: whether a sync of this path is one; a test that leaves syncs out says so here."""

    def __init__(self, top, counts=lambda path: True, contents=None):
        self.top = top
        self.counts = counts
        self.root = Folder()
        self.handles = {}  # handle -> (node, path)
        self.syncs = {}  # number -> how many changes its node had
        if contents:
            load(self.root, contents)

    def parent(self, path):
        """(folder, name)"""
        names = os.path.relpath(path, self.top).split("/")
        folder = self.root
        for name in names[:-1]:
            folder = folder.now[name]
        return folder, names[-1]

    def node(self, path):
        if os.path.normpath(path) == self.top:
            return self.root
        folder, name = self.parent(path)
        return folder.now.get(name)

    def follow(self, entry):
        if entry.kind == START:
            self.handles.clear()
            self.syncs.clear()
        elif entry.kind == OPEN:
            self.open(entry)
        elif entry.kind == WRITE:
            self.handles[entry.handle][0].changes.append(("write", entry.value, entry.data))
        elif entry.kind == RESIZE:
            self.handles[entry.handle][0].changes.append(("resize", entry.value))
        elif entry.kind == MKDIR:
            folder, name = self.parent(entry.data)
            folder.change({name: Folder()})
        elif entry.kind == UNLINK:
            folder, name = self.parent(entry.data)
            folder.change({name: None})
        elif entry.kind in (RENAME, LINK):
            old, new = entry.data.split("\0")
            (folder, name), (new_folder, new_name) = self.parent(old), self.parent(new)
            change = {new_name: folder.now[name]}
            if entry.kind == RENAME:
                assert folder is new_folder, "a rename between folders is not modelled"
                change[name] = None
            new_folder.change(change)
        elif entry.kind == SYNC:
            self.syncs[entry.value] = self.handles[entry.handle][0].made
        elif entry.kind == SYNCED:
            node, path = self.handles[entry.handle]
            if self.counts(path):
                node.sync(self.syncs[entry.value])

    def open(self, entry):
        node = self.node(entry.data)
        if entry.value & CREATED:
            node = File()
            folder, name = self.parent(entry.data)
            folder.change({name: node})
        elif entry.value & TRUNCATED:
            node.changes.append(("resize", 0))
        self.handles[entry.handle] = (node, entry.data)

    # --- states ---

    def write(self, target, chooser):
        """Makes the files of one state below a new folder."""
        os.mkdir(target)
        self._write_folder(self.root, target, chooser)

    def _write_folder(self, folder, target, chooser):
        entries = dict(folder.entries)
        for change in folder.changes[:chooser.names(folder)]:
            alter(entries, change)
        for name, node in entries.items():
            path = os.path.join(target, name)
            if isinstance(node, Folder):
                os.mkdir(path)
                self._write_folder(node, path, chooser)
                continue
            data, size = bytearray(node.data), node.size
            for change in chooser.contents(node):
                size = apply(data, size, change)
            with open(path, "wb") as file:
                file.write(data[:size])
                file.truncate(size)


def load(folder, path):
    """Everything below a path, durable."""
    for name in os.listdir(path):
        inner = os.path.join(path, name)
        if os.path.isdir(inner):
            node = Folder()
            load(node, inner)
        else:
            node = File()
            with open(inner, "rb") as file:
                node.data = bytearray(file.read())
            node.size = len(node.data)
        folder.entries[name] = folder.now[name] = node


# --- choosing a state ------------------------------------------------------------------------


class Everything:
    """As if everything had been synced: what a killed process leaves."""

    def names(self, folder):
        return len(folder.changes)

    def contents(self, file):
        return file.changes


class Nothing:
    """Only what was synced."""

    def names(self, folder):
        return 0

    def contents(self, file):
        return []


class Anything:
    """Any state that may be left, by chance: each file and folder for itself."""

    def __init__(self, rng):
        self.rng = rng

    def names(self, folder):
        return self.rng.choice([0, len(folder.changes), self.rng.randint(0, len(folder.changes))])

    def contents(self, file):
        how = self.rng.choice(["nothing", "everything", "torn", "any order", "size only"])
        if how == "nothing" or not file.changes:
            return []
        if how == "everything":
            return file.changes
        if how == "torn":
            count = self.rng.randrange(len(file.changes))
            return file.changes[:count] + list(self.torn(file.changes[count]))
        if how == "size only":
            return [("resize", size_after(file))]
        share = self.rng.random()
        return [piece for change in file.changes for piece in sectors(change)
                if self.rng.random() < share]

    def torn(self, change):
        pieces = sectors(change)
        return pieces[:self.rng.randrange(len(pieces) + 1)]


def size_after(file):
    size = file.size
    for change in file.changes:
        size = change[1] if change[0] == "resize" else max(size, change[1] + len(change[2]))
    return size


def sectors(change):
    """A write as writes of parts of single sectors."""
    if change[0] != "write":
        return [change]
    offset, data = change[1:]
    pieces, at = [], 0
    while at < len(data):
        end = min(len(data), at + SECTOR - (offset + at) % SECTOR)
        pieces.append(("write", offset + at, data[at:end]))
        at = end
    return pieces
