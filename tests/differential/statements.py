"""Cases of PartiQL: statements, batches of them and transactions, on the tables of the other cases."""

import copy
import re

COMPARISONS = ["=", "<>", "<", "<=", ">", ">="]
PATHS = ["num", "num2", "str", "str2", "flag", "nil", "ss", "ns", "lst", "doc", "lst[0]", "lst[2].x", "doc.x",
         "doc.z.w[1]", "doc.nope", "nope"]


class StatementCases:
    """What a Case adds to its own kinds."""

    def make_statement(self):
        self.seed_items()
        statement = self.damage_statement(self.statement())
        document = dict(statement)
        self.maybe(document, .1, "ConsistentRead", [True, False])
        self.maybe(document, .1, "ReturnValuesOnConditionCheckFailure", ["ALL_OLD", "NONE"])
        self.common(document, write=False)
        self.add("ExecuteStatement", self.damage(document))
        self.read_back()

    def make_statements(self):
        self.seed_items()
        transaction = self.chance(.5)
        reads = self.chance(.4)
        statements = []
        for key in self.some_keys():
            self.sort = key
            statements.append(self.statement(self.select_one if reads else self.write))
        if self.faults and self.chance(.6):
            statements[-1] = self.damage_statement(statements[-1])
        if self.faults and self.chance(.3):
            self.faults -= 1
            others = [{"Statement": ""}, self.statement(self.select_one), self.statement(self.select)]
            if reads or transaction: # Local refuses a batch that writes an item twice, and writes it
                others += [copy.deepcopy(statements[0]), self.statement(self.write)]
            statements.append(self.pick(others))
        document = {"TransactStatements" if transaction else "Statements": statements}
        self.common(document, write=False)
        self.add("ExecuteTransaction" if transaction else "BatchExecuteStatement", self.damage(document))
        self.read_back()

    def some_keys(self):
        """Sort keys of different items of the case's partition; one None in tables without."""
        kind = self.sort_type()
        sorts = self.sort_keys(kind) if kind else [None]
        return self.random.sample(sorts, min(len(sorts), self.pick([1, 1, 2, 3])))

    # --- a statement ---

    sort = None

    def statement(self, make=None):
        self.parameters = []
        text = (make or self.pick([self.select, self.select, self.select_one, self.write, self.write]))()
        return {"Statement": text, **({"Parameters": self.parameters} if self.parameters else {})}

    def write(self):
        return self.pick([self.insert, self.update, self.update, self.delete])()

    def value_text(self, value):
        """A value as a parameter, or as a literal where there is one."""
        kind, content = next(iter(value.items()))
        if (self.chance(.6) or kind in ("B", "BS", "SS", "NS", "L", "M") or "\0" in str(content) or
                kind == "N" and not re.fullmatch(r"-?[1-9]\d*|0", content)):
            self.parameters.append(value)
            return "?"
        if kind == "S":
            return "'%s'" % content.replace("'", "''")
        if kind == "N":
            return content
        return {"BOOL": "true" if content is True else "false"}.get(kind, "NULL")

    def name_text(self, path):
        head, dot, rest = path.partition(".")
        quoted = '"%s"' % head if self.chance(.2) and "[" not in head else head
        return quoted + dot + rest

    def from_table(self):
        return '"%s"' % self.table if self.chance(.5) else self.table

    def key_text(self, whole=True):
        """Conditions on the key attributes."""
        key = self.key(self.sort) if self.sort is not None else self.any_key()
        parts = []
        for name, value in key.items():
            if name == "s" and not whole:
                if self.chance(.5):
                    continue
                parts.append("s %s %s" % (self.pick(COMPARISONS), self.value_text(value)))
                continue
            parts.append("%s = %s" % (name, self.value_text(value)))
        return " AND ".join(parts)

    def filter_text(self):
        path = self.pick(PATHS)
        name = self.name_text(path)
        kinds = {"num": "N", "num2": "N", "str": "S", "str2": "S", "lst[0]": "N", "doc.x": "N", "ss": "SS", "ns": "NS"}
        kind = kinds.get(path) if self.chance(.8) else None
        like = lambda: self.value_text(self.values.value(kind))
        return self.pick([
            lambda: "%s %s %s" % (name, self.pick(COMPARISONS), like()),
            lambda: "%s %s %s" % (name, self.pick(COMPARISONS[:2]), like()),
            lambda: "%s BETWEEN %s AND %s" % (name, like(), like()),
            lambda: "%s IN [%s]" % (name, ", ".join(like() for _ in range(self.pick([1, 2, 3])))),
            lambda: "%s IS %sMISSING" % (name, self.pick(["", "NOT "])),
            lambda: "%s IS %sNULL" % (name, self.pick(["", "NOT "])),
            lambda: "begins_with(%s, %s)" % (name, self.value_text(self.values.value("S"))),
            lambda: "contains(%s, %s)" % (name, like()),
            lambda: "size(%s) > %d" % (name, self.random.randrange(4)),
            lambda: "attribute_type(%s, '%s')" % (name, self.pick(["S", "N", "SS", "M", "NULL"])),
            lambda: "NOT %s = %s" % (name, like()),
            lambda: "(%s OR %s)" % (self.filter_text(), self.filter_text())])()

    def projection_text(self):
        if self.chance(.6):
            return "*"
        return ", ".join(self.random.sample(["p", "num", "str", "lst", "doc", "ss", "nope", "flag"], self.pick([1, 2, 3])))

    def select(self):
        text = "SELECT %s FROM %s WHERE %s" % (self.projection_text(), self.from_table(),
                                               self.key_text(whole=self.chance(.3)))
        if self.chance(.4):
            text += " AND " + self.filter_text()
        if self.sort_type() and self.chance(.2):
            text += " ORDER BY s" + self.pick(["", " ASC", " DESC"])
        return text

    def select_one(self):
        return "SELECT %s FROM %s WHERE %s" % (self.projection_text(), self.from_table(), self.key_text())

    def insert(self):
        item = self.item(self.key(self.sort) if self.sort is not None else self.any_key())
        pairs = ["'%s': %s" % (name, self.value_text(value)) for name, value in item.items()]
        return "INSERT INTO %s VALUE {%s}" % (self.from_table(), ", ".join(pairs))

    def update(self):
        clauses = [self.assignment(target) for target in
                   self.random.sample(["num", "str", "doc.x", "lst[0]", "ss", "fresh", "flag"], self.pick([1, 1, 2, 3]))]
        if self.chance(.3):
            clauses.append("REMOVE " + self.pick(["num2", "str2", "doc.y", "lst[1]", "nope"]))
        text = "UPDATE %s %s WHERE %s" % (self.from_table(), " ".join(clauses), self.key_text())
        if self.chance(.3):
            text += " AND " + self.filter_text()
        if self.chance(.4):
            text += " RETURNING %s %s *" % (self.pick(["ALL", "MODIFIED"]), self.pick(["OLD", "NEW"]))
        return text

    def assignment(self, target):
        kinds = {"num": "N", "str": "S", "doc.x": "N", "lst[0]": "N", "ss": "SS", "flag": "BOOL"}
        value = self.value_text(self.values.value(kinds.get(target)))
        roll = self.random.random()
        if target == "num" and roll < .5:
            value = "num %s %d" % (self.pick("+-"), self.random.randrange(10))
        elif target == "ss" and roll < .5:
            value = "%s(ss, %s)" % (self.pick(["set_add", "set_delete"]), value)
        elif roll < .1:
            value = "if_not_exists(%s, %s)" % (target, value)
        return "SET %s = %s" % (target, value)

    def delete(self):
        text = "DELETE FROM %s WHERE %s" % (self.from_table(), self.key_text())
        if self.chance(.3):
            text += " AND " + self.filter_text()
        if self.chance(.3):
            text += " RETURNING ALL OLD *"
        return text

    def damage_statement(self, statement):
        """A fault in what is asked for; in the text itself, each implementation has words of its own."""
        if not self.faults or self.chance(.4):
            return statement
        self.faults -= 1
        text = statement["Statement"]
        changed = dict(statement)
        faults = [
            lambda: changed.update(Statement=text.replace(self.table, "Nope")),
            lambda: changed.update(Parameters=statement.get("Parameters", []) + [{"S": "a"}]),
            lambda: changed.update(Parameters=statement.get("Parameters", [])[1:]),
            lambda: changed.update(Parameters=[self.values.bad_value()]),
            lambda: changed.update(Statement="x" * 8193)]
        if not text.startswith("SELECT"): # which would read the items of all cases
            faults += [
                lambda: changed.update(Statement=text.replace("p = ", "num = ")),
                lambda: changed.update(Statement=text.replace(" WHERE ", " WHERE nope = 1 OR ")),
                lambda: changed.update(Statement=text.partition(" WHERE ")[0])]
        self.pick(faults)()
        return changed
