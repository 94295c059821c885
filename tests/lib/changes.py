"""Items that are changed under a stream, and what its readers were told against what the writers know."""

import random
import threading
import time

from . import http1, server

ITEMS = 5 # of each writer
CUT = (OSError, http1.ClosedError)


def create(client, name, view="NEW_AND_OLD_IMAGES", units=None):
    """Returns the stream's ARN."""
    return client.call("CreateTable", **{
        "TableName": name, **({"BillingMode": "PAY_PER_REQUEST"} if units is None else {
            "ProvisionedThroughput": {"ReadCapacityUnits": units, "WriteCapacityUnits": units}}),
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": view},
    })["TableDescription"]["LatestStreamArn"]


def put(client, key, number):
    client.call("PutItem", **{"TableName": "Items", "Item": {"pk": {"S": key}, "n": {"N": str(number)}}})


def get(client, key):
    """Its number; None: there is no such item."""
    item = client.call("GetItem", **{"TableName": "Items", "Key": {"pk": {"S": key}}, "ConsistentRead": True})
    return int(item["Item"]["n"]["N"]) if "Item" in item else None


def shards_of(client, arn):
    """All shards, of as many pages as they have."""
    shards, more = [], {}
    while True:
        page = client.call("DescribeStream", StreamArn=arn, **more)["StreamDescription"]
        shards += page["Shards"]
        if "LastEvaluatedShardId" not in page:
            return shards
        more = {"ExclusiveStartShardId": page["LastEvaluatedShardId"]}


def is_divided(client, arn):
    """Whether some shard went on in two."""
    parents = [shard["ParentShardId"] for shard in shards_of(client, arn) if "ParentShardId" in shard]
    return len(set(parents)) < len(parents)


def read_all(client, arn):
    """All records that a stream has now."""
    records = []
    for shard in shards_of(client, arn):
        at = client.call("GetShardIterator", **{"StreamArn": arn, "ShardId": shard["ShardId"],
                                                "ShardIteratorType": "TRIM_HORIZON"})["ShardIterator"]
        while at is not None:
            page = client.call("GetRecords", ShardIterator=at)
            records += page["Records"]
            at = page.get("NextShardIterator") if page["Records"] else None
    return records


class Writer(threading.Thread):
    """The only one who changes its items, so it knows what each change begins from."""

    def __init__(self, own, index, until, pause=0):
        super().__init__()
        self.own, self.pause = own, pause
        self.until = until # may be set again while it writes
        self.rng = random.Random(index)
        self.logs = {"%d-%d" % (index, i): [] for i in range(ITEMS)}
        self.now = dict.fromkeys(self.logs)

    def run(self):
        client = self.own.client(timeout_s=server.WAIT_S)
        number = 0
        while time.monotonic() < self.until:
            key = self.rng.choice(list(self.logs))
            number += 1
            client = self.change(client, key, number)
            time.sleep(self.pause) # sleep: the load that is wanted
        client.close()

    def change(self, client, key, number):
        old = self.now[key]
        deletes = old is not None and self.rng.random() < 0.2
        entry = [old, None if deletes else number, None]
        self.logs[key].append(entry)
        try:
            if deletes:
                client.call("DeleteItem", **{"TableName": "Items", "Key": {"pk": {"S": key}}})
            else:
                put(client, key, number)
            entry[2] = True
            self.now[key] = entry[1]
        except CUT:
            client, self.now[key] = self.look(key)
        return client

    def look(self, key):
        """What became of it, once the server is there again."""
        while True:
            client = self.own.client(timeout_s=server.WAIT_S)
            try:
                return client, get(client, key)
            except CUT:
                client.close()
                time.sleep(0.01) # sleep: between looks at whether the server is back


def problems(changes, logs, finals):
    """changes: the reader's, in its order. logs: for each item the numbers sent to it in order, and whether
    each was acknowledged (True), refused (False) or left open by a kill (None). finals: the number that
    each item has in the end, None if it is not there."""
    found = []
    seen = set()
    told = {}
    for change in changes:
        before = told.setdefault(change["key"], [])
        if change["id"] in seen:
            found.append("told twice: %s" % change)
        if before and change["sequence"] <= before[-1]["sequence"]:
            found.append("out of order: %s behind %s" % (change, before[-1]))
        seen.add(change["id"])
        before.append(change)
    for key, log in logs.items():
        found += item_problems(key, told.pop(key, []), log, finals[key])
    found += ["a change of an item nobody wrote: %s" % key for key in told if key != "end"]
    return found


def item_problems(key, changes, log, final):
    now, found = None, []
    for change in changes:
        event = {(True, False): "INSERT", (False, False): "MODIFY", (False, True): "REMOVE"}.get(
            (change["old"] is None, change["new"] is None))
        if change["old"] != now or change["event"] != event:
            found.append("item %s was %s, and then: %s" % (key, now, change))
        now = change["new"]
    if now != final:
        found.append("item %s is %s, and its last change says %s" % (key, final, now))
    places = iter([(change["old"], change["new"]) for change in changes])
    for old, new, outcome in log:
        if outcome is None:
            continue
        if outcome and (old, new) not in places: # each search goes on behind the one before
            found.append("item %s: the acknowledged change from %s to %s is not told, or not in order" %
                         (key, old, new))
            break
    sent = {(old, new) for old, new, outcome in log if outcome is not False}
    found += ["item %s: %s was never sent" % (key, change) for change in changes
              if (change["old"], change["new"]) not in sent]
    return found
