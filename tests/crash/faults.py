"""Fills a server's disk and fails its writes and syncs (faultfs.c), and audits what it makes of it."""

import base64
import contextlib
import errno
import os
import random
import shutil
import subprocess
import time

import hangs
import slow_s3
from disk import FOLDER, LOG, MANIFEST, OTHER, TABLE, Disk
from lib import api, changes, http1, ledger, preload, server

MIB = 1 << 20
HERE = os.path.dirname(os.path.abspath(__file__))
# Bodies that do not compress, so that a disk is full when the clients think so.
HEAVY = dict(writers=4, churn=False, compressible=False, big_share=0.6)
FILL = dict(HEAVY, big_keys=40, big_share=0.9, big_bytes=(200000, 380000), deletes=False)
SPARE = "Spare"
TORN = "the log ends in a torn record" # of level debug
PROBE = (ledger.PLAIN, "probe", None)


def run(tally, seed, only=""):
    folder = server.temp_dir("faults")
    try:
        library = preload.build(os.path.join(HERE, "faultfs.c"), folder)
        for number, (name, test) in enumerate(tests()):
            if only not in name:
                continue
            started = time.monotonic()
            bed = Bed(tally, os.path.join(folder, str(number)), name, seed + number, library)
            with bed:
                test(bed)
            print("%s: %.1f s" % (name, time.monotonic() - started), flush=True)
        if only in "a full tmpfs":
            full_tmpfs(tally, os.path.join(folder, "tmpfs"), seed)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def tests():
    for room in (18, 40):
        yield "a disk fills up, %d MiB of room" % room, lambda bed, r=room: fills_up(bed, r * MIB)
    yield "a disk is full of others' files at once", lambda bed: fills_up(bed, 0)
    for room in (0, 1000, MIB // 2):
        yield ("a disk is full without a warning, %d bytes of room" % room,
               lambda bed, r=room: fills_up(bed, r, warns=False))
    yield "a disk is full without a warning, before the first write", full_at_first_write
    yield "a disk takes no new file", no_new_files
    yield "items expire on a full disk", expire_when_full
    for warns in (True, False):
        yield ("a table is restored on a full disk" + ("" if warns else ", without a warning"),
               lambda bed, w=warns: restore_when_full(bed, w))
        yield ("a table is imported on a full disk" + ("" if warns else ", without a warning"),
               lambda bed, w=warns: import_when_full(bed, w))
    yield "a restored table waits while the disk is full", publish_when_full
    yield "a table is exported while the disk is full", export_when_full
    yield "a backup is taken on a full disk", back_up_when_full
    yield "a table with recovery is deleted on a full disk", delete_recoverable_when_full
    yield "a disk is full before the first start", full_at_first_start
    for what, kinds in (("the log", LOG), ("a table", TABLE), ("the manifest", MANIFEST)):
        yield "a write to %s fails" % what, lambda bed, k=kinds: write_fails(bed, k)
        yield "a sync of %s fails" % what, lambda bed, k=kinds: sync_fails(bed, k, errno.EIO)
    yield "a sync of a folder fails", lambda bed: sync_fails(bed, FOLDER, errno.EIO)
    yield "a sync of the log fails, without direct I/O", lambda bed: indirect_sync_fails(bed, errno.EIO)
    yield "a sync of a first start fails", first_start_fails
    yield "a disk hangs, and large writes wait", hangs.large_writes_wait
    yield "a sync of the log finds no space, without direct I/O", lambda bed: indirect_sync_fails(bed, errno.ENOSPC)


class Bed:
    """A server on a disk of faultfs.c, and the ledger of its clients."""

    def __init__(self, tally, folder, name, seed, library=None):
        os.makedirs(folder, exist_ok=True)
        self.tally = tally
        self.name = "%s (seed %d): " % (name, seed)
        self.rng = random.Random(seed)
        self.book = ledger.Ledger(seed, ledger.Load(**HEAVY))
        data = os.path.join(folder, "data")
        self.disk = Disk(library, data, folder + ".faults") if library else None
        self.own = server.Server(["--auth", "open", "--test-clock"], data=data, log=folder + ".log",
                                 env=self.disk.env if library else None)
        self.loads = self.version = 0

    def __enter__(self):
        self.own.__enter__()
        self.book.create_tables(self.own.client())
        self.make_spare()
        return self

    def __exit__(self, *_):
        self.own.__exit__()

    def check(self, condition, what, detail=None):
        return self.tally.check(condition, self.name + what, detail or self.own.log_tail)

    @contextlib.contextmanager
    def load(self, **settings):
        """Writers, for the length of the block."""
        self.book.load = ledger.Load(**(settings or HEAVY))
        self.loads += 1
        with ledger.Writers(self.book, self.own, self.loads):
            yield
        self.check(not self.book.problems, "answers agree with what was acknowledged",
                   "\n".join(self.book.problems[:10]))
        self.book.problems.clear()

    def run_for(self, calls, **settings):
        """Writers, until so many more calls are acknowledged."""
        goal = self.book.acknowledged + calls
        with self.load(**settings):
            self.wait(lambda: self.book.acknowledged >= goal, "%d calls are acknowledged" % calls)

    def wait(self, condition, what, timeout_s=server.WAIT_S):
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline:
                return self.check(False, what + " in time")
            time.sleep(0.005)  # sleep: between looks at the condition
        return True

    def wait_in(self, room, condition, what):
        """What compactions free meanwhile is others'."""
        def holds():
            if self.disk.room > room:
                self.disk.room = room
            return condition()
        return self.wait(holds, what)

    def audit(self, what, is_same_run=False, is_full=False):
        problems, found = self.book.audit(self.own.client(), is_same_run=is_same_run, is_full=is_full)
        self.check(not problems, "everything acknowledged is there, nothing by halves, " + what,
                   "\n".join(problems[:10] + [self.own.log_tail()]))
        return found

    def restart(self, what):
        """As after a crash: what the kill leaves is sound, and has everything."""
        self.own.kill()
        copy = self.own.data + "-copy"
        shutil.copytree(self.own.data, copy, ignore=shutil.ignore_patterns("RESERVE"))
        sound, text = server.check(copy)
        shutil.rmtree(copy)
        self.check(sound, "stele check finds the directory sound " + what, text)
        self.own.start()
        self.book.settle(self.audit(what))

    def put(self):
        """What a PutItem is answered: 200, or the error's name."""
        self.version += 1
        op = self.book.begin({PROBE: self.version})
        try:
            with self.own.client() as client:
                client.call("PutItem", TableName=PROBE[0],
                            Item=self.book.item(self.rng, PROBE, self.version))
            self.book.acknowledge(op)
            return 200
        except api.ApiError as error:
            self.book.refuse(op)
            return "%d %s" % (error.status, error.name)

    def delete(self, count):
        """Deletes acknowledged items; returns how many of these calls were acknowledged."""
        keys = [key for key, ops in self.book.history.items()
                if self.book.acknowledged_state(key) is not None][:count]
        done = 0
        with self.own.client() as client:
            for key in keys:
                op = self.book.begin({key: None})
                try:
                    client.call("DeleteItem", TableName=key[0], Key=ledger.key_of(key))
                    self.book.acknowledge(op)
                    done += 1
                except api.ApiError:
                    self.book.refuse(op)
        return done

    def make_spare(self):
        """A table to drop when the disk is full; the ledger has it among those that come and go."""
        op = ledger.Op(self.book.clock(), {SPARE: 1})
        self.book.churn[SPARE] = [op]
        with self.own.client() as client:
            make_table(client, SPARE)
            for i in range(20):
                client.call("PutItem", TableName=SPARE, Item={"id": {"N": "%d" % i}, "number": {"N": "1"}})
        self.book.acknowledge(op)

    def drop_spare(self):
        """What DeleteTable is answered: 200, or the error's name."""
        op = ledger.Op(self.book.clock(), {SPARE: None})
        with self.own.client() as client:
            try:
                client.call("DeleteTable", TableName=SPARE)
            except api.ApiError as error:
                return "%d %s" % (error.status, error.name)
        self.book.churn[SPARE].append(op)
        self.book.acknowledge(op)
        return 200

    def lines(self, text):
        return sum(text in line for line in self.own.log().splitlines())


# --- no space --------------------------------------------------------------------------------


def fills_up(bed, room, warns=True):
    """Clients fill the disk. Then it is freed, and filled again; then the server is killed."""
    bed.run_for(300)
    bed.disk.warns = warns
    bed.disk.room = room
    with bed.load(**FILL):
        bed.wait(lambda: bed.book.refused >= 20, "writes are refused")
    while_full(bed, deletes=warns)
    free_again(bed)
    bed.run_for(100)
    bed.audit("after going on", is_same_run=True)
    bed.restart("after going on")
    bed.disk.room = room
    refused = bed.book.refused
    with bed.load(**FILL):
        bed.wait(lambda: bed.book.refused >= refused + 20, "writes are refused again")
    restart_while_full(bed)


def full_at_first_write(bed):
    """Nothing is in memory yet that the engine could write out."""
    bed.run_for(100)
    bed.restart("before the disk is full")
    bed.disk.warns = 0
    bed.disk.room = 0
    with bed.load():
        bed.wait(lambda: bed.book.refused >= 20, "writes are refused")
    while_full(bed, deletes=False)
    free_again(bed)
    bed.run_for(100)
    bed.audit("after going on", is_same_run=True)
    bed.restart("after going on")


def full_at_first_start(bed):
    """It says so and leaves nothing; the next one starts."""
    bed.own.kill()
    for warns, room in [(1, 0), (1, 5000), (1, 16 * MIB)] + [(0, room) for room in range(0, 160, 12)]:
        name = "with %d bytes of room" % room + (", without a warning" if not warns else "")
        shutil.rmtree(bed.own.data)
        bed.disk.warns = warns
        bed.disk.room = room
        logged = len(bed.own.log())
        try:
            bed.own.start()
            bed.check(room > 100 and not warns, "a start is refused " + name)
            bed.own.kill()
        except server.ServerError:
            said = bed.own.log()[logged:]
            bed.check("Free some space" in said or "No space left on device" in said,
                      "a start on a full disk says why, " + name, said)
            bed.check(not os.path.exists(bed.own.data), "it leaves nothing behind, " + name)
        bed.disk.room = -1
        bed.own.start()
        bed.own.kill()
    shutil.rmtree(bed.own.data)
    bed.own.start()
    bed.book.create_tables(bed.own.client())
    bed.make_spare()
    bed.run_for(50)
    bed.restart("after a first start on a full disk")


def no_new_files(bed):
    bed.run_for(100)
    bed.disk.refuses_new = 1
    with bed.load(**FILL):
        bed.wait(lambda: bed.book.refused >= 20, "writes are refused")
    while_full(bed, deletes=False)
    bed.disk.refuses_new = 0
    free_again(bed)
    bed.run_for(100)
    bed.restart("after going on")


def expire_when_full(bed):
    """Where deletes go on, items go, and those of a table with a stream leave their records."""
    stream = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}}
    client = bed.own.client()
    for table, settings in (("Expiring", {}), ("Told", stream)):
        make_table(client, table, **settings)
        client.call("UpdateTimeToLive", TableName=table,
                    TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"})
        for i in range(200):
            client.call("PutItem", TableName=table, Item={
                "id": {"N": "%d" % i}, "until": {"N": "%d" % (time.time() + 3600)}})
    count = lambda table: client.call("Scan", TableName=table, Select="COUNT")["Count"]
    arn = client.call("DescribeTable", TableName="Told")["Table"]["LatestStreamArn"]
    removed = lambda: sum(record["eventName"] == "REMOVE" for record in changes.read_all(client, arn))
    bed.disk.room = 0
    with bed.load(**FILL):
        bed.wait(lambda: bed.book.refused >= 20, "writes are refused")
    bed.check(count("Expiring") == 200, "items are there before their time")
    for protected in (True, False):
        client.call("UpdateTable", TableName="Expiring", DeletionProtectionEnabled=protected)
    client.call("TagResource", ResourceArn=client.call("DescribeTable", TableName="Told")["Table"]["TableArn"],
                Tags=[{"Key": "full", "Value": "yes"}])
    client.call("DeleteItem", TableName="Told", Key={"id": {"N": "0"}})
    bed.check(removed() == 1, "a delete is told to readers of the stream", removed)
    leap(bed, 3700000)
    bed.wait(lambda: count("Expiring") == 0 and count("Told") == 0, "expired items go")
    bed.check(removed() == 200, "each is told", removed)
    free_again(bed)
    for table in ("Expiring", "Told"): # the ledger knows nothing of them
        client.call("DeleteTable", TableName=table)
    bed.restart("after that")


def make_table(client, name, **settings):
    client.call("CreateTable", TableName=name, BillingMode="PAY_PER_REQUEST", **settings,
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}])


