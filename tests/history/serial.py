"""Whether a history of transactions on lists is strictly serializable: as if they had happened one after
the other, each between its call and its return.

Transactions append elements nobody else appends, and read whole lists. So a list tells the order of those
who wrote it, and from the reads follows who came before whom:
  ww  who appended the next element came later
  wr  who read a list came after the one that appended its last element
  rw  who appended the next element came after those that read the list without it
  rt  who was called after another had returned came later
A cycle is a history that no order explains. Source: Kingsbury & Alvaro, "Elle: Inferring Isolation
Anomalies from Experimental Observations" (VLDB 2020).
"""

import bisect

DONE, FAILED, UNKNOWN = "done", "failed", "unknown"


class Transaction:
    """reads: key -> list that was there before; appends: key -> element. status: FAILED is
    certainly without effect: its reads count, its appends must not be there. end of an UNKNOWN one: when
    it could last take effect, None: any time."""

    __slots__ = ("name", "start", "end", "status", "reads", "appends")

    def __init__(self, name, start, end, status, reads=None, appends=None):
        self.name, self.start, self.end, self.status = name, start, end, status
        self.reads = {key: tuple(read) for key, read in (reads or {}).items()}
        self.appends = appends or {}

    def __repr__(self):
        return "%s %s reads %s appends %s" % (self.name, self.status, tails(self.reads), self.appends)


def check(transactions):
    """What is wrong, as texts; empty if the history is strictly serializable. Every key that was appended
    to must be read after everything else has ended."""
    writers, problems = find_writers(transactions)
    lists = longest_reads(transactions)
    problems += check_lists(transactions, lists)
    problems += check_elements(transactions, lists, writers)
    if problems:
        return problems  # there is no order of writers to go by
    present = [t for t in transactions if is_present(t, lists)]
    graph = build_graph(present, lists, writers)
    return [describe_cycle(cycle) for cycle in find_cycles(graph)]


class Repeated(Exception):
    """A request that had happened under its token was decided again."""


def one_of(token, requests):
    """What the requests of one token were: one transaction, between the first that may have made it and
    the first that said it had happened, and besides it those that failed before."""
    failed = [each for each in requests if each.status == FAILED]
    others = [each for each in requests if each.status != FAILED]
    done = [each for each in others if each.status == DONE]
    for each in failed[0 if others else 1:]:
        each.appends = {}  # they are the one's, or another failure's
    if not others:
        return failed
    one = min(done, key=lambda each: each.end) if done else others[0]
    late = [each for each in failed if done and each.start > one.end]
    if late:
        raise Repeated("%s: %r was decided after %r" % (token, late[0], one))
    one.start = min(each.start for each in others)
    if not done:
        one.end = None if any(each.end is None for each in others) else max(each.end for each in others)
    return failed + [one]


def find_writers(transactions):
    writers, problems = {}, []
    for each in transactions:
        for key, element in each.appends.items():
            if (key, element) in writers:
                problems.append("%s is appended twice: a fault of the test" % ((key, element),))
            writers[(key, element)] = each
    return writers, problems


def longest_reads(transactions):
    lists = {}
    for each in transactions:
        for key, read in each.reads.items():
            if len(read) >= len(lists.get(key, ())):
                lists[key] = read
    return lists


def check_lists(transactions, lists):
    """Elements come once, and every read is how the list began."""
    problems = ["%s has an element twice: %s" % (key, [e for e in all_of if all_of.count(e) > 1])
                for key, all_of in lists.items() if len(set(all_of)) != len(all_of)]
    for each in transactions:
        for key, read in each.reads.items():
            if lists[key][:len(read)] != read:
                began = lists[key][max(len(read) - 4, 0):len(read)]
                problems.append("%r: %s is not how it began, which was %s" % (each, key, began))
    return problems


