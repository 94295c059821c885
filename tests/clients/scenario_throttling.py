"""boto3 on provisioned tables of one unit: it has 300 at the beginning, and one more each second.
The first argument says whether the server throttles: on or off."""

import os
import sys

import boto3
from botocore.config import Config

from lib import tap

ENDPOINT = os.environ["ENDPOINT"]
ONCE = boto3.client("dynamodb", endpoint_url=ENDPOINT, config=Config(retries={"total_max_attempts": 1}))
PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 20})
TEXT = ("The level of configured provisioned throughput for the table was exceeded. Consider increasing your "
        "provisioning level with the UpdateTable API.")


def table(name, kilobytes):
    """A table of one unit, of which so much is used already."""
    ONCE.create_table(TableName=name, KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                      AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                      ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1})
    ONCE.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    put(name, "first", "x" * (kilobytes * 1024 - len("pk" + "first" + "v")))


def put(name, key, value, client=ONCE):
    return client.put_item(TableName=name, Item={"pk": {"S": key}, "v": {"S": value}})


def refused():
    """without retries, a client is told what was exceeded, and where"""
    table("Refused", 320)
    told = tap.raises("ProvisionedThroughputExceededException", put, "Refused", "second", "x")
    arn = ONCE.describe_table(TableName="Refused")["Table"]["TableArn"]
    tap.same(told["Error"]["Message"], TEXT)
    tap.same(told["ThrottlingReasons"],
             [{"reason": "TableWriteProvisionedThroughputExceeded", "resource": arn}])
    tap.same("Item" in ONCE.get_item(TableName="Refused", Key={"pk": {"S": "second"}}), False)


def retried():
    """with retries, it succeeds when units are back"""
    patient = boto3.client("dynamodb", endpoint_url=ENDPOINT, config=PATIENT)
    table("Retried", 308)
    done = put("Retried", "second", "x", patient)
    assert done["ResponseMetadata"]["RetryAttempts"] >= 1, done
    tap.same("Item" in ONCE.get_item(TableName="Retried", Key={"pk": {"S": "second"}}), True)


def batch():
    """what a batch could not write is sent again until all is written"""
    table("Batch", 298)
    many = boto3.resource("dynamodb", endpoint_url=ENDPOINT, config=PATIENT).Table("Batch")
    with many.batch_writer() as writer:
        for number in range(6):
            writer.put_item(Item={"pk": "item %d" % number})
    tap.same(ONCE.scan(TableName="Batch", Select="COUNT")["Count"], 7)


def unlimited():
    """a server that does not throttle serves all of it at once"""
    table("Unlimited", 390)
    for number in range(20):
        put("Unlimited", "item %d" % number, "x" * 300000)


tap.run([refused, retried, batch] if sys.argv[1] == "on" else [unlimited])
