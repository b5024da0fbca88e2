#!/usr/bin/env python3
"""unit.py UNIT HEIGHT - runs the program of a systemd unit as systemd does, as
far as that goes without it: ExecStart as the unit's User, told by sd_notify(3)
that it is ready. It must begin at block HEIGHT or later, which its database has,
and make three more; then it is stopped. Fails where it is not ready, does not say
that it stops, or does not end with 0. Prints the last height."""

import json
import os
import pwd
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time

PATIENCE = 600  # seconds for each step, a stop-gap


def setting(unit: str, name: str) -> str:
    """The last value of a setting in the unit's file."""
    with open(unit, encoding="utf-8") as f:
        found = [line.split("=", 1)[1].strip() for line in f if line.startswith(name + "=")]
    return found[-1]


def hear(notify: socket.socket, word: str, run: subprocess.Popen) -> None:
    """Waits for a word of sd_notify, while the program is there to say it."""
    notify.settimeout(1)
    late = time.monotonic() + PATIENCE
    while True:
        gone = run.poll()
        try:
            said = notify.recv(256).decode()
            break
        except TimeoutError:
            if gone is not None:
                sys.exit(f"unit.py: it ended with {gone}, and did not say {word!r}")
            if time.monotonic() > late:
                sys.exit(f"unit.py: it did not say {word!r}")
    if said != word:
        sys.exit(f"unit.py: it said {said!r}, want {word!r}")


def height(line: list[str]) -> int:
    """What the program's own status says."""
    done = subprocess.run([line[0], "status", "--json", *line[2:4]], capture_output=True, text=True, check=False)
    try:
        return json.loads(done.stdout)["height"]
    except (ValueError, KeyError):
        return 0


def main() -> None:
    """Runs it once."""
    unit, old = sys.argv[1], int(sys.argv[2])
    user = pwd.getpwnam(setting(unit, "User"))
    line = shlex.split(setting(unit, "ExecStart"))
    where = tempfile.mkdtemp()
    os.chmod(where, 0o755)
    path = os.path.join(where, "notify")
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(path)
    os.chmod(path, 0o777)
    env = dict(os.environ, NOTIFY_SOCKET=path, HOME=user.pw_dir)
    run = subprocess.Popen(line, env=env, user=user.pw_uid, group=user.pw_gid, extra_groups=[], umask=0o077, cwd="/")
    try:
        hear(notify, "READY=1", run)
        late = time.monotonic() + PATIENCE
        begun = 0
        while True:
            at = height(line)
            if at and not begun:
                begun = at
                if begun < old:
                    sys.exit(f"unit.py: it began at block {begun}, want {old}")
            if begun and at >= begun + 3:
                break
            if time.monotonic() > late or run.poll() is not None:
                sys.exit(f"unit.py: block {at} after {begun}")
            time.sleep(0.2)
        run.send_signal(signal.SIGTERM)
        hear(notify, "STOPPING=1", run)
        if run.wait(PATIENCE) != 0:
            sys.exit(f"unit.py: it ended with {run.returncode}")
        print(at)
    finally:
        run.kill()


main()
