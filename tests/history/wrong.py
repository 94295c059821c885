"""The checkers are tested: histories made by hand, with and without a fault, and recorded ones in which
one answer is replaced by what would have been true before."""

import copy

import linear
import registers
import serial
from serial import DONE, FAILED, UNKNOWN


def t(start, end, reads=None, appends=None, status=DONE):
    name = "%s-%s" % (start, end)
    return serial.Transaction(name, start, end, status, reads, appends)


# name, words of what must be found (None: the history is right), transactions
TRANSACTIONS = [
    ("one after the other", None,
     [t(1, 2, {}, {"x": 1}), t(3, 4, {"x": [1]}, {"x": 2}), t(9, 10, {"x": [1, 2]})]),
    ("at once, in either order", None,
     [t(1, 9, {}, {"x": 1}), t(2, 8, {}, {"x": 2}), t(19, 20, {"x": [2, 1]})]),
    ("unknown, and it happened", None,
     [t(1, 5, {}, {"x": 1, "y": 1}, UNKNOWN), t(19, 20, {"x": [1], "y": [1]})]),
    ("unknown, and it never happened", None,
     [t(1, 5, {}, {"x": 1, "y": 1}, UNKNOWN), t(19, 20, {"x": [], "y": []})]),
    ("unknown, still on its way", None,
     [t(1, None, {}, {"x": 1}, UNKNOWN), t(3, 4, {"x": []}), t(19, 20, {"x": [1]})]),
    ("cancelled, by what it told", None,
     [t(1, 2, {}, {"x": 1}), t(3, 4, {"x": [1]}, {"y": 2}, FAILED), t(19, 20, {"x": [1], "y": []})]),
    ("readers at once with a writer", None,
     [t(1, 9, {}, {"x": 1, "y": 1}), t(2, 3, {"x": [], "y": []}), t(4, 5, {"x": [1], "y": [1]}),
      t(19, 20, {"x": [1], "y": [1]})]),

    ("lost update", "lost",
     [t(1, 2, {}, {"x": 1}), t(3, 4, {}, {"x": 2}), t(19, 20, {"x": [2]})]),
    ("lost update, by what both had read", "is not how it began",
     [t(1, 5, {"x": []}, {"x": 1}), t(2, 6, {"x": []}, {"x": 2}), t(7, 8, {"x": [1]}),
      t(19, 20, {"x": [2]})]),
    ("both changed the same state", "a cycle",
     [t(1, 5, {"x": []}, {"x": 1}), t(2, 6, {"x": []}, {"x": 2}), t(19, 20, {"x": [1, 2]})]),
    ("stale read", "by rt",
     [t(1, 2, {}, {"x": 1}), t(3, 4, {"x": []}), t(19, 20, {"x": [1]})]),
    ("a value, then the one before it", "by rt",
     [t(1, 18, {}, {"x": 1}), t(3, 4, {"x": [1]}), t(5, 6, {"x": []}), t(19, 20, {"x": [1]})]),
    ("written before it was called", "by rt",
     [t(1, 2, {"x": [1]}), t(3, 4, {}, {"x": 1}), t(19, 20, {"x": [1]})]),
    ("later, but in front", "by rt",
     [t(1, 2, {}, {"x": 1}), t(3, 4, {}, {"x": 2}), t(19, 20, {"x": [2, 1]})]),
    ("dirty read", "failed, and is there",
     [t(1, 5, {}, {"x": 1}, FAILED), t(2, 3, {"x": [1]}), t(19, 20, {"x": []})]),
    ("intermediate state seen", "is not how it began",
     [t(1, 5, {}, {"x": 1}), t(2, 3, {"x": [7]}), t(19, 20, {"x": [1]})]),
    ("from nowhere", "which nobody appended", [t(19, 20, {"x": [7]})]),
    ("torn: half of it seen", "by rw y",
     [t(1, 9, {}, {"x": 1, "y": 1}), t(2, 3, {"x": [1], "y": []}), t(19, 20, {"x": [1], "y": [1]})]),
    ("torn: half of it there", "half is there",
     [t(1, 5, {}, {"x": 1, "y": 1}, UNKNOWN), t(19, 20, {"x": [1], "y": []})]),
    ("write skew", "by rw",
     [t(1, 5, {"y": []}, {"x": 1}), t(2, 6, {"x": []}, {"y": 2}), t(19, 20, {"x": [1], "y": [2]})]),
    ("write skew of three", "by rw",
     [t(1, 5, {"y": []}, {"x": 1}), t(1, 5, {"z": []}, {"y": 2}), t(1, 5, {"x": []}, {"z": 3}),
      t(19, 20, {"x": [1], "y": [2], "z": [3]})]),
    ("two readers, two orders", "by rw",
     [t(1, 9, {}, {"x": 1}), t(1, 9, {}, {"y": 2}), t(1, 9, {"x": [1], "y": []}),
      t(1, 9, {"x": [], "y": [2]}), t(19, 20, {"x": [1], "y": [2]})]),
    ("each read what the other wrote", "by wr",
     [t(1, 9, {"y": [2]}, {"x": 1}), t(1, 9, {"x": [1]}, {"y": 2}), t(19, 20, {"x": [1], "y": [2]})]),
    ("applied twice", "an element twice", [t(1, 2, {}, {"x": 1}), t(19, 20, {"x": [1, 1]})]),
    ("lost by a kill", "lost", [t(1, 2, {}, {"x": 1, "y": 1}), t(19, 20, {"x": [], "y": []})]),
    ("back from the dead", "by rt", # the kill was at 5
     [t(1, 5, {}, {"x": 1}, UNKNOWN), t(6, 7, {"x": []}), t(19, 20, {"x": [1]})]),
]

