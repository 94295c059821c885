"""Programs that use a server as applications do: told where it is by their environment, they report in
TAP what they tried."""

import itertools
import os
import subprocess

from . import server

VENV = os.path.join(server.TOP, ".venv/bin")
SECONDS = 600


def environment(own, folder, scheme="http", **more):
    """What an application on a machine without any AWS configuration would set. folder: an empty one."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "NODE_"))}
    if os.path.isdir(VENV):
        env["PATH"] = VENV + os.pathsep + env["PATH"]
    env.update({
        "ENDPOINT": "%s://127.0.0.1:%d" % (scheme, own.port),
        "AWS_ACCESS_KEY_ID": server.ROOT.access_key_id,
        "AWS_SECRET_ACCESS_KEY": server.ROOT.secret_access_key,
        "AWS_REGION": server.REGION, "AWS_DEFAULT_REGION": server.REGION,
        "AWS_CONFIG_FILE": os.path.join(folder, "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": os.path.join(folder, "no-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true", "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.path.join(server.TOP, "tests"),
        "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1",
    })
    env.update(more)
    return env


def run(command, env, cwd, where, count):
    """Runs a program; its TAP lines are tests."""
    try:
        done = subprocess.run(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=SECONDS, check=False)
        status, text = done.returncode, done.stdout.decode("utf-8", "replace")
    except subprocess.TimeoutExpired as error:
        status, text = "after %d s" % SECONDS, (error.stdout or b"").decode("utf-8", "replace")
    except OSError as error:
        status, text = error, ""
    passed = failed = 0
    lines = text.splitlines()
    for i, line in enumerate(lines):
        if line.startswith("ok "):
            passed += 1
            count.ok()
        elif line.startswith("not ok "):
            failed += 1
            detail = itertools.takewhile(lambda l: l.startswith(("#", " ")), lines[i + 1:i + 41])
            count.fail("%s: %s" % (where, line[7:]), "\n".join(detail))
    if passed + failed == 0 or (status != 0 and failed == 0):
        count.fail("%s: the scenario ended with %s" % (where, status), text[-2000:])
