"""Random cases: a few requests on items of the case's own, some of them with a fault.

A case is made from a seed and its number alone. Its items lie under partition keys that hold its
number, so cases do not meet, and any of them can be played again alone.
"""

import json
import random

from batches import BatchCases
from expressions import Expressions
from settings import SettingCases
from statements import StatementCases
from tables import TableCases
from values import WRONG_NAMES, Values, encode

# name: partition key type, sort key type
TABLES = {"PlainS": ("S", None), "PlainN": ("N", None), "PlainB": ("B", None), "SortedS": ("S", "S"),
          "SortedN": ("S", "N"), "SortedB": ("S", "B"), "Indexed": ("S", "S")}
# name: partition key, sort key, projection; in definition order
LOCAL_INDEXES = {"LocalNum": ("p", "num", {"ProjectionType": "ALL"}),
                 "LocalStr": ("p", "str", {"ProjectionType": "KEYS_ONLY"})}
GLOBAL_INDEXES = {"GlobalNum": ("g", "num", {"ProjectionType": "ALL"}),
                  "GlobalKeys": ("g", None, {"ProjectionType": "KEYS_ONLY"}),
                  "GlobalSome": ("g", "str", {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["doc", "ss", "num2"]})}
INDEXES = {**LOCAL_INDEXES, **GLOBAL_INDEXES}
KEY_TYPES = {"p": "S", "g": "S", "num": "N", "str": "S"} # of Indexed
SORT_KEYS = {"S": ["a", "ab", "abc", "b", "\u00e9", "\U0001f600", "\ufffd"], "N": ["-5", "-0.5", "0", "1", "1.5", "2", "10"],
             "B": [encode(b) for b in (b"\0", b"a", b"ab", b"ab\0", b"b", b"\xff")]}
LEGACY = ["EQ", "NE", "LE", "LT", "GE", "GT", "CONTAINS", "NOT_CONTAINS", "BEGINS_WITH", "IN", "BETWEEN", "NULL",
          "NOT_NULL"]
RETURN_VALUES = ["NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"]


KIND_CASES_MAX = 100000


def key_tokens(number):
    """What the partition keys of a case hold, by type; all of the same length for all cases."""
    return {"S": "k%07d" % number, "N": "9%07d" % number, "B": encode(b"kk%07d" % number)}


def table_request(table):
    """The CreateTable of one of TABLES."""
    hash_type, range_type = TABLES[table]
    types = {"p": hash_type, **({"s": range_type} if range_type else {})}
    request = {"TableName": table, "BillingMode": "PAY_PER_REQUEST", "KeySchema": key_schema(*types)}
    if table == "Indexed":
        types.update(KEY_TYPES)
        request["LocalSecondaryIndexes"] = [index(name, *row) for name, row in LOCAL_INDEXES.items()]
        request["GlobalSecondaryIndexes"] = [index(name, *row) for name, row in GLOBAL_INDEXES.items()]
    request["AttributeDefinitions"] = [{"AttributeName": name, "AttributeType": kind} for name, kind in types.items()]
    return request


def index(name, hash_name, range_name, projection):
    return {"IndexName": name, "KeySchema": key_schema(hash_name, range_name), "Projection": projection}


def key_schema(hash_name, range_name=None):
    return [{"AttributeName": name, "KeyType": role}
            for name, role in ((hash_name, "HASH"), (range_name, "RANGE")) if name]


class Kept:
    """A case of cases.jsonl."""

    def __init__(self, line, number):
        self.number, self.name = number, "kept case %d" % line["case"]
        self.steps = moved(line["steps"], line["case"], number)


def moved(steps, number, to):
    """The same steps under other keys."""
    text = json.dumps(steps)
    for kind, token in key_tokens(number).items():
        text = text.replace(token, key_tokens(to)[kind])
    return json.loads(text)


