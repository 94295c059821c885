"""A server's work, recorded; power cuts at instants of it; and what a server makes of what they left."""

import bisect
import os
import random
import shutil
import signal
import subprocess
import time

import record
from lib import api, ledger, preload, server

HERE = os.path.dirname(os.path.abspath(__file__))
LOAD = dict(writers=5, keys=25, big_share=0.3)
KEPT = "Kept"  # a table that is restored under other names; the ledger has all of them among those
KEPT_ITEMS = 200  # that come and go
PAST = "Past"  # a table that is restored, after a cut, to times before it
PAST_ITEMS = 20
OPTIONS = ["--auth", "open", "--pitr-latest-seconds", "0", "--pitr-archive-seconds", "0"]


class RecordedServer(server.Server):
    """Killed where all that it changed is in the record."""

    def kill(self):
        if self.is_running():
            self.process.send_signal(signal.SIGRTMIN)
            try:
                self.process.wait(server.WAIT_S)
            except subprocess.TimeoutExpired:
                pass
        super().kill()


class Work:
    """What was recorded below `top`, and the ledger of the clients. It begins with nothing there, or
    with the files and the ledger of a cut of earlier work."""

    def __init__(self, folder, library, seed, earlier=None):
        os.mkdir(folder)
        self.folder = folder
        self.library = library
        self.top = os.path.join(folder, "top")
        self.before = os.path.join(folder, "before")
        self.path = os.path.join(folder, "record")
        self.file = open(self.path, "wb")
        self.env = {"LD_PRELOAD": library, "STELE_PRELOAD_DIR": self.top, "STELE_RECORD": self.path}
        self.book = earlier.book.fork(self.position) if earlier else \
            ledger.Ledger(seed, ledger.Load(**LOAD), self.position)
        self.entries = []
        self.restores = []  # positions: asked for, seen ACTIVE
        self.pasts = []  # of PAST: position at which all of it was told, time in ms, its items
        self.backups = []  # of PAST: position at which one was told to be AVAILABLE, ARN, its items

    def position(self):
        return os.fstat(self.file.fileno()).st_size

    def server(self):
        # A data directory two folders deep, of which neither is there at the first start.
        return RecordedServer(OPTIONS, data=os.path.join(self.top, "var", "data"),
                              log=os.path.join(self.folder, "log"), env=self.env)

    def load(self, own, calls, number):
        goal = self.book.acknowledged + calls
        deadline = time.monotonic() + server.WAIT_S
        with ledger.Writers(self.book, own, number):
            while self.book.acknowledged < goal:
                if time.monotonic() > deadline:
                    raise server.ServerError("%d calls take too long:\n%s" % (calls, own.log_tail()))
                time.sleep(0.002)  # sleep: between looks at the condition

    def make_kept(self, client):
        """Acknowledged when all items are there."""
        op = self.begin_table(KEPT)
        client.call("CreateTable", TableName=KEPT, BillingMode="PAY_PER_REQUEST",
                    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}])
        for first in range(0, KEPT_ITEMS, 25):
            client.call("BatchWriteItem", RequestItems={KEPT: [
                {"PutRequest": {"Item": {"id": {"N": str(i)}, "number": {"N": "1"}}}}
                for i in range(first, first + 25)]})
        client.call("UpdateContinuousBackups", TableName=KEPT,
                    PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
        self.book.acknowledge(op)

    def restore(self, client, name):
        """Acknowledged when the table is seen ACTIVE."""
        op = self.begin_table(name)
        client.call("RestoreTableToPointInTime", SourceTableName=KEPT, TargetTableName=name,
                    UseLatestRestorableTime=True)
        while client.call("DescribeTable", TableName=name)["Table"]["TableStatus"] != "ACTIVE":
            time.sleep(0.002)  # sleep: between looks at the status
        self.book.acknowledge(op)
        self.restores.append((op.sent, op.answered))

    def make_past(self, client):
        self.book.others.add(PAST)
        client.call("CreateTable", TableName=PAST, BillingMode="PAY_PER_REQUEST",
                    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}])
        set_up = client.call("UpdateContinuousBackups", TableName=PAST,
                             PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
        set_up = set_up["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        begin_ms = round(set_up["EarliestRestorableDateTime"] * 1000)
        self.pasts.append((self.position(), begin_ms, {}))
        wait_until(lambda: now_ms() > begin_ms)

    def live_on(self, client, rng, steps):
        """Changes of PAST, the earlier ones archived while the later ones are made."""
        for _ in range(steps):
            items = dict(self.pasts[-1][2])
            for _ in range(10):
                key = str(rng.randrange(PAST_ITEMS))
                if rng.random() < 0.3:
                    client.call("DeleteItem", TableName=PAST, Key={"id": {"N": key}})
                    items.pop(key, None)
                else:
                    items[key] = str(rng.randrange(1000000))
                    client.call("PutItem", TableName=PAST, Item={"id": {"N": key}, "v": {"N": items[key]}})
            self.pasts.append((self.position(), now_ms(), items))
            wait_until(lambda: now_ms() > self.pasts[-1][1])

    def wait_until_archived(self):
        """What was changed in PAST until the last step but one, at least."""
        archive = os.path.join(self.top, "var", "data", "archive")
        wanted = self.pasts[-2][1]
        wait_until(lambda: any(int(name[17:33], 16) >> 16 >= wanted
                               for _, _, names in os.walk(archive) for name in names
                               if name.endswith(".stelejournal")))

    def back_up(self, client):
        """Its file is there then, and its checkpoint is not."""
        arn = client.call("CreateBackup", TableName=PAST,
                          BackupName="past")["BackupDetails"]["BackupArn"]
        wait_until(lambda: client.call("DescribeBackup", BackupArn=arn)
                   ["BackupDescription"]["BackupDetails"]["BackupStatus"] == "AVAILABLE")
        self.backups.append((self.position(), arn, self.pasts[-1][2]))

    def pasts_at(self, position):
        """The first and the last that a cut there leaves."""
        told = [past for past in self.pasts if self.boundary(past[0]) <= position]
        return [told[0], told[-1]] if told else []

    def backup_at(self, position):
        """The last that a cut there leaves; None: none was told to be there."""
        told = [backup for backup in self.backups if self.boundary(backup[0]) <= position]
        return told[-1] if told else None

    def begin_table(self, name):
        op = ledger.Op(self.position(), {name: 1})
        self.book.churn[name] = [op]
        self.book.churn_items[(name, 1)] = {str(i): op for i in range(KEPT_ITEMS)}
        return op

    def finish(self):
        self.file.close()
        self.entries = record.read(self.path)
        self.ends = [entry.end for entry in self.entries]

    def boundary(self, position):
        """The end of the entry that is under way there."""
        at = bisect.bisect_left(self.ends, position)
        return self.ends[min(at, len(self.ends) - 1)]

    def acknowledgements(self):
        """Positions at which a call was told to have happened."""
        return sorted({self.boundary(op.answered) for ops in self.book.history.values()
                       for op in ops if op.answered is not ledger.NEVER})


def now_ms():
    return time.time_ns() // 1000000


def wait_until(condition):
    deadline = time.monotonic() + server.WAIT_S
    while not condition():
        if time.monotonic() > deadline:
            raise server.ServerError("what is waited for does not come")
        time.sleep(0.002)  # sleep: between looks at the condition


def work(folder, library, seed):
    """A first start and two more, the first of them after a kill; calls in between."""
    done = Work(folder, library, seed)
    rng = random.Random("past %d" % seed)
    os.mkdir(done.top)
    with done.server() as own:
        done.book.create_tables(own.client())
        done.load(own, 900, 1)
        done.make_kept(own.client())
        done.make_past(own.client())
        for number, end in enumerate((own.kill, own.stop), 2):
            done.restore(own.client(), "Again%d" % number)
            done.live_on(own.client(), rng, 5)
            done.wait_until_archived()
            done.live_on(own.client(), rng, 2)
            done.back_up(own.client())
            end()
            own.start()
            problems, found = done.book.audit(own.client())
            if problems:
                raise server.ServerError("before any cut: %s" % problems)
            done.book.settle(found, keeps_history=True)
            done.load(own, 700, number)
        own.kill()
    done.finish()
    return done


def positions(done, rng):
    """Where to cut: while the directory is made, right after acknowledgements, around what changes
    names, and anywhere."""
    first = done.acknowledgements()[0]
    early = [e.end for e in done.entries if e.end < first]
    rare = [p for e in done.entries for p in (e.start, e.end)
            if e.kind in (record.RENAME, record.UNLINK, record.MKDIR) or
            (e.kind == record.OPEN and e.value & record.CREATED)]
    restoring = [e.end for e in done.entries for sent, active in done.restores
                 if sent <= e.end <= done.boundary(active)]
    picks = rng.sample(early, 25) + rng.sample(done.acknowledgements(), 40)
    picks += rng.sample(restoring, min(30, len(restoring)))
    return sorted(picks + rng.sample(rare, 30) + rng.sample(done.ends, 15))


def states(done, wanted, counts=lambda path: True):
    """Follows the record and stops at each position: (position, disk)."""
    disk = record.Disk(done.top, counts, done.before if os.path.exists(done.before) else None)
    entries = iter(done.entries)
    entry = next(entries)
    for position in sorted(wanted):
        while entry is not None and entry.end <= position:
            disk.follow(entry)
            entry = next(entries, None)
        yield position, disk


class Judge:
    """Starts servers on what a cut left."""

    def __init__(self, folder):
        self.folder = folder
        self.count = 0

    def place(self):
        self.count += 1
        return os.path.join(self.folder, "cut-%d" % self.count)

    def problems(self, top, book, position, pasts=(), backup=None):
        """What is wrong with the state below `top`, which goes."""
        data = os.path.join(top, "var", "data")
        try:
            with server.Server(OPTIONS, data=data) as own:
                problems, _ = book.audit(own.client(), at=position)
                problems += past_problems(own.client(), pasts)
                problems += backup_problems(own.client(), backup)
                own.kill()
                sound, text = server.check(data)
                return problems + ([] if sound else [text])
        except server.ServerError as error:
            return ["it does not start: %s" % error]
        finally:
            shutil.rmtree(top)


def past_problems(client, pasts):
    """What differs in copies of PAST, as it was at times."""
    return [text for number, (_, time_ms, items) in enumerate(pasts)
            for text in copy_problems(client, "Past%d" % number, items, "RestoreTableToPointInTime",
                                      SourceTableName=PAST, RestoreDateTime=time_ms / 1000)]


def backup_problems(client, backup):
    """What differs in a copy of PAST from a backup; None: there is none."""
    return copy_problems(client, "Backup", backup[2], "RestoreTableFromBackup",
                         BackupArn=backup[1]) if backup else []


def copy_problems(client, name, items, operation, **parameters):
    """What differs from its items in a table that an operation makes."""
    try:
        client.call(operation, TargetTableName=name, **parameters)
        ledger.wait_until_filled(client, name)
        found = {item["id"]["N"]: item["v"]["N"]
                 for page in client.pages("Scan", TableName=name) for item in page["Items"]}
    except api.ApiError as error:
        return ["%s: %s" % (name, error)]
    if found == items:
        return []
    return ["%s, %s of %s, is\n%s\nand should be\n%s" % (name, operation, parameters, found, items)]


def cut(tally, done, judge, seed):
    rng = random.Random(seed)
    for number, (position, disk) in enumerate(states(done, positions(done, rng))):
        chooser = record.Nothing() if number % 3 == 0 else record.Anything(rng)
        top = judge.place()
        disk.write(top, chooser)
        problems = judge.problems(top, done.book, position,
                                  done.pasts_at(position) if number % 2 == 0 else (),
                                  done.backup_at(position) if number % 2 == 1 else None)
        tally.check(not problems, "cut %d of seed %d, at %d of the record, %s" %
                    (number, seed, position, type(chooser).__name__), "\n".join(problems[:10]))


def cut_again(tally, done, judge, seed):
    """The power is cut while a server recovers from a cut, and soon after."""
    rng = random.Random("again %d" % seed)
    wanted = rng.sample(done.acknowledgements(), 8)
    for number, (position, disk) in enumerate(states(done, wanted)):
        name = "second cut after %d of seed %d, at %d of the record" % (number, seed, position)
        then = Work(judge.place(), done.library, seed, done)
        disk.write(then.before, record.Anything(rng))
        shutil.copytree(then.before, then.top)
        try:
            with then.server() as own:
                problems, found = done.book.audit(own.client(), at=position)
                tally.check(not problems, name + ": after the first", "\n".join(problems[:10]))
                then.book.settle(found)
                settled = then.position()
                then.load(own, 60, 9)  # no earlier load had this number
                own.kill()
        except server.ServerError as error:
            tally.fail(name + ": it starts", error)
            continue
        then.finish()
        early = [end for end in then.ends if end <= settled]
        late = [end for end in then.ends if end > settled]
        for again, disk in states(then, rng.sample(early, 3) + rng.sample(late, 2)):
            top = judge.place()
            disk.write(top, record.Anything(rng))
            # Until it was found what the first cut left, all of that is possible still.
            problems = judge.problems(top, *((done.book, position) if again <= settled
                                             else (then.book, again)))
            tally.check(not problems, "%s, and %d of the second" % (name, again),
                        "\n".join(problems[:10]))
        shutil.rmtree(then.folder)


# --- the tests are tests ---------------------------------------------------------------------


def recording_is_complete(tally, done, judge):
    """With everything applied, the files are those that the killed server left."""
    position, disk = next(states(done, [done.ends[-1]]))
    top = judge.place()
    disk.write(top, record.Everything())
    left, made = files(done.top), files(top)
    tally.check(left == made, "the record tells every change of every file",
                "%s" % sorted({name for name, _ in left.items() ^ made.items()}))
    shutil.rmtree(top)
    tally.check(any(e.kind == record.RENAME and e.data.endswith(".log") for e in done.entries),
                "a log that was written ahead of its use is among the files")


def files(top):
    """{name: contents} of the files below a folder. LOCK is for people, and the engine's is empty."""
    found = {}
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, top)] = file.read() if name != "LOCK" else b""
    return found


