"""What a reply says, without what may differ: and where two replies differ, in one line each."""

import decimal
import json
import re

import generate

MASKED = {"CreationDateTime", "TableId", "LastUpdateToPayPerRequestDateTime", "LastIncreaseDateTime",
          "LastDecreaseDateTime", "SizeEstimateRangeGB"}


class Reply:
    """One server's answer to a step. DynamoDB Local gives numbers inside documents as they were written,
    so its numbers are laid out here; the form of Stele's is compared with dynalite's."""

    def __init__(self, server, operation, status, body, number):
        self.status = status
        text = body.decode("utf-8", "replace")
        for kind, token in generate.key_tokens(number).items():
            text = text.replace(token, "key" + kind)
        try:
            self.document = json.loads(text) if text else {}
        except ValueError:
            self.document = {"__type": "not JSON", "message": text[:200]}
        self.kind, self.message = "", ""
        if status != 200 and isinstance(self.document, dict):
            self.kind = str(self.document.pop("__type", "")).split("#")[-1]
            self.message = self.document.pop("message", self.document.pop("Message", ""))
            self.message = masked(str(self.message))
        if server == "local":
            self.document = laid_out(self.document)
        self.document = normal(operation, self.document)

    def head(self):
        """Status, error and text."""
        return "200" if self.status == 200 else "%d %s: %s" % (self.status, self.kind, self.message)


def difference(stele, peer):
    """None, or two lines that tell what each said where they differ first."""
    if stele.head() != peer.head():
        return stele.head(), peer.head()
    found = first_difference(stele.document, peer.document, "")
    if found is None:
        return None
    place, left, right = found
    return "%d %s %s" % (stele.status, place, left), "%d %s %s" % (peer.status, place, right)


def first_difference(left, right, place):
    if isinstance(left, dict) and isinstance(right, dict):
        for name in sorted(set(left) | set(right)):
            if name not in left:
                return place + "." + name, "absent", shown(right[name])
            if name not in right:
                return place + "." + name, shown(left[name]), "absent"
            found = first_difference(left[name], right[name], place + "." + name)
            if found:
                return found
        return None
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for i, (one, other) in enumerate(zip(left, right)):
            found = first_difference(one, other, "%s[%d]" % (place, i))
            if found:
                return found
        return None
    if left == right and isinstance(left, bool) == isinstance(right, bool):
        return None
    return place, shown(left), shown(right)


def shown(value):
    return json.dumps(value, sort_keys=True, ensure_ascii=True)


def normal(operation, value):
    """Sets sorted, and what has no order; volatile members masked."""
    if isinstance(value, dict):
        out = {}
        for name, each in value.items():
            if name in ("SS", "NS", "BS") and isinstance(each, list):
                out[name] = sorted(each, key=str)
            elif name in MASKED:
                out[name] = "masked"
            else:
                out[name] = normal(operation, each)
        for name in ("Table", "TableDescription"):
            if name in out and operation.endswith("Table"):
                out[name] = described(value[name])
        if operation == "ListTables" and "TableNames" in out: # others' tables come and go
            out = {}
        if operation == "Scan" and "Count" in out: # others' items are in the table, and their numbers differ
            own = [item for item in out.get("Items", []) if "key" in str(item.get("p", ""))]
            out = {"Items": sorted(own, key=shown)}
        if operation == "Query by index" and isinstance(out.get("Items"), list): # equal keys have no order
            out["Items"] = sorted(out["Items"], key=shown)
        if operation == "BatchGetItem" and isinstance(out.get("Responses"), dict):
            out["Responses"] = {table: sorted(items, key=shown) for table, items in out["Responses"].items()}
        if isinstance(out.get("ConsumedCapacity"), list):
            out["ConsumedCapacity"] = sorted(out["ConsumedCapacity"], key=shown)
        return out
    if isinstance(value, list):
        return [normal(operation, each) for each in value]
    return value


def described(table):
    """What servers that differ in pace and place have in common of a table's description."""
    if not isinstance(table, dict):
        return table
    out = {name: table[name] for name in ("TableName", "KeySchema", "StreamSpecification") if name in table}
    out["AttributeDefinitions"] = sorted(table.get("AttributeDefinitions", []), key=shown)
    out["BillingMode"] = table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    out["Throughput"] = throughput(table)
    for kind in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes"):
        indexes = [{"IndexName": index["IndexName"], "KeySchema": index["KeySchema"],
                    "Projection": {name: sorted(each) if isinstance(each, list) else each
                                   for name, each in index["Projection"].items()},
                    "Throughput": throughput(index)} for index in table.get(kind, [])]
        out[kind] = sorted(indexes, key=shown)
    return out


def throughput(table):
    units = table.get("ProvisionedThroughput", {})
    return [units.get("ReadCapacityUnits", 0), units.get("WriteCapacityUnits", 0)]


def laid_out(value):
    """Numbers in the service's one form."""
    if isinstance(value, dict):
        return {name: plain(each) if name == "N" and isinstance(each, str) else
                [plain(member) for member in each] if name == "NS" and isinstance(each, list) else laid_out(each)
                for name, each in value.items()}
    return [laid_out(each) for each in value] if isinstance(value, list) else value


def plain(text):
    try:
        number = decimal.Decimal(text)
    except decimal.InvalidOperation:
        return text
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if number == 0 else text


def masked(text):
    """A text with its unordered parts sorted: lists of keys, and objects as Java prints them."""
    text = re.sub(r"keys: \{([^}]*)\}", lambda m: "keys: {%s}" % ", ".join(sorted(m.group(1).split(", "))), text)
    return re.sub(r"@[0-9a-f]{5,8}\b", "@0", text)


def gist(line):
    """A line without names, values and places, to count differences of one sort together."""
    line = re.sub(r'"(\\.|[^"\\])*"', '"~"', line)
    line = re.sub(r"(#|:)[A-Za-z_0-9]+\b", r"\1~", line)
    line = re.sub(r"\.(M|L|Item|Attributes|Items|Responses)\b[^ ]*", ".~", line)
    line = re.sub(r"\{.*\}|\[.*\]", "[~]", line)
    return re.sub(r"\d+", "9", line[4:]) if line.startswith("400") else line
