#!/usr/bin/env python3
"""A query from a file into files, with a state directory, and a fault at every system call of a kind.

It is killed there, or told that the disk is full, or broken. Killed or failed it is run again: its
results must be those of a run that had no fault, and what a reader has seen of them must still be
there. On a full disk it goes on by itself. Exits 77, which ctest shows as skipped, without strace.

usage: faults.py BINARY
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile

BINARY = os.path.realpath(sys.argv[1])
ROWS = 60_000
# At every how many calls: on a full disk a query waits for a second.
FAULTS = [
    ("signal=KILL", 1, ["pwrite64", "fdatasync", "fsync", "renameat"]),
    ("error=ENOSPC", 6, ["pwrite64"]),
    ("error=ENOSPC", 1, ["renameat"]),
    ("error=EIO", 1, ["fdatasync", "fsync"]),
]
POINTS_MAX = 200

QUERY = """
SET 'execution.checkpointing.interval' = '10 ms';
CREATE TABLE events (ts TIMESTAMP(3), k INT, v BIGINT, WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'events.json', 'format' = 'json');
CREATE TABLE results (w TIMESTAMP(3), k INT, n BIGINT, s BIGINT)
WITH ('connector' = 'filesystem', 'path' = '{path}', 'format' = 'json',
      'sink.rolling-policy.file-size' = '100 kb');
INSERT INTO results
SELECT window_start, k, COUNT(*), SUM(v)
FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(ts), INTERVAL '1' SECOND))
GROUP BY window_start, window_end, k;
"""


def write_inputs():
    with open("events.json", "w") as file:
        for i in range(ROWS):
            file.write(
                '{"ts":"2024-01-01 00:%02d:%02d.%03d","k":%d,"v":%d}\n'
                % (i // 60_000, i // 1000 % 60, i % 1000, i * 7919 % 97, i)
            )
    for name, path in [("file.sql", "out.json"), ("parts.sql", "out/")]:
        with open(name, "w") as file:
            file.write(QUERY.format(path=path))


def look(path):
    """What a reader sees: complete names and their bytes."""
    if os.path.isdir(path):
        names = [name for name in sorted(os.listdir(path)) if not name.startswith(".")]
        return {name: open(os.path.join(path, name), "rb").read() for name in names}
    return {path: open(path, "rb").read()} if os.path.exists(path) else {}


def lines(view):
    """The order of groups within a window is not part of the result."""
    return sorted(b"".join(view.values()).split(b"\n"))


def remove(path):
    if os.path.isdir(path):
        shutil.rmtree(path)
    elif os.path.exists(path):
        os.remove(path)


def run(script, *before):
    command = [*before, BINARY, "run", "--state", "state", "--accept-file-system", script]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def fail_at(script, path, call, number, fault, expected):
    """Returns whether there was such a call."""
    remove("state")
    remove(path)
    os.mkdir("state")
    inject = f"inject={call}:{fault}:when={number}"
    first = run(script, "strace", "-f", "-qq", "-o", "trace", "-e", f"trace={call}", "-e", inject)
    with open("trace") as trace:
        if first.returncode == 0 and "INJECTED" not in trace.read():
            return False
    where = f"{script}: {fault} at {call} number {number}"
    if first.returncode not in (0, 1, 2, -signal.SIGKILL):
        sys.exit(f"{where}: exit {first.returncode}, {first.stderr}")
    seen = look(path)
    if first.returncode != 0:
        go_on(script, where)
    now = look(path)
    if lines(now) != expected:
        sys.exit(f"{where}: the results are not those of a whole run")
    for name, text in seen.items():
        is_kept = now[name] == text if os.path.isdir(path) else now[name].startswith(text)
        if not is_kept:
            sys.exit(f"{where}: what was in {name} has changed")
    return True


def go_on(script, where):
    second = run(script)
    # Stopped behind its end: there is nothing left to do, which is said.
    has_ended = second.returncode == 2 and "has come to its end" in second.stderr
    if second.returncode != 0 and not has_ended:
        sys.exit(f"{where}: the next run says {second.stderr}")


def main():
    if shutil.which("strace") is None:
        print("no strace: skipped")
        sys.exit(77)
    write_inputs()
    for script, path in [("file.sql", "out.json"), ("parts.sql", "out")]:
        remove("state")
        os.mkdir("state")
        whole = run(script)
        if whole.returncode != 0:
            sys.exit(f"{script}: {whole.stderr}")
        expected = lines(look(path))
        for fault, step, calls in FAULTS:
            for call in calls:
                number = 1
                while number <= POINTS_MAX and fail_at(
                    script, path, call, number, fault, expected
                ):
                    number += step
                if number == 1:
                    sys.exit(f"{script}: no call of {call} failed")
                print(f"{script}: {fault} at {number // step} calls of {call}")


with tempfile.TemporaryDirectory() as directory:
    os.chdir(directory)
    main()
