"""The data directory: one process at a time, and none that is newer or damaged."""

import glob
import os
import re
import shutil
import subprocess

from case import TABLE
from lib import server


def one_process_per_directory(case):
    """a second process is told who has the directory; when it is gone, even killed, the next may"""
    data = case.path("data")
    own = case.serve(data=data)
    pid = own.process.pid
    case.refuses("in use.*%d" % pid, "serve", "--data", data, "--listen", "127.0.0.1:0")
    own.kill()
    case.serve(data=data)


def check_command(case):
    """stele check says that a sound directory is sound, and what is in it"""
    data = fill(case, 30)
    status, text = case.run("check", data)
    assert status == 0 and re.search(r"ok: 1 tables?, 30 items", text), text


def newer_format(case):
    """a directory of a newer version is refused and not touched"""
    data = fill(case, 3)
    path = os.path.join(data, "FORMAT")
    with open(path, encoding="ascii") as file:
        text = file.read()
    with open(path, "w", encoding="ascii") as file:
        file.write(re.sub(r"^stele-data \d+", "stele-data 99", text))
    serve_refuses(case, "newer", data)
    with open(path, "w", encoding="ascii") as file:
        file.write(re.sub(r"rocksdb \S+", "rocksdb 999.0", text))
    serve_refuses(case, "newer|999", data)
    with open(path, "w", encoding="ascii") as file:
        file.write("nonsense\n")
    serve_refuses(case, "FORMAT", data)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    own = case.serve(data=data)
    with own.client() as client:
        assert client.call("Scan", TableName="Items")["Count"] == 3


def damaged_files(case):
    """a directory with a missing or damaged file is refused with a message, never served as empty"""
    sound = fill(case, 200)
    for name, damage in (("CURRENT", os.unlink), ("CURRENT", garble), ("MANIFEST-*", os.unlink),
                         ("MANIFEST-*", garble), ("MANIFEST-*", cut), ("*.sst", os.unlink), ("*.sst", cut)):
        data = case.path("damaged")
        shutil.copytree(sound, data)
        files = glob.glob(os.path.join(data, "rocks", name))
        for path in files:
            damage(path)
        if files:
            code, text = case.run("check", data)
            assert code > 0, "%s %s: check said %s" % (name, damage.__name__, text)
            try:
                serve_refuses(case, "[Rr]estore|[Cc]heck", data)
            except subprocess.TimeoutExpired:
                raise AssertionError("%s %s: it serves" % (name, damage.__name__)) from None
        shutil.rmtree(data)


def damaged_blocks(case):
    """a damaged block is an error to whoever reads it and to check, never wrong data"""
    data = fill(case, 3000, 1000)
    flushed = glob.glob(os.path.join(data, "rocks", "*.sst"))
    assert flushed, os.listdir(os.path.join(data, "rocks"))
    for path in flushed:
        size = os.path.getsize(path)
        with open(path, "r+b") as file:
            file.seek(size // 4)
            file.write(os.urandom(64))
    code, text = case.run("check", data, timeout_s=60)
    assert code > 0, text
    try:
        own = case.serve(data=data)
    except server.ServerError:
        return # refusing is as good
    with own.client() as client:
        failed = 0
        for i in range(3000):
            response = client.send("GetItem", {"TableName": "Items", "Key": {"pk": {"S": "%d" % i}}})
            if response.status == 200:
                assert (b"%01000d" % i) in response.body, response.body[:200]
            else:
                assert response.status == 500, response.body
                failed += 1
        assert failed > 0
    assert "level=error" in own.log(), own.log_tail()


def torn_log(case):
    """the torn end of a log, as a kill leaves it, costs nothing that was acknowledged before"""
    data = case.path("data")
    own = case.serve(data=data)
    with own.client() as client:
        client.call("CreateTable", **TABLE)
        for i in range(100):
            client.call("PutItem", TableName="Items", Item={"pk": {"S": "%d" % i}})
    own.kill()
    logs = sorted(glob.glob(os.path.join(data, "rocks", "*.log")))
    with open(logs[-1], "ab") as log:
        log.write(os.urandom(300))
    own.start()
    with own.client() as client:
        assert client.call("Scan", TableName="Items", Select="COUNT")["Count"] == 100
        client.call("PutItem", TableName="Items", Item={"pk": {"S": "more"}})
    assert own.stop() == 0
    assert case.run("check", data)[0] == 0


def fill(case, count, size=100):
    """A data directory with one table of `count` items, closed."""
    data = case.path("data")
    own = case.serve(data=data)
    with own.client() as client:
        client.call("CreateTable", **TABLE)
        for i in range(count):
            client.call("PutItem", TableName="Items",
                        Item={"pk": {"S": "%d" % i}, "v": {"S": "%0*d" % (size, i)}})
    assert own.stop() == 0, own.log_tail()
    own.start() # what was in the log goes to table files when it is opened again
    assert own.stop() == 0, own.log_tail()
    return data


def serve_refuses(case, pattern, data):
    case.refuses(pattern, "serve", "--data", data, "--listen", "127.0.0.1:0")


def garble(path):
    """Overwrites the middle of a file."""
    with open(path, "r+b") as file:
        size = os.path.getsize(path)
        file.seek(size // 3)
        file.write(b"\xa5" * max(1, size // 3))


def cut(path):
    os.truncate(path, os.path.getsize(path) // 2)


TESTS = [
    one_process_per_directory, check_command, newer_format, damaged_files, damaged_blocks, torn_log,
]
