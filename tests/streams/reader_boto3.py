"""Reads a whole stream with boto3, following its shards, until the change of an item named "end"; prints
each change as a line of JSON. A server that is away is waited for."""

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


def read(arn, shard):
    """True: the end was read."""
    iterator = ask("get_shard_iterator", StreamArn=arn, ShardId=shard,
                   ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    while iterator is not None:
        page = ask("get_records", ShardIterator=iterator, Limit=100)
        if any([show(record) for record in page["Records"]]):
            return True
        iterator = page.get("NextShardIterator")
        if not page["Records"]:
            time.sleep(0.01) # sleep: between looks at whether there are changes
    return False


def main():
    arn = sys.argv[1]
    shards = ask("describe_stream", StreamArn=arn)["StreamDescription"]["Shards"]
    wanted = [shard["ShardId"] for shard in shards if "ParentShardId" not in shard]
    while wanted:
        shard = wanted.pop(0)
        if read(arn, shard):
            return
        wanted += children(arn, shard)
    sys.exit("the last shard ended without the end")


main()
