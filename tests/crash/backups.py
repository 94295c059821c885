"""Kills a server while backups are taken, deleted and restored under writes."""

import os
import random
import shutil
import threading
import time

from lib import api, http1, server

TABLE = "Kept"
FIRST = 4000  # items that make writing a file take a while
BATCH = 25
WRITERS = 3
WAIT_S = server.WAIT_S
ROUNDS_MORE = 5


def run(tally, seed, rounds):
    folder = server.temp_dir("backups")
    own = server.Server(["--auth", "open", "--throttle", "off"],
                        data=os.path.join(folder, "data"), log=os.path.join(folder, "log"))
    rng = random.Random("backups %d" % seed)
    state = State()
    try:
        with own:
            fill(own.client(), rng)
            number = 0
            while number < rounds or (state.interrupted == 0 and number < ROUNDS_MORE * rounds): # by chance, none was
                name = "round %d of seed %d: " % (number, seed)
                kill_under_writes(own, rng, state)
                state.interrupted += bool(own.files("checkpoints"))
                sound(tally, own, folder, name)
                own.start()
                look(tally, own, name, state, rng)
                number += 1
            own.stop()
            good, text = server.check(own.data)
            tally.check(good, "stele check finds the directory and its backups sound in the end", text)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    tally.check(state.interrupted > 0, "some backups were killed on their way")
    print("backups: %d rounds, %d backups restored, %d rounds killed on their way" %
          (number, state.restored, state.interrupted))


class State:
    """What the clients know: of each writer, which of its writes were begun and which acknowledged;
    of each backup, what it must have, and whether it was deleted."""

    def __init__(self):
        self.begun = [0] * WRITERS
        self.acknowledged = [0] * WRITERS
        self.backups = {}  # ARN: (acknowledged before it, begun when it was answered)
        self.deleted = set()
        self.maybe_deleted = set()
        self.restored = self.interrupted = 0


def fill(client, rng):
    client.call("CreateTable", TableName=TABLE, BillingMode="PAY_PER_REQUEST",
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
                AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"},
                                      {"AttributeName": "sk", "AttributeType": "N"}])
    for first in range(0, FIRST, BATCH):
        client.call("BatchWriteItem", RequestItems={TABLE: [
            {"PutRequest": {"Item": {"pk": {"S": "first-%d" % (n % 300)}, "sk": {"N": str(n)},
                                     "body": {"S": "%0600x" % rng.getrandbits(2400)}}}}
            for n in range(first, first + BATCH)]})


def write(client, state, writer):
    """The next item of a writer, and in the same transaction the number of its last one."""
    number = state.acknowledged[writer]
    if state.begun[writer] > number:  # its answer never came: done again, which changes nothing
        state.begun[writer] = number
    state.begun[writer] = number + 1
    client.call("TransactWriteItems", TransactItems=[
        {"Put": {"TableName": TABLE, "Item": {"pk": {"S": "writer-%d" % writer}, "sk": {"N": str(number)}}}},
        {"Put": {"TableName": TABLE, "Item": {"pk": {"S": "last"}, "sk": {"N": str(writer)},
                                              "number": {"N": str(number)}}}}])
    state.acknowledged[writer] = number + 1


def kill_under_writes(own, rng, state):
    stop = threading.Event()
    workers = [threading.Thread(target=work, daemon=True, args=(own, stop, lambda c, w=w: write(c, state, w)))
               for w in range(WRITERS)]
    for worker in workers:
        worker.start()
    try:
        client = own.client()
        for _ in range(rng.randrange(1, 4)):
            take(client, state)
            time.sleep(rng.uniform(0, 0.05))  # sleep: backups are taken at random times
        if rng.random() < 0.5:
            delete_one(client, state, rng)
        if rng.random() < 0.8:
            time.sleep(rng.uniform(0, 0.15))  # sleep: the instant of the kill is random
        else:  # in the middle of a request
            taker = threading.Thread(target=work, daemon=True, args=(own, stop, lambda c: take(c, state)))
            taker.start()
            workers.append(taker)
            time.sleep(rng.uniform(0, 0.05))  # sleep: the instant of the kill is random
    except (OSError, http1.ClosedError):
        pass
    own.kill()
    stop.set()
    for worker in workers:
        worker.join(60)


def work(own, stop, step):
    try:
        with own.client() as client:
            while not stop.is_set():
                step(client)
    except (OSError, http1.ClosedError):
        return


