#!/usr/bin/env python3
"""What an import costs: items of about 300 bytes in DynamoDB JSON, as CPU time of the whole server.

  tests/bench/import.py [--items N] [--format json|csv|ion] [--compression none|gzip|zstd] [--objects N]

Prints items a second per core of work (items by user and system time of the process from the start of
the import to its end), and items a second as the clock has it. The target is 100,000 a core.
"""

import argparse
import gzip
import json
import os
import random
import shutil
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE)]

from lib import server

WAIT_S = 600
IDLE_CPU_S = 0.02 # in a second
FORMATS = {"json": "DYNAMODB_JSON", "csv": "CSV", "ion": "ION"}
NAMES = ("pk", "sk", "name", "mail", "city", "score", "visits", "active", "notes")


def item(chance, number):
    """300 bytes as the service counts: keys, some texts, some numbers."""
    text = "%064x" % chance.getrandbits(256)
    return ("user#%012d" % (number * 2654435761 % 10**12), str(number), "Name " + text[:16],
            text[16:32] + "@example.com", text[32:44], "%d.%02d" % (number % 1000, number % 100),
            str(number % 77777), number % 3 == 0, text + "%0108x" % chance.getrandbits(432))


def as_json(values):
    types = ("S", "N", "S", "S", "S", "N", "N", "BOOL", "S")
    entries = ",".join('"%s":{"%s":%s}' % (name, kind, json.dumps(value))
                       for name, kind, value in zip(NAMES, types, values))
    return '{"Item":{%s}}\n' % entries


def as_csv(values):
    return ",".join(str(value) for value in values) + "\n"


def as_ion(values):
    entries = ",".join("%s:%s" % (name, value if name in ("sk", "score", "visits") else json.dumps(value))
                       for name, value in zip(NAMES, values))
    return "$ion_1_0 {Item:{%s}}\n" % entries


LINES = {"json": as_json, "csv": as_csv, "ion": as_ion}


def write_objects(folder, options):
    chance = random.Random(1)
    each = (options.items + options.objects - 1) // options.objects
    size = 0
    for n in range(options.objects):
        path = os.path.join(folder, "part-%04d" % n)
        opened = gzip.open(path, "wt", compresslevel=6) if options.compression == "gzip" else open(path, "w")
        with opened as out:
            if options.format == "csv":
                out.write(",".join(NAMES) + "\n")
            for number in range(n * each, min((n + 1) * each, options.items)):
                line = LINES[options.format](item(chance, number))
                size += len(line)
                out.write(line)
        if options.compression == "zstd":
            os.system("zstd -q --rm '%s' && mv '%s.zst' '%s'" % (path, path, path))
    return size


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid) as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle_cpu_seconds(pid):
    """Once nothing goes on in the background any more: that work is the import's, too."""
    before, now = -1.0, cpu_seconds(pid)
    while now - before > IDLE_CPU_S:
        time.sleep(1) # sleep: between looks at whether it is idle
        before, now = now, cpu_seconds(pid)
    return now


def run(options):
    with server.Server(["--auth", "open"] + options.server) as one:
        bucket = os.path.join(one.data, "s3", "bucket")
        os.makedirs(bucket)
        size = write_objects(bucket, options)
        client = one.client(timeout_s=120)
        began, cpu = time.monotonic(), cpu_seconds(one.process.pid)
        arn = client.call("ImportTable", **{
            "S3BucketSource": {"S3Bucket": "bucket"}, "InputFormat": FORMATS[options.format],
            "InputCompressionType": options.compression.upper(),
            "TableCreationParameters": {
                "TableName": "Items", "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"},
                                         {"AttributeName": "sk", "AttributeType": "N"}],
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"},
                              {"AttributeName": "sk", "KeyType": "RANGE"}]},
        })["ImportTableDescription"]["ImportArn"]
        while True:
            said = client.call("DescribeImport", ImportArn=arn)["ImportTableDescription"]
            if said["ImportStatus"] != "IN_PROGRESS" or time.monotonic() > began + WAIT_S:
                break
            time.sleep(0.05) # sleep: between looks at whether it is over
        wall = time.monotonic() - began
        cpu = idle_cpu_seconds(one.process.pid) - cpu
        table = client.call("DescribeTable", TableName="Items")["Table"]
        if said["ImportStatus"] != "COMPLETED" or table["ItemCount"] != options.items:
            sys.exit("it ended as %s with %d items: %s" % (said["ImportStatus"], table["ItemCount"], said))
        print("%d items of %d bytes (%d a line, %s, %s): %.0f items/s per core of work (%.2f us each), "
              "%.0f items/s by the clock" %
              (options.items, table["TableSizeBytes"] // options.items, size // options.items, options.format,
               options.compression, options.items / cpu, cpu / options.items * 1e6, options.items / wall))
        if options.keep:
            shutil.copytree(bucket, options.keep, dirs_exist_ok=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=1000000)
    parser.add_argument("--objects", type=int, default=4)
    parser.add_argument("--format", choices=sorted(FORMATS), default="json")
    parser.add_argument("--compression", choices=("none", "gzip", "zstd"), default="none")
    parser.add_argument("--keep", help="a folder to copy the objects to")
    parser.add_argument("server", nargs="*", help="more options of stele serve")
    run(parser.parse_args())


if __name__ == "__main__":
    main()
