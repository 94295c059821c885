"""Random attribute values, good and bad, and the names they have in an item."""

import base64

NUMBERS = ["0", "1", "2", "3", "-1", "10", "42", "0.1", "-0", "5", "007", "1e3", "1E-3", "1.50", "100", "-2.5",
           "+5", ".5", "5.", "1e+2", "0e99", "00.00", "9.9999999999999999999999999999999999999E+125", "1E-130",
           "-1E-130", "-9.9999999999999999999999999999999999999E125",
           "12345678901234567890123456789012345678", "0.12345678901234567890123456789012345678",
           "1234567890123456789.0123456789012345678", "99999999999999999999999999999999999999",
           "1000000000000000000000000000000000000000000", "0.000000000000000000000000000000000000000000001"]
BAD_NUMBERS = ["", " ", "a", "1e", "e1", "+", "-", ".", "1.2.3", "1 ", " 1", "0x1", "NaN", "Infinity", "--1", "1e+",
               "1,5", "1e1.5", "1_0", "\u0661", "1E126", "1E-131", "-1E126", "10E125", "0.1E-130", "1e999999999999",
               "1e-999999999999", "123456789012345678901234567890123456789",
               "1.00000000000000000000000000000000000001", "100000000000000000000000000000000000001"]
STRINGS = ["", "a", "b", "ab", "abc", "A", " ", "a b", "\u00e9", "e\u0301", "\u4e2d\u6587", "\U0001f600", "\ufffd",
           "\0", "\n", "\"", "\\", "a\0b", "x" * 50, "true", "1", "null"]
BINARIES = [b"", b"\0", b"a", b"ab", b"abc", b"\xff", b"\xff\xfe", bytes(range(16))]
BAD_BASE64 = ["a", "ab", "abc", "====", "YQ=", "YR==", "Y Q=", "YQ==YQ==", "Y!==", "YWJj\n"]

WRONG_NAMES = ["", "a", "ab", "a b", "Nope", "x" * 256, "\u00e9\u00e9\u00e9"]

# An item's attributes: of one type mostly, so that expressions meet what they are made for.
ATTRIBUTES = {"num": "N", "num2": "N", "str": "S", "str2": "S", "bin": "B", "flag": "BOOL", "nil": "NULL",
              "ss": "SS", "ns": "NS", "bs": "BS", "lst": "L", "doc": "M"}
TYPES = ["S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"]
PATHS = ["num", "num2", "str", "str2", "bin", "flag", "nil", "ss", "ns", "bs", "lst", "doc", "lst[0]", "lst[1]",
         "lst[2]", "lst[3]", "lst[9]", "lst[2].x", "lst[2].y", "lst[1][0]", "doc.x", "doc.y", "doc.z", "doc.z.w",
         "doc.z.w[0]", "doc.z.w[1]", "doc.nope", "doc.nope.deep", "nope", "nope.x", "nope[0]", "num.x", "str[0]",
         "ss[0]"]


def encode(data):
    return base64.b64encode(data).decode()