def import_of(table):
    """What ImportTable is asked, for the items that write_items writes."""
    return dict(S3BucketSource={"S3Bucket": "bucket"}, InputFormat="DYNAMODB_JSON", TableCreationParameters={
        "TableName": table, "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "N"}],
    })


def write_items(bed, count):
    """Items of 300 KB that do not compress, in a bucket, and the bucket's folder."""
    bucket = os.path.join(bed.own.data, "s3", "bucket")
    os.makedirs(bucket)
    with open(os.path.join(bucket, "items"), "w", encoding="utf-8") as items:
        for i in range(count):
            body = base64.b64encode(bed.rng.randbytes(300000)).decode()
            items.write('{"Item":{"id":{"N":"%d"},"body":{"B":"%s"}}}\n' % (i, body))
    return bucket


def make_kept(bed, recoverable=False):
    """A table of 36 MB that the ledger knows nothing of, and a client. It is imported: items that are
    put leave logs and small tables behind, and what the engine frees when it merges these is room for
    what a test means to find the disk full."""
    client = bed.own.client()
    bucket = write_items(bed, 120)
    arn = client.call("ImportTable", **import_of("Kept"))["ImportTableDescription"]["ImportArn"]
    describe = lambda: client.call("DescribeImport", ImportArn=arn)["ImportTableDescription"]
    bed.wait(lambda: describe()["ImportStatus"] == "COMPLETED", "a table is imported")
    shutil.rmtree(bucket)
    if recoverable:
        client.call("UpdateContinuousBackups", TableName="Kept",
                    PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
    return client


def back_up_when_full(bed):
    """It is refused, or gone with what it had written so far; nobody else notices."""
    client = make_kept(bed)
    files = bed.own.files
    bed.disk.room = 30 * MIB
    try:
        client.call("CreateBackup", TableName="Kept", BackupName="refused")
        bed.check(False, "a backup without room for its checkpoint is refused")
    except api.ApiError as error:
        bed.check(error.status == 500, "a backup without room for its checkpoint is refused", str(error))
    bed.check(not files("checkpoints"), "which leaves no checkpoint")
    bed.disk.warns = False
    bed.disk.room = 12 * MIB
    arn = client.call("CreateBackup", TableName="Kept", BackupName="failing")["BackupDetails"]["BackupArn"]

    bed.wait_in(12 * MIB, lambda: not client.call("ListBackups", TableName="Kept")["BackupSummaries"],
                "a backup without room for its file ends")
    bed.check(bed.lines("a backup failed and is gone"), "the log says so")
    bed.wait(lambda: not files("checkpoints") and not files("backups"), "it leaves nothing")
    bed.check(bed.own.is_running(), "the server goes on")
    bed.disk.warns = True
    free_again(bed) if bed.lines("Free some space") else setattr(bed.disk, "room", -1)
    arn = client.call("CreateBackup", TableName="Kept", BackupName="whole")["BackupDetails"]["BackupArn"]
    details = lambda: client.call("DescribeBackup", BackupArn=arn)["BackupDescription"]["BackupDetails"]
    bed.wait(lambda: details()["BackupStatus"] == "AVAILABLE", "another is written when there is room")
    bed.wait(lambda: len(files("backups")) == 1 and not files("checkpoints"), "all of it, and nothing else")
    client.call("DeleteTable", TableName="Kept") # the ledger knows nothing of it
    bed.run_for(20)
    bed.restart("after that")


def delete_recoverable_when_full(bed):
    """Its last copy waits until there is room, and so do its rows."""
    client = make_kept(bed, recoverable=True)
    bed.disk.room = 12 * MIB
    client.call("DeleteTable", TableName="Kept")
    bed.wait(lambda: bed.lines("last copy"), "the log says what waits")
    bed.check(not bed.own.files("backups"), "nothing is written meanwhile")
    bed.disk.room = -1
    system = lambda: client.call("ListBackups", TableName="Kept", BackupType="SYSTEM")["BackupSummaries"]
    bed.wait(lambda: [each["BackupStatus"] for each in system()] == ["AVAILABLE"], "it is written when there is room")
    client.call("RestoreTableFromBackup", BackupArn=system()[0]["BackupArn"], TargetTableName="Again")
    status = lambda: client.call("DescribeTable", TableName="Again")["Table"]["TableStatus"]
    bed.wait(lambda: status() == "ACTIVE", "and a table is restored from it")
    bed.check(client.call("DescribeTable", TableName="Again")["Table"]["ItemCount"] == 120, "with all items")
    client.call("DeleteTable", TableName="Again") # the ledger knows nothing of it
    bed.run_for(20)
    bed.restart("after that")


def restore_when_full(bed, warns):
    """It waits until there is room; nobody else notices."""
    client = make_kept(bed, recoverable=True)
    status = lambda: client.call("DescribeTable", TableName="Again")["Table"]["TableStatus"]
    used = lambda: bed.own.file_bytes("bulk")
    room = 40 * MIB if warns else 20 * MIB
    bed.disk.warns = warns
    bed.disk.room = room
    client.call("RestoreTableToPointInTime", SourceTableName="Kept", TargetTableName="Again",
                UseLatestRestorableTime=True)
    bed.wait_in(room, lambda: used() > 0, "it begins")
    bed.wait_in(room, lambda: used() == 0, "it gives up and leaves nothing")
    bed.check(status() == "CREATING", "the table is not there by halves")
    bed.check(bed.own.is_running(), "the server goes on")
    bed.run_for(20)
    free_again(bed) if bed.lines("Free some space") else setattr(bed.disk, "room", -1)
    bed.wait(lambda: status() == "ACTIVE", "the table is restored when there is room", timeout_s=90)
    count = client.call("Scan", TableName="Again", Select="COUNT")["Count"]
    counted = client.call("DescribeTable", TableName="Again")["Table"]["ItemCount"]
    bed.check(counted == 120 and count > 0, "all of it", lambda: "%d items" % counted)
    for table in ("Kept", "Again"): # the ledger knows nothing of them
        client.call("DeleteTable", TableName=table)
    bed.restart("after that")


def publish_when_full(bed):
    """A restored table that waits to be shown is in nobody's way when the log is opened anew."""
    make_kept(bed, recoverable=True)
    plain = bed.own.options
    start_with(bed, plain + ["--log-level", "debug", "--table-delay-ms", "600000"])
    client = bed.own.client()
    goal = bed.own.file_bytes("rocks") + 30 * MIB
    client.call("RestoreTableToPointInTime", SourceTableName="Kept", TargetTableName="Again",
                UseLatestRestorableTime=True)
    bed.wait(lambda: bed.own.file_bytes("rocks") > goal and not bed.own.file_bytes("bulk"), "its items are there")
    bed.disk.warns = 0
    bed.disk.room = 0
    with bed.load():
        bed.wait(lambda: bed.book.refused >= 20, "writes are refused")
    bed.wait(lambda: bed.lines(TORN), "the log is torn")
    free_again(bed)
    status = lambda: client.call("DescribeTable", TableName="Again")["Table"]["TableStatus"]
    bed.check(status() == "CREATING", "the table still waits", status)
    leap(bed, 600000)
    bed.wait(lambda: status() == "ACTIVE", "it is shown when it is time")
    start_with(bed, plain)
    client = bed.own.client()
    for table in ("Kept", "Again"): # the ledger knows nothing of them
        client.call("DeleteTable", TableName=table)
    bed.run_for(20)
    bed.restart("after that")


def export_when_full(bed):
    """It may take hours to an endpoint as slow as this one, and makes way for the log to be opened anew."""
    make_kept(bed, recoverable=True)
    plain = bed.own.options
    with slow_s3.SlowS3() as s3:
        start_with(bed, plain + ["--log-level", "debug", "--s3", s3.place])
        client = bed.own.client()
        arn = client.call("ExportTableToPointInTime", S3Bucket="bucket", TableArn=client.call(
            "DescribeTable", TableName="Kept")["Table"]["TableArn"])["ExportDescription"]["ExportArn"]
        bed.wait(lambda: s3.held == 1, "its first part is on the way")
        bed.disk.warns = 0
        bed.disk.room = 0
        with bed.load():
            bed.wait(lambda: bed.book.refused >= 20, "writes are refused")
        bed.wait(lambda: bed.lines(TORN), "the log is torn")
        free_again(bed) # while a part is on the way
        s3.go_on.set()
        describe = lambda: client.call("DescribeExport", ExportArn=arn)["ExportDescription"]
        bed.wait(lambda: describe()["ExportStatus"] != "IN_PROGRESS", "the export ends")
        bed.check(describe()["ExportStatus"] == "COMPLETED" and describe()["ItemCount"] == 120, "well", describe)
        start_with(bed, plain)
    bed.own.client().call("DeleteTable", TableName="Kept") # the ledger knows nothing of it
    bed.run_for(20)
    bed.restart("after that")


def start_with(bed, options):
    bed.own.stop()
    bed.own.options = options
    bed.own.start()


def leap(bed, ms):
    """The server's clock is that much further on."""
    body = b'{"AdvanceMs": %d}' % ms
    with http1.Connection("127.0.0.1", bed.own.port) as connection:
        connection.request("POST", "/test/clock", [("Host", "stele"), ("Content-Length", str(len(body)))], body)


def import_when_full(bed, warns):
    """It fails and leaves no table; nobody else notices."""
    client = bed.own.client()
    used = lambda: bed.own.file_bytes("bulk")
    write_items(bed, 200)
    begin = lambda: client.call("ImportTable", **import_of("Kept"))["ImportTableDescription"]["ImportArn"]
    describe = lambda: client.call("DescribeImport", ImportArn=arn)["ImportTableDescription"]
    room = 40 * MIB if warns else 20 * MIB
    bed.disk.warns = warns
    bed.disk.room = room
    arn = begin()
    bed.wait_in(room, lambda: describe()["ImportStatus"] == "FAILED", "it fails")
    bed.check(describe()["FailureCode"] == "StorageFull", "for want of room", describe)
    bed.wait(lambda: "Kept" not in client.call("ListTables")["TableNames"] and used() == 0, "it leaves nothing")
    bed.check(bed.own.is_running(), "the server goes on")
    free_again(bed) if bed.lines("Free some space") else setattr(bed.disk, "room", -1)
    bed.run_for(20)
    arn = begin()
    bed.wait(lambda: describe()["ImportStatus"] == "COMPLETED", "another one ends well when there is room",
             timeout_s=60)
    counted = client.call("DescribeTable", TableName="Kept")["Table"]["ItemCount"]
    bed.check(counted == 200, "with all of it", lambda: "%d items" % counted)
    client.call("DeleteTable", TableName="Kept") # the ledger knows nothing of it
    bed.restart("after that")


def while_full(bed, deletes):
    """Writes are told so, everything else goes on."""
    bed.check(bed.own.is_running(), "the server goes on")
    if not bed.disk or not bed.disk.refuses_new:
        answer = bed.put()
        bed.check(answer == "500 InternalServerError", "a write is answered InternalServerError", answer)
    if deletes:
        done = bed.delete(30)
        bed.check(done == 30, "deletes go on", lambda: "%d of 30\n%s" % (done, bed.own.log_tail()))
        answer = bed.drop_spare()
        bed.check(answer == 200, "a table can be dropped", answer)
    bed.audit("while full", is_same_run=True, is_full=True)
    bed.wait(lambda: bed.lines("Free some space") > 0, "a line of the log")  # it may come after refusals
    told = bed.lines("Free some space")
    bed.check(told == 1, "one line of the log says what to do", bed.own.log_tail)


def free_again(bed):
    if bed.disk:
        bed.disk.room = -1
    bed.wait(lambda: bed.put() == 200, "writes resume")
    bed.check(bed.lines("writes resume") >= 1, "the log says that writes resume")


def restart_while_full(bed):
    """It serves what there is, or says what to do."""
    bed.own.kill()
    try:
        bed.own.start()
    except server.ServerError as error:
        bed.check("free space" in str(error), "a start on a full disk says what to do", error)
        bed.disk.room = -1
        bed.own.start()
    else:
        bed.audit("after a start on a full disk", is_full=True)
        bed.disk.room = -1
    bed.book.settle(bed.audit("after a start when there is room again"))
    bed.run_for(100)
    bed.restart("after everything")


# --- failing disks ---------------------------------------------------------------------------


def write_fails(bed, kinds):
    bed.run_for(50)
    bed.disk.write_bytes = bed.rng.choice([0, 1, 700])
    bed.disk.write_after = bed.rng.randrange(0, 5)
    bed.disk.write_kinds = kinds
    ends_and_starts(bed)


def sync_fails(bed, kinds, error):
    bed.run_for(50)
    bed.disk.sync_error = error
    bed.disk.sync_after = bed.rng.randrange(0, 5) if kinds in (LOG, TABLE) else 0
    bed.disk.sync_kinds = kinds
    ends_and_starts(bed)


def indirect_sync_fails(bed, error):
    bed.disk.refuses_direct = 1
    bed.restart("on a file system without direct I/O")
    sync_fails(bed, LOG, error)


def first_start_fails(bed):
    """Whichever sync it is, until FORMAT is there: the start says so and leaves nothing, and the next
    one finds nothing in its way."""
    bed.own.kill()
    for error in (errno.EIO, errno.ENOSPC):
        said = []
        while True:
            name = ", at sync %d, %s" % (len(said) + 1, errno.errorcode[error])
            shutil.rmtree(bed.own.data, ignore_errors=True)
            bed.disk.sync_error = error
            bed.disk.sync_after = len(said)
            bed.disk.sync_kinds = LOG | TABLE | MANIFEST | FOLDER | OTHER
            logged = len(bed.own.log())
            try:
                bed.own.start()
                bed.own.kill()
            except server.ServerError:
                pass
            bed.disk.heal()
            if os.path.exists(bed.own.data):
                break
            said.append(bed.own.log()[logged:])
            bed.check(os.strerror(error) in said[-1], "a start says why it is refused" + name, said[-1])
            bed.own.start()
            bed.own.kill()
        for what in ("sync the files in %s/rocks" % bed.own.data, "sync " + bed.own.data,
                     "write %s/FORMAT" % bed.own.data):
            bed.check(any("stele serve: cannot %s: " % what in line for line in said),
                      "it may be that it cannot " + what, "".join(said))


def ends_and_starts(bed):
    """Whether the write is on the disk is unknown: only a start can tell."""
    with bed.load():
        bed.wait(lambda: not bed.own.is_running(), "the server ends")
    bed.check(bed.disk.failed >= 1, "the fault was met")
    bed.check(bed.lines("Check the disk, then start again") == 1, "the log says why and what to do")
    bed.disk.heal()
    bed.restart("after the failure")
    bed.run_for(100)
    bed.restart("after going on")


# --- a real one ------------------------------------------------------------------------------


def full_tmpfs(tally, folder, seed):
    """The same on a file system of 160 MiB, where mounting is allowed."""
    os.mkdir(folder)
    name = "a full tmpfs"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m", "stele-test", folder],
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, check=False)
    if mounted.returncode != 0:
        print(name + ": skipped, mounting is not allowed here", flush=True)
        return
    started = time.monotonic()
    try:
        ballast = os.path.join(folder, "ballast")
        with Bed(tally, folder, name, seed) as bed:
            bed.run_for(100)
            with open(ballast, "wb") as file:
                os.posix_fallocate(file.fileno(), 0, 50 * MIB)
            with bed.load(**FILL):
                bed.wait(lambda: bed.book.refused >= 20, "writes are refused")
            while_full(bed, deletes=True)
            os.unlink(ballast)
            free_again(bed)
            bed.run_for(100)
            bed.own.kill()
            bed.own.start()
            bed.audit("after going on")
    finally:
        subprocess.run(["umount", folder], stdin=subprocess.DEVNULL, check=False)
    print("%s: %.1f s" % (name, time.monotonic() - started), flush=True)
