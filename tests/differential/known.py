"""known.tsv: differences that are judged. A row is the peer, the operation, what Stele says, what the
peer says, and the reason, with one tab between.

In what is said, `*` stands for any text; {1}, {2} ... in the peer's words for what the first, the
second ... `*` stood for in Stele's. The operation may have `*` too.
"""

import re


class Row:
    def __init__(self, line, text):
        fields = text.split("\t")
        assert len(fields) == 5 and all(fields), "known.tsv:%d has to have five fields, one tab between" % line
        self.line, self.text, self.cases = line, text, []
        self.peer, operation, stele, self.other, self.reason = fields
        self.operation = pattern(operation)
        self.stele = pattern(stele)

    def matches(self, peer, operation, stele, other):
        if self.peer not in (peer, "both") or not self.operation.fullmatch(operation):
            return False
        found = self.stele.fullmatch(stele)
        if not found:
            return False
        wanted = "".join(
            re.escape(found.group(int(part[1:-1]))) if re.fullmatch(r"\{\d\}", part) else
            ".*" if part == "*" else re.escape(part) for part in re.split(r"(\*|\{\d\})", self.other))
        return re.fullmatch(wanted, other, re.S) is not None


def pattern(text):
    return re.compile("".join("(.*)" if part == "*" else re.escape(part) for part in re.split(r"(\*)", text)), re.S)


def read(path):
    rows = []
    with open(path, encoding="utf-8") as lines:
        for number, text in enumerate(lines, 1):
            text = text.rstrip("\n")
            if text and not text.startswith("#"):
                rows.append(Row(number, text))
    return rows


def find(rows, peer, operation, stele, other):
    """The first row that knows the difference, or None."""
    for row in rows:
        if row.matches(peer, operation, stele, other):
            return row
    return None