class NamesOnly(record.Nothing):
    """Folders are ahead of what is in the files."""

    def names(self, folder):
        return len(folder.changes)


# Syncs that are left out, one kind at a time, and the state in which that shows.
LEFT_OUT = [
    ("of the log", lambda path: path.endswith(".log"), record.Nothing()),
    ("of tables", lambda path: path.endswith(".sst"), NamesOnly()),
    ("of the manifest", lambda path: "/MANIFEST-" in path, NamesOnly()),
    ("of what becomes CURRENT", lambda path: path.endswith(".dbtmp"), NamesOnly()),
    ("of what becomes FORMAT", lambda path: path.endswith("/FORMAT.new"), NamesOnly()),
    ("of the archive", lambda path: "/archive/" in path, NamesOnly()),
    ("of backups", lambda path: path.endswith(".stelebackup.tmp"), NamesOnly()),
    ("of the folder of backups", lambda path: path.endswith("/backups"), record.Nothing()),
    ("of the engine's folder", lambda path: path.endswith("/rocks"), record.Nothing()),
    ("of the data directory", lambda path: path.endswith("/var/data"), record.Nothing()),
    ("of the folder above it", lambda path: path.endswith("/var"), record.Nothing()),
    ("of the folder above that", lambda path: path.endswith("/top"), record.Nothing()),
]


def left_out_syncs_are_noticed(tally, done, judge):
    told = done.acknowledgements()
    for what, is_left_out, chooser in LEFT_OUT:
        wanted = [told[len(told) // 4], told[len(told) // 2], told[-1]]
        problems = []
        for position, disk in states(done, wanted, lambda path: not is_left_out(path)):
            top = judge.place()
            disk.write(top, chooser)
            problems += judge.problems(top, done.book, position, done.pasts_at(position),
                                       done.backup_at(position))
            if problems:
                break
        tally.check(problems, "without the sync %s something is lost, and the test notices" % what)
