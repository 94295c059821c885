"""Random expressions of every kind, with the names and values they use."""

from values import PATHS, TYPES

RESERVED = ["name", "Status", "COUNT", "size", "values", "year", "list"]
COMPARISONS = ["=", "<>", "<", "<=", ">", ">="]
TOKENS = ["(", ")", ",", "=", "AND", "OR", "NOT", "BETWEEN", "IN", ":v", "#n", "num", ".", "[", "]", "[0]", "+", "-",
          "SET", "REMOVE", "ADD", "DELETE", "size", "contains", "if_not_exists(", "1", "'a'", "<>", "<", "$", "#", ":",
          "&", "set"]


class Expressions:
    """The expressions of one request, or of one part of it that has its own names and values."""

    def __init__(self, values, paths=None):
        self.values = values
        self.random = values.random
        self.chance, self.pick = values.chance, values.pick
        self.names, self.value_map = {}, {}
        self.paths = paths or PATHS

    # --- the pieces ---

    def name(self, text):
        """A name as it is, or behind a placeholder."""
        if self.chance(.7):
            return text
        alias = "#" + self.pick(["n", "a", "Z_9", "0"]) + str(len(self.names))
        self.names[alias] = text
        return alias

    def path(self, text=None):
        if text is None:
            text = self.pick(self.paths[:12]) if self.chance(.6) else self.pick(self.paths)
        parts = text.split(".")
        out = []
        for part in parts:
            head, bracket, rest = part.partition("[")
            out.append(self.name(head) + bracket + rest)
        return ".".join(out)

    def value(self, kind=None, value=None):
        """A placeholder for a value."""
        if self.value_map and kind is None and value is None and self.chance(.1):
            return self.pick(sorted(self.value_map))
        alias = ":" + self.pick(["v", "a", "Z_9", "0"]) + str(len(self.value_map))
        self.value_map[alias] = value or self.values.value(kind)
        return alias

    def space(self, text):
        """Blanks where they may be, now and then."""
        if self.chance(.95):
            return text
        return text.replace(" ", self.pick(["  ", "\n", "\t"])).replace(".", " . ").replace(",", " , ")

    # --- conditions ---

    def condition(self, depth=0):
        roll = self.random.random()
        if depth < 3 and roll < .12:
            return self.condition(depth + 1) + " AND " + self.condition(depth + 1)
        if depth < 3 and roll < .22:
            return self.condition(depth + 1) + " OR " + self.condition(depth + 1)
        if depth < 3 and roll < .30:
            return "NOT " + self.predicate()
        if depth < 3 and roll < .38:
            return ("NOT (" if self.chance(.3) else "(") + self.condition(depth + 1) + ")"
        return self.space(self.predicate())

    def predicate(self):
        path = self.pick(self.paths)
        return self.pick([self._comparison, self._comparison, self._comparison, self._between, self._in,
                          self._exists, self._begins_with, self._contains, self._type, self._size])(path)

    def like(self, path):
        """A value of the type that the path has as a rule."""
        kinds = {"num": "N", "num2": "N", "str": "S", "str2": "S", "bin": "B", "ss": "SS", "ns": "NS", "bs": "BS",
                 "lst": "L", "doc": "M", "flag": "BOOL", "nil": "NULL", "lst[0]": "N", "doc.x": "N", "doc.y": "S",
                 "doc.z.w[0]": "N", "lst[2].x": "N", "lst[2].y": "S"}
        return self.value(kinds.get(path) if self.chance(.8) else None)

    def _comparison(self, path):
        left = self.path(path)
        right = self.like(path) if self.chance(.7) else self.path()
        if self.chance(.1):
            left, right = right, left
        if self.chance(.05):
            right = "(" + right + ")"
        return "%s %s %s" % (left, self.pick(COMPARISONS), right)

    def _between(self, path):
        kind = self.pick(["N", "S", "B"])
        low, high = self.value(kind), self.value(kind)
        if self.chance(.2):
            low = self.path()
        return "%s BETWEEN %s AND %s" % (self.path(path), low, high)

    def _in(self, path):
        options = [self.like(path) if self.chance(.8) else self.path() for _ in range(self.random.randrange(1, 5))]
        return "%s IN (%s)" % (self.path(path), ", ".join(options))

    def _exists(self, path):
        return "%s(%s)" % (self.pick(["attribute_exists", "attribute_not_exists"]), self.path(path))

    def _begins_with(self, path):
        path = self.pick(["str", "str2", "bin", "doc.y", path])
        return "begins_with(%s, %s)" % (self.path(path), self.value(self.pick(["S", "S", "B"])))

    def _contains(self, path):
        return "contains(%s, %s)" % (self.path(path), self.value() if self.chance(.8) else self.path())

    def _type(self, path):
        return "attribute_type(%s, %s)" % (self.path(path), self.value(value={"S": self.pick(TYPES)}))

    def _size(self, path):
        return "size(%s) %s %s" % (self.path(path), self.pick(COMPARISONS),
                                   self.value(value={"N": str(self.random.randrange(6))}))

    # --- updates ---

    def update(self):
        """One to four sections; targets mostly apart from each other."""
        targets = self.pick([["num", "str", "doc.x", "lst[0]", "ns"], ["num2", "lst[1]", "ss", "doc.z.w[0]", "bs"],
                             ["new", "num", "ns", "lst[2].x", "doc.y"], ["doc", "lst", "ss", "num", "nope"],
                             [self.pick(self.paths) for _ in range(5)]])
        targets = self.random.sample(targets, len(targets))
        sections = self.random.sample(["SET", "REMOVE", "ADD", "DELETE"], self.pick([1, 1, 1, 2, 3]))
        out = []
        for section in sections:
            clauses = [getattr(self, "_" + section.lower())(targets.pop())
                       for _ in range(self.pick([1, 1, 2])) if targets]
            if clauses:
                out.append(section + " " + ", ".join(clauses))
        return self.space(" ".join(out))

    def _set(self, target):
        return "%s = %s" % (self.path(target), self._operation(target))

    def _operation(self, target):
        roll = self.random.random()
        if roll < .4:
            return self.like(target)
        if roll < .65:
            return "%s %s %s" % (self._operand(), self.pick("+-"), self._operand())
        if roll < .8:
            return "list_append(%s, %s)" % (self._list(), self._list())
        return self._operand()

    def _operand(self):
        roll = self.random.random()
        if roll < .4:
            return self.value("N")
        if roll < .75:
            return self.path(self.pick(["num", "num2", "doc.x", "lst[0]", "nope", "str"]))
        return "if_not_exists(%s, %s)" % (self.path(), self.value("N") if self.chance(.8) else self._operand())

    def _list(self):
        return self.value("L") if self.chance(.5) else self.path(self.pick(["lst", "doc.z.w", "lst", "nope", "num"]))

    def _remove(self, target):
        return self.path(target)

    def _add(self, target):
        return "%s %s" % (self.path(target), self.like(target) if self.chance(.7) else
                          self.value(self.pick(["N", "SS", "NS", "BS"])))

    def _delete(self, target):
        target = self.pick(["ss", "ns", "bs", target])
        return "%s %s" % (self.path(target), self.like(target))

    # --- projections ---

    def projection(self):
        paths = self.random.sample(self.paths, self.random.randrange(1, 4))
        return self.space(", ".join(map(self.path, paths)))

    # --- faults ---

    def faulty(self, text):
        """The text with a fault, or names and values with one."""
        return self.pick([self._token_fault, self._token_fault, self._token_fault, self._map_fault,
                          self._function_fault, self._size_fault])(text)

    def _token_fault(self, text):
        tokens = text.replace("(", " ( ").replace(")", " ) ").replace(",", " , ").split(" ")
        tokens = [token for token in tokens if token]
        at = self.random.randrange(len(tokens)) if tokens else 0
        kind = self.random.randrange(4)
        if kind == 0 and tokens:
            del tokens[at]
        elif kind == 1:
            tokens.insert(at, self.pick(TOKENS))
        elif kind == 2 and tokens:
            tokens[at] = self.pick(TOKENS)
        elif tokens:
            tokens.insert(at, tokens[at])
        return " ".join(tokens)

    def _map_fault(self, text):
        kind = self.random.randrange(8)
        if kind == 0:
            self.names["#unused"] = "a"
        elif kind == 1:
            self.value_map[":unused"] = {"S": "a"}
        elif kind == 2 and self.names:
            del self.names[self.pick(sorted(self.names))]
        elif kind == 3 and self.value_map:
            del self.value_map[self.pick(sorted(self.value_map))]
        elif kind == 4:
            self.names[self.pick(["n", "#", "#a-b", "#a b", "", ":n", "##", "#\u00e9"])] = "a"
        elif kind == 5:
            self.value_map[self.pick(["v", ":", ":a-b", ":a b", "", "#v", "::", ":\u00e9"])] = {"S": "a"}
        elif kind == 6 and self.value_map:
            self.value_map[self.pick(sorted(self.value_map))] = self.values.bad_value()
        elif self.names:
            self.names[self.pick(sorted(self.names))] = self.pick(["", 5, None, "x" * 300, [], {}])
        return text

    def _function_fault(self, text):
        function = self.pick(["attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains",
                              "size", "if_not_exists", "list_append", "foo", "Size", "ATTRIBUTE_EXISTS"])
        operands = ", ".join(self.path() if self.chance(.5) else self.value()
                             for _ in range(self.random.randrange(4)))
        call = "%s(%s)" % (function, operands)
        return self.pick([call, text + " AND " + call, call + " = " + self.value(), "SET num = " + call,
                          "SET num = %s + %s" % (call, self.value("N"))])

    def _size_fault(self, text):
        return self.pick([
            lambda: "", lambda: " ", lambda: "(%s)" % text, lambda: "((%s))" % text,
            lambda: self.pick(RESERVED) + " = " + self.value(), lambda: "SET %s = %s" % (
                self.pick(RESERVED), self.value()),
            lambda: text + " AND doc.%s = %s" % (self.pick(RESERVED), self.value()),
            lambda: " AND ".join(["num = :n"] * self.pick([150, 290, 310])),
            lambda: text + " " * self.pick([4096, 5000]), lambda: self.pick(["num", "lst[0]", "doc.x"]) + ", " + text,
            lambda: text + ", " + self.pick(["num", "doc", "doc.x.y", "doc[0]", "lst[0]"])])()

    def parameters(self):
        """Names and values as members of a request; absent if there is none."""
        out = {}
        if self.names:
            out["ExpressionAttributeNames"] = self.names
        if self.value_map:
            out["ExpressionAttributeValues"] = self.value_map
        return out
