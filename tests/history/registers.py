"""Items that all clients write, read, count up and delete, one by one, in batches and in transactions.
What is recorded is a history of each item: of what a call does to many items, each is an operation."""

import random

import drive
import linear

TABLE = "Register"
KEYS = ["a", "b", "c", "large"]
LARGE_BYTES = 90000  # beyond what an event loop decodes by itself
ABSENT = None  # the state of no item; otherwise (v, n), each None without that attribute
UNSEEN = object()


class Step:
    """What an operation does to an item, and what its answer said about it."""

    def __init__(self, change, condition=("always", None)):
        self.change, self.condition = change, condition
        self.held = None  # whether the condition did, if the answer tells
        self.is_cancelled = False  # another part of its transaction failed
        self.old = self.new = UNSEEN

    def __call__(self, state):
        holds = self.holds(state)
        if self.held is not None and holds != self.held:
            return linear.REFUSED
        after = self.changed(state) if holds and not self.is_cancelled else state
        if self.old is not UNSEEN and self.old != state or self.new is not UNSEEN and self.new != after:
            return linear.REFUSED
        return after

    def holds(self, state):
        kind, value = self.condition
        if kind == "absent":
            return state is ABSENT
        return kind == "always" or state is not ABSENT and state[0] == value

    def changed(self, state):
        kind, value = self.change
        v, n = state or (None, None)
        if kind == "put":
            return value, None
        if kind == "set":
            return value, n
        if kind == "add":
            return v, (n or 0) + value
        return state if kind == "keep" else ABSENT

    def __repr__(self):
        seen = [name for name, image in (("old", self.old), ("new", self.new)) if image is not UNSEEN]
        return "%s %s if %s %s%s%s%s" % (
            *self.change, *self.condition, "" if self.held is None else " (%s)" % self.held,
            " (cancelled)" if self.is_cancelled else "",
            "".join(" %s %r" % (name, getattr(self, name)) for name in seen))


def image(item):
    """The state that an item in a reply is of."""
    if not item:
        return ABSENT
    return (item["v"]["S"] if "v" in item else None, int(item["n"]["N"]) if "n" in item else None)


