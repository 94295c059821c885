"""What an item may have been at a time, by the log of its only writer."""

import collections

# Milliseconds since 1970 on this machine's clock, which is the server's, too. `number` is None for a
# delete; outcome is True: acknowledged, False: it did not happen, None: the connection was cut.
Change = collections.namedtuple("Change", "begin_ms end_ms number outcome")


def possible(log, time_ms):
    """Numbers that the item may have had when everything up to that millisecond, and nothing later,
    had happened; None stands for no item."""
    numbers = {None}
    for change in log:
        if change.begin_ms > time_ms or change.outcome is False:
            continue
        if change.outcome is True and change.end_ms < time_ms:
            numbers = {change.number}
        else: # it was under way, or nobody knows when or whether it happened
            numbers.add(change.number)
    return numbers


def problems(found, logs, pairs, time_ms):
    """found: number by key, of a restored table; logs: changes by key; pairs: keys that agree."""
    texts = ["%s was restored, and never written" % key for key in found if key not in logs]
    for key, log in logs.items():
        numbers = possible(log, time_ms)
        if found.get(key) not in numbers:
            texts.append("%s is %s, may be %s" % (key, found.get(key), numbers))
    for one, other in pairs:
        if found.get(one) != found.get(other):
            texts.append("%s is %s, and %s is %s" % (one, found.get(one), other, found.get(other)))
    return texts