class Case(BatchCases, TableCases, StatementCases, SettingCases):
    """One case: `steps` is a list of (operation, document). Its number says of which kind it is, so that
    a new kind at the end leaves the others' cases as they are."""
    OPERATIONS = {"put": 16, "update": 26, "get": 10, "delete": 8, "query": 16, "scan": 3, "batch_get": 5,
                  "batch_write": 5, "transact_write": 8, "transact_get": 3, "table": 8, "statement": 12, "statements": 6,
                  "expiry": 2, "tags": 2}

    @classmethod
    def numbers(cls, count, kinds):
        """About so many, by weight, of these kinds."""
        whole = sum(cls.OPERATIONS[kind] for kind in kinds)
        return [position * KIND_CASES_MAX + i for position, kind in enumerate(cls.OPERATIONS) if kind in kinds
                for i in range(count * cls.OPERATIONS[kind] // whole)]

    def __init__(self, seed, number, faults=1):
        self.number, self.name = number, "case %d of seed %s" % (number, seed)
        self.random = random.Random("%s.%d" % (seed, number))
        self.values = Values(self.random)
        self.chance, self.pick = self.values.chance, self.values.pick
        self.tokens = key_tokens(number)
        self.table = self.pick(list(TABLES))
        self.steps = []
        self.faults = self.random.randrange(1, faults + 1) if self.chance(.45) else 0
        getattr(self, "make_" + list(self.OPERATIONS)[number // KIND_CASES_MAX])()

    def tables(self):
        return list(TABLES)

    def sort_type(self):
        return TABLES[self.table][1]

    def sort_keys(self, kind):
        return SORT_KEYS[kind]

    # --- keys and items ---

    def key(self, sort=None):
        hash_type, range_type = TABLES[self.table]
        key = {"p": {hash_type: self.tokens[hash_type]}}
        if range_type:
            key["s"] = {range_type: sort if sort is not None else SORT_KEYS[range_type][0]}
        return key

    def any_key(self):
        range_type = TABLES[self.table][1]
        return self.key(self.pick(SORT_KEYS[range_type]) if range_type else None)

    def item(self, key=None):
        item = {**(key or self.key()), **self.values.item()}
        if self.table == "Indexed" and self.chance(.85): # items of one case meet in the global indexes
            item["g"] = {"S": self.tokens["S"]} if self.chance(.95) else self.values.value()
        return item

    def seed_item(self):
        """An item to work on, mostly."""
        if self.chance(.85):
            self.add("PutItem", {"TableName": self.table, "Item": self.item()})

    def seed_items(self):
        range_type = TABLES[self.table][1]
        for sort in SORT_KEYS[range_type] if range_type else [None]:
            if self.chance(.8):
                self.add("PutItem", {"TableName": self.table, "Item": self.item(self.key(sort))})

    def add(self, operation, document):
        self.steps.append((operation, document))

    def read_back(self):
        self.add("GetItem", {"TableName": self.table, "Key": self.key(), "ConsistentRead": True})

    # --- parts ---

    def expressions(self):
        return Expressions(self.values)

    def put_expressions(self, document, wanted):
        """Adds expressions: name of the member to the method that makes one. The case's faults, if it
        has any, may go into one of them."""
        expressions = self.expressions()
        for name, make in wanted.items():
            text = getattr(expressions, make)()
            if self.faults and self.chance(.5):
                self.faults -= 1
                text = expressions.faulty(text)
            document[name] = text
        document.update(expressions.parameters())

    def maybe(self, document, share, name, options):
        if self.chance(share):
            document[name] = self.pick(options)

    def common(self, document, write=True):
        self.maybe(document, .15, "ReturnConsumedCapacity", ["TOTAL", "INDEXES", "NONE"])
        if write:
            self.maybe(document, .05, "ReturnItemCollectionMetrics", ["SIZE", "NONE"])

    def damage(self, document):
        """What is left of the case's faults goes into the document itself."""
        while self.faults > 0:
            self.faults -= 1
            self.pick([self._damage_member, self._damage_member, self._damage_deep, self._damage_deep,
                       self._damage_key, self._damage_value])(document)
        return document

    def _damage_member(self, document):
        name = self.pick(sorted(document)) if document else "x"
        kind = self.random.randrange(6)
        if kind == 0 and name in document:
            del document[name]
        elif kind == 1:
            document[name] = None
        elif kind == 2:
            document[self.pick(["Unknown", "tableName", "Limit", "Select", "ReturnValues", "ReturnConsumedCapacity",
                                "ConsistentRead", "ReturnValuesOnConditionCheckFailure", "ConditionalOperator",
                                "ExpressionAttributeNames", "ExpressionAttributeValues", "IndexName",
                                "ReturnItemCollectionMetrics", "AttributesToGet", "Expected", "ReturnValues"])] = self.pick(
                [{}, [], "", "NONE", "ALL_OLD", "ALL_NEW", "x", 0, 1, True, None])
        elif kind == 3:
            document["TableName"] = self.pick(WRONG_NAMES)
        else:
            document[name] = self.values.any_json()

    def _damage_deep(self, document):
        places = list(places_of(document))
        if places:
            holder, name = self.pick(places)
            kind = self.random.randrange(3)
            if kind == 0 and isinstance(holder, dict):
                del holder[name]
            elif kind == 1:
                holder[name] = self.values.any_json()
            else:
                holder[name] = self.values.bad_value()

    def _damage_value(self, document):
        """An attribute value anywhere gets a fault."""
        places = [place for place in places_of(document) if is_value(place[0][place[1]])]
        if places:
            holder, name = self.pick(places)
            holder[name] = self.values.bad_value()

    def _damage_key(self, document):
        keys = [place for place in places_of(document)
                if isinstance(place[0][place[1]], dict) and "p" in place[0][place[1]]]
        if not keys:
            return
        holder, name = self.pick(keys)
        key = holder[name]
        part = self.pick([each for each in ("p", "s") if each in key])
        self.pick([lambda: key.pop(part), lambda: key.update({part: {"S": ""}}), lambda: key.update({part: {"B": ""}}),
                   lambda: key.update({part: self.values.value()}), lambda: key.update({"q": {"S": "a"}}),
                   lambda: key.update({part: {"S": (self.tokens["S"] * 300)[:self.pick([1024, 1025, 2048, 2049])]}}),
                   lambda: key.update({part: self.values.bad_value()}), key.clear])()

    # --- legacy parameters ---

    def legacy_condition(self, operators=LEGACY, path=None):
        operator = self.pick(operators)
        count = {"BETWEEN": 2, "NULL": 0, "NOT_NULL": 0, "IN": self.random.randrange(1, 4)}.get(operator, 1)
        kinds = {"num": "N", "num2": "N", "str": "S", "bin": "B", "ss": "SS", "ns": "NS"}
        kind = kinds.get(path) if self.chance(.8) else None
        kind = kind or self.pick(["N", "S", "B", "S", "N", "SS", "L", "M", "BOOL"])
        if operator in ("CONTAINS", "NOT_CONTAINS") and self.chance(.6):
            kind = self.pick("SNB")
        values = [self.values.value(kind) for _ in range(count)]
        if self.chance(.05):
            values.append(self.values.value())
        condition = {"ComparisonOperator": operator}
        if values or self.chance(.2):
            condition["AttributeValueList"] = values
        return condition

    def legacy_filter(self):
        names = self.random.sample(["num", "num2", "str", "bin", "ss", "ns", "lst", "doc", "nope", "flag"],
                                   self.pick([1, 1, 2, 3]))
        return {name: self.legacy_condition(path=name) for name in names}

    def expected(self):
        out = {}
        for name in self.random.sample(["num", "str", "ss", "lst", "doc", "nope", "p"], self.pick([1, 1, 2])):
            roll = self.random.random()
            if roll < .25:
                out[name] = {"Exists": False}
            elif roll < .5:
                out[name] = {"Value": self.values.value(), **({"Exists": True} if self.chance(.5) else {})}
            elif roll < .9:
                out[name] = self.legacy_condition(path=name)
                if self.chance(.2) and len(out[name].get("AttributeValueList", [])) == 1:
                    out[name]["Value"] = out[name].pop("AttributeValueList")[0]
            else:
                out[name] = self.pick([{}, {"Exists": True}, {"Exists": False, "Value": {"S": "a"}},
                                       {"ComparisonOperator": "EQ", "Exists": False},
                                       {"AttributeValueList": [{"S": "a"}]},
                                       {"Value": {"S": "a"}, "AttributeValueList": [{"S": "a"}]}])
        return out

    def legacy_operator(self, document, share=.25):
        self.maybe(document, share, "ConditionalOperator", ["AND", "OR"])

    def attribute_updates(self):
        out = {}
        for name in self.random.sample(["num", "num2", "str", "ss", "ns", "bs", "lst", "doc", "new"], self.pick([1, 2, 3])):
            kind = {"num": "N", "num2": "N", "ss": "SS", "ns": "NS", "bs": "BS", "lst": "L"}.get(name)
            action = self.pick(["PUT", "ADD", "DELETE"])
            out[name] = {"Value": self.values.value(kind if self.chance(.8) else None), "Action": action}
            if self.chance(.3 if action == "DELETE" else .05):
                del out[name]["Value"]
        return out

    def write_condition(self, document, share=.4):
        roll = self.random.random()
        if roll < share:
            self.put_expressions(document, {"ConditionExpression": "condition"})
            self.maybe(document, .4, "ReturnValuesOnConditionCheckFailure", ["ALL_OLD", "NONE"])
        elif roll < share + .15:
            document["Expected"] = self.expected()
            self.legacy_operator(document)

    # --- one method an operation ---

    def make_put(self):
        self.seed_item()
        document = {"TableName": self.table, "Item": self.item()}
        self.write_condition(document)
        self.maybe(document, .3, "ReturnValues", ["NONE", "ALL_OLD", "ALL_OLD"])
        self.common(document)
        self.add("PutItem", self.damage(document))
        self.read_back()

    def make_get(self):
        self.seed_item()
        document = {"TableName": self.table, "Key": self.key()}
        self.get_projection(document)
        self.maybe(document, .2, "ConsistentRead", [True, False])
        self.common(document, write=False)
        self.add("GetItem", self.damage(document))

    def get_projection(self, document):
        if self.chance(.6):
            self.put_expressions(document, {"ProjectionExpression": "projection"})
            document.pop("ExpressionAttributeValues", None)
        elif self.chance(.3):
            document["AttributesToGet"] = [self.pick(["num", "str", "doc", "lst", "p", "s", "nope"])
                                           for _ in range(self.pick([1, 2, 3]))]

    def make_delete(self):
        self.seed_item()
        document = {"TableName": self.table, "Key": self.key()}
        self.write_condition(document)
        self.maybe(document, .3, "ReturnValues", ["NONE", "ALL_OLD", "ALL_OLD"])
        self.common(document)
        self.add("DeleteItem", self.damage(document))
        self.read_back()

    def make_update(self):
        self.seed_item()
        document = {"TableName": self.table, "Key": self.key()}
        roll = self.random.random()
        if roll < .85:
            wanted = {"UpdateExpression": "update"}
            if self.chance(.25):
                wanted["ConditionExpression"] = "condition"
            self.put_expressions(document, wanted)
        elif roll < .97:
            document["AttributeUpdates"] = self.attribute_updates()
            if self.chance(.2):
                document["Expected"] = self.expected()
                self.legacy_operator(document)
        self.maybe(document, .5, "ReturnValues", RETURN_VALUES)
        self.maybe(document, .1, "ReturnValuesOnConditionCheckFailure", ["ALL_OLD", "NONE"])
        self.common(document)
        self.damage(document)
        updates = document.get("AttributeUpdates")
        for update in updates.values() if isinstance(updates, dict) else ():
            if isinstance(update, dict) and update.get("Action") is None:
                update["Action"] = "PUT" # without one, Local forgets the update
        self.add("UpdateItem", document)
        self.read_back()

    def make_query(self):
        self.table = self.pick(["SortedS", "SortedN", "SortedB", "SortedS", "PlainS", "Indexed", "Indexed", "Indexed"])
        self.seed_items()
        document = {"TableName": self.table}
        keys = self.query_keys(document)
        if self.chance(.75):
            self.key_condition_expression(document, keys)
        else:
            self.key_conditions(document, keys)
        self.read_options(document)
        self.maybe(document, .3, "ScanIndexForward", [True, False])
        if self.chance(.15) and document.get("IndexName") != "GlobalKeys": # where equal keys have no order
            document["ExclusiveStartKey"] = self.any_key()
            if "IndexName" in document and self.chance(.9):
                document["ExclusiveStartKey"].update({name: {kind: values[0]} for name, kind, values in keys})
        self.common(document, write=False)
        self.add("Query", self.damage(document))

    def query_keys(self, document):
        """(name, type, values) of each key attribute of the table, or of an index that is chosen."""
        hash_type, range_type = TABLES[self.table]
        names = [("p", hash_type)] + ([("s", range_type)] if range_type else [])
        if self.table == "Indexed" and self.chance(.85):
            document["IndexName"] = self.pick(sorted(INDEXES))
            names = [(name, KEY_TYPES[name]) for name in INDEXES[document["IndexName"]][:2] if name]
        return [(name, kind, [self.tokens[kind]] if name in ("p", "g") else SORT_KEYS[kind]) for name, kind in names]

    def read_options(self, document):
        """Items of an index with equal keys have no order, so no Limit goes there."""
        if "IndexName" not in document:
            self.maybe(document, .25, "Limit", [1, 2, 3, 5, 100])
        self.maybe(document, .12, "Select", ["COUNT", "ALL_ATTRIBUTES", "SPECIFIC_ATTRIBUTES",
                                             "ALL_PROJECTED_ATTRIBUTES"])
        self.maybe(document, .1, "ConsistentRead", [True, False])

    def key_condition_expression(self, document, keys):
        expressions = self.expressions()
        (hash_name, hash_type, hashes), *ranges = keys
        parts = ["%s = %s" % (expressions.name(hash_name), expressions.value(value={hash_type: hashes[0]}))]
        if ranges and self.chance(.75):
            (name, range_type, sorts), = ranges
            name = expressions.name(name)
            low, high = (expressions.value(value={range_type: self.pick(sorts)}) for _ in range(2))
            if expressions.value_map[low] == expressions.value_map[high] or self.chance(.7):
                del expressions.value_map[high]
                parts.append(self.pick(["%s = %s", "%s < %s", "%s <= %s", "%s > %s", "%s >= %s",
                                        "begins_with(%s, %s)"]) % (name, low))
            else:
                parts.append("%s BETWEEN %s AND %s" % (name, low, high))
        if self.chance(.1):
            parts = ["(%s)" % part for part in parts]
        if self.chance(.1):
            parts.reverse()
        text = " AND ".join(parts)
        if self.faults and self.chance(.4):
            self.faults -= 1
            text = self.pick([lambda: expressions.faulty(text), lambda: self.key_condition_fault(expressions, text)])()
        document["KeyConditionExpression"] = text
        if self.chance(.35):
            document["FilterExpression"] = expressions.condition()
            if self.faults and self.chance(.4):
                self.faults -= 1
                document["FilterExpression"] = expressions.faulty(document["FilterExpression"])
        if self.chance(.2):
            document["ProjectionExpression"] = expressions.projection()
        document.update(expressions.parameters())

    def key_condition_fault(self, expressions, text):
        value = expressions.value()
        return self.pick([
            text + " AND num = " + value, text.replace("AND", "OR"), "NOT " + text, text.replace("=", "<>"),
            text + " AND s = " + value + " AND s = " + value, "p IN (%s)" % value, "contains(p, %s)" % value,
            "size(p) = " + value, value + " = " + value, "p = s", "p.x = " + value, "p[0] = " + value,
            "%s = p" % value, "begins_with(p, %s)" % value, "%s BETWEEN p AND s" % value, "p > " + value,
            "attribute_exists(p)", "p = %s AND p = %s" % (value, value), "s = " + value, "num = " + value,
            "begins_with(%s, p)" % value, "p = " + value + " AND size(s) > " + value])

    def key_conditions(self, document, keys):
        (hash_name, hash_type, hashes), *ranges = keys
        conditions = {hash_name: {"AttributeValueList": [{hash_type: hashes[0]}], "ComparisonOperator": "EQ"}}
        if ranges and self.chance(.7):
            (range_name, range_type, sorts), = ranges
            operator = self.pick(["EQ", "LE", "LT", "GE", "GT", "BEGINS_WITH", "BETWEEN"] + LEGACY[:2])
            count = 2 if operator == "BETWEEN" else 1
            conditions[range_name] = {"AttributeValueList": [{range_type: self.pick(sorts)} for _ in range(count)],
                                      "ComparisonOperator": operator}
        if self.chance(.05):
            conditions["num"] = self.legacy_condition(path="num")
        document["KeyConditions"] = conditions
        if self.chance(.35):
            document["QueryFilter"] = self.legacy_filter()
            self.legacy_operator(document)
        if self.chance(.2):
            document["AttributesToGet"] = self.random.sample(["num", "str", "doc", "lst", "p", "s", "nope"], 2)

    def make_scan(self):
        """Of all items of this case: others are filtered away, so capacity and counts are not compared."""
        self.seed_items()
        document = {"TableName": self.table}
        if self.table == "Indexed":
            self.maybe(document, .8, "IndexName", sorted(INDEXES))
        hash_type = TABLES[self.table][0]
        if self.chance(.7):
            expressions = self.expressions()
            text = "p = " + expressions.value(value={hash_type: self.tokens[hash_type]})
            if self.chance(.5):
                text += " AND (" + expressions.condition() + ")"
            if self.faults and self.chance(.5):
                self.faults -= 1
                text = expressions.faulty(text)
            document["FilterExpression"] = text
            if self.chance(.3):
                document["ProjectionExpression"] = expressions.projection()
            document.update(expressions.parameters())
        else:
            document["ScanFilter"] = self.legacy_filter()
            document["ScanFilter"]["p"] = {"AttributeValueList": [{hash_type: self.tokens[hash_type]}],
                                           "ComparisonOperator": "EQ"}
        self.maybe(document, .15, "Select", ["COUNT", "ALL_ATTRIBUTES", "SPECIFIC_ATTRIBUTES",
                                             "ALL_PROJECTED_ATTRIBUTES"])
        if self.faults and self.chance(.5):
            self.faults -= 1
            document.update(self.pick([{"Segment": 0}, {"TotalSegments": 2}, {"Segment": 2, "TotalSegments": 2},
                                       {"Segment": -1, "TotalSegments": 2}, {"Limit": 0},
                                       {"Segment": 0, "TotalSegments": 0}, {"Segment": 0, "TotalSegments": 1000001},
                                       {"Segment": 1000000, "TotalSegments": 1000000},
                                       {"ExclusiveStartKey": {"p": {"S": ""}}},
                                       {"ExclusiveStartKey": {"nope": {"S": "a"}}}]))
        self.add("Scan", self.damage(document))


def places_of(document):
    """Every (holder, name or index) in a document."""
    if isinstance(document, dict):
        for name in list(document):
            yield document, name
            yield from places_of(document[name])
    elif isinstance(document, list):
        for i, each in enumerate(document):
            yield document, i
            yield from places_of(each)


def is_value(document):
    return isinstance(document, dict) and len(document) == 1 and next(iter(document)) in (
        "S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M")
