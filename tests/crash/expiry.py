"""Kills a server while items expire, are saved from it, and expiry is turned on and off."""

import os
import random
import shutil
import threading
import time

from lib import api, http1, server

TABLE = "Expiring"
ITEMS = 2000
WRITERS = 3
HOUR = 3600
SERVICE = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}


def run(tally, seed, rounds):
    folder = server.temp_dir("expiry")
    own = server.Server(["--auth", "open", "--ttl-interval-ms", "20", "--throttle", "off"],
                        data=os.path.join(folder, "data"), log=os.path.join(folder, "log"))
    rng = random.Random("expiry %d" % seed)
    writers = [Writer(number, rng.random()) for number in range(WRITERS)]
    try:
        with own:
            create(own.client())
            for number in range(rounds):
                kill_under_writes(own, rng, writers)
                look(tally, own, "round %d of seed %d: " % (number, seed), folder)
            finish(tally, own, writers)
            own.stop()
            sound, text = server.check(own.data)
            tally.check(sound, "stele check finds the index of expiry complete", text)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("expiry: %d rounds, %d writes acknowledged" % (rounds, sum(w.acknowledged for w in writers)))


def create(client):
    client.call("CreateTable", TableName=TABLE, BillingMode="PAY_PER_REQUEST",
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})


class Writer:
    """Writes items of its own. `stays` says of each whether it is there in the end, as far as its last
    write was acknowledged: None if it was not."""

    def __init__(self, number, seed):
        self.rng = random.Random(seed)
        self.keys = ["%d-%d" % (number, n) for n in range(ITEMS)]
        self.stays = {key: False for key in self.keys}
        self.acknowledged = 0

    def write(self, client):
        key = self.rng.choice(self.keys)
        # Times ahead leave room for a write that saves the item; those are a race on purpose.
        ahead = self.rng.choice([-1000, -1, 0, 1, 1, HOUR, None])
        item = {"pk": {"S": key}, "body": {"S": "x" * self.rng.randrange(100)}}
        if ahead is not None:
            item["until"] = {"N": str(int(time.time()) + ahead)}
        if self.rng.random() < 0.3:
            item["end"] = {"N": str(int(time.time()) + HOUR)}
        self.stays[key] = None
        client.call("PutItem", TableName=TABLE, Item=item)
        self.stays[key] = ahead is None or ahead == HOUR
        self.acknowledged += 1


def turn(client, rng):
    """Off if it is on, on if it is off; the attribute `end` says that nothing expires."""
    now = client.call("DescribeTimeToLive", TableName=TABLE)["TimeToLiveDescription"]
    enable = now["TimeToLiveStatus"] == "DISABLED"
    attribute = rng.choice(["until", "until", "end"]) if enable else now["AttributeName"]
    client.call("UpdateTimeToLive", TableName=TABLE,
                TimeToLiveSpecification={"Enabled": enable, "AttributeName": attribute})
    time.sleep(rng.uniform(0, 0.2))  # sleep: turns come at random times


def kill_under_writes(own, rng, writers):
    stop = threading.Event()
    turns = random.Random(rng.random())
    workers = [threading.Thread(target=work, daemon=True, args=(own, stop, step)) for step in
               [writer.write for writer in writers] + [lambda client: turn(client, turns)]]
    for worker in workers:
        worker.start()
    time.sleep(rng.uniform(0.1, 1.0))  # sleep: the instant of the kill is random
    own.kill()
    stop.set()
    for worker in workers:
        worker.join(60)


def work(own, stop, step):
    with own.client() as client:
        while not stop.is_set():
            try:
                step(client)
            except (OSError, http1.ClosedError):
                return


def look(tally, own, name, folder):
    copy = os.path.join(folder, "copy")
    shutil.copytree(own.data, copy, ignore=shutil.ignore_patterns("RESERVE"))
    sound, text = server.check(copy)
    shutil.rmtree(copy)
    tally.check(sound, name + "stele check finds the directory sound", text)
    own.start()


def scan(client):
    return {item["pk"]["S"]: item for page in client.pages("Scan", TableName=TABLE)
            for item in page["Items"]}


def finish(tally, own, writers):
    """What is due goes, what is not stays, and the service says so of all that it deleted."""
    client = own.client()
    while client.call("DescribeTimeToLive", TableName=TABLE)["TimeToLiveDescription"].get(
            "AttributeName") != "until":
        turn(client, random)
    deadline = time.monotonic() + server.WAIT_S
    while True:
        items = scan(client)
        late = [key for key, item in items.items()
                if "until" in item and int(item["until"]["N"]) < time.time() + HOUR / 2]
        if not late or time.monotonic() > deadline:
            break
        time.sleep(0.05)  # sleep: between looks at what is left
    tally.check(not late, "what expired goes", late[:20])
    wrong = [key for writer in writers for key, stays in writer.stays.items()
             if stays is not None and stays != (key in items)]
    tally.check(not wrong, "what is not due stays", wrong[:20])
    problems, expired = read_stream(client)
    tally.check(not problems, "the service deleted only what was due", problems[:20])
    tally.check(expired > 0, "some items expired")


def read_stream(client):
    """Service deletes of items that were not due, and how many there are."""
    arn = client.call("DescribeTable", TableName=TABLE)["Table"]["LatestStreamArn"]
    shards = client.call("DescribeStream", StreamArn=arn)["StreamDescription"]["Shards"]
    problems, expired = [], 0
    for shard in shards:
        at = client.call("GetShardIterator", StreamArn=arn, ShardId=shard["ShardId"],
                         ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        while at:
            page = client.call("GetRecords", ShardIterator=at)
            for record in page["Records"]:
                if record.get("userIdentity") is None:
                    continue
                expired += 1
                change = record["dynamodb"]
                until = int(change["OldImage"].get("until", {"N": "0"})["N"])
                if record["eventName"] != "REMOVE" or record["userIdentity"] != SERVICE or \
                        until == 0 or until > change["ApproximateCreationDateTime"]:
                    problems.append(str(record))
            at = page.get("NextShardIterator") if page["Records"] else None
    return problems, expired
