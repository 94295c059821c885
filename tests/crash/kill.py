"""Kills a server under load, over and over, and audits what it comes back with."""

import os
import random
import shutil
import time

from lib import ledger, server


def run(tally, seed, rounds):
    rng = random.Random(seed)
    book = ledger.Ledger(seed, ledger.Load(streams=True))
    folder = server.temp_dir("crash")
    own = server.Server(["--auth", "open"], data=os.path.join(folder, "data"),
                        log=os.path.join(folder, "log"))
    try:
        with own:
            book.create_tables(own.client())
            kill_under_load(own, book, rng, 0)
        for number in range(1, rounds):
            audit(tally, own, book, rng, number, folder)
            kill_under_load(own, book, rng, number)
            if rng.random() < 0.3:
                kill_while_starting(own, rng)
        audit(tally, own, book, rng, rounds, folder)
        audit_notices(tally, own, book)
        tally.check(dropped_tables_go(own, book), "the rows of dropped tables are removed",
                    lambda: server.check(own.data)[1])
        own.__exit__()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("kills: %d rounds, %d calls acknowledged, %d transactions sent again" %
          (rounds, book.acknowledged, book.repeated))


def kill_under_load(own, book, rng, number):
    """SIGKILL at a random instant, sometimes shortly after SIGTERM."""
    book.load.big_share = rng.choice([0, 0.1, 0.7])  # much data makes the engine flush and compact
    with ledger.Writers(book, own, number):
        time.sleep(rng.uniform(0.02, 1.0))  # sleep: the instant of the kill is random
        if rng.random() < 0.2:
            own.process.terminate()
            time.sleep(rng.uniform(0, 0.02))  # sleep: the instant of the kill is random
        own.kill()


def kill_while_starting(own, rng):
    """Recovery may be interrupted too."""
    try:
        own.start(timeout_s=rng.uniform(0.005, 0.15))
    except server.ServerError:
        pass
    own.kill()


def audit(tally, own, book, rng, number, folder):
    """The directory as it was left is sound, and so is what a server makes of it."""
    name = "round %d of seed %d: " % (number, book.seed)
    copy = os.path.join(folder, "copy")
    shutil.copytree(own.data, copy, ignore=shutil.ignore_patterns("RESERVE"))
    sound, text = server.check(copy)
    shutil.rmtree(copy)
    tally.check(sound, name + "stele check finds the directory sound", text)
    try:
        own.start()
    except server.ServerError as error:
        tally.fail(name + "the server starts again", error)
        raise
    problems, found = book.audit(own.client())
    tally.check(not problems, name + "everything acknowledged is there, nothing by halves",
                "\n".join(problems[:20]))
    tally.check(not book.problems, name + "the running server agreed with what it had acknowledged",
                "\n".join(book.problems[:20]))
    book.problems.clear()
    book.settle(found)
    problems = book.repeat(own.client()) + book.audit(own.client())[0]
    tally.check(not problems, name + "transactions sent again under their tokens happen once",
                "\n".join(problems[:20]))


def audit_notices(tally, own, book):
    """The audit is a test too: a change behind its back is seen."""
    client = own.client()
    keys = [key for key, ops in book.history.items() if ops[-1].writes[key] is not None]
    lost, old, damaged = keys[:3]
    item = {key: client.call("GetItem", TableName=key[0], Key=ledger.key_of(key))["Item"]
            for key in (lost, old, damaged)}
    changes = {
        "a lost item": (lost, None),
        "a damaged item": (damaged, dict(item[damaged], body={"S": "x"})),
        "an item of another call": (old, dict(item[old], v={"N": "1"})),
    }
    for name, (key, changed) in changes.items():
        if changed:
            client.call("PutItem", TableName=key[0], Item=changed)
        else:
            client.call("DeleteItem", TableName=key[0], Key=ledger.key_of(key))
        tally.check(book.audit(client)[0], "the audit notices " + name)
        client.call("PutItem", TableName=key[0], Item=item[key])
    tally.check(not book.audit(client)[0], "the audit notices nothing when all is as it was")


def dropped_tables_go(own, book):
    """A dropped table's record goes last, after its rows; `stele check` counts the records."""
    live = sum(len(page["TableNames"]) for page in own.client().pages("ListTables"))
    deadline = time.monotonic() + server.WAIT_S
    while True:
        own.stop()
        said = server.check(own.data)[1]
        if said.startswith("ok: %d tables" % live):
            return True
        if time.monotonic() > deadline:
            return False
        own.start()