# name, whether it is right, requests of one token
TOKENS = [
    ("sent twice, once applied", True, [t(1, 4, {}, {"x": 1}), t(2, 5, {}, {"x": 1})]),
    ("unknown, then told", True, [t(1, 4, {}, {"x": 1}, UNKNOWN), t(6, 7, {}, {"x": 1})]),
    ("failed, then done", True, [t(1, 4, {}, {"x": 1}, FAILED), t(6, 7, {}, {"x": 1})]),
    ("done, then decided again", False, [t(1, 4, {}, {"x": 1}), t(6, 7, {}, {"x": 1}, FAILED)]),
]


def op(start, end, change, condition=("always", None), is_certain=True, **seen):
    step = registers.Step(change, condition)
    for name, value in seen.items():
        setattr(step, name, value)
    return linear.Op("%s-%s" % (start, end), start, end, step, is_certain)


def put(start, end, value, **seen):
    return op(start, end, ("put", value), **seen)


def read(start, end, state):
    return op(start, end, ("keep", None), old=state)


def swap(start, end, old, new, held):
    return op(start, end, ("set", new), ("v", old), held=held)


def add(start, end, **seen):
    return op(start, end, ("add", 1), **seen)


A, B = ("a", None), ("b", None)

# name, whether it is right, operations on one item
OPERATIONS = [
    ("one after the other", True, [put(1, 2, "a"), read(3, 4, A), put(5, 6, "b", old=A), read(7, 8, B)]),
    ("at once, in either order", True, [put(1, 9, "a"), put(2, 8, "b"), read(10, 11, A)]),
    ("unknown, and it happened", True, [put(1, 3, "a", is_certain=False), read(4, 5, A)]),
    ("unknown, and it never happened", True, [put(1, 3, "a", is_certain=False), read(4, 5, None)]),
    ("unknown, still on its way", True, [put(1, None, "a"), read(4, 5, None), read(6, 7, A)]),
    ("one of two swaps", True, [put(1, 2, "a"), swap(3, 8, "a", "b", True), swap(4, 7, "a", "c", False)]),
    ("counted", True, [add(1, 5, new=(None, 2)), add(2, 6, new=(None, 1)), read(7, 8, (None, 2))]),
    ("a delete at once with a put", True,
     [put(1, 2, "a"), op(3, 8, ("delete", None), old=A), put(4, 9, "b"), read(10, 11, B)]),
    ("cancelled, by what it told", True,
     [put(1, 2, "a"), op(3, 4, ("put", "b"), ("v", "a"), held=True, is_cancelled=True), read(5, 6, A)]),

    ("stale read", False, [put(1, 2, "a"), put(3, 4, "b"), read(5, 6, A)]),
    ("a value, then the one before it", False,
     [put(1, 2, "a"), put(3, 9, "b"), read(4, 5, B), read(6, 7, A)]),
    ("read before it was written", False, [read(1, 2, A), put(3, 4, "a")]),
    ("from nowhere", False, [put(1, 2, "a"), read(3, 4, B)]),
    ("lost update of a counter", False, [add(1, 5, new=(None, 1)), add(2, 6, new=(None, 1))]),
    ("lost update, seen later", False, [add(1, 5), add(2, 6), read(7, 8, (None, 1))]),
    ("both swapped", False, [put(1, 2, "a"), swap(3, 8, "a", "b", True), swap(4, 7, "a", "c", True)]),
    ("neither swapped", False, [put(1, 2, "a"), swap(3, 8, "a", "b", False), swap(4, 7, "a", "c", False)]),
    ("dirty read", False,
     [put(1, 2, "a"), op(3, 9, ("put", "b"), ("always", None), is_cancelled=True), read(4, 5, B)]),
    ("half of two writes", False, [put(1, 2, "a"), add(3, 4), put(5, 6, "b"), read(7, 8, ("b", 1))]),
    ("the old item of another time", False, [put(1, 2, "a"), put(3, 4, "b", old=A), put(5, 6, "c", old=A)]),
    ("lost by a kill", False, [put(1, 2, "a"), read(5, 6, None)]),
    ("back from the dead", False, # the kill was at 3
     [put(1, 3, "a", is_certain=False), read(4, 5, None), read(6, 7, A)]),
    ("applied twice", False, [add(1, 2), read(3, 4, (None, 2))]),
]


