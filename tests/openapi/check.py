#!/usr/bin/env python3
"""Holds running daemons against their own OpenAPI document, with schemathesis.

Usage: check.py PROGRAM

PROGRAM is keyviz-fanout. Whatever is written goes to target/openapi, where schemathesis has an environment of its own: it
is made once, and again when requirements.txt changes; in between no network is needed. Exits with 0 if all is as described.
"""

import contextlib
import hashlib
import importlib.util
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
WORK = HERE.parent.parent / "target" / "openapi"
PYTHON = WORK / "venv" / "bin" / "python"
DOCUMENT = "/admin/api/v1/keyviz/openapi.json"

# Seconds, for a machine that is busy with something else.
PATIENCE = 60
RUN_MAX = 600

# The same requests at each run; bounded by number, not by time.
BOUNDS = ["--max-examples=10", "--generation-deterministic", "--workers=1"]

# Not in the public interface of schemathesis, whose version is pinned.
VALIDATE = """
import json, sys
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR
errors = list(OPENAPI_31_VALIDATOR.iter_errors(json.load(sys.stdin)))
for error in errors:
    print(error, file=sys.stderr)
sys.exit(bool(errors))
"""


def main(program):
    # Ended from outside, it still ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("openapi: FAILED: ended from outside"))
    WORK.mkdir(parents=True, exist_ok=True)
    prepare()
    with demo(program) as (url, nodes), forwarding(program, nodes) as forwarding_url:
        verdicts = {
            "the document is OpenAPI 3.1": is_valid(url),
            "the demo is as described": is_as_described(url),
            "a daemon beside a node, which forwards sessions, is as described": is_as_described(
                forwarding_url, "--header=Cookie: admin_session=of-the-check"
            ),
        }
    for claim, holds in verdicts.items():
        print(f"openapi: {'ok' if holds else 'FAILED'}: {claim}")
    return 0 if all(verdicts.values()) else 1


def prepare():
    """Makes the environment, unless it is there and of these requirements."""
    requirements = HERE / "requirements.txt"
    stamp, wanted = WORK / "venv" / "requirements.sha256", hashlib.sha256(requirements.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    ensure_venv()
    shutil.rmtree(WORK / "venv", ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", WORK / "venv"], check=True)
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    subprocess.run([*pip, "--requirement", requirements], check=True)
    stamp.write_text(wanted)


def ensure_venv():
    """Debian has a part of Python's own library in a package of its own."""
    if importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip"):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit("openapi: python3 has no venv; install it (on Debian: apt-get install python3-venv) and try again")
    subprocess.run(["apt-get", "update"], check=True)
    subprocess.run(["apt-get", "install", "--yes", "--no-install-recommends", "python3-venv"], check=True)


@contextlib.contextmanager
def demo(program):
    """The demo: its URL, and the addresses of its nodes."""
    command = [program, "demo", "--listen", "127.0.0.1:0", "--seed", "1"]
    with running(command, "demo", r"Open   (\S+)/admin/keyviz/") as (url, said):
        yield url, re.search(r"nodes: (.+)", said).group(1).split()


@contextlib.contextmanager
def forwarding(program, nodes):
    """A daemon with a local node and `auth.mode = "forward"`, over the demo's nodes: its URL."""
    file = WORK / "forward.toml"
    peers = ", ".join(f'"{node}"' for node in nodes)
    file.write_text(
        'server.listen = "127.0.0.1:0"\nlocal.source = "http"\n'
        f'local.url = "http://{nodes[0]}"\nfanout.peers = [{peers}]\n'
    )
    with running([program, "--config", file], "forward", r"listening on (http://[^,\s]+)") as (url, _):
        yield url


@contextlib.contextmanager
def running(command, name, announcement):
    """A process, ended at the end: what it announced, and all it had said by then."""
    log = WORK / f"{name}.log"
    with log.open("w") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    try:
        begin = time.monotonic()
        while not (found := re.search(announcement, log.read_text())):
            if process.poll() is not None or time.monotonic() - begin > PATIENCE:
                sys.exit(f"openapi: FAILED: no address from {name}:\n{log.read_text()}")
            time.sleep(0.05)
        yield found.group(1), log.read_text()
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()


def is_valid(url):
    """Whether the document is what OpenAPI 3.1 says that a document is."""
    # Loopback is asked directly, whatever proxy there is for the rest.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url + DOCUMENT, timeout=PATIENCE) as answer:
        document = answer.read()
    return subprocess.run([PYTHON, "-c", VALIDATE], input=document, check=False).returncode == 0


def is_as_described(url, *options):
    """Whether nothing that schemathesis tries is answered otherwise than the document says."""
    schemathesis = [PYTHON, "-m", "schemathesis.cli", "--config-file", HERE / "schemathesis.toml", "--no-color"]
    command = [*schemathesis, "run", url + DOCUMENT, "--checks=all", *BOUNDS, *options]
    environment = os.environ | {"PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1", "NO_PROXY": "*"}
    try:
        return subprocess.run(command, cwd=WORK, env=environment, timeout=RUN_MAX, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        print(f"openapi: schemathesis was not done after {RUN_MAX} s")
        return False


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
