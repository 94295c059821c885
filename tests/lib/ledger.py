"""Writers that keep a ledger of what they asked and what was acknowledged, and the audit that compares
the server's tables with it.

Positions order things: a call is sent at one and answered at another, and an audit is of the state at
one. In the crash suites that is time; in the power suite it is the length of the record of the disk's
changes, so that a ledger knows what had been acknowledged at any point of the record.

What holds, at whatever position the server stopped:
  - the state of an item is that of the last acknowledged call, or of a call sent after it;
  - of a call that was not acknowledged, everything happened or nothing, batches and transactions included;
  - a transaction that comes again under its token is answered, and does not happen again;
  - items are whole: each carries the checksum of its contents;
  - what an UpdateItem counts is exact: the number equals the tokens, no acknowledged token is missing,
    no token is there that nobody sent;
  - indexes have the items that their keys imply, each once;
  - tables: the same as for items, and a table made anew under an old name has no old items.
"""

import base64
import random
import threading
import time
import zlib

from . import api, http1

LEDGER, PLAIN = "Ledger", "Plain"
TABLES = {
    LEDGER: [("pk", "S", "HASH"), ("sk", "N", "RANGE")],
    PLAIN: [("pk", "S", "HASH")],
}
# Every write of a version moves the item's entries; `stele check` compares them with the items.
INDEXES = {
    LEDGER: {
        "LocalSecondaryIndexes": [{
            "IndexName": "local", "Projection": {"ProjectionType": "KEYS_ONLY"},
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"},
                          {"AttributeName": "v", "KeyType": "RANGE"}]}],
        "GlobalSecondaryIndexes": [{
            "IndexName": "global", "KeySchema": [{"AttributeName": "v", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["sum"]}}],
    },
    PLAIN: {
        "GlobalSecondaryIndexes": [{
            "IndexName": "global", "KeySchema": [{"AttributeName": "v", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"}}],
    },
}
# One that comes and goes while items are written.
BUILT = {"IndexName": "built", "KeySchema": [{"AttributeName": "sum", "KeyType": "HASH"}],
         "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["v"]}}
TOKENS_PER_ITEM = 40
CALL_GONE = (OSError, http1.ClosedError)
NEVER = None
LATEST = float("inf")


class Op:
    """One call that writes: what each of its keys becomes, a version or None."""

    __slots__ = ("sent", "answered", "refused", "writes", "counted", "was_found")

    def __init__(self, sent, writes):
        self.sent = sent
        self.counted = None  # (sk, token) of the counter it adds to
        self.answered = NEVER
        self.refused = False  # with an error that says nothing of it happened
        self.writes = writes
        self.was_found = False  # no call, but what was found after a restart

    def cancel(self):
        """An error says that it was not carried out, and why."""
        self.sent = LATEST

    def was_acknowledged(self, at):
        return self.answered is not NEVER and self.answered <= at


class Load:
    """What writers do. big_share of the bodies have a size of big_bytes, the others of small_bytes."""

    def __init__(self, writers=6, keys=40, big_keys=6, big_share=0.1, small_bytes=(20, 3000),
                 big_bytes=(40000, 200000), compressible=True, churn=True, deletes=True, builds=True,
                 streams=False):
        self.writers = writers
        self.keys = keys
        self.big_keys = big_keys
        self.big_share = big_share
        self.small_bytes = small_bytes
        self.big_bytes = big_bytes
        self.compressible = compressible
        self.churn = churn
        self.deletes = deletes
        self.builds = builds  # an index is made and dropped
        self.streams = streams  # tables have streams: changes leave records


class Ledger:
    def __init__(self, seed, load=None, clock=time.monotonic_ns):
        self.seed = seed
        self.load = load or Load()
        self.clock = clock
        self.made = {}  # table name -> Op
        self.history = {}  # (table, pk, sk) -> [Op], in the order of sending
        self.tokens = {}  # sk of the item -> [(token, Op)]
        self.swaps = []  # [(value, Op)] of the item that writers compare and swap
        self.requests = []  # [(Op, document)] of transactions with a client's token
        self.churn = {}  # table name -> [Op], writes {name: incarnation}
        self.others = set()  # names of tables that somebody else looks after
        self.churn_items = {}  # (name, incarnation) -> {id: Op}
        self.problems = []
        self.acknowledged = 0
        self.refused = 0
        self.repeated = 0
        self.token_count = 0
        self.lock = threading.Lock()  # guards the counters above and what writers share
        self.noise = base64.b64encode(random.Random(seed).randbytes(3 << 18)).decode()

    # --- writing it ---

    def problem(self, text):
        with self.lock:
            self.problems.append(text)

    def begin(self, writes):
        op = Op(self.clock(), writes)
        for key in writes:
            self.history.setdefault(key, []).append(op)
        return op

    def acknowledge(self, op):
        op.answered = self.clock()
        with self.lock:
            self.acknowledged += 1

    def refuse(self, op):
        op.refused = True
        with self.lock:
            self.refused += 1

    def count(self, op, token):
        """The counter that the call is to add its token to."""
        with self.lock:
            item = self.token_count // TOKENS_PER_ITEM
            self.token_count += 1
            self.tokens.setdefault(item, []).append((token, op))
        op.counted = (item, token)
        return item

    def acknowledged_state(self, key):
        """The version that the last acknowledged call left, or None."""
        return next((op.writes[key] for op in reversed(self.history[key])
                     if op.was_acknowledged(LATEST)), None)

    def body(self, rng, key, version, is_big):
        low, high = self.load.big_bytes if is_big else self.load.small_bytes
        size = rng.randrange(low, high)
        if not self.load.compressible:
            start = rng.randrange(len(self.noise) - size)
            return self.noise[start:start + size]
        unit = "%s %d." % ("/".join(map(str, key)), version)
        return (unit * (size // len(unit) + 1))[:size]

    def item(self, rng, key, version, is_big=False):
        """What a call that makes this version of an item sends."""
        body = self.body(rng, key, version, is_big)
        return dict(key_of(key), v={"N": str(version)}, body={"S": body},
                    sum={"N": str(checksum(key, version, body))})

    # --- tables ---

    def create_tables(self, client):
        more = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}} \
            if self.load.streams else {}
        for name, keys in TABLES.items():
            op = self.made[name] = Op(self.clock(), {})
            client.call("CreateTable", TableName=name, BillingMode="PAY_PER_REQUEST",
                        KeySchema=[{"AttributeName": k, "KeyType": t} for k, _, t in keys],
                        AttributeDefinitions=[{"AttributeName": k, "AttributeType": t}
                                              for k, t in [key[:2] for key in keys] + [("v", "N")]],
                        **INDEXES[name], **more)
            self.acknowledge(op)

    # --- comparing ---

    def audit(self, client, at=LATEST, is_same_run=False, counts=True, is_full=False):
        """Compares everything the server has with what the ledger allows at a position. Returns
        (problems, found). is_same_run: it did not restart, so what it refused did not happen."""
        found = Found()
        problems = []
        for page in client.pages("ListTables"):
            found.tables.update(page["TableNames"])
        names = found.tables
        for table in TABLES:
            if table not in names:
                if table in self.made and self.made[table].was_acknowledged(at):
                    problems.append("table %s is gone" % table)
                continue
            items = [i for page in client.pages("Scan", TableName=table, ConsistentRead=True)
                     for i in page["Items"]]
            for item in items:
                problems += found.add(table, item)
            if counts:
                problems += check_count(client, table, len(items))
            for index in active_indexes(client, table, is_full):
                problems += check_index(client, table, index, items)
        problems += self._audit_items(found, at, is_same_run)
        problems += self._audit_tokens(found, at, is_same_run)
        problems += self._audit_swaps(found, at, is_same_run)
        problems += self._audit_churn(client, names, found, at, counts)
        return problems, found

    def _candidates(self, ops, at, is_same_run):
        """The calls one of which made the present state, the newest first; None is the start."""
        candidates = []
        for op in reversed(ops):
            if op.sent >= at or (op.refused and is_same_run):
                continue
            candidates.append(op)
            if op.was_acknowledged(at):
                return candidates
        return candidates + [None]

    def _audit_items(self, found, at, is_same_run):
        problems = []
        open_ops = {}
        for key, ops in self.history.items():
            candidates = self._candidates(ops, at, is_same_run)
            states = [op.writes[key] if op else None for op in candidates]
            actual = found.items.get(key)
            if actual not in states:
                problems.append("%s is %s, expected %s" %
                                (key, show(actual), " or ".join(map(show, states))))
            newest = candidates[0]
            if newest and not newest.was_acknowledged(at) and states[0] not in states[1:]:
                open_ops.setdefault(newest, set()).add(actual == states[0])
        for op, applied in open_ops.items():
            if op.counted:
                applied.add(op.counted[1] in found.tokens.get(op.counted[0], ()))
        problems += ["half of a call is there: %s %s" % (op.writes, op.counted or "")
                     for op, applied in open_ops.items() if len(applied) > 1]
        problems += ["%s was never written" % (key,) for key in found.items if key not in self.history]
        return problems

    def _audit_tokens(self, found, at, is_same_run):
        problems = []
        for item, sent in self.tokens.items():
            actual = found.tokens.get(item, set())
            acknowledged = {token for token, op in sent if op.was_acknowledged(at)}
            asked = {token for token, op in sent
                     if op.sent < at and not (op.refused and is_same_run)}
            if acknowledged - actual:
                problems.append("counter %d lost %s" % (item, sorted(acknowledged - actual)))
            if actual - asked:
                problems.append("counter %d has %s too many" % (item, sorted(actual - asked)))
        return problems

    def _audit_swaps(self, found, at, is_same_run):
        acknowledged = [value for value, op in self.swaps if op.was_acknowledged(at)]
        asked = [value for value, op in self.swaps
                 if op.sent < at and not (op.refused and is_same_run)]
        low, high = max(acknowledged, default=0), max(asked, default=0)
        problems = []
        told = [value for value, op in self.swaps if op.was_acknowledged(at) and not op.was_found]
        if len(set(told)) != len(told):
            problems.append("two writers were told they had swapped in the same value")
        if not low <= found.swapped <= high:
            problems.append("the swapped value is %d, expected %d to %d" % (found.swapped, low, high))
        return problems

    def _audit_churn(self, client, names, found, at, counts):
        problems = ["table %s was never made" % name
                    for name in names - self.others
                    if name not in self.churn and name not in TABLES]
        for name in names - self.others:
            wait_until_filled(client, name)
        for name, ops in self.churn.items():
            candidates = self._candidates(ops, at, False)
            states = [op.writes[name] if op else None for op in candidates]
            if name not in names:
                found.churn[name] = None
                if None not in states:
                    problems.append("table %s is gone, expected number %s" % (name, states))
                continue
            items = {}
            for page in client.pages("Scan", TableName=name, ConsistentRead=True):
                items.update({i["id"]["N"]: int(i["number"]["N"]) for i in page["Items"]})
            numbers = set(items.values())
            allowed = [n for n in states if n is not None]
            if len(numbers) > 1 or not numbers <= set(allowed) or not allowed:
                problems.append("table %s has items of %s, expected number %s" %
                                (name, sorted(numbers), states))
                continue
            number = found.churn[name] = numbers.pop() if numbers else allowed[0]
            found.churn_items[name] = list(items)
            for key, op in self.churn_items.get((name, number), {}).items():
                if op.was_acknowledged(at) and key not in items:
                    problems.append("table %s lost item %s" % (name, key))
                if op.sent >= at and key in items:
                    problems.append("table %s has item %s, not sent yet" % (name, key))
            if counts:
                problems += check_count(client, name, len(items))
        return problems

    def settle(self, found, keeps_history=False):
        """What was found after a restart is how things are: what was open is decided. With its history
        kept, earlier positions can still be audited."""
        now = self.clock()

        def decided(writes):
            op = Op(now, writes)
            op.answered = now
            op.was_found = True
            return op

        def add(ops, op):
            return ops + [op] if keeps_history else [op]

        for key, ops in self.history.items():
            self.history[key] = add(ops, decided({key: found.items.get(key)}))
        for item, sent in self.tokens.items():
            seen = [(token, decided({})) for token in found.tokens.get(item, ())]
            self.tokens[item] = sent + seen if keeps_history else seen
        self.swaps = add(self.swaps, (found.swapped, decided({})))
        for name, ops in self.churn.items():
            self.churn[name] = add(ops, decided({name: found.churn.get(name)}))
        if not keeps_history:
            self.made = {table: decided({}) for table in TABLES if table in found.tables}
            self.churn_items = {(name, found.churn[name]): {i: decided({}) for i in items}
                                for name, items in found.churn_items.items()}

    def repeat(self, client):
        """Sends transactions again under their tokens, after settling: what had happened does not happen
        again, and what had not happens now. Returns what is wrong with the answers."""
        problems = []
        for op, document in self.requests:
            if op.answered is NEVER:  # it was its writer's last, so its keys are as it found or left them
                again = self.begin(op.writes)
                if op.counted:
                    self.tokens.setdefault(op.counted[0], []).append((op.counted[1], again))
                self.acknowledge(again)
            try:
                client.call("TransactWriteItems", **document)
            except api.ApiError as error:
                problems.append("sent again: %s; %.300s" % (error, document))
                continue
            self.repeated += 1
            problems += self._repeat_changed(client, document)
        self.requests = [(op, document) for op, document in self.requests if op.answered is not NEVER][-20:]
        return problems

    def _repeat_changed(self, client, document):
        """The same token does not do for something else."""
        changed = dict(document, TransactItems=document["TransactItems"] + [{"Delete": {
            "TableName": LEDGER, "Key": key_of((LEDGER, "nobody's", 0))}}])
        try:
            client.call("TransactWriteItems", **changed)
        except api.ApiError as error:
            if error.name == "IdempotentParameterMismatchException":
                return []
        return ["a token did for two transactions: %.300s" % changed]

    def fork(self, clock):
        """A ledger that goes on from this one, with other positions. Settle it before it is used."""
        other = Ledger(self.seed, self.load, clock)
        for name in ("made", "history", "tokens", "churn", "churn_items"):
            setattr(other, name, dict(getattr(self, name)))
        other.swaps = list(self.swaps)
        other.others = set(self.others)
        other.token_count = self.token_count
        other.noise = self.noise
        return other


def wait_until_filled(client, name):
    """A table that is being restored is not there for reads; it has to be, at some time."""
    deadline = time.monotonic() + 30
    while client.call("DescribeTable", TableName=name)["Table"]["TableStatus"] == "CREATING":
        if time.monotonic() > deadline:
            break  # the audit will find that it cannot be read
        time.sleep(0.005)  # sleep: between looks at the status


class Found:
    """What an audit found in the tables."""

    def __init__(self):
        self.tables = set()
        self.items = {}  # key -> version
        self.tokens = {}  # sk -> set
        self.swapped = 0
        self.churn = {}  # name -> incarnation, or None
        self.churn_items = {}  # name -> ids

    def add(self, table, item):
        pk = item["pk"]["S"]
        sk = int(item["sk"]["N"]) if "sk" in item else None
        if pk == "tokens":
            tokens = set(item["tokens"]["SS"])
            self.tokens[sk] = tokens
            if int(item["n"]["N"]) != len(tokens):
                return ["counter %d says %s, but has %d tokens" % (sk, item["n"]["N"], len(tokens))]
            return []
        if pk == "swap":
            self.swapped = int(item["n"]["N"])
            return []
        key = (table, pk, sk)
        version = int(item["v"]["N"])
        self.items[key] = version
        if int(item["sum"]["N"]) != checksum(key, version, item["body"]["S"]):
            return ["%s is damaged: %.200s" % (key, item)]
        return []


def checksum(key, version, body):
    return zlib.crc32(("%s %d %s" % (key, version, body)).encode())


def check_count(client, table, count):
    told = client.call("DescribeTable", TableName=table)["Table"]["ItemCount"]
    return [] if told == count else ["table %s says it has %d items, a scan finds %d" %
                                     (table, told, count)]


def active_indexes(client, table, is_full):
    """Their names, once none is being built or dropped, which is not to be expected of a full disk."""
    deadline = time.monotonic() + 30
    while True:
        described = client.call("DescribeTable", TableName=table)["Table"]
        status = {index["IndexName"]: index.get("IndexStatus", "ACTIVE")
                  for kind in INDEXES[table] for index in described[kind]}
        missing = {index["IndexName"] for kind in INDEXES[table].values() for index in kind} - set(status)
        assert not missing, "%s has no index %s" % (table, missing)
        if is_full or set(status.values()) == {"ACTIVE"}:
            return [name for name in status if status[name] == "ACTIVE"]
        assert time.monotonic() < deadline, "the indexes of %s do not settle: %s" % (table, status)
        time.sleep(0.01)  # sleep: between looks at them


def check_index(client, table, index, items):
    """An index has the items that have a version, and no others."""
    def versions(found):
        return sorted((int(i["v"]["N"]), i["pk"]["S"]) for i in found if "v" in i)

    wanted = versions(items)
    entries = versions(i for page in client.pages("Scan", TableName=table, IndexName=index)
                       for i in page["Items"])
    return [] if entries == wanted else ["index %s of %s has %s, its items %s" %
                                         (index, table, sorted(set(entries) - set(wanted))[:5],
                                          sorted(set(wanted) - set(entries))[:5])]


def show(version):
    return "absent" if version is None else "version %d" % version


def key_of(key):
    table, pk, sk = key
    return {"pk": {"S": pk}} if table == PLAIN else {"pk": {"S": pk}, "sk": {"N": str(sk)}}


class Writers:
    """The load, while the block lasts. Each writer has keys, a connection and a thread of its own."""

    def __init__(self, ledger, server, number=0, pause_after_refusal_s=0.01):
        self.stop = threading.Event()
        self.pause_after_refusal_s = pause_after_refusal_s
        makers = [Writer(self, ledger, server, number, i) for i in range(ledger.load.writers)]
        if ledger.load.churn:
            makers.append(Churner(self, ledger, server, number))
        if ledger.load.builds:
            makers.append(Builder(self, ledger, server, "builder", number))
        self.threads = [threading.Thread(target=each.run, daemon=True) for each in makers]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """Returns when every writer is done with its last call."""
        self.stop.set()
        for thread in self.threads:
            thread.join(60)
            if thread.is_alive():
                raise TimeoutError("a writer got no answer for a minute")


class Worker:
    """What writers and the churner share: calls that are noted, until the server is gone."""

    def __init__(self, writers, ledger, server, name, number):
        self.writers = writers
        self.ledger = ledger
        self.server = server
        self.rng = random.Random("%s %s %s" % (ledger.seed, name, number))

    def run(self):
        with self.server.client(timeout_s=50) as self.client:
            while not self.writers.stop.is_set():
                try:
                    self.step()
                except CALL_GONE:
                    return  # the call that was under way stays open
                except Exception as error:  # a thread's own would go unseen
                    self.ledger.problem("%s: %r" % (type(self).__name__, error))
                    return

    def write(self, op, operation, **document):
        """Returns whether it was acknowledged."""
        try:
            self.client.call(operation, **document)
        except api.ApiError as error:
            if error.status != 500:
                op.cancel()
                raise
            self.ledger.refuse(op)
            self.writers.stop.wait(self.writers.pause_after_refusal_s)
            return False
        self.ledger.acknowledge(op)
        return True


class Writer(Worker):
    def __init__(self, writers, ledger, server, number, index):
        super().__init__(writers, ledger, server, "writer %d" % index, number)
        self.index = index
        self.version = 1000000 * number
        load = ledger.load
        self.keys = [(LEDGER, "w%d" % index, i) if i % 3 else (PLAIN, "w%d-%d" % (index, i), None)
                     for i in range(load.keys)]
        self.big_keys = self.keys[:load.big_keys]
        self.state = {}  # key -> version, as acknowledged
        for key in self.keys:
            self.state[key] = ledger.acknowledged_state(key) if key in ledger.history else None
        self.steps = [(30, self.put), (15, self.update), (10, self.delete), (10, self.batch),
                      (15, self.transact), (10, self.count), (5, self.swap), (5, self.read)]
        if not load.deletes:
            self.steps = [s for s in self.steps if s[1] != self.delete]

    def step(self):
        self.rng.choices([s[1] for s in self.steps], [s[0] for s in self.steps])[0]()

    def pick(self):
        is_big = self.rng.random() < self.ledger.load.big_share
        return self.rng.choice(self.big_keys if is_big else self.keys), is_big

    def item(self, key, is_big):
        self.version += 1
        return self.version, self.ledger.item(self.rng, key, self.version, is_big)

    def done(self, op):
        self.state.update(op.writes)

    def put(self):
        key, is_big = self.pick()
        version, item = self.item(key, is_big)
        op = self.ledger.begin({key: version})
        if self.write(op, "PutItem", TableName=key[0], Item=item):
            self.done(op)

    def update(self):
        """Fails its condition if an acknowledged write was lost."""
        key, is_big = self.pick()
        old = self.state[key]
        if old is None:
            return
        version, item = self.item(key, is_big)
        op = self.ledger.begin({key: version})
        if self.write(op, "UpdateItem", TableName=key[0], Key=key_of(key),
                      UpdateExpression="SET v = :v, body = :b, #s = :s", ConditionExpression="v = :old",
                      ExpressionAttributeNames={"#s": "sum"},
                      ExpressionAttributeValues={":v": item["v"], ":b": item["body"],
                                                 ":s": item["sum"], ":old": {"N": str(old)}}):
            self.done(op)

    def delete(self):
        key = self.pick()[0]
        op = self.ledger.begin({key: None})
        if self.write(op, "DeleteItem", TableName=key[0], Key=key_of(key)):
            self.done(op)

    def batch(self):
        requests, writes = {}, {}
        for key in self.rng.sample(self.keys, self.rng.randrange(2, min(26, len(self.keys)))):
            if self.ledger.load.deletes and self.rng.random() < 0.3:
                request, writes[key] = {"DeleteRequest": {"Key": key_of(key)}}, None
            else:
                writes[key], item = self.item(key, False)
                request = {"PutRequest": {"Item": item}}
            requests.setdefault(key[0], []).append(request)
        op = self.ledger.begin(writes)
        if self.write(op, "BatchWriteItem", RequestItems=requests):
            self.done(op)

    def transact(self):
        """Cancelled if an acknowledged write was lost."""
        writes, items = {}, []
        for key in self.rng.sample(self.keys, self.rng.randrange(1, 6)):
            items.append(self.action(key, writes))
        op = self.ledger.begin(writes)
        document = {"TransactItems": items}
        if self.rng.random() < 0.5:
            items.append({"Update": self.counting(op)})
        if self.rng.random() < 0.7:
            self.version += 1
            document["ClientRequestToken"] = "%d-%d" % (self.index, self.version)
            with self.ledger.lock:
                self.ledger.requests.append((op, document))
        if self.write(op, "TransactWriteItems", **document):
            self.done(op)

    def action(self, key, writes):
        """One of a transaction, on the condition that the item is as it was left."""
        old = self.state[key]
        condition = {"TableName": key[0], "ConditionExpression": "attribute_not_exists(pk)"}
        if old is not None:
            condition.update(ConditionExpression="v = :old",
                             ExpressionAttributeValues={":old": {"N": str(old)}})
        kind = self.rng.choice(["Put", "Put", "Update", "Delete", "ConditionCheck"])
        if kind == "ConditionCheck" or kind == "Delete" and not self.ledger.load.deletes:
            return {"ConditionCheck": dict(condition, Key=key_of(key))}
        if kind == "Delete":
            writes[key] = None
            return {"Delete": dict(condition, Key=key_of(key))}
        writes[key], item = self.item(key, False)
        if kind == "Put":
            return {"Put": dict(condition, Item=item)}
        values = dict(condition.get("ExpressionAttributeValues", {}))
        values.update({":v": item["v"], ":b": item["body"], ":s": item["sum"]})
        return {"Update": dict(condition, Key=key_of(key), ExpressionAttributeValues=values,
                               ExpressionAttributeNames={"#s": "sum"},
                               UpdateExpression="SET v = :v, body = :b, #s = :s")}

    def counting(self, op):
        """An update of an item that writers share: concurrent ones of one key."""
        self.version += 1
        token = "%d-%d" % (self.index, self.version)
        item = self.ledger.count(op, token)
        return {"TableName": LEDGER, "Key": key_of((LEDGER, "tokens", item)),
                "UpdateExpression": "ADD n :one, tokens :t",
                "ExpressionAttributeValues": {":one": {"N": "1"}, ":t": {"SS": [token]}}}

    def count(self):
        op = Op(self.ledger.clock(), {})
        self.write(op, "UpdateItem", **self.counting(op))

    def swap(self):
        key = key_of((LEDGER, "swap", 0))
        now = self.client.call("GetItem", TableName=LEDGER, Key=key, ConsistentRead=True).get("Item")
        value = int(now["n"]["N"]) if now else 0
        op = Op(self.ledger.clock(), {})
        with self.ledger.lock:
            self.ledger.swaps.append((value + 1, op))
        values = {":new": {"N": str(value + 1)}}
        if now:
            values[":old"] = now["n"]
        try:
            self.write(op, "UpdateItem", TableName=LEDGER, Key=key, UpdateExpression="SET n = :new",
                       ConditionExpression="n = :old" if now else "attribute_not_exists(n)",
                       ExpressionAttributeValues=values)
        except api.ApiError as error:
            if error.name != "ConditionalCheckFailedException":
                raise

    def read(self):
        key = self.pick()[0]
        item = self.client.call("GetItem", TableName=key[0], Key=key_of(key), ConsistentRead=True)
        version = int(item["Item"]["v"]["N"]) if "Item" in item else None
        if version != self.state[key]:
            self.ledger.problem("%s was read as %s, last acknowledged was %s" %
                                (key, show(version), show(self.state[key])))


class Churner(Worker):
    """Makes, fills and deletes tables, a few names over and over."""

    def __init__(self, writers, ledger, server, number):
        super().__init__(writers, ledger, server, "churner", number)
        self.number = 1000 * (number + 1)

    def step(self):
        name = "churn-%d" % self.rng.randrange(4)
        ops = self.ledger.churn.setdefault(name, [])
        number = next((op.writes[name] for op in reversed(ops) if not op.refused), None)
        if number is None:
            self.create(name, ops)
        elif self.rng.random() < 0.5:
            self.fill(name, number)
        else:
            self.drop(name, ops)

    def create(self, name, ops):
        self.number += 1
        op = Op(self.ledger.clock(), {name: self.number})
        self.ledger.churn_items[(name, self.number)] = {}
        ops.append(op)
        self.write(op, "CreateTable", TableName=name, BillingMode="PAY_PER_REQUEST",
                   KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                   AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}])

    def fill(self, name, number):
        items = self.ledger.churn_items[(name, number)]
        ids = [str(len(items) + i) for i in range(25)]
        op = Op(self.ledger.clock(), {})
        items.update({i: op for i in ids})
        self.write(op, "BatchWriteItem", RequestItems={name: [
            {"PutRequest": {"Item": {"id": {"N": i}, "number": {"N": str(number)}}}} for i in ids]})

    def drop(self, name, ops):
        op = Op(self.ledger.clock(), {name: None})
        ops.append(op)
        self.write(op, "DeleteTable", TableName=name)


class Builder(Worker):
    """Makes an index over what is there, and drops it again."""

    def step(self):
        indexes = self.client.call("DescribeTable", TableName=LEDGER)["Table"]["GlobalSecondaryIndexes"]
        status = {index["IndexName"]: index["IndexStatus"] for index in indexes}.get("built")
        if status is None:
            self.update({"Create": BUILT})
        elif status == "ACTIVE" and self.rng.random() < 0.3:
            self.update({"Delete": {"IndexName": "built"}})
        else:
            self.writers.stop.wait(self.rng.uniform(0, 0.05))

    def update(self, change):
        try:
            self.client.call("UpdateTable", TableName=LEDGER, GlobalSecondaryIndexUpdates=[change],
                             AttributeDefinitions=[{"AttributeName": "sum", "AttributeType": "N"}])
        except api.ApiError as error:
            if error.status != 500:
                raise
            self.writers.stop.wait(self.writers.pause_after_refusal_s)
