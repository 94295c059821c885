"""A disk that takes nothing for a while: large writes wait for their turn behind one that is not durable,
as many as may, and the server is stopped meanwhile."""

import signal
import threading

from disk import LOG
from lib import api, http1, server

TABLE = "Large"
# Of nearly 10 MB: one has begun, 64 MB may wait, which six do; the eighth is refused.
CLIENTS = 8
ITEMS, VALUE = 25, "x" * 390000
BUSY = "503 ServiceUnavailable"
LATE = "some requests did not finish in time"


class Large:
    """So many writes at once, each of a client of its own, while the disk hangs."""

    def __init__(self, bed, name):
        self.bed = bed
        self.name = name
        self.said = {} # client -> what it was answered
        bed.disk.sync_waits = LOG
        self.threads = [threading.Thread(target=self.write, args=(n,)) for n in range(CLIENTS)]
        for thread in self.threads:
            thread.start()
        # They come in any order; whoever is refused has found all the others before it.
        bed.wait(lambda: self.said, "one write is refused")
        bed.check(list(self.said.values()) == [BUSY], "one is refused, the others wait", lambda: self.said)

    def write(self, number):
        with self.bed.own.client(timeout_s=server.WAIT_S) as client:
            try:
                client.call("BatchWriteItem", RequestItems={TABLE: [
                    {"PutRequest": {"Item": {"pk": {"S": "%s %d %d" % (self.name, number, i)}, "v": {"S": VALUE}}}}
                    for i in range(ITEMS)]})
                self.said[number] = 200
            except api.ApiError as error:
                self.said[number] = "%d %s" % (error.status, error.name)
            except (OSError, http1.ClosedError):
                self.said[number] = "closed"

    def go_on(self):
        """What each is answered when the disk does its work again; the refused ones apart."""
        self.bed.disk.sync_waits = 0
        for thread in self.threads:
            thread.join(server.WAIT_S)
        self.bed.check(len(self.said) == CLIENTS, "every write is answered or its connection closed", lambda: self.said)
        return {said for said in self.said.values() if said != BUSY}

    def check_kept(self):
        """Whatever was answered 200 is there; the others may be."""
        with self.bed.own.client() as client:
            for number, said in sorted(self.said.items()):
                there = sum("Item" in client.call("GetItem", TableName=TABLE, ProjectionExpression="pk",
                                                  Key={"pk": {"S": "%s %d %d" % (self.name, number, i)}})
                            for i in range(ITEMS))
                self.bed.check(said != 200 or there == ITEMS, "what was acknowledged is there",
                               "%d of write %d" % (there, number))


def large_writes_wait(bed):
    with bed.own.client() as client:
        client.call("CreateTable", TableName=TABLE, BillingMode="PAY_PER_REQUEST",
                    KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                    AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}])
    large = Large(bed, "wait")
    bed.check(large.go_on() == {200}, "those that waited are done", lambda: large.said)
    refused = [number for number, said in large.said.items() if said == BUSY]
    for number in refused:
        large.write(number)
    bed.check(refused and all(large.said[number] == 200 for number in refused),
              "so is the refused one, when it is sent again", lambda: large.said)
    large.check_kept()
    stop(bed, "stopped in time", "stopping")
    stop(bed, "stopped late", LATE)


def stop(bed, name, line):
    """SIGTERM; the disk goes on when the log has this line."""
    large = Large(bed, name)
    before, late = bed.lines(line), bed.lines(LATE)
    process = bed.own.process
    process.send_signal(signal.SIGTERM)
    bed.wait(lambda: bed.lines(line) > before, "the log says: " + line)
    said = large.go_on()
    bed.wait(lambda: process.poll() is not None, "the server ends, " + name)
    bed.check(process.returncode == 0, "with status 0, " + name)
    if line == LATE:
        bed.check(said == {"closed"}, "their connections are closed", lambda: large.said)
    elif bed.lines(LATE) == late: # the machine is not too busy
        bed.check(said == {200}, "all are answered", lambda: large.said)
    sound, text = server.check(bed.own.data)
    bed.check(sound, "stele check finds the directory sound, " + name, text)
    bed.own.start()
    large.check_kept()
