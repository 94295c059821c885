#!/usr/bin/env python3
"""scale.py - measures Stele where there is much of something: items, bytes, connections, tables, time.

    make bench SCALE=1             builds, and runs this: an hour, most of it the long run
    make bench SCALE=1 QUICK=1     three minutes, with less of everything
    make bench SCALE=1 WRITE=1     also writes the results into docs/scale.md, if all parts ran
    make bench SCALE=1 ITEMS=N MINUTES=N    another size of the large table, another length of the long run
    tests/bench/scale.py PART      of items, sizes, connections, tables, recovery, long: those only

As in `run`: the server on one processor, the generator on another, data under build/ or $BENCH_DIR,
of which the large table takes 25 GB for a while. A part that cannot be measured here says why.
"""

import os
import resource
import shutil
import signal
import socket
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import cores
import report
from generator import Generator, words
from memory_group import MemoryGroup, folder_bytes, forget_pages
from report import Verdict
from servers import IDENTITY, Failure, Missing, Stele, pinned

from lib import api, http1, sigv4

TOP = Path(__file__).resolve().parent.parent.parent
QUICK = bool(os.environ.get("QUICK"))
WRITE = bool(os.environ.get("WRITE"))

ITEMS = int(os.environ.get("ITEMS") or (2_000_000 if QUICK else 20_000_000))
MINUTES = float(os.environ.get("MINUTES") or (0.5 if QUICK else 30))
SECONDS, WARMUP_SECONDS = (2, 0.5) if QUICK else (4, 1)
TURNS = 3 if QUICK else 5
CONNECTIONS = 64
POOL = 200_000  # distinct requests: more than are sent while cold reads are measured

MEMORY_SHARE = 4  # the data is so many times larger than the memory
MEMORY_BYTES_MIN = 96 << 20  # less is not a server's
CACHE_SHARE = 0.5  # of that memory, for --memory; the rest is for all else, and the kernel's pages
HOT_ITEMS = 10_000
COLD_RATE = 500
P99_RATIO_MAX = 1.5  # of hot reads' p99, with cold ones beside them

SIZES = {"300 B": 300, "4 KB": 4 << 10, "64 KB": 64 << 10, "400 KB": 400 << 10}
SIZES_BYTES = 64 << 20  # of items in a table, and of distinct requests

IDLE_CONNECTIONS = 1_000 if QUICK else 10_000
OTHER_FILES = 4_300  # that the server wants to open, and some more
TABLES = 1_000 if QUICK else 10_000
REGIONS = ("us-east-1", "us-east-2", "us-west-1", "us-west-2")  # an account has 2,500 tables in each
MAKERS = 8
RECENT_WRITES = 100_000 if QUICK else 1_000_000
FIRST_ANSWER_MS_MAX = 1000
LONG_ITEMS = 200_000
LONG_RATE_SHARE = 0.4  # of the closed loop
LONG_MEMORY = "64M"  # little, so that caches are full from the beginning
MEMORY = "256M"  # what a server has if it is not told
GROWTH_MAX = 1.1  # of memory, the last tenth against the first
IDLE_CPU_SECONDS = 0.02  # in a second
WAIT_SECONDS_MAX = 1800


