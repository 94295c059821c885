"""Counts what a suite tried and prints its last line."""

import signal
import sys
import threading
from concurrent import futures


class Tally:
    def __init__(self, suite):
        # Ended from outside, a suite still ends what it started and removes what it made.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        self.suite = suite
        self.lock = threading.Lock() # guards what follows
        self.passed = 0
        self.failed = 0

    def ok(self):
        with self.lock:
            self.passed += 1

    def fail(self, name, detail=""):
        lines = [line if len(line) <= 1000 else line[:1000] + "…(%d)" % len(line)
                 for line in str(detail).splitlines()]
        with self.lock:
            self.failed += 1
            print("\n     ".join(["FAIL %s" % name] + lines), flush=True)

    def check(self, condition, name, detail=""):
        """Counts one test; returns whether it passed."""
        if condition:
            self.ok()
        else:
            self.fail(name, detail() if callable(detail) else detail)
        return bool(condition)

    def two_at_a_time(self, tests):
        """Runs functions that have nothing to do with each other, in this order. A server lives as long
        as the thread that started it, and these threads last until all is done."""
        threads = futures.ThreadPoolExecutor(2)
        try:
            for done in [threads.submit(test) for test in tests]:
                done.result()
        finally:
            threads.shutdown(cancel_futures=True)

    def finish(self):
        """Prints the last line and ends the process with the suite's status."""
        print("%s: %d passed, %d failed" % (self.suite, self.passed, self.failed))
        sys.stdout.flush()
        sys.exit(1 if self.failed or not self.passed else 0)
