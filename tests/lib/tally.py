"""Counts what a suite tried and prints its last line."""

import signal
import sys


class Tally:
    def __init__(self, suite):
        # Ended from outside, a suite still ends what it started and removes what it made.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        self.suite = suite
        self.passed = 0
        self.failed = 0

    def ok(self):
        self.passed += 1

    def fail(self, name, detail=""):
        self.failed += 1
        print("FAIL %s" % name)
        for line in str(detail).splitlines():
            print("     " + (line if len(line) <= 1000 else line[:1000] + "…(%d)" % len(line)))
        sys.stdout.flush()

    def check(self, condition, name, detail=""):
        """Counts one test; returns whether it passed."""
        if condition:
            self.ok()
        else:
            self.fail(name, detail() if callable(detail) else detail)
        return bool(condition)

    def finish(self):
        """Prints the last line and ends the process with the suite's status."""
        print("%s: %d passed, %d failed" % (self.suite, self.passed, self.failed))
        sys.stdout.flush()
        sys.exit(1 if self.failed or not self.passed else 0)
