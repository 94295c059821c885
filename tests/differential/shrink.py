"""A case cut down to what still makes the same difference."""

import itertools
import json

import generate

_numbers = itertools.count(9000000)


def fresh_number():
    """A case number of which no server has items."""
    return next(_numbers)


def shrink(session, case, peer, lines, tries_max=400):
    """The steps of the case that still give these lines for this peer."""
    steps, number = [list(step) for step in case.steps], case.number
    tries = [tries_max]

    def holds(candidate):
        if tries[0] <= 0:
            return False
        tries[0] -= 1
        fresh = fresh_number()
        found = session.differences(generate.moved(candidate, number, fresh), fresh, only=peer).get(peer)
        return found is not None and found[2:] == tuple(lines)

    if not holds(steps):
        return steps
    changed = True
    while changed and tries[0] > 0:
        changed = False
        for candidate in smaller(steps):
            if holds(candidate):
                steps, changed = candidate, True
                break
    return steps


def smaller(steps):
    """Every way to leave one thing out, large ones first."""
    for i in range(len(steps)):
        if len(steps) > 1:
            yield steps[:i] + steps[i + 1:]
    places = []
    for i, (_, document) in enumerate(steps):
        places += [(i, path) for path in paths_of(document, ())]
    for i, path in sorted(places, key=lambda place: len(place[1])):
        copy = json.loads(json.dumps(steps))
        holder = copy[i][1]
        for name in path[:-1]:
            holder = holder[name]
        del holder[path[-1]]
        yield copy


def paths_of(document, path):
    if isinstance(document, dict):
        for name in document:
            yield path + (name,)
            yield from paths_of(document[name], path + (name,))
    elif isinstance(document, list):
        for i, each in enumerate(document):
            yield path + (i,)
            yield from paths_of(each, path + (i,))