def check_elements(transactions, lists, writers):
    """Acknowledged elements are there, refused ones are not, and a transaction is whole."""
    problems = ["%s has %s, which nobody appended" % (key, element) for key, all_of in lists.items()
                for element in all_of if (key, element) not in writers]
    last_start = max(each.start for each in transactions)
    for each in transactions:
        there = [element in lists.get(key, ()) for key, element in each.appends.items()]
        if each.status == DONE and not all(there) and each.end < last_start:
            problems.append("lost: %r" % each)
        elif each.status == FAILED and any(there):
            problems.append("failed, and is there: %r" % each)
        elif any(there) and not all(there):
            problems.append("half is there: %r" % each)
    return problems


def is_present(each, lists):
    if each.status != UNKNOWN:
        return True
    return any(element in lists.get(key, ()) for key, element in each.appends.items())


def build_graph(transactions, lists, writers):
    """node -> {node after it: why}. Nodes are transactions, and instants in a row that carry the order
    of time: from whoever returned then to whoever was called later."""
    graph = {each: {} for each in transactions}

    def edge(before, after, why):
        if before is not after:
            graph[before].setdefault(after, why)

    for key, all_of in lists.items():
        for element, following in zip(all_of, all_of[1:]):
            edge(writers[(key, element)], writers[(key, following)], "ww %s" % key)
    for each in transactions:
        for key, read in each.reads.items():
            if read:
                edge(writers[(key, read[-1])], each, "wr %s" % key)
            if len(read) < len(lists[key]):
                edge(each, writers[(key, lists[key][len(read)])], "rw %s" % key)
    ends = sorted({each.end for each in transactions if each.end is not None})
    for instant, following in zip(ends, ends[1:]):
        graph[instant] = {following: "rt"}
    for instant in ends[-1:]:
        graph[instant] = {}
    for each in transactions:
        if each.end is not None:
            edge(each, each.end, "rt")
        past = bisect.bisect_left(ends, each.start)
        if past:
            edge(ends[past - 1], each, "rt")
    return graph


def find_cycles(graph):
    """The shortest cycle through some transaction of each strongly connected part."""
    found = []
    for part in strong_parts(graph):
        members = set(part)
        starts = [node for node in part if isinstance(node, Transaction)][:50]
        cycles = [shortest_cycle(graph, members, node) for node in starts]
        found.append(min(cycles, key=len))
    return found


def strong_parts(graph):
    """Tarjan's, without recursion; parts of more than one node."""
    index, low, on_stack, stack, parts = {}, {}, set(), [], []
    for root in graph:
        if root in index:
            continue
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        path = [(root, iter(graph[root]))]
        while path:
            node, following = path[-1]
            for after in following:
                if after not in index:
                    index[after] = low[after] = len(index)
                    stack.append(after)
                    on_stack.add(after)
                    path.append((after, iter(graph[after])))
                    break
                if after in on_stack:
                    low[node] = min(low[node], index[after])
            else:
                path.pop()
                if path:
                    low[path[-1][0]] = min(low[path[-1][0]], low[node])
                if low[node] == index[node]:
                    part = []
                    while not part or part[-1] is not node:
                        part.append(stack.pop())
                        on_stack.remove(part[-1])
                    if len(part) > 1:
                        parts.append(part)
    return parts


def shortest_cycle(graph, members, start):
    """[(node, why the next comes after it)], from start around to it."""
    came_from, queue = {}, [start]
    for node in queue:
        for after, why in graph[node].items():
            if after is start:
                cycle = [(node, why)]
                while node is not start:
                    node, why = came_from[node]
                    cycle.append((node, why))
                return cycle[::-1]
            if after in members and after not in came_from:
                came_from[after] = (node, why)
                queue.append(after)
    raise AssertionError("a strong part without a cycle")


def describe_cycle(cycle):
    lines = ["a cycle:"]
    for node, why in cycle:
        if isinstance(node, Transaction):
            lines.append("  %r, %d to %s" % (node, node.start, node.end))
            lines.append("    then, by %s" % why)
    return "\n".join(lines)


def tails(reads):
    return {key: read if len(read) <= 4 else ("%d before" % (len(read) - 4),) + read[-4:]
            for key, read in reads.items()}
