"""Lists that all clients append to, alone and in transactions over several lists: blind ones, ones that
check or change what they have read (if two did so crosswise, each on the other's old state, that would be
write skew), ones that are sent twice or again after a kill under one token, and reads of many lists at
one moment, and queries of many items, of indexes too. What is recorded is a history of transactions."""

import random

import drive
import serial

# Lists of a partition, which a query reads together, and of another table. Every append moves an item's
# entries in the indexes: they are sorted by the last element.
TABLE, OTHER = "List", "OtherList"
LOCAL, GLOBAL = "ByLast", "ByLastOfAll"
PARTITION_LISTS = 30
ACTIVE = 5
LIST_MAX = 60  # then another list takes its place: reads stay small


class Work:
    wanted = ["%s done" % each for each in
              ("UpdateItem", "GetItem", "Query", "BatchGetItem", "TransactGetItems", "TransactWriteItems",
               "ExecuteStatement", "ExecuteTransaction")] + [
                   "TransactWriteItems TransactionCanceledException",
                   "ExecuteTransaction TransactionCanceledException"]

    def __init__(self, seed):
        self.rng = random.Random("lists %s" % seed)
        self.prefix = "%x" % (seed & 0xffffffff)
        self.list_count = ACTIVE
        self.active = list(range(ACTIVE))
        self.appended = {}  # list -> how often
        self.known = {}  # list -> its longest that was seen
        self.element = 0
        self.calls = []
        self.history = []  # of transactions, once it is checked
        self.repeats = []  # (document, token, notes) to send again
        self.groups = {}  # token -> [Call]
        self.problems = []
        self.outcomes = {}
        self.makers = [(self.append, 12), (self.get, 10), (self.query, 6), (self.batch, 5),
                       (self.transact_get, 22), (self.blind, 15), (self.guarded, 25), (self.repeat, 5)]

    def create(self, client):
        def keys(range_key):
            return [{"AttributeName": "pk", "KeyType": "HASH"},
                    {"AttributeName": range_key, "KeyType": "RANGE"}]

        index = {"KeySchema": keys("last"), "Projection": {"ProjectionType": "ALL"}}
        for table in (TABLE, OTHER):
            client.call("CreateTable", TableName=table, BillingMode="PAY_PER_REQUEST", KeySchema=keys("sk"),
                        AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind}
                                              for name, kind in (("pk", "S"), ("sk", "N"), ("last", "N"))],
                        LocalSecondaryIndexes=[dict(index, IndexName=LOCAL)],
                        GlobalSecondaryIndexes=[dict(index, IndexName=GLOBAL)])

    def next(self):
        if self.repeats and self.rng.random() < 0.5:
            return self.tokened(*self.repeats.pop(0))
        return self.rng.choices([each for each, _ in self.makers], [w for _, w in self.makers])[0]()

    # --- making calls ---

    def place(self, key):
        return {"TableName": OTHER if key % 3 == 2 else TABLE,
                "Key": {"pk": {"S": "lists%d" % (key // PARTITION_LISTS)}, "sk": {"N": str(key)}}}

    def pick(self, at_least=1):
        return self.rng.sample(self.active, self.rng.randrange(at_least, min(4, len(self.active)) + 1))

    def add(self, key):
        """An element to append. A full list gives its place to a new one."""
        self.element += 1
        self.appended[key] = self.appended.get(key, 0) + 1
        if self.appended[key] == LIST_MAX:
            self.active[self.active.index(key)] = self.list_count
            self.list_count += 1
        return self.element

    def append_action(self, key, element):
        return dict(self.place(key),
                    UpdateExpression="SET l = list_append(if_not_exists(l, :none), :new), #last = :last",
                    ExpressionAttributeNames={"#last": "last"},
                    ExpressionAttributeValues={":none": {"L": []}, ":new": {"L": [{"N": str(element)}]},
                                               ":last": {"N": str(element)}})

    def guard(self, action, known):
        """The action takes place if the list is as it was seen."""
        values = action.setdefault("ExpressionAttributeValues", {})
        if known:
            action["ConditionExpression"] = "size(l) = :size"
            values[":size"] = {"N": str(len(known))}
        else:
            action["ConditionExpression"] = "attribute_not_exists(l)"
        if not values:
            del action["ExpressionAttributeValues"]
        return dict(action, ReturnValuesOnConditionCheckFailure="ALL_OLD")

    def statement(self, key, element, known):
        """What append_action and guard do, or a check alone, in PartiQL. The list must be there."""
        place = self.place(key)
        where, values = 'WHERE pk = ? AND sk = ?', list(place["Key"].values())
        if known is not None:
            where += " AND size(l) = ?"
            values.append({"N": str(len(known))})
        if element is None:
            text = 'EXISTS(SELECT * FROM "%s" %s)' % (place["TableName"], where)
        else:
            text = 'UPDATE "%s" SET l = list_append(l, ?), "last" = ? %s' % (place["TableName"], where)
            values = [{"L": [{"N": str(element)}]}, {"N": str(element)}] + values
        return {"Statement": text, "Parameters": values, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}

    def append(self):
        key = self.rng.choice(self.active)
        element = self.add(key)
        if self.known.get(key) and self.rng.random() < 0.3:
            statement = self.statement(key, element, None)
            return drive.Call("ExecuteStatement", dict(
                statement, Statement=statement["Statement"] + " RETURNING ALL NEW *"),
                              keys=[key], appends={key: element})
        return drive.Call("UpdateItem", dict(self.append_action(key, element), ReturnValues="ALL_NEW"),
                          keys=[key], appends={key: element})

    def get(self):
        key = self.rng.choice(self.active)
        return drive.Call("GetItem", dict(self.place(key), ConsistentRead=True), keys=[key])

    def query(self):
        """The active lists of the newest partition. An index's key is not the item's, so there it is a
        filter that leaves the others out."""
        index = self.rng.choice([None, LOCAL, GLOBAL])
        first = max(min(self.active), max(self.active) // PARTITION_LISTS * PARTITION_LISTS)
        keys = [key for key in self.active if key >= first and self.place(key)["TableName"] == TABLE]
        document = {"TableName": TABLE, "ConsistentRead": index != GLOBAL,
                    "KeyConditionExpression": "pk = :pk",
                    "ExpressionAttributeValues": {":pk": self.place(max(self.active))["Key"]["pk"],
                                                  ":first": {"N": str(first)}}}
        if index:
            document.update(IndexName=index, FilterExpression="sk >= :first")
        else:
            document["KeyConditionExpression"] += " AND sk >= :first"
        return drive.Call("Query", document, keys=keys)

    def batch(self):
        keys, request = self.pick(2), {}
        for key in keys:
            place = self.place(key)
            part = request.setdefault(place["TableName"], {"Keys": [], "ConsistentRead": True})
            part["Keys"].append(place["Key"])
        return drive.Call("BatchGetItem", {"RequestItems": request}, keys=keys)

    def transact_get(self):
        keys = self.pick()
        if self.rng.random() < 0.3:
            statements = [{"Statement": 'SELECT * FROM "%s" WHERE pk = ? AND sk = ?' % place["TableName"],
                           "Parameters": list(place["Key"].values())} for place in map(self.place, keys)]
            return drive.Call("ExecuteTransaction", {"TransactStatements": statements}, keys=keys)
        return drive.Call("TransactGetItems", {"TransactItems": [{"Get": self.place(key)} for key in keys]},
                          keys=keys)

    def blind(self):
        appends = {key: self.add(key) for key in self.pick()}
        items = [{"Update": self.append_action(key, element)} for key, element in appends.items()]
        return self.transaction({"TransactItems": items}, list(appends), appends, {})

    def guarded(self):
        """Reads some lists, as it saw them, and appends to others or the same."""
        keys = self.pick(2)
        split = self.rng.randrange(1, len(keys))
        appends = {key: self.add(key) for key in keys[:split]}
        if all(self.known.get(key) for key in keys) and self.rng.random() < 0.3:
            reads = {key: self.known[key] for key in keys if key not in appends or self.rng.random() < 0.6}
            statements = [self.statement(key, appends.get(key), reads.get(key)) for key in keys]
            return self.transaction({"TransactStatements": statements}, keys, appends, reads)
        reads, items = {}, []
        for key in keys:
            known = self.known.get(key, ())
            if key not in appends:
                items.append({"ConditionCheck": self.guard(self.place(key), known)})
            elif self.rng.random() < 0.4:
                items.append({"Update": self.append_action(key, appends[key])})
                continue
            elif self.rng.random() < 0.5:
                items.append({"Update": self.guard(self.append_action(key, appends[key]), known)})
            else:
                place = self.place(key)
                item = dict(place.pop("Key"), last={"N": str(appends[key])},
                            l={"L": [{"N": str(e)} for e in known + (appends[key],)]})
                items.append({"Put": self.guard(dict(place, Item=item), known)})
            reads[key] = known
        return self.transaction({"TransactItems": items}, keys, appends, reads)

    def transaction(self, document, keys, appends, reads):
        if self.rng.random() < 0.6:
            return drive.Call(writer_of(document), document, keys=keys, appends=appends, reads=reads)
        token = "%s-%d" % (self.prefix, self.element)
        document["ClientRequestToken"] = token
        notes = {"keys": keys, "appends": appends, "reads": reads}
        if self.rng.random() < 0.4:
            self.repeats.append((document, token, notes))
        return self.tokened(document, token, notes)

    def tokened(self, document, token, notes):
        call = drive.Call(writer_of(document), document, token=token, **notes)
        self.groups.setdefault(token, []).append(call)
        return call

    def repeat(self):
        """Some call with a token, long after."""
        if not self.groups:
            return self.get()
        call = self.rng.choice(list(self.groups.values())[-200:])[0]
        notes = {name: call.notes[name] for name in ("keys", "appends", "reads")}
        return self.tokened(call.document, call.notes["token"], notes)

    def last_reads(self):
        """Every list, each by a call of its own."""
        return [drive.Call("GetItem", dict(self.place(key), ConsistentRead=True), keys=[key])
                for key in range(self.list_count)]

    # --- what became of them ---

    def ended(self, call):
        outcome = "%s %s" % (call.operation, call.error or call.status)
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        self.calls.append(call)
        if call.status == drive.REFUSED and not self.is_expected(call):
            self.problems.append("%r" % call)
        if call.operation == "Query" and call.status == drive.DONE:
            self.check_order(call)
        for key, seen in self.seen(call).items():
            if len(seen) > len(self.known.get(key, ())):
                self.known[key] = seen
        token = call.notes.get("token")
        if token and call.status == drive.UNKNOWN:
            self.repeats.append((call.document, token,
                                 {name: call.notes[name] for name in ("keys", "appends", "reads")}))

    def check_order(self, call):
        """Every item once, its last element that of its list, and in the order that was asked for."""
        order = "last" if "IndexName" in call.document else "sk"
        items = call.reply["Items"]
        found = [int(item[order]["N"]) for item in items]
        if found != sorted(set(found)) or len({item["sk"]["N"] for item in items}) != len(items) or \
                any(item["last"] != item["l"]["L"][-1] for item in items):
            self.problems.append("not what an index has: %r" % call)

    def is_expected(self, call):
        if call.error != "TransactionCanceledException":
            return False
        codes = {reason["Code"] for reason in call.reply["CancellationReasons"]}
        return "ConditionalCheckFailed" in codes and codes <= {"None", "ConditionalCheckFailed"}

    def seen(self, call):
        """key -> the list that the answer shows."""
        keys = call.notes["keys"]
        if call.status == drive.UNKNOWN:
            return {}
        if call.operation == "UpdateItem":
            return {keys[0]: elements(call.reply.get("Attributes"))}
        if call.operation == "ExecuteStatement":
            return {keys[0]: elements(call.reply["Items"][0])}
        if call.operation == "GetItem":
            return {keys[0]: elements(call.reply.get("Item"))}
        if call.status == drive.DONE and (call.operation == "TransactGetItems" or
                                          call.operation == "ExecuteTransaction" and "appends" not in call.notes):
            return {key: elements(each.get("Item")) for key, each in zip(keys, call.reply["Responses"])}
        if call.operation in ("Query", "BatchGetItem"):
            items = call.reply["Items"] if call.operation == "Query" else \
                [item for part in call.reply["Responses"].values() for item in part]
            found = {int(item["sk"]["N"]): elements(item) for item in items}
            return {key: found.get(key, ()) for key in keys}
        if call.error == "TransactionCanceledException":
            seen = {}
            for key, reason in zip(keys, call.reply["CancellationReasons"]):
                if reason["Code"] == "ConditionalCheckFailed":
                    seen[key] = elements(reason.get("Item"))
                elif key in call.notes["reads"]:
                    seen[key] = call.notes["reads"][key]
            return seen
        return {}

    # --- the history ---

    def check(self):
        problems, history = list(self.problems), []
        for number, call in enumerate(self.calls):
            if "token" in call.notes:
                continue
            name = "%s %d" % (call.operation, number)
            seen = self.seen(call)
            if call.operation in ("Query", "BatchGetItem"):  # of one moment by item only
                start = 0 if call.document.get("IndexName") == GLOBAL else call.start  # it may be behind
                history += [serial.Transaction("%s of %d" % (name, key), start, call.end,
                                               serial.DONE, {key: read}) for key, read in seen.items()]
            elif call.operation in ("UpdateItem", "ExecuteStatement") and call.status == drive.DONE:
                (key, element), = call.notes["appends"].items()
                if seen[key][-1:] != (element,):
                    problems.append("%s answered without its own element %s: %s" % (name, element, seen))
                history.append(transaction(name, call, {key: seen[key][:-1]}))
            else:
                history.append(transaction(name, call, seen))
        for token, calls in self.groups.items():
            try:
                history += serial.one_of(token, [transaction("token %s, %d" % (token, i), call,
                                                             self.seen(call))
                                                 for i, call in enumerate(calls) if call.end is not None])
            except serial.Repeated as repeated:
                problems.append(str(repeated))
        self.history = history
        return problems + serial.check(history)


def transaction(name, call, seen):
    status = {drive.DONE: serial.DONE, drive.REFUSED: serial.FAILED,
              drive.UNKNOWN: serial.UNKNOWN}[call.status]
    reads = call.notes.get("reads", {}) if status != serial.FAILED else {}
    return serial.Transaction(name, call.start, call.end, status, {**reads, **seen},
                              call.notes.get("appends"))


def writer_of(document):
    return "TransactWriteItems" if "TransactItems" in document else "ExecuteTransaction"


def elements(item):
    return tuple(int(each["N"]) for each in item["l"]["L"]) if item else ()
