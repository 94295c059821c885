"""Attribute values, to be sorted and compared."""

import base64
import decimal


def key_of(value):
    """What a key attribute is sorted by."""
    (kind, text), = value.items()
    if kind == "N":
        return decimal.Decimal(text)
    return text.encode() if kind == "S" else base64.b64decode(text)


def normal(value):
    """Numbers as numbers, so that 1.0 and 1 agree; everything else as it is."""
    if isinstance(value, dict):
        if list(value) == ["N"]:
            return {"N": format(decimal.Decimal(value["N"]).normalize(), "f")}
        return {name: normal(value[name]) for name in sorted(value)}
    return [normal(each) for each in value] if isinstance(value, list) else value
