"""Reads test scripts: text in, tests with steps out. README.md describes the language."""

import re
import time


class ScriptError(Exception):
    """The script itself is wrong."""


class Step:
    """One directive: its word, its text (continuation lines joined), and the line it is on. Steps that
    send something carry what belongs to them: `with` lines, expectations, rows."""

    def __init__(self, word, text, line):
        self.word = word
        self.text = text
        self.line = line
        self.withs = []
        self.expects = []  # reply, header, save, close
        self.rows = []
        self.times = None  # (first, last): once for each number, all of them one test


class Test:
    def __init__(self, title, path, line):
        self.title = title
        self.path = path
        self.line = line
        self.source = None
        self.steps = []

    def where(self, line=None):
        return "%s:%d" % (self.path, line or self.line)


class Script:
    def __init__(self, path):
        self.path = path
        self.variables = {}
        self.server_options = []
        self.needs_disk = False
        self.needs_buckets = False
        self.tests = []


SENDS = ("call", "await", "pages", "raw")
ALONE = ("table", "name", "items", "restart", "tick", "wait", "bucket", "object")
EXPECTS = ("reply", "header", "save", "close")


def load(path, shown_path):
    """A script file. Raises ScriptError."""
    script = Script(shown_path)
    test = None
    sending = None
    for word, text, line in _directives(path, shown_path):
        at = "%s:%d: " % (shown_path, line)
        if word == "let":
            match = re.fullmatch(r'(\w+)\s+"(.*)"', text, re.S)
            if not match:
                raise ScriptError(at + 'let NAME "text"')
            script.variables[match[1]] = match[2]
        elif word == "server":
            script.server_options = text.split()
        elif word == "test":
            test = Test(_quoted(text, at), shown_path, line)
            script.tests.append(test)
            sending = None
        elif test is None:
            raise ScriptError(at + word + " before the first test")
        elif word == "source":
            test.source = _quoted(text, at)
        elif word in SENDS:
            sending = Step(word, text, line)
            test.steps.append(sending)
        elif word in ALONE:
            sending = None
            script.needs_disk = script.needs_disk or word == "restart"
            script.needs_buckets = script.needs_buckets or word == "bucket"
            test.steps.append(Step(word, text, line))
        elif word == "with" and sending:
            sending.withs.append(text)
        elif word in EXPECTS and sending:
            sending.expects.append(Step(word, text, line))
        elif word == "times" and sending:
            sending.times = tuple(int(number) for number in text.split())
        elif word == "row" and sending:
            sending.rows.append((line, [cell.strip() for cell in re.split(r"(?<=\s)\|(?=\s|$)", " " + text)]))
        else:
            raise ScriptError(at + "unexpected '%s'" % word)
    for each in script.tests:
        if not each.source:
            raise ScriptError(each.where() + ": no source")
    return script


def _directives(path, shown_path):
    """(word, text, line) of each directive; indented lines continue it."""
    word, text, start = None, [], 0
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if not line.strip() or line.startswith("#"):
                continue
            if line[0].isspace():
                if word is None:
                    raise ScriptError("%s:%d: continues nothing" % (shown_path, number))
                text.append(line.strip())
                continue
            if word:
                yield word, "\n".join(text), start
            word, _, rest = line.partition(" ")
            text, start = [rest.strip()], number
    if word:
        yield word, "\n".join(text), start


def _quoted(text, at):
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        raise ScriptError(at + "wants a text in quotes")
    return text[1:-1]


# --- substitution -----------------------------------------------------------------------------------


def expand(text, variables):
    """Replaces $name, ${name}, $1 and $(function ...) in a text; $$ is a dollar."""
    out = []
    at = 0
    while True:
        dollar = text.find("$", at)
        if dollar < 0:
            out.append(text[at:])
            return "".join(out)
        out.append(text[at:dollar])
        at = dollar + 1
        if text.startswith("$", at):
            out.append("$")
            at += 1
        elif text.startswith("(", at):
            end = _closing(text, at)
            out.append(_function(text[at + 1:end], variables))
            at = end + 1
        else:
            match = re.compile(r"\{(\w+)\}|(\d|[A-Za-z_]\w*)").match(text, at)
            if not match or (match[1] or match[2]) not in variables:
                raise ScriptError("no such variable: " + text[dollar:dollar + 20])
            out.append(expand(variables[match[1] or match[2]], variables))
            at = match.end()


def _closing(text, at):
    depth = 0
    for i in range(at, len(text)):
        depth += {"(": 1, ")": -1}.get(text[i], 0)
        if depth == 0:
            return i
    raise ScriptError("'$(' without ')': " + text[at:at + 40])


def _function(text, variables):
    """repeat TEXT COUNT: the text so many times.
    each NAME FROM TO TEXT: the text once for each number, with $NAME replaced, joined by commas.
    now NUMBER: so many seconds from now, or before it, in seconds since 1970."""
    word, _, rest = text.partition(" ")
    if word == "repeat":
        body, _, count = rest.rpartition(" ")
        return expand(body, variables) * int(expand(count, variables))
    if word == "each":
        name, first, last, body = rest.split(" ", 3)
        return ", ".join(expand(body, dict(variables, **{name: str(i)}))
                         for i in range(int(first), int(last) + 1))
    if word == "now":
        return str(int(time.time()) + int(rest))
    raise ScriptError("no such function: " + word)
