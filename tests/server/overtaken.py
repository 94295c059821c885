"""Writes that take long to decide, while others change what they look at."""

import threading
import time

from case import TABLE

TRIES = 30  # until one is overtaken
SEARCHES = 120
BODY = "ab" * 150000


def transaction(token):
    """Quick and fulfilled once the item's flag is set; until then many searches find nothing."""
    values = {":n%d" % i: {"S": "ab" * 40 + "c%d" % i} for i in range(SEARCHES)}
    searches = " OR ".join("contains(body, %s)" % name for name in values)
    return {"ClientRequestToken": token, "TransactItems": [{"Update": {
        "TableName": "Items", "Key": {"pk": {"S": "large"}}, "UpdateExpression": "ADD n :one",
        "ConditionExpression": "flag = :set OR " + searches,
        "ExpressionAttributeValues": dict(values, **{":one": {"N": "1"}, ":set": {"BOOL": True}})}}]}


class Slowly(threading.Thread):
    """A transaction on a connection of its own."""

    def __init__(self, client, document):
        super().__init__()
        self.client, self.document = client, document
        self.reply, self.seconds = None, None
        self.start()

    def run(self):
        begin = time.monotonic()
        self.reply = self.client.send("TransactWriteItems", self.document)
        self.seconds = time.monotonic() - begin


def put(client):
    client.call("PutItem", TableName="Items", Item={"pk": {"S": "large"}, "body": {"S": BODY}})


def repeated(case):
    """a transaction whose token others used meanwhile is a repeat, whatever its condition found first"""
    own = case.serve()
    client, other = own.client(), own.client()
    client.call("CreateTable", **TABLE)
    put(client)
    refused = Slowly(other, transaction("refused"))
    refused.join()
    assert refused.reply.status == 400, refused.reply.body[:300]
    for number in range(TRIES):
        put(client)
        slow = Slowly(other, transaction("token %d" % number))
        for _ in range(number):  # later each time, until it is upon the old image that it decides
            client.call("ListTables")
        client.call("UpdateItem", TableName="Items", Key={"pk": {"S": "large"}},
                    UpdateExpression="SET flag = :set",
                    ExpressionAttributeValues={":set": {"BOOL": True}})
        client.call("TransactWriteItems", **slow.document)
        first = slow.reply is None
        slow.join()
        assert slow.reply.status == 200, slow.reply.body[:300]
        item = client.call("GetItem", TableName="Items", Key={"pk": {"S": "large"}},
                           ProjectionExpression="n", ConsistentRead=True)["Item"]
        assert item == {"n": {"N": "1"}}, item
        if first and slow.seconds > refused.seconds / 2:
            return
    raise AssertionError("no transaction was overtaken")


TESTS = [repeated]
