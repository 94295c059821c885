"""Reads a whole stream with boto3, following its shards, until the change of an item named "end" and what was
written before it; prints each change as a line of JSON. A server that is away is waited for."""

import json
import os
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ConnectionError as BotoConnectionError, HTTPClientError

streams = boto3.client("dynamodbstreams", endpoint_url=os.environ["ENDPOINT"],
                       config=Config(retries={"max_attempts": 0}))


def ask(operation, **parameters):
    while True:
        try:
            return getattr(streams, operation)(**parameters)
        except (BotoConnectionError, HTTPClientError):
            time.sleep(0.02) # sleep: between looks at whether the server is back


def show(record):
    change = record["dynamodb"]
    number = lambda image: int(change[image]["n"]["N"]) if image in change else None
    line = {"event": record["eventName"], "id": record["eventID"], "key": change["Keys"]["pk"]["S"],
            "old": number("OldImage"), "new": number("NewImage"), "sequence": change["SequenceNumber"]}
    print(json.dumps(line), flush=True)
    return line["key"] == "end"


def children(arn, parent):
    """Of a closed shard: there at once, or it was the last one."""
    described = ask("describe_stream", StreamArn=arn,
                    ShardFilter={"Type": "CHILD_SHARDS", "ShardId": parent})["StreamDescription"]
    return [shard["ShardId"] for shard in described["Shards"]]


def begin(arn, shard):
    return ask("get_shard_iterator", StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]


def read(arn, places):
    """A page of each shard; places: where each goes on. Returns the changes, and whether shards ended."""
    records, over = [], False
    for shard in list(places):
        page = ask("get_records", ShardIterator=places[shard], Limit=100)
        records += page["Records"]
        places[shard] = page.get("NextShardIterator")
        if places[shard] is None:
            del places[shard]
            places.update((child, begin(arn, child)) for child in children(arn, shard))
            over = True
    return records, over


def main():
    arn = sys.argv[1]
    shards = ask("describe_stream", StreamArn=arn)["StreamDescription"]["Shards"]
    places = {shard["ShardId"]: begin(arn, shard["ShardId"]) for shard in shards if "ParentShardId" not in shard}
    ended = False
    while places:
        records, over = read(arn, places)
        if any([show(record) for record in records]):
            ended = True
        elif not records and not over:
            if ended: # what was written before the end was there by then
                return
            time.sleep(0.01) # sleep: between looks at whether there are changes
    sys.exit("the last shard ended without the end")


main()
