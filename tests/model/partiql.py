"""Steps of the model test in PartiQL: statements must say what the items of the model say."""

from lib import api
from values import key_of, normal


class Statement:
    """A statement that is being written: values become literals or parameters."""

    def __init__(self, random):
        self.random, self.text, self.parameters = random, "", []

    def add(self, text, *values):
        """Text with a % for each value."""
        parts = text.split("%")
        assert len(parts) == len(values) + 1, text
        for part, value in zip(parts, values + (None,)):
            self.text += part
            if value is not None:
                self.text += self.literal(value)
        return self

    def literal(self, value):
        (kind, content), = value.items()
        if kind == "S" and len(content) < 100 and self.random.random() < .5:
            return "'%s'" % content.replace("'", "''")
        if kind == "N" and self.random.random() < .5:
            return content
        self.parameters.append(value)
        return "?"

    def request(self):
        return dict({"Statement": self.text}, **({"Parameters": self.parameters} if self.parameters else {}))


class Steps:
    """For class Run, whose tables, server and random values these steps use."""

    def rows(self, statement, **more):
        """The items of all pages, if they end."""
        request, found, count = dict(statement.request(), **more), [], 0
        while True:
            page = self.client.call("ExecuteStatement", **request)
            found += page["Items"]
            count += 1
            assert count < 2000, "%s: the pages do not end" % request
            assert len(page["Items"]) <= request.get("Limit", 10 ** 9), "%s: a page too long" % request
            if "NextToken" not in page:
                return found
            request["NextToken"] = page["NextToken"]

    def limit(self):
        return {"Limit": self.random.randrange(1, 6)} if self.random.random() < .6 else {}

    def where_one_of(self, statement, name, values):
        """One of the values; of several, by IN or by OR."""
        r = self.random
        if len(values) == 1:
            return statement.add(r.choice([name + " = %", "(" + name + " = %)", "% = " + name]), *values)
        if r.random() < .5:
            opening, closing = r.choice(["[]", "()"])
            holes = ", ".join("%" for _ in values)
            return statement.add("%s IN %s" % (name, opening) + holes + closing, *values)
        return statement.add("(" + " OR ".join([name + " = %"] * len(values)) + ")", *values)

    def where_sorted(self, statement, name, kind):
        """A condition on a sort key: what it means."""
        low, high = sorted((self.pick(kind), self.pick(kind)), key=key_of)
        a, b = key_of(low), key_of(high)
        kinds = [(name + " = %", [low], lambda k: k == a), (name + " < %", [high], lambda k: k < b),
                 ("% < " + name, [low], lambda k: k > a), (name + " >= %", [low], lambda k: k >= a),
                 (name + " BETWEEN % AND %", [low, high], lambda k: a <= k <= b),
                 (name + " >= % AND " + name + " < %", [low, high], lambda k: a <= k < b),
                 (name + " IN [%, %]", [high, low], lambda k: k in (a, b)),
                 (name + " <> %", [low], lambda k: k != a)]
        if kind != "N":
            kinds.append(("begins_with(" + name + ", %)", [low], lambda k: k.startswith(a)))
        text, values, meaning = self.random.choice(kinds)
        statement.add(text, *values)
        return meaning

    def where_filter(self, statement):
        """A condition on what is no key, perhaps none: what it means."""
        n = lambda item: int(item.get("n", {"N": "-1"})["N"])
        kinds = [("", lambda item: True), ("n >= 40", lambda item: n(item) >= 40),
                 ("NOT n < 40", lambda item: not 0 <= n(item) < 40),
                 ("n <> 40", lambda item: n(item) not in (-1, 40)),
                 ("n IS MISSING", lambda item: "n" not in item),
                 ("(v IS NOT MISSING OR size(v) > 5 OR n = 1)", lambda item: "v" in item or n(item) == 1)]
        text, meaning = self.random.choice(kinds)
        if text:
            statement.add((" AND " if "WHERE" in statement.text else " WHERE ") + text)
        return meaning

    def step_statement_select(self):
        table, r = self.table(), self.random
        hashes, order, meaning = r.sample(self.pools[table.hash_type][:5], r.choice([1, 1, 2, 3])), "", None
        hashes = list({key_of(value): value for value in hashes}.values())
        statement = Statement(r).add("SELECT * FROM %s WHERE " % table.name)
        self.where_one_of(statement, "p", hashes)
        if table.range_type and r.random() < .7:
            statement.add(" AND ")
            meaning = self.where_sorted(statement, "s", table.range_type)
        filtered = self.where_filter(statement)
        backward = r.random() < .5
        if table.range_type and r.random() < .6:
            order = r.choice(["s", "p, s"])
            if len(hashes) > 1 or backward:
                statement.add(" ORDER BY " + order + (" DESC" if backward else ""))
        backward = backward and order != ""
        wanted = {key_of(value): [item for item in table.partition(value, meaning, backward) if filtered(item)]
                  for value in hashes}
        found = self.rows(statement, **self.limit())
        shown = "%s %s" % (statement.text, statement.parameters)
        if len(hashes) == 1:
            self.expect(found, list(wanted.values())[0], shown)
            return
        for value in hashes: # whatever the order of partitions is, each keeps its own
            self.expect([item for item in found if key_of(item["p"]) == key_of(value)],
                        wanted[key_of(value)], shown)
        if order == "s":
            keys = [key_of(item["s"]) for item in found]
            assert keys == sorted(keys, reverse=backward), shown
        if order == "p, s":
            keys = [key_of(item["p"]) for item in found]
            assert keys == sorted(keys), shown

    def step_statement_scan(self):
        table = self.table()
        statement = Statement(self.random).add("SELECT * FROM \"%s\"" % table.name)
        filtered = self.where_filter(statement)
        limit = {"Limit": self.random.randrange(3, 30)} if self.random.random() < .3 else {}
        self.same_rows(self.rows(statement, **limit), filter(filtered, table.items.values()), statement)

    def step_statement_index(self):
        table, r = self.table(), self.random
        index = r.choice(table.indexes)
        like = r.choice(list(table.items.values()) or [{}]) # often finds something
        statement = Statement(r).add("SELECT * FROM \"%s\".\"%s\" WHERE " % (table.name, index.name))
        value = {name: like.get(name) or ({"N": "1"} if name == "n" else self.index_value(table, name))
                 for name in index.hashes}
        for i, name in enumerate(index.hashes):
            self.where_one_of(statement.add(" AND " if i else ""), name, [value[name]])
        meaning, backward = lambda k: True, False
        if index.ranges and r.random() < .7:
            statement.add(" AND ")
            kind = list(like.get(index.ranges[0], {"N": 1} if index.ranges[0] == "n" else
                                 self.index_value(table, index.ranges[0])))[0]
            meaning = self.where_sorted(statement, index.ranges[0], kind)
        if index.ranges and r.random() < .5:
            backward = True
            statement.add(" ORDER BY " + index.ranges[0] + " DESC")
        wanted = table.entries(index, lambda item: (
            all(key_of(item[name]) == key_of(value[name]) for name in index.hashes) and
            (not index.ranges or meaning(key_of(item[index.ranges[0]])))), backward)
        self.expect(self.rows(statement, **self.limit()), [index.projected(item) for item in wanted],
                    "%s %s" % (statement.text, statement.parameters))

    def same_rows(self, found, wanted, statement):
        self.expect(sorted(map(str, map(normal, found))), sorted(map(str, map(normal, wanted))),
                    "%s %s" % (statement.text, statement.parameters))

    # --- writes ---

    def key_equals(self, statement, table, key):
        statement.add("p = %", key["p"])
        if table.range_type:
            statement.add(" AND s = %", key["s"])
        return statement

    def insert(self, table):
        item = self.item(table)
        statement = Statement(self.random).add("INSERT INTO %s VALUE {" % table.name)
        for i, (name, value) in enumerate(item.items()):
            statement.add((", " if i else "") + "'%s': " % name).add("%", value)
        statement.add("}")
        identity = table.identity(item)
        error = "DuplicateItem" if identity in table.items else None
        return statement, table, identity, item, error, []

    def update(self, table):
        key, changed = self.key(table), self.random.choice("ghi")
        old, value = table.items.get(table.identity(key)), self.index_value(table, changed)
        statement = Statement(self.random).add("UPDATE %s SET n = if_not_exists(n, 0) + 7, %s = " %
                                               (table.name, changed)).add("%", value)
        self.key_equals(statement.add(" REMOVE v WHERE "), table, key)
        guarded = self.random.random() < .3
        if guarded:
            statement.add(" AND n < 50")
        statement.add(" RETURNING ALL NEW *")
        fails = old is None or (guarded and not int(old.get("n", {"N": "99"})["N"]) < 50)
        new = dict(old or key, n={"N": str(int((old or {}).get("n", {"N": "0"})["N"]) + 7)})
        new[changed] = value
        new.pop("v", None)
        return (statement, table, table.identity(key), new,
                "ConditionalCheckFailed" if fails else None, [new])

    def delete(self, table):
        key = self.key(table)
        old = table.items.get(table.identity(key))
        statement = Statement(self.random).add("DELETE FROM %s WHERE " % table.name)
        self.key_equals(statement, table, key).add(" RETURNING ALL OLD *")
        return statement, table, table.identity(key), None, None, [old] if old else []

    def write(self):
        return self.random.choice([self.insert, self.update, self.delete])(self.table())

    @staticmethod
    def apply(table, identity, item):
        if item is None:
            table.items.pop(identity, None)
        else:
            table.items[identity] = item

    def step_statement_write(self):
        statement, table, identity, item, error, rows = self.write()
        try:
            reply = self.client.call("ExecuteStatement", **statement.request())
            assert error is None, "%s: no %s" % (statement.text, error)
        except api.ApiError as failed:
            assert error is not None and failed.name == error + "Exception", "%s: %s" % (statement.text, failed)
            return
        self.expect(reply["Items"], rows, statement.text)
        self.apply(table, identity, item)

    def several(self, most):
        writes = {}
        for _ in range(self.random.randrange(1, most + 1)):
            write = self.write()
            writes.setdefault((write[1].name, write[2]), write)
        return list(writes.values())

    def step_statement_batch(self):
        writes = self.several(25)
        replies = self.client.call("BatchExecuteStatement", Statements=[
            write[0].request() for write in writes])["Responses"]
        self.expect(len(replies), len(writes), "the number of responses")
        for (statement, table, identity, item, error, rows), reply in zip(writes, replies):
            self.expect(reply.get("Error", {}).get("Code"), error, statement.text)
            if error is None:
                self.expect([reply["Item"]] if "Item" in reply else [], rows, statement.text)
                self.apply(table, identity, item)

    def step_statement_transaction(self):
        writes = self.several(8)
        for write in writes:
            write[0].text = write[0].text.split(" RETURNING")[0]
        errors = [write[4] or "None" for write in writes]
        try:
            self.client.call("ExecuteTransaction",
                             TransactStatements=[write[0].request() for write in writes])
            assert set(errors) == {"None"}, errors
        except api.ApiError as failed:
            assert failed.name == "TransactionCanceledException", failed
            assert failed.document["Message"].endswith("[%s]" % ", ".join(errors)), "%s, expected %s" % (failed, errors)
            return
        for _, table, identity, item, _, _ in writes:
            self.apply(table, identity, item)

    def step_statement_gets(self):
        table = self.table()
        keys = list({table.identity(key): key for key in (self.key(table) for _ in range(20))}.values())
        statements = [self.key_equals(Statement(self.random).add("SELECT * FROM %s WHERE " % table.name), table,
                                      key).request() for key in keys]
        wanted = [table.items.get(table.identity(key)) for key in keys]
        for operation, member in (("BatchExecuteStatement", "Statements"),
                                  ("ExecuteTransaction", "TransactStatements")):
            replies = self.client.call(operation, **{member: statements})["Responses"]
            self.expect([reply.get("Item") for reply in replies], wanted, operation)
