"""Kills a server while indexes are built and removed under writes, and looks at what comes of them."""

import os
import random
import shutil
import threading
import time

from lib import api, http1, server

TABLE = "Indexed"
ITEMS = 6000
REFUSED = ("ValidationException", "ResourceInUseException", "TransactionCanceledException")
WRITERS = 3
ATTRIBUTES = {"pk": "S", "g": "N", "s": "S"}
INDEXES = {
    "by-g": (["g"], [], {"ProjectionType": "KEYS_ONLY"}),
    "by-s": (["s"], ["g"], {"ProjectionType": "ALL"}),
}


def run(tally, seed, rounds):
    rng = random.Random("builds %d" % seed)
    folder = server.temp_dir("builds")
    own = server.Server(["--auth", "open"], data=os.path.join(folder, "data"),
                        log=os.path.join(folder, "log"))
    seen = {"CREATING": 0, "DELETING": 0}
    try:
        with own:
            create(own.client(), rng)
            for number in range(rounds):
                kill_under_writes(own, rng)
                look(tally, own, "round %d of seed %d: " % (number, seed), folder, seen)
            problems = look_again(own)
            tally.check(not problems, "indexes are as their items are, read over the API",
                        "\n".join(problems))
            own.stop()
            sound, text = server.check(own.data)
            tally.check(sound, "stele check finds the indexes complete", text)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    tally.check(sum(seen.values()) > 0, "some kills came while an index was built or removed")
    print("builds: %d rounds; %d kills while an index was built, %d while one was removed" %
          (rounds, seen["CREATING"], seen["DELETING"]))


def item(rng, number):
    """Some in both indexes, some in one or none, some with keys of a wrong type if they may be."""
    made = {"pk": {"S": "item-%d" % number}, "body": {"S": "x" * rng.randrange(200)}}
    if rng.random() < 0.7:
        made["g"] = {"N": str(rng.randrange(20))}
    if rng.random() < 0.7:
        made["s"] = {"S": "s%d" % rng.randrange(20)}
    if rng.random() < 0.05:
        made["g"] = {"S": "no number"}
    return made


def create(client, rng):
    client.call("CreateTable", TableName=TABLE, BillingMode="PAY_PER_REQUEST",
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}])
    wait_until(client, lambda table: table["TableStatus"] == "ACTIVE")
    for first in range(0, ITEMS, 25):
        client.call("BatchWriteItem", RequestItems={
            TABLE: [{"PutRequest": {"Item": item(rng, n)}} for n in range(first, first + 25)]})


def wait_until(client, condition, timeout_s=server.WAIT_S):
    deadline = time.monotonic() + timeout_s
    while True:
        table = client.call("DescribeTable", TableName=TABLE)["Table"]
        if condition(table):
            return table
        if time.monotonic() > deadline:
            raise TimeoutError("still %s" % table)
        time.sleep(0.002)  # sleep: between looks at the table


def indexes_of(table):
    return {i["IndexName"]: i["IndexStatus"] for i in table.get("GlobalSecondaryIndexes", [])}


def is_settled(table):
    return set(indexes_of(table).values()) <= {"ACTIVE"}


def kill_under_writes(own, rng):
    stop = threading.Event()
    workers = [threading.Thread(target=work, daemon=True, args=(own, stop, rng.random(), step))
               for step in [write] * WRITERS + [change_an_index]]
    for worker in workers:
        worker.start()
    time.sleep(rng.uniform(0.05, 0.8))  # sleep: the instant of the kill is random
    own.kill()
    stop.set()
    for worker in workers:
        worker.join(60)


def work(own, stop, seed, step):
    rng = random.Random(seed)
    with own.client() as client:
        while not stop.is_set():
            try:
                step(client, rng)
            except (OSError, http1.ClosedError):
                return
            except api.ApiError as error:
                if error.name not in REFUSED:  # for a key of a wrong type, or an index on its way
                    raise


def write(client, rng):
    number = rng.randrange(ITEMS)
    what = rng.random()
    if what < 0.2:
        client.call("DeleteItem", TableName=TABLE, Key={"pk": {"S": "item-%d" % number}})
    elif what < 0.4:
        client.call("TransactWriteItems", TransactItems=[
            {"Put": {"TableName": TABLE, "Item": item(rng, n)}}
            for n in {number, rng.randrange(ITEMS), rng.randrange(ITEMS)}])
    elif what < 0.6:
        client.call("UpdateItem", TableName=TABLE, Key={"pk": {"S": "item-%d" % number}},
                    UpdateExpression="SET g = :g REMOVE s",
                    ExpressionAttributeValues={":g": {"N": str(rng.randrange(20))}})
    else:
        client.call("PutItem", TableName=TABLE, Item=item(rng, number))


def change_an_index(client, rng):
    table = wait_until(client, is_settled)
    name = rng.choice(sorted(INDEXES))
    hashes, ranges, projection = INDEXES[name]
    change = {"Delete": {"IndexName": name}}
    if name not in indexes_of(table):
        change = {"Create": {"IndexName": name, "Projection": projection, "KeySchema":
                             [{"AttributeName": a, "KeyType": "HASH"} for a in hashes] +
                             [{"AttributeName": a, "KeyType": "RANGE"} for a in ranges]}}
    client.call("UpdateTable", TableName=TABLE, GlobalSecondaryIndexUpdates=[change],
                AttributeDefinitions=[{"AttributeName": a, "AttributeType": t}
                                      for a, t in ATTRIBUTES.items()])


def look(tally, own, name, folder, seen):
    """The directory as the kill left it is sound, half-built indexes too; then they are finished."""
    copy = os.path.join(folder, "copy")
    shutil.copytree(own.data, copy, ignore=shutil.ignore_patterns("RESERVE"))
    sound, text = server.check(copy)
    shutil.rmtree(copy)
    tally.check(sound, name + "stele check finds the directory sound", text)
    own.start()
    client = own.client()
    for state in indexes_of(client.call("DescribeTable", TableName=TABLE)["Table"]).values():
        if state in seen:
            seen[state] += 1
    try:
        table = wait_until(client, is_settled)
    except TimeoutError as error:
        tally.fail(name + "indexes that were on their way are finished", error)
        raise
    for index in table.get("GlobalSecondaryIndexes", []):
        problems = compare(client, index)
        tally.check(not problems, name + "the index %s has what its items imply" %
                    index["IndexName"], "\n".join(problems))


def look_again(own):
    client = own.client()
    table = wait_until(client, is_settled)
    return [problem for index in table.get("GlobalSecondaryIndexes", [])
            for problem in compare(client, index)]


def compare(client, index):
    hashes, ranges, projection = INDEXES[index["IndexName"]]
    keys = hashes + ranges
    wanted = []
    for page in client.pages("Scan", TableName=TABLE):
        for each in page["Items"]:
            if all(list(each.get(name, {"none": 0}))[0] == ATTRIBUTES[name] for name in keys):
                wanted.append(each if projection["ProjectionType"] == "ALL" else
                              {name: each[name] for name in ["pk"] + keys})
    found = [each for page in client.pages("Scan", TableName=TABLE, IndexName=index["IndexName"])
             for each in page["Items"]]
    order = lambda each: each["pk"]["S"]
    problems = []
    if sorted(found, key=order) != sorted(wanted, key=order):
        problems.append("%s has %d entries, %d are implied" %
                        (index["IndexName"], len(found), len(wanted)))
    if index["ItemCount"] != len(found):
        problems.append("%s says it has %d entries, a scan finds %d" %
                        (index["IndexName"], index["ItemCount"], len(found)))
    return problems
