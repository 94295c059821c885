"""Kills a server while tables are being restored: each is there in the end, whole, and none by halves."""

import base64
import os
import random
import shutil
import time
import zlib

from lib import api, http1, server

SOURCE = "Source"
ITEMS = 8000
BATCH = 25
WAIT_S = server.WAIT_S
ROUNDS_MORE = 5
INDEXES = {
    "LocalSecondaryIndexes": [{
        "IndexName": "local", "Projection": {"ProjectionType": "KEYS_ONLY"},
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "n", "KeyType": "RANGE"}]}],
    "GlobalSecondaryIndexes": [{
        "IndexName": "global", "Projection": {"ProjectionType": "ALL"},
        "KeySchema": [{"AttributeName": "n", "KeyType": "HASH"}]}],
}


def run(tally, seed, rounds):
    folder = server.temp_dir("restores")
    own = server.Server(["--auth", "open", "--pitr-latest-seconds", "0"],
                        data=os.path.join(folder, "data"), log=os.path.join(folder, "log"))
    rng = random.Random("restores %d" % seed)
    restored = interrupted = 0
    try:
        with own:
            fill(own.client(), rng)
            was = contents(own.client(), SOURCE)
            number = 0
            while number < rounds or (interrupted == 0 and number < ROUNDS_MORE * rounds): # by chance, none was
                name = "round %d of seed %d: " % (number, seed)
                begun = kill_while_restoring(own, rng, number)
                interrupted += sound(tally, own, folder, name)
                own.start()
                restored += look(tally, own, name, begun, was)
                number += 1
            own.stop()
            good, text = server.check(own.data)
            tally.check(good, "stele check finds the directory sound in the end", text)
            tally.check(not scratch(own.data), "no scratch file is left")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    tally.check(interrupted > 0, "some restores were killed on their way")
    print("restores: %d rounds, %d tables restored, %d rounds killed on their way" %
          (number, restored, interrupted))


def fill(client, rng):
    client.call("CreateTable", TableName=SOURCE, BillingMode="PAY_PER_REQUEST", **INDEXES,
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
                AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"},
                                      {"AttributeName": "sk", "AttributeType": "N"},
                                      {"AttributeName": "n", "AttributeType": "N"}])
    client.call("UpdateContinuousBackups", TableName=SOURCE,
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
    for first in range(0, ITEMS, BATCH):
        client.call("BatchWriteItem", RequestItems={SOURCE: [
            {"PutRequest": {"Item": item(rng, n)}} for n in range(first, first + BATCH)]})


def item(rng, number):
    made = {"pk": {"S": "p%d" % (number % 500)}, "sk": {"N": str(number)},
            "body": {"B": base64.b64encode(rng.randbytes(400)).decode()}}
    if number % 3 != 0:
        made["n"] = {"N": str(number % 100)}
    return made


def contents(client, table):
    """How many items, and a sum over what they are."""
    count = total = 0
    for page in client.pages("Scan", TableName=table):
        for each in page["Items"]:
            count += 1
            total ^= zlib.crc32(repr(sorted((name, sorted(value.items())) for name, value in each.items())).encode())
    return count, total


def kill_while_restoring(own, rng, number):
    """The tables whose restore was acknowledged."""
    names = ["Target-%d-%d" % (number, i) for i in range(rng.randrange(1, 4))]
    begun = []
    try:
        client = own.client()
        for name in names:
            client.call("RestoreTableToPointInTime", SourceTableName=SOURCE, TargetTableName=name,
                        UseLatestRestorableTime=True)
            begun.append(name)
        time.sleep(rng.uniform(0, 0.4))  # sleep: the instant of the kill is random
    except (OSError, http1.ClosedError, api.ApiError):
        pass
    own.kill()
    if rng.random() < 0.3:
        try:
            own.start(timeout_s=rng.uniform(0.05, 0.3))
        except server.ServerError:
            pass
        own.kill()
    return begun


def scratch(data):
    folder = os.path.join(data, "bulk")
    return os.listdir(folder) if os.path.exists(folder) else []


def sound(tally, own, folder, name):
    """1 if the kill came while a table was being filled, as far as files tell."""
    left = scratch(own.data)
    copy = os.path.join(folder, "copy")
    shutil.copytree(own.data, copy, ignore=shutil.ignore_patterns("RESERVE"))
    good, text = server.check(copy)
    tally.check(good, name + "stele check finds the directory sound", text)
    shutil.rmtree(copy)
    return 1 if left else 0


def look(tally, own, name, begun, was):
    client = own.client()
    for table in begun:
        deadline = time.monotonic() + WAIT_S
        while status(client, table) == "CREATING" and time.monotonic() < deadline:
            time.sleep(0.01)  # sleep: between looks at the status
        if not tally.check(status(client, table) == "ACTIVE", name + "a restore that was acknowledged goes on to its end",
                           lambda: own.log_tail()):
            continue
        tally.check(contents(client, table) == was, name + "a restored table has all items, as they were")
        client.call("DeleteTable", TableName=table)
    others = [each for page in client.pages("ListTables") for each in page["TableNames"]]
    for table in others:
        if table != SOURCE and table not in begun:
            tally.check(status(client, table) in ("ACTIVE", "CREATING"), name + "a restore without an answer goes on too")
    return len(begun)


def status(client, table):
    return client.call("DescribeTable", TableName=table)["Table"]["TableStatus"]