class Work:
    wanted = ["%s done" % each for each in
              ("PutItem", "UpdateItem", "DeleteItem", "GetItem", "BatchGetItem", "BatchWriteItem",
               "TransactGetItems", "TransactWriteItems")] + [
                   "PutItem ConditionalCheckFailedException", "UpdateItem ConditionalCheckFailedException",
                   "DeleteItem ConditionalCheckFailedException",
                   "TransactWriteItems TransactionCanceledException"]

    def __init__(self, seed):
        self.rng = random.Random("registers %s" % seed)
        self.count = 0
        self.known = {key: None for key in KEYS}  # the v that was seen last
        self.histories = {key: [] for key in KEYS}
        self.problems = []
        self.outcomes = {}
        self.makers = [(self.put, 12), (self.update, 22), (self.delete, 8), (self.get, 20),
                       (self.batch_get, 6), (self.batch_write, 6), (self.transact_get, 10),
                       (self.transact_write, 20)]

    def create(self, client):
        client.call("CreateTable", TableName=TABLE, BillingMode="PAY_PER_REQUEST",
                    KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                    AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}])

    def next(self):
        make = self.rng.choices([each for each, _ in self.makers], [w for _, w in self.makers])[0]
        return make()

    # --- making calls ---

    def key(self):
        return self.rng.choices(KEYS, [8, 8, 8, 1])[0]

    def keys(self):
        chosen = self.rng.sample(KEYS, self.rng.randrange(1, len(KEYS)))
        return chosen if self.rng.random() < 0.1 else [key for key in chosen if key != "large"] or ["a"]

    def value(self):
        self.count += 1
        return "v%d" % self.count

    def item(self, key, value):
        item = {"pk": {"S": key}, "v": {"S": value}}
        if key == "large":
            item["body"] = {"S": value * (LARGE_BYTES // len(value))}
        return item

    def condition(self, key):
        kind = self.rng.choices(["always", "absent", "v"], [4, 1, 5])[0]
        if kind == "v" and self.known[key] is None:
            kind = "absent"
        return kind, self.known[key] if kind == "v" else None

    def conditioned(self, document, condition):
        kind, value = condition
        if kind == "absent":
            document["ConditionExpression"] = "attribute_not_exists(pk)"
        elif kind == "v":
            document["ConditionExpression"] = "v = :old"
            document.setdefault("ExpressionAttributeValues", {})[":old"] = {"S": value}
        if kind != "always":
            document["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        return document

    def put_action(self, key):
        step = Step(("put", self.value()), self.condition(key))
        document = {"TableName": TABLE, "Item": self.item(key, step.change[1])}
        return step, self.conditioned(document, step.condition)

    def delete_action(self, key):
        step = Step(("delete", None), self.condition(key))
        return step, self.conditioned({"TableName": TABLE, "Key": {"pk": {"S": key}}}, step.condition)

    def check_action(self, key):
        condition = self.condition(key)
        step = Step(("keep", None), condition if condition[0] != "always" else ("absent", None))
        return step, self.conditioned({"TableName": TABLE, "Key": {"pk": {"S": key}}}, step.condition)

    def update_action(self, key):
        document = {"TableName": TABLE, "Key": {"pk": {"S": key}}}
        if self.rng.random() < 0.5:
            by = self.rng.randrange(1, 5)
            step = Step(("add", by), self.condition(key) if self.rng.random() < 0.5 else ("always", None))
            document.update(UpdateExpression="ADD n :by", ExpressionAttributeValues={":by": {"N": str(by)}})
        else:
            step = Step(("set", self.value()), self.condition(key))
            document.update(UpdateExpression="SET v = :new",
                            ExpressionAttributeValues={":new": {"S": step.change[1]}})
        return step, self.conditioned(document, step.condition)

    def put(self):
        key = self.key()
        step, document = self.put_action(key)
        return drive.Call("PutItem", dict(document, ReturnValues="ALL_OLD"), steps=[(key, step)])

    def update(self):
        key = self.key()
        step, document = self.update_action(key)
        returns = self.rng.choice(["ALL_OLD", "ALL_NEW", "NONE"])
        return drive.Call("UpdateItem", dict(document, ReturnValues=returns), steps=[(key, step)])

    def delete(self):
        key = self.key()
        step, document = self.delete_action(key)
        return drive.Call("DeleteItem", dict(document, ReturnValues="ALL_OLD"), steps=[(key, step)])

    def get(self):
        key = self.key()
        document = {"TableName": TABLE, "Key": {"pk": {"S": key}}, "ConsistentRead": True}
        return drive.Call("GetItem", document, steps=[(key, Step(("keep", None)))])

    def batch_get(self):
        keys = self.keys()
        document = {"RequestItems": {TABLE: {"Keys": [{"pk": {"S": key}} for key in keys],
                                             "ConsistentRead": True}}}
        return drive.Call("BatchGetItem", document, steps=[(key, Step(("keep", None))) for key in keys])

    def batch_write(self):
        steps, requests = [], []
        for key in self.keys():
            if self.rng.random() < 0.3:
                steps.append((key, Step(("delete", None))))
                requests.append({"DeleteRequest": {"Key": {"pk": {"S": key}}}})
            else:
                value = self.value()
                steps.append((key, Step(("put", value))))
                requests.append({"PutRequest": {"Item": self.item(key, value)}})
        return drive.Call("BatchWriteItem", {"RequestItems": {TABLE: requests}}, steps=steps)

    def transact_get(self):
        keys = self.keys()
        document = {"TransactItems": [{"Get": {"TableName": TABLE, "Key": {"pk": {"S": key}}}}
                                      for key in keys]}
        return drive.Call("TransactGetItems", document, steps=[(key, Step(("keep", None))) for key in keys])

    def transact_write(self):
        kinds = {"Put": self.put_action, "Delete": self.delete_action, "Update": self.update_action,
                 "ConditionCheck": self.check_action}
        steps, items = [], []
        for key in self.keys():
            kind = self.rng.choice(list(kinds))
            step, action = kinds[kind](key)
            steps.append((key, step))
            items.append({kind: action})
        return drive.Call("TransactWriteItems", {"TransactItems": items}, steps=steps)

    def last_reads(self):
        return [drive.Call("GetItem", {"TableName": TABLE, "Key": {"pk": {"S": key}}, "ConsistentRead": True},
                           steps=[(key, Step(("keep", None)))]) for key in KEYS]

    # --- what became of them ---

    def ended(self, call):
        outcome = "%s %s" % (call.operation, call.error or call.status)
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        steps = call.notes["steps"]
        if call.status == drive.DONE:
            for _, step in steps:
                step.held = True
            self.note_images(call, steps)
        elif call.status == drive.REFUSED and not self.note_refusal(call, steps):
            self.problems.append("%r" % call)
        for key, step in steps:
            name = "%s %s" % (call.operation, step)
            self.histories[key].append(linear.Op(name, call.start, call.end, step,
                                                 call.status != drive.UNKNOWN))

    def note_images(self, call, steps):
        reply, returns = call.reply, call.document.get("ReturnValues")
        if call.operation in ("PutItem", "DeleteItem", "UpdateItem"):
            key, step = steps[0]
            if returns == "ALL_NEW":
                step.new = self.see(key, reply["Attributes"])
            elif returns == "ALL_OLD":
                step.old = image(reply.get("Attributes"))
            if call.operation == "PutItem":
                self.known[key] = step.change[1]
        elif call.operation == "GetItem":
            steps[0][1].old = self.see(steps[0][0], reply.get("Item"))
        elif call.operation == "TransactGetItems":
            for (key, step), response in zip(steps, reply["Responses"]):
                step.old = self.see(key, response.get("Item"))
        elif call.operation == "BatchGetItem":
            found = {item["pk"]["S"]: item for item in reply["Responses"][TABLE]}
            missing = {key["pk"]["S"] for part in reply["UnprocessedKeys"].values() for key in part["Keys"]}
            for key, step in steps:
                if key not in missing:
                    step.old = self.see(key, found.get(key))
        elif call.operation == "BatchWriteItem" and reply["UnprocessedItems"]:
            self.problems.append("unprocessed: %r" % call)

    def note_refusal(self, call, steps):
        """Whether the error is one that may come."""
        if call.error == "ConditionalCheckFailedException":
            key, step = steps[0]
            step.held = False
            step.old = self.see(key, call.reply.get("Item"))
            return True
        if call.error != "TransactionCanceledException":
            return False
        reasons = call.reply["CancellationReasons"]
        for (key, step), reason in zip(steps, reasons):
            step.held = reason["Code"] == "None"
            step.is_cancelled = True
            if not step.held:
                step.old = self.see(key, reason.get("Item"))
        return {reason["Code"] for reason in reasons} == {"None", "ConditionalCheckFailed"} or \
            all(reason["Code"] == "ConditionalCheckFailed" for reason in reasons)

    def see(self, key, item):
        state = image(item)
        self.known[key] = state[0] if state else None
        return state

    def check(self):
        """What is wrong, as texts."""
        problems = list(self.problems)
        for key, history in self.histories.items():
            try:
                problem = linear.check(history, ABSENT)
            except linear.Undecided as undecided:
                problem = "not decided: %s" % undecided
            if problem:
                problems.append("%s: %s" % (key, problem))
        return problems