class Values:
    """Random values from one source of chance."""

    def __init__(self, random):
        self.random = random

    def chance(self, share):
        return self.random.random() < share

    def pick(self, options):
        return self.random.choice(options)

    def number(self):
        if self.chance(.6):
            return self.pick(NUMBERS[:12])
        if self.chance(.5):
            return self.pick(NUMBERS)
        digits = "".join(self.pick("0123456789") for _ in range(self.pick([1, 3, 10, 37, 38])))
        text = digits
        if self.chance(.3):
            at = self.random.randrange(len(digits) + 1)
            text = (digits[:at] or "0") + "." + (digits[at:] or "0")
        if self.chance(.2):
            text += self.pick("eE") + str(self.pick([-90, -5, -1, 0, 1, 5, 60]))
        return ("-" if self.chance(.3) else "") + text

    def string(self):
        return self.pick(STRINGS) if self.chance(.8) else "".join(
            self.pick("ab1~\u00ff\u0100\U0001f600") for _ in range(self.random.randrange(12)))

    def set_of(self, kind, make, same):
        members, seen = [], set()
        for _ in range(self.random.randrange(1, 5)):
            member = make()
            if same(member) not in seen:
                seen.add(same(member))
                members.append(member)
        return {kind: members}

    def value(self, kind=None, depth=0):
        """A value that the service takes."""
        if kind is None:
            kind = self.random.choices(TYPES, [6, 6, 2, 1, 1, 1, 1, 1, 2 - depth / 2, 2 - depth / 2])[0]
        if kind == "S":
            return {"S": self.string()}
        if kind == "N":
            return {"N": self.number()}
        if kind == "B":
            return {"B": encode(self.pick(BINARIES))}
        if kind == "BOOL":
            return {"BOOL": self.chance(.5)}
        if kind == "NULL":
            return {"NULL": True}
        if kind == "SS":
            return self.set_of("SS", self.string, str)
        if kind == "NS": # plain small numbers: equal ones in two spellings are a fault of its own
            return self.set_of("NS", lambda: str(self.random.randrange(-3, 12)), int)
        if kind == "BS":
            return self.set_of("BS", lambda: encode(self.pick(BINARIES)), str)
        if kind == "L":
            return {"L": [self.value(depth=depth + 1) for _ in range(self.random.randrange(4))]}
        return {"M": {self.pick(["x", "y", "z", "w", "a b", "\u00e9"]): self.value(depth=depth + 1)
                      for _ in range(self.random.randrange(4))}}

    def bad_value(self):
        """A value that has a fault."""
        return self.pick([
            lambda: {}, lambda: {"X": "1"}, lambda: {"S": "a", "N": "1"}, lambda: {"N": self.pick(BAD_NUMBERS)},
            lambda: {"N": self.pick(BAD_NUMBERS)}, lambda: {"NULL": False}, lambda: {"SS": []},
            lambda: {"NS": []}, lambda: {"BS": []}, lambda: {"SS": ["a", "b", "a"]}, lambda: {"NS": ["1", "1.0"]},
            lambda: {"NS": ["1", self.pick(BAD_NUMBERS)]}, lambda: {"BS": ["YQ==", "YQ=="]},
            lambda: {"B": self.pick(BAD_BASE64)}, lambda: {"BS": [self.pick(BAD_BASE64)]},
            lambda: {"L": [self.value(), self.bad_value()]}, lambda: {"M": {"x": self.bad_value()}},
            lambda: {self.pick(TYPES): self.any_json()}, lambda: {self.pick(TYPES): self.any_json()},
            lambda: self.any_json(), lambda: self.deep(self.pick([30, 31, 32, 33, 40]))])()

    def deep(self, levels):
        value = {"S": "a"}
        for _ in range(levels):
            value = {"L": [value]} if self.chance(.5) else {"M": {"x": value}}
        return value

    def any_json(self):
        return self.pick([5, 0, 1.5, -1, True, False, None, "", "a", "true", [], {}, [1], ["a"], [None], [[]], [{}],
                          {"S": "a"}, {"a": "b"}, [{"S": "a"}], {"a": {"S": "b"}}])

    def item(self):
        """The attributes of an item, keys apart."""
        item = {}
        for name, kind in ATTRIBUTES.items():
            if self.chance(.7):
                item[name] = self.attribute(name, kind)
        return item

    def attribute(self, name, kind):
        if self.chance(.1):
            return self.value()
        if name == "lst":
            return {"L": [self.value("N"), self.value("L") if self.chance(.5) else self.value("S"),
                          {"M": {"x": self.value("N"), "y": self.value("S")}}, self.value()]}
        if name == "doc":
            return {"M": {"x": self.value("N"), "y": self.value("S"),
                          "z": {"M": {"w": {"L": [self.value("N"), self.value("S")]}}}}}
        return self.value(kind)
