"""What a reader was told, against what the writers know."""


def problems(changes, logs, finals):
    """changes: the reader's, in its order. logs: for each item the numbers sent to it in order, and whether
    each was acknowledged (True), refused (False) or left open by a kill (None). finals: the number that
    each item has in the end, None if it is not there."""
    found = []
    seen, sequence = set(), ""
    told = {}
    for change in changes:
        if change["id"] in seen:
            found.append("told twice: %s" % change)
        if change["sequence"] <= sequence:
            found.append("out of order: %s behind %s" % (change, sequence))
        seen.add(change["id"])
        sequence = change["sequence"]
        told.setdefault(change["key"], []).append(change)
    for key, log in logs.items():
        found += item_problems(key, told.pop(key, []), log, finals[key])
    found += ["a change of an item nobody wrote: %s" % key for key in told if key != "end"]
    return found


def item_problems(key, changes, log, final):
    now, found = None, []
    for change in changes:
        event = {(True, False): "INSERT", (False, False): "MODIFY", (False, True): "REMOVE"}.get(
            (change["old"] is None, change["new"] is None))
        if change["old"] != now or change["event"] != event:
            found.append("item %s was %s, and then: %s" % (key, now, change))
        now = change["new"]
    if now != final:
        found.append("item %s is %s, and its last change says %s" % (key, final, now))
    places = iter([(change["old"], change["new"]) for change in changes])
    for old, new, outcome in log:
        if outcome is None:
            continue
        if outcome and (old, new) not in places: # each search goes on behind the one before
            found.append("item %s: the acknowledged change from %s to %s is not told, or not in order" %
                         (key, old, new))
            break
    sent = {(old, new) for old, new, outcome in log if outcome is not False}
    found += ["item %s: %s was never sent" % (key, change) for change in changes
              if (change["old"], change["new"]) not in sent]
    return found
