"""Compares a reply with what a script expects of it.

Expected JSON is JSON with wildcards outside of strings:
    *                 any value              /regex/          a string or number that matches whole
    {"a": 1, ...}     more members allowed   unordered [...]  elements in any order
Numbers compare as numbers; members of an SS, NS or BS in any order, because sets have none.
"""

import decimal
import json
import re


class PatternError(Exception):
    """The expectation is not well formed."""


ANY = object()
MORE = object()


class Regex:
    def __init__(self, text):
        self.text = text
        self.compiled = re.compile(text, re.S)


class Unordered(list):
    """A list whose order does not matter."""


def parse_json(text):
    """Numbers as Decimal, so that nothing is rounded."""
    return json.loads(text, parse_float=decimal.Decimal, parse_int=decimal.Decimal)


def parse_pattern(text):
    value, at = _value(text, _space(text, 0))
    at = _space(text, at)
    if at != len(text):
        raise PatternError("more text behind the value: " + text[at:at + 40])
    return value


def differences(expected, actual, path="reply"):
    """What differs, one line each; empty when it matches."""
    if expected is ANY:
        return []
    if isinstance(expected, Regex):
        shown = actual if isinstance(actual, str) else None if isinstance(actual, bool) else (
            str(actual) if isinstance(actual, decimal.Decimal) else None)
        if shown is not None and expected.compiled.fullmatch(shown):
            return []
        return ["%s: expected /%s/, got %s" % (path, expected.text, show(actual))]
    if isinstance(expected, dict) and isinstance(actual, dict):
        return _object_differences(expected, actual, path)
    if isinstance(expected, list) and isinstance(actual, list):
        return _list_differences(expected, actual, path)
    if type(expected) is type(actual) and expected == actual:
        return []
    return ["%s: expected %s, got %s" % (path, show(expected), show(actual))]


def _object_differences(expected, actual, path):
    found = []
    for name in expected:
        if name is MORE:
            continue
        if name not in actual:
            found.append("%s.%s: expected %s, got nothing" % (path, name, show(expected[name])))
        elif name in ("SS", "NS", "BS") and isinstance(expected[name], list):
            found += differences(Unordered(expected[name]), actual[name], path + "." + name)
        else:
            found += differences(expected[name], actual[name], path + "." + name)
    if MORE not in expected:
        for name in actual:
            if name not in expected:
                found.append("%s.%s: expected nothing, got %s" % (path, name, show(actual[name])))
    return found


def _list_differences(expected, actual, path):
    if len(expected) != len(actual):
        return ["%s: expected %d elements %s, got %d: %s" %
                (path, len(expected), show(expected), len(actual), show(actual))]
    if not isinstance(expected, Unordered):
        found = []
        for i, (left, right) in enumerate(zip(expected, actual)):
            found += differences(left, right, "%s[%d]" % (path, i))
        return found
    left_over = list(actual)
    for element in expected:
        for candidate in left_over:
            if not differences(element, candidate):
                left_over.remove(candidate)
                break
        else:
            return ["%s: expected (in any order) %s, got %s" % (path, show(element), show(left_over))]
    return []


def text_matches(expected, actual):
    """Whether a message is the expected one, in which … stands for any text."""
    parts = [re.escape(part) for part in expected.split("…")]
    return re.fullmatch(".*".join(parts), actual, re.S) is not None


def show(value, limit=400):
    """A value as JSON text, for people."""
    if value is ANY:
        return "*"
    if isinstance(value, Regex):
        return "/%s/" % value.text
    if isinstance(value, dict):
        text = "{" + ", ".join("..." if k is MORE else '"%s": %s' % (k, show(v, limit))
                               for k, v in value.items()) + "}"
    elif isinstance(value, list):
        text = "[" + ", ".join(show(v, limit) for v in value) + "]"
    elif isinstance(value, decimal.Decimal):
        text = str(value)
    else:
        text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= limit else text[:limit] + "…(%d characters)" % len(text)


# --- the pattern parser -----------------------------------------------------------------------------


def _space(text, at):
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _value(text, at):
    if at >= len(text):
        raise PatternError("a value is missing")
    char = text[at]
    if char == "*":
        return ANY, at + 1
    if char == "/":
        end = at + 1
        while end < len(text) and text[end] != "/":
            end += 2 if text[end] == "\\" else 1
        return Regex(text[at + 1:end]), end + 1
    if char == "{":
        return _object(text, at)
    if char == "[":
        return _list(text, at)
    if text.startswith("unordered", at):
        elements, at = _list(text, _space(text, at + len("unordered")))
        return Unordered(elements), at
    decoder = json.JSONDecoder(parse_float=decimal.Decimal, parse_int=decimal.Decimal)
    try:
        return decoder.raw_decode(text, at)
    except ValueError as error:
        raise PatternError("%s: %s" % (error, text[at:at + 40])) from None


def _object(text, at):
    members = {}
    at = _space(text, at + 1)
    while not text.startswith("}", at):
        if text.startswith("...", at):
            members[MORE] = True
            at += 3
        else:
            name, at = _value(text, at)
            at = _space(text, at)
            if not isinstance(name, str) or not text.startswith(":", at):
                raise PatternError("expected \"name\": at " + text[at:at + 40])
            members[name], at = _value(text, _space(text, at + 1))
        at = _comma(text, at, "}")
    return members, at + 1


def _list(text, at):
    elements = []
    at = _space(text, at + 1)
    while not text.startswith("]", at):
        element, at = _value(text, at)
        elements.append(element)
        at = _comma(text, at, "]")
    return elements, at + 1


def _comma(text, at, end):
    at = _space(text, at)
    if text.startswith(",", at):
        return _space(text, at + 1)
    if text.startswith(end, at):
        return at
    raise PatternError("expected , or %s at %s" % (end, text[at:at + 40]))