def take(client, state):
    before = list(state.acknowledged)
    try:
        reply = client.call("CreateBackup", TableName=TABLE, BackupName="of-the-moment")
    except api.ApiError as error:
        if "Only 50 backups" not in str(error):
            raise
        return
    state.backups[reply["BackupDetails"]["BackupArn"]] = (before, list(state.begun))


def delete_one(client, state, rng):
    there = [arn for arn in state.backups if arn not in state.deleted | state.maybe_deleted]
    if not there:
        return
    arn = rng.choice(there)
    state.maybe_deleted.add(arn)
    try:
        client.call("DeleteBackup", BackupArn=arn)
        state.deleted.add(arn)
    except api.ApiError:
        state.maybe_deleted.discard(arn)  # it is being made


def sound(tally, own, folder, name):
    copy = os.path.join(folder, "copy")
    shutil.copytree(own.data, copy, ignore=shutil.ignore_patterns("RESERVE"))
    good, text = server.check(copy)
    tally.check(good, name + "stele check finds the directory and its backups sound", text)
    shutil.rmtree(copy)


def status(client, arn):
    try:
        return client.call("DescribeBackup", BackupArn=arn)["BackupDescription"]["BackupDetails"]["BackupStatus"]
    except api.ApiError as error:
        return error.name


def listed(client):
    return {each["BackupArn"]: each["BackupStatus"]
            for page in pages(client) for each in page["BackupSummaries"]}


def pages(client):
    after = {}
    while True:
        page = client.call("ListBackups", **after)
        yield page
        if "LastEvaluatedBackupArn" not in page:
            return
        after = {"ExclusiveStartBackupArn": page["LastEvaluatedBackupArn"]}


def look(tally, own, name, state, rng):
    client = own.client()
    deadline = time.monotonic() + WAIT_S
    while "CREATING" in listed(client).values() and time.monotonic() < deadline:
        time.sleep(0.01)  # sleep: between looks at the list
    there = listed(client)
    for arn in list(state.backups):
        if arn in state.deleted:
            tally.check(arn not in there and status(client, arn) == "BackupNotFoundException",
                        name + "a deleted backup stays away")
            del state.backups[arn]
        elif arn in state.maybe_deleted and arn not in there:
            del state.backups[arn]
        else:
            state.maybe_deleted.discard(arn)
            tally.check(there.get(arn) == "AVAILABLE", name + "a backup that was acknowledged is made to its end",
                        lambda: own.log_tail())
    wait_for(tally, name + "no checkpoint is left", lambda: not own.files("checkpoints"))
    wait_for(tally, name + "there is a file for each backup, and no other",
             lambda: sorted(own.files("backups")) == sorted(arn[-23:] + ".stelebackup" for arn in there))
    for arn in rng.sample(sorted(state.backups), min(2, len(state.backups))):
        restore(tally, client, name, arn, state)


def wait_for(tally, what, condition):
    deadline = time.monotonic() + WAIT_S
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)  # sleep: between looks at files
    tally.check(condition(), what)


def restore(tally, client, name, arn, state):
    target = "Restored"
    before, begun = state.backups[arn]
    client.call("RestoreTableFromBackup", TargetTableName=target, BackupArn=arn)
    deadline = time.monotonic() + WAIT_S
    while client.call("DescribeTable", TableName=target)["Table"]["TableStatus"] != "ACTIVE" \
            and time.monotonic() < deadline:
        time.sleep(0.01)  # sleep: between looks at the status
    items = [item for page in client.pages("Scan", TableName=target, ProjectionExpression="pk, sk, #n",
                                           ExpressionAttributeNames={"#n": "number"})
             for item in page["Items"]]
    client.call("DeleteTable", TableName=target)
    first = sum(item["pk"]["S"].startswith("first-") for item in items)
    tally.check(first == FIRST, name + "a restored table has what was there long before", str(first))
    for writer in range(WRITERS):
        has = sorted(int(item["sk"]["N"]) for item in items if item["pk"]["S"] == "writer-%d" % writer)
        last = [int(item["number"]["N"]) for item in items
                if item["pk"]["S"] == "last" and item["sk"]["N"] == str(writer)]
        tally.check(has == list(range(len(has))) and before[writer] <= len(has) <= begun[writer],
                    name + "a backup has every write that was acknowledged before it, and none that began after",
                    "%d writes, between %d and %d" % (len(has), before[writer], begun[writer]))
        tally.check(last == ([len(has) - 1] if has else []), name + "a backup has transactions whole",
                    "%s of %d" % (last, len(has)))
    state.restored += 1
