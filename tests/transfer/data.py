"""Items of every type, and the same items as objects of each format."""

import base64
import gzip
import json
import random
import subprocess


def items(count, seed=1):
    """DynamoDB JSON of items with a key pk (S), a number n that an index is over, and some of everything."""
    chance = random.Random(seed)
    return {"key-%06d" % number: one_item(chance, "key-%06d" % number, number) for number in range(count)}


def one_item(chance, key, number):
    item = {"pk": {"S": key}, "n": {"N": str(number)}}
    for name in chance.sample(["text", "it's", "a b", "null", "\u00e9", "x.y", "$1", "list"], 4):
        item[name] = one_value(chance, 3)
    return item


def one_value(chance, depth):
    kind = chance.choice("S N B BOOL NULL SS NS BS L M".split())
    if kind in ("L", "M") and depth == 0:
        kind = "S"
    if kind == "L":
        return {"L": [one_value(chance, depth - 1) for _ in range(chance.randrange(4))]}
    if kind == "M":
        return {"M": {name: one_value(chance, depth - 1) for name in chance.sample(["a", "b c", "true", ""], 2)}}
    if kind in ("SS", "NS", "BS"):
        members = {json.dumps(scalar(chance, kind[0])) for _ in range(chance.randrange(1, 5))}
        return {kind: sorted(json.loads(member) for member in members)}
    if kind == "NULL":
        return {"NULL": True}
    return {kind: chance.random() < 0.5 if kind == "BOOL" else scalar(chance, kind)}


def scalar(chance, kind):
    if kind == "S":
        return "".join(chance.choice("ab \"'\\\n\t\u00e9\u6f22\U0001f600/,") for _ in range(chance.randrange(12)))
    if kind == "B":
        return base64.b64encode(bytes(chance.randrange(256) for _ in range(chance.randrange(9)))).decode()
    return chance.choice(["0", "1", "-1", "3.25", "-0.001", "12345678901234567890123456789012345678", "100",
                          "1" + "0" * 125, "0." + "0" * 129 + "1"])


def as_json(item):
    return json.dumps({"Item": item}, ensure_ascii=False) + "\n"


def as_ion(item):
    """Written by other rules than the server's own: escapes, floats, quoted names."""
    return "$ion_1_0 {Item:%s}\n" % ion_struct(item)


def ion_struct(entries):
    return "{" + ", ".join("%s:%s" % (ion_quote(name, "'"), ion_value(value))
                           for name, value in entries.items()) + "}"


def ion_quote(text, quote):
    return quote + "".join("\\" + c if c in quote + "\\" else c if " " <= c <= "~" else
                           "\\U%08x" % ord(c) for c in text) + quote


def ion_value(value):
    (kind, inner), = value.items()
    if kind == "S":
        return ion_quote(inner, '"')
    if kind == "N":
        return inner if "." in inner else inner + "."
    if kind == "B":
        return "{{%s}}" % inner
    if kind == "BOOL":
        return "true" if inner else "false"
    if kind == "NULL":
        return "null"
    if kind == "M":
        return ion_struct(inner)
    members = "[%s]" % ",".join(ion_value(member if kind == "L" else {kind[0]: member}) for member in inner)
    return members if kind == "L" else "$dynamodb_%s::%s" % (kind, members)


LINES = {"DYNAMODB_JSON": as_json, "ION": as_ion}


def pack(data, compression):
    if compression == "GZIP":
        return gzip.compress(data, 1)
    if compression == "ZSTD":
        return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout
    return data


def objects(all_items, input_format, compression, count=3):
    """The bytes of so many objects that hold the items."""
    lines = [LINES[input_format](item) for item in all_items.values()]
    return [pack("".join(lines[i::count]).encode(), compression) for i in range(count)]


def canonical(value):
    """An attribute value, with sets in an order and numbers in one form: for comparing."""
    (kind, inner), = value.items()
    if kind == "L":
        return {kind: [canonical(member) for member in inner]}
    if kind == "M":
        return {kind: {name: canonical(member) for name, member in inner.items()}}
    if kind in ("SS", "NS", "BS"):
        return {kind: sorted(inner)}
    return value


def canonical_item(item):
    return {name: canonical(value) for name, value in item.items()}
