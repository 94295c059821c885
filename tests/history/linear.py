"""Whether a history of one item is linearizable: whether there is an order in which every operation
takes effect at one instant between its call and its return, and which explains all answers.

The search is Wing and Gong's with Lowe's just-in-time order: the history is read event by event with the
set of all (operations that took effect and have not returned, state) that explain it so far. An operation
must have taken effect when it returns, so then, and only then, orders of those under way are tried.
Sources: Wing & Gong, "Testing and Verifying Concurrent Objects" (1993); Lowe, "Testing for
Linearizability" (2017).
"""

CONFIGURATIONS_MAX = 300000

REFUSED = object()  # what step returns for a state in which the answer cannot have been given


class Op:
    """step(state) is the state afterwards, or REFUSED. end None: it may still take effect at any time.
    is_certain False: nobody knows whether it took effect; if so, then before its end."""

    __slots__ = ("name", "start", "end", "step", "is_certain")

    def __init__(self, name, start, end, step, is_certain=True):
        self.name, self.start, self.end, self.step = name, start, end, step
        self.is_certain = is_certain and end is not None


class Undecided(Exception):
    """More configurations than the bound: too much happened at once."""


def check(ops, initial):
    """None if the history is linearizable, otherwise words about where it stops being so."""
    configurations = {(0, initial)}
    open_ops = {}  # bit -> Op
    bits = {}
    returned = []
    for time, is_end, op in events(ops):
        if not is_end:
            bit = 1
            while bit in open_ops:
                bit <<= 1
            open_ops[bit] = op
            bits[op] = bit
            continue
        bit = bits.pop(op)
        left = settle(configurations, open_ops, op, bit)
        if not left:
            return describe(op, time, configurations, open_ops, returned)
        configurations = left
        del open_ops[bit]
        returned.append(op)
    return None


def events(ops):
    """Calls and returns in order of time; of the same time, calls first, which allows more orders."""
    found = [(op.start, False, op) for op in ops]
    found += [(op.end, True, op) for op in ops if op.end is not None]
    return sorted(found, key=lambda event: event[:2])


def settle(configurations, open_ops, op, bit):
    """The configurations in which the returning op took effect, or never will."""
    seen, work, left = set(configurations), list(configurations), set()
    while work:
        done, state = work.pop()
        if done & bit:
            left.add((done & ~bit, state))
            continue
        if not op.is_certain:
            left.add((done, state))
        for other_bit, other in open_ops.items():
            if done & other_bit:
                continue
            after = other.step(state)
            if after is REFUSED:
                continue
            further = (done | other_bit, after)
            if further not in seen:
                seen.add(further)
                work.append(further)
        if len(seen) > CONFIGURATIONS_MAX:
            raise Undecided("%d operations at once" % len(open_ops))
    return left


def describe(op, time, configurations, open_ops, returned):
    states = sorted({repr(state) for _, state in configurations})
    lines = ["%s cannot have answered so at %d; the item could be" % (op.name, time)]
    lines += ["  " + state for state in states[:8]]
    lines += ["under way:"] + ["  %s from %d" % (other.name, other.start) for other in open_ops.values()]
    lines += ["before:"] + ["  %s %d to %s" % (other.name, other.start, other.end)
                            for other in returned[-12:]]
    return "\n".join(lines)