def run(tally):
    for name, words, transactions in TRANSACTIONS:
        found = "\n".join(serial.check(transactions))
        tally.check(words in found if words else not found, "transactions: " + name,
                    "expected %s, found: %s" % (words, found))
    for name, is_right, requests in TOKENS:
        check_token(tally, name, is_right, requests)
    for name, is_right, ops in OPERATIONS:
        found = linear.check(ops, registers.ABSENT)
        tally.check((found is None) == is_right, "an item: " + name, found or "nothing was found")


def check_token(tally, name, is_right, requests):
    try:
        history = serial.one_of("token", requests) + [t(19, 20, {"x": [1]})]
        found = "\n".join(serial.check(history))
    except serial.Repeated as repeated:
        found = str(repeated)
    tally.check(not found == is_right, "a token: " + name, found or "nothing was found")


def spoil_registers(tally, work, rng):
    """A read answers with what it was long before: the value has been another in between."""
    history = max(work.histories.values(), key=len)
    reads = [each for each in history if each.step.change[0] == "keep" and
             each.step.old not in (registers.UNSEEN, None) and each.step.old[0] is not None]
    late = rng.randrange(len(reads) // 2, len(reads))
    before = next(each for each in reads[:late // 2][::-1]
                  if each.step.old[0] != reads[late].step.old[0])
    wrong = copy.copy(reads[late])
    wrong.step = copy.copy(wrong.step)
    wrong.step.old = before.step.old
    found = linear.check([wrong if each is reads[late] else each for each in history], registers.ABSENT)
    tally.check(found, "an item: a recorded history with a stale answer is refused",
                "%s, as %s" % (wrong.step, before.step))


def spoil_lists(tally, work, rng):
    """A transaction's read misses what had been appended before it was called."""
    history = work.history
    writers, _ = serial.find_writers(history)
    reads = [(each, key) for each in history for key, read_list in each.reads.items()
             if each.status == DONE and len(each.reads) > 1 and read_list and
             (writers[(key, read_list[-1])].end or each.start) < each.start]
    victim, key = rng.choice(reads)
    wrong = copy.copy(victim)
    wrong.reads = {**victim.reads, key: victim.reads[key][:-1]}
    found = serial.check([wrong if each is victim else each for each in history])
    tally.check(found, "transactions: a recorded history with a stale answer is refused", wrong)
