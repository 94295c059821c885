"""What a test of the program has: a folder of its own, and servers that end with it."""

import os
import re
import shutil
import subprocess

from lib import server

PROGRAM = os.path.abspath(os.environ.get("STELE_ASAN") or server.binary())
TABLE = {"TableName": "Items", "BillingMode": "PAY_PER_REQUEST",
         "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
         "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}]}


class Case:
    def __init__(self, folder):
        self.folder = folder
        self.servers = []

    def path(self, name):
        return os.path.join(self.folder, name)

    def serve(self, options=(), **settings):
        settings.setdefault("in_memory", "data" not in settings)
        settings.setdefault("program", PROGRAM)
        own = server.Server(options, log=self.path("log%d" % len(self.servers)), **settings)
        self.servers.append(own)
        own.start()
        return own

    def run(self, *arguments, env=None, timeout_s=server.WAIT_S):
        """Runs stele to its end: (status, what it printed)."""
        full = {k: v for k, v in os.environ.items() if not k.startswith("STELE")}
        full.update(env or {})
        done = subprocess.run([PROGRAM, *arguments], stdin=subprocess.DEVNULL, env=full,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout_s,
                              cwd=self.folder, check=False)
        return done.returncode, done.stdout.decode("utf-8", "replace")

    def refuses(self, pattern, *arguments, status=None, env=None):
        """stele must end by itself, not with 0, and say this."""
        code, text = self.run(*arguments, env=env)
        assert code not in (0, None) and code > 0, "ended with %s: %s" % (code, text)
        assert status in (None, code), "ended with %d, not %d: %s" % (code, status, text)
        assert re.search(pattern, text), "no /%s/ in: %s" % (pattern, text)

    def end(self):
        for own in self.servers:
            own.kill()


def run_case(test, count):
    """A test is a function of a Case; its docstring is the promise."""
    case = Case(server.temp_dir("server"))
    try:
        test(case)
        count.ok()
    except Exception as error: # whatever it is, the other tests go on
        where = error.__traceback__
        while where.tb_next:
            where = where.tb_next
        count.fail("%s: %s" % (test.__name__, test.__doc__),
                   "line %d: %s: %s" % (where.tb_lineno, type(error).__name__, error))
    finally:
        case.end()
        shutil.rmtree(case.folder, ignore_errors=True)
