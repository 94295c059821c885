"""Libraries of tests in C that stand between a server and its files (preload.h)."""

import os
import shlex
import subprocess

from . import server


def build(source, folder):
    """Compiles a library and returns its path. Servers run without the machine's own LD_PRELOAD."""
    library = os.path.join(folder, os.path.splitext(os.path.basename(source))[0] + ".so")
    command = [*shlex.split(os.environ.get("CC", "cc")), "-shared", "-fPIC", "-O1", "-g", "-Wall", "-Wextra", "-Werror",
               "-D_GNU_SOURCE", "-o", library, source, "-ldl", "-pthread"]
    made = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    if made.returncode != 0:
        raise server.ServerError("%s\n%s" % (" ".join(command), made.stdout.decode("utf-8", "replace")))
    return library
