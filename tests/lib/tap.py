"""Runs functions as tests and reports in TAP, the form node's test runner speaks too."""

import sys
import traceback


def run(tests):
    """Runs functions in order; the first line of the docstring is the test's name."""
    failed = 0
    for number, test in enumerate(tests, 1):
        name = test.__doc__.strip().splitlines()[0]
        try:
            test()
            print("ok %d - %s" % (number, name))
        except Exception: # whatever it is, the other tests go on
            failed += 1
            print("not ok %d - %s" % (number, name))
            for line in traceback.format_exc().splitlines():
                print("# " + line)
        sys.stdout.flush()
    sys.exit(1 if failed else 0)


def same(actual, expected):
    """assert ==, telling both when they differ."""
    if actual != expected:
        raise AssertionError("expected %r, got %r" % (expected, actual))


def raises(name, call, *args, **kwargs):
    """Makes a botocore call that must fail with this error code; returns the error's response."""
    from botocore.exceptions import ClientError

    try:
        call(*args, **kwargs)
    except ClientError as error:
        same(error.response["Error"]["Code"], name)
        same(type(error).__name__ in (name, "ClientError"), True)
        return error.response
    raise AssertionError("no %s" % name)