class Scale(Generator):
    def __init__(self, folder):
        super().__init__(cores.choose())
        self.folder = Path(folder)
        self.rows = []
        self.verdicts = []
        self.lines = []
        self.version = ""

    def stele(self, name, **options):
        server = Stele(self.folder / name, self.cpus[0], **options)
        self.version = server.version
        return server

    def row(self, server, request, op, connections=CONNECTIONS, **options):
        row = self.measure(server, request, op, connections, **{"seconds": SECONDS, "warmup": WARMUP_SECONDS,
                                                                **options})
        self.rows.append(row)
        return row.result

    def note(self, line):
        print(f"    {line}", file=sys.stderr, flush=True)
        self.lines.append(line)

    # ---- many items, little memory ----

    def items(self):
        with self.stele("items", memory="1G") as server:
            os.sched_setaffinity(server.pid, self.cpus)  # not measured on one core: nothing else runs
            for thread in Path(f"/proc/{server.pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), self.cpus)
            self.fill(server)
            await_idle(server.pid)
        data = self.folder / "items" / "data"
        size = folder_bytes(data)
        limit = size // MEMORY_SHARE
        self.note(f"{ITEMS:,} items of 300 B take {size / 1e9:.2f} GB; memory of the server and of the kernel for its "
                  f"files: {limit / 1e6:,.0f} MB")
        if limit < MEMORY_BYTES_MIN:
            raise Missing(f"{ITEMS:,} items are too few to leave the server a quarter of them")
        forget_pages(data)
        with MemoryGroup(limit) as group, self.stele("items", memory=int(limit * CACHE_SHARE),
                                                     wrapper=group.wrapper) as server:
            table = {"table": "scale", "items": ITEMS, "pool": POOL}
            self.row(server, "GetItem, uniform keys", "get", **table)
            self.row(server, "GetItem, Zipf keys", "get-zipf", **table)
            self.row(server, "PutItem, uniform keys", "put", **table)
            self.row(server, "PutItem, uniform keys", "put", **table, connections=1)
            self.cold_beside_hot(server)
        shutil.rmtree(self.folder / "items")

    def fill(self, server):
        bucket = self.folder / "items" / "data" / "s3" / "bucket"
        bucket.mkdir(parents=True)
        self.generate("lines", "--items", ITEMS, bucket)
        client, began = client_of(server), time.monotonic()
        arn = client.call("ImportTable", InputFormat="DYNAMODB_JSON", S3BucketSource={"S3Bucket": "bucket"},
                          TableCreationParameters=definition("scale"))["ImportTableDescription"]["ImportArn"]
        while True:
            said = client.call("DescribeImport", ImportArn=arn)["ImportTableDescription"]
            if said["ImportStatus"] != "IN_PROGRESS":
                break
            if time.monotonic() > began + WAIT_SECONDS_MAX:
                raise Failure(f"the import does not end: {said}")
            time.sleep(0.1)  # sleep: between looks at whether it is over
        seconds = time.monotonic() - began
        count = client.call("DescribeTable", TableName="scale")["Table"]["ItemCount"]
        if said["ImportStatus"] != "COMPLETED" or count != ITEMS:
            raise Failure(f"the import ended with {count} items: {said}")
        self.note(f"imported {ITEMS:,} items in {seconds:,.0f} s, {ITEMS / seconds:,.0f} a second, on both cores")
        shutil.rmtree(bucket.parent)

    def cold_beside_hot(self, server):
        """Hot reads at a rate that a core does with ease, in turns without and with reads of what is on the disk."""
        hot = {"table": "scale", "items": HOT_ITEMS}
        closed = self.row(server, f"GetItem of {HOT_ITEMS:,} hot items", "get", **hot)
        hot["rate"] = int(closed["requests_per_second"] / 5)
        alone, beside = [], []
        for turn in range(TURNS):
            alone.append(self.row(server, "GetItem, hot", "get", note=f"turn {turn + 1}", **hot))
            cold = self.begin("run", "--url", server.url, "--op", "get", *words(
                {"table": "scale", "items": ITEMS, "pool": POOL, "seed": 100 + turn, "connections": 16,
                 "rate": COLD_RATE, "seconds": SECONDS + WARMUP_SECONDS, "warmup": 0}), gives_way=True)
            beside.append(self.row(server, "GetItem, hot", "get", note=f"{COLD_RATE} cold a second beside, turn "
                                   f"{turn + 1}", beside=cold, **hot))
        colds = [result["beside"] for result in beside]
        self.note(f"the cold reads themselves: p50 {middle(colds, 'p50_us'):,.0f} µs, p99 "
                  f"{middle(colds, 'p99_us'):,.0f} µs")
        self.verdicts.append(against(f"GetItem of hot items, {hot['rate']:,}/s, p99 with {COLD_RATE} cold reads a second "
                                     "beside", beside, alone, P99_RATIO_MAX))

    # ---- large items ----

    def sizes(self):
        with self.stele("sizes") as server:
            for name, size in SIZES.items():
                count = min(max(SIZES_BYTES // size, 100), 10_000)
                table = {"table": f"sized-{size}", "items": count, "item_bytes": size, "pool": count}
                self.load(server, table["table"], count, size)
                for request, op in (("GetItem", "get"), ("PutItem", "put")):
                    for connections in (1, 16):
                        result = self.row(server, f"{request} {name}", op, connections, **table)
                        if size == max(SIZES.values()):
                            self.note(f"{request} of {name}, {connections} connections: "
                                      f"{result['requests_per_second'] * size / 1e6:,.0f} MB/s")

    # ---- many connections ----

    def connections(self):
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        count = min(IDLE_CONNECTIONS, most - OTHER_FILES)
        if count < IDLE_CONNECTIONS:
            self.note(f"{most:,} files may be open here (ulimit -Hn): {count:,} idle connections instead of "
                      f"{IDLE_CONNECTIONS:,}")
        with self.stele("connections", options=("--max-connections", count + 2 * CONNECTIONS)) as server:
            self.load(server, "scale", HOT_ITEMS, 300)
            reads = {"table": "scale", "items": HOT_ITEMS}
            reads["rate"] = int(self.row(server, "GetItem, no other connection", "get", **reads)["requests_per_second"] / 5)
            alone, beside, each = [], [], []
            for turn in range(TURNS):
                alone.append(self.row(server, "GetItem", "get", note=f"turn {turn + 1}", **reads))
                before = resident_bytes(server.pid)
                idle = open_idle(server, count)
                each.append((resident_bytes(server.pid) - before) / count)
                beside.append(self.row(server, "GetItem", "get", note=f"{count:,} idle connections, turn {turn + 1}",
                                       **reads))
                ask_all(idle)
                for connection in idle:
                    connection.close()
            self.note(f"{count:,} idle connections: {each[0] / 1e3:.2f} KB of memory each, opened again later "
                      f"{each[-1] / 1e3:.2f} KB")
            self.verdicts.append(against(f"GetItem, {reads['rate']:,}/s on {CONNECTIONS} connections, p99 with {count:,} "
                                         "idle ones", beside, alone, P99_RATIO_MAX))

    # ---- many tables ----

    def tables(self):
        each = TABLES // len(REGIONS)
        with self.stele("tables", memory=MEMORY) as server:
            before, began = resident_bytes(server.pid), time.monotonic()
            together([lambda n=n: make_tables(server, REGIONS[n % len(REGIONS)], range(n // len(REGIONS), each,
                                                                                      MAKERS // len(REGIONS)))
                      for n in range(MAKERS)])
            seconds = time.monotonic() - began
            grown = resident_bytes(server.pid) - before
            self.note(f"{TABLES:,} tables with an item each made in {seconds:,.1f} s; {grown / 1e6:,.0f} MB of memory, "
                      f"{grown / TABLES / 1e3:.1f} KB a table")
            began, listed, pages = time.monotonic(), 0, 0
            for region in REGIONS:
                for page in list_pages(client_of(server, region)):
                    listed, pages = listed + len(page), pages + 1
            seconds = time.monotonic() - began
            if listed != TABLES:
                raise Failure(f"{listed} tables are listed, {TABLES} were made")
            self.note(f"ListTables of all, {pages} pages: {seconds / pages * 1e3:.2f} ms a page, as a client sees it")
            self.row(server, "GetItem", "get", table="many", items=each, spread=True, note=f"over {each:,} tables",
                     pool=10 * each)
            kill(server)
        for after in ("kill -9", "a clean stop"):
            result = self.start("tables")
            self.note(f"start with {TABLES:,} tables after {after}: first answer after {answered(result)}, "
                      f"{result['idle_rss_bytes'] / 1e6:,.0f} MB of memory")

    # ---- recovery ----

    def recovery(self):
        for number, (form, note) in enumerate((((), ""), ((), ""), (("--told",), ", with a stream and recovery"))):
            name = f"recovery-{number}"
            with self.stele(name, memory=MEMORY) as server:
                began = time.monotonic()
                self.load(server, "scale", RECENT_WRITES, 300, *form)
                seconds = time.monotonic() - began
                kill(server)
            killed, stopped = self.start(name), self.start(name)
            self.note(f"{RECENT_WRITES:,} items of 300 B written in {seconds:,.1f} s{note}: first answer "
                      f"{answered(killed)} after kill -9, {answered(stopped)} after a clean stop")
            self.verdicts.append(Verdict(f"first answer after kill -9 with {RECENT_WRITES:,} recent writes{note}",
                                         killed["first_reply_ms"], FIRST_ANSWER_MS_MAX, unit=" ms",
                                         is_sure=killed["others_share"] <= cores.OTHERS_SHARE_MAX))
            shutil.rmtree(self.folder / name)

    def start(self, name):
        server = self.stele(name, memory=MEMORY)
        watch = cores.Watch(self.cpus, None)
        result = self.generate("start", "--url", server.url, "--", *pinned(self.cpus[0], server.command()),
                               environment=server.environment())
        return {**result, "others_share": watch.others_share()}

    # ---- a long time ----

    def long(self):
        tenth = MINUTES * 6
        with self.stele("long", memory=LONG_MEMORY) as server:
            self.load(server, "scale", LONG_ITEMS, 1024, "--fields")
            mixed = {"table": "scale", "items": LONG_ITEMS, "item_bytes": 1024, "pool": POOL // 2}
            rate = int(self.row(server, "YCSB A", "ycsb-a", **mixed, seconds=tenth / 2)["requests_per_second"] *
                       LONG_RATE_SHARE)
            stop = threading.Event()
            churn = threading.Thread(target=change_tables, args=(server, stop))
            churn.start()
            try:
                tenths = [self.row(server, "YCSB A", "ycsb-a", note=f"open loop, tenth {number}", **mixed, rate=rate,
                                   seed=number, seconds=max(tenth - WARMUP_SECONDS, 1)) for number in range(1, 11)]
            finally:
                stop.set()
                churn.join()
        first, last = tenths[0], tenths[-1]
        what = f"{MINUTES:g} minutes at {rate:,}/s, the last tenth against the first: "
        calm = is_calm([first, last])
        self.verdicts += [
            Verdict(what + "memory", last["server_rss_bytes"] / first["server_rss_bytes"], GROWTH_MAX,
                    aside=f", {last['server_rss_bytes'] / 1e6:,.0f} against {first['server_rss_bytes'] / 1e6:,.0f} MB"),
            *(Verdict(what + name, last[key] / first[key], P99_RATIO_MAX, is_sure=calm,
                      aside=f", {last[key]:,.0f} against {first[key]:,.0f} µs")
              for name, key in (("p50", "p50_us"), ("p99", "p99_us")))]

    def run(self, names):
        sync, load_before = self.generate("sync", self.folder), os.getloadavg()[0]
        for name in names:
            print(f"scale: {name}", file=sys.stderr, flush=True)
            try:
                getattr(self, name)()
            except Missing as reason:
                self.note(f"{name}: not measured: {reason}")
            except (Failure, api.ApiError, OSError) as reason:
                self.note(f"{name}: failed: {reason}")
                self.failed = True
        return report.machine(self.folder, sync, [self.version], self.cpus, load_before)


PARTS = ("items", "sizes", "connections", "tables", "recovery", "long")


# ---- figures ----

def is_calm(results):
    return all(result["others_share"] <= cores.OTHERS_SHARE_MAX for result in results)


def answered(start):
    return f"{start['first_reply_ms']:,.0f} ms ({start['first_reply_cpu_ms']:,.0f} ms of work)"


def middle(results, key):
    return statistics.median(result[key] for result in results)


def against(what, results, others, limit):
    """The p99 of results against that of others, in turns."""
    pairs = list(zip(results, others))
    pairs = [pair for pair in pairs if is_calm(pair)] or pairs
    ratios = [one["p99_us"] / other["p99_us"] for one, other in pairs]
    return Verdict(f"{what} against without", statistics.median(ratios), limit,
                   is_sure=all(is_calm(pair) for pair in pairs),
                   aside=f", {min(ratios):.2f} to {max(ratios):.2f} in {len(ratios)} turns, "
                         f"{middle(results, 'p99_us'):,.0f} against {middle(others, 'p99_us'):,.0f} µs")


def resident_bytes(pid):
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def await_idle(pid):
    """Until nothing goes on in the background: compactions of what was filled."""
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    before, now = -1.0, cores.process_seconds(pid)
    while now - before > IDLE_CPU_SECONDS and time.monotonic() < deadline:
        time.sleep(1)  # sleep: between looks at whether it is idle
        before, now = now, cores.process_seconds(pid)


# ---- clients of what is not measured by the generator ----

def client_of(server, region=REGIONS[0]):
    return api.Client("127.0.0.1", server.port, sigv4.Credentials(
        IDENTITY["AWS_ACCESS_KEY_ID"], IDENTITY["AWS_SECRET_ACCESS_KEY"]), region, timeout_s=120)


def definition(name):
    return {"TableName": name, "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}


def item(number):
    """One that stele-bench asks for by its number."""
    return {"pk": {"S": f"user-{number:010}"}, "note": {"S": "x" * 300}}


def make_tables(server, region, numbers):
    client = client_of(server, region)
    for number in numbers:
        client.call("CreateTable", **definition(f"many-{number}"))
        client.call("PutItem", TableName=f"many-{number}", Item=item(number))


def list_pages(client):
    start = {}
    while True:
        page = client.call("ListTables", **start)
        yield page["TableNames"]
        if "LastEvaluatedTableName" not in page:
            return
        start = {"ExclusiveStartTableName": page["LastEvaluatedTableName"]}


def change_tables(server, stop):
    """What a long life has besides requests for items: new connections, and tables that come and go."""
    number = 0
    while not stop.wait(0.5):
        number += 1
        with client_of(server) as client:
            client.call("CreateTable", **definition(f"brief-{number}"))
            client.call("PutItem", TableName=f"brief-{number}", Item=item(number))
            client.call("Scan", TableName=f"brief-{number}")
            client.call("DeleteTable", TableName=f"brief-{number}")


def together(tasks):
    """Each in a thread; fails if one does."""
    failures = []

    def run(task):
        try:
            task()
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def open_idle(server, count):
    """Connections over which one request was answered, as a client's pool has them."""
    connections = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(count)]
    ask_all(connections)
    return connections


def ask_all(connections):
    """Fails if one of them is not served."""
    for connection in connections:
        connection.sendall(http1.head("GET", "/", [("Host", "stele")]))
    for connection in connections:
        if not connection.recv(4096).startswith(b"HTTP/1.1 200"):
            raise Failure("a connection was closed that had done nothing")


def kill(server):
    server.process.kill()
    server.process.wait()


def main(names):
    if not set(names) <= set(PARTS):
        print(f"usage: tests/bench/scale.py [{'|'.join(PARTS)}]...", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers and folder go
    os.chdir(TOP)
    with tempfile.TemporaryDirectory(prefix="scale-", dir=os.environ.get("BENCH_DIR", TOP / "build")) as folder:
        scale = Scale(folder)
        facts = scale.run(names or PARTS)

    lines = [*(f"- {line}" for line in facts + scale.lines), "", report.table(scale.rows), "",
             *(f"- {verdict}" for verdict in scale.verdicts)]
    print("\n".join(lines))
    if WRITE and not names:
        report.write_page(TOP / "docs" / "scale.md", lines, " SCALE=1")
    return 1 if scale.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
