"""Many clients at once on a table of one unit: together they get what it has, and no more."""

import threading
import time

from lib import api

CLIENTS = 8
BURST = 300
TABLE = {"TableName": "Flood", "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
         "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
         "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}]}


def flood(own, attempts):
    """(written, refused, seconds)"""
    written = [0] * CLIENTS
    refused = [0] * CLIENTS

    def write(number):
        with own.client() as client:
            for attempt in range(attempts):
                try:
                    client.call("PutItem", TableName="Flood",
                                Item={"pk": {"S": "%d %d" % (number, attempt)}})
                    written[number] += 1
                except api.ApiError as error:
                    assert error.name == "ProvisionedThroughputExceededException", error
                    refused[number] += 1

    with own.client() as client:
        client.call("CreateTable", **TABLE)
    start = time.monotonic()
    threads = [threading.Thread(target=write, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(written) + sum(refused) == CLIENTS * attempts, (written, refused)
    with own.client() as client:
        count = client.call("Scan", TableName="Flood", Select="COUNT")["Count"]
    assert count == sum(written), (count, written)
    return sum(written), sum(refused), time.monotonic() - start


def together(case):
    """clients that write at the same time get the burst and a unit a second, together"""
    written, refused, seconds = flood(case.serve(), 200)
    assert refused > 0, refused
    assert BURST <= written <= BURST + seconds + CLIENTS, (written, seconds)


def unlimited(case):
    """with --throttle off, all of them are served"""
    written, refused, _ = flood(case.serve(["--throttle", "off"]), 100)
    assert (written, refused) == (CLIENTS * 100, 0), (written, refused)


TESTS = [together, unlimited]
