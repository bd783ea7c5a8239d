#!/usr/bin/env python3
"""A query from a file into files, with a state directory, and faults at its system calls of a kind.

It is killed there, or told that the disk is full, or broken. Killed or failed it is run again: its
results must be those of a run that had no fault, and what a reader has seen of them must still be
there. On a full disk it goes on by itself. Exits 77, which ctest shows as skipped, without strace.

How many calls there are depends on how fast the machine and the build are, since epochs end by the
clock. So a whole run is counted first, and of the calls of a kind the first POINTS / 2 fail one
after another (the start, the first epochs), then as many spread over the rest, the last included.

usage: faults.py BINARY [--points POINTS]

--points POINTS   how many calls of each kind fail, 60 unless given; 0: every one
"""

import argparse
import collections
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

ROWS = 60_000
# Each gets 1 in so many of the points: on a full disk a query waits for a second.
FAULTS = [
    ("signal=KILL", 1, ["pwrite64", "fdatasync", "fsync", "renameat"]),
    ("error=ENOSPC", 4, ["pwrite64"]),
    ("error=ENOSPC", 1, ["renameat"]),
    ("error=EIO", 1, ["fdatasync", "fsync"]),
]

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


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("binary", type=os.path.realpath)
    parser.add_argument("--points", type=int, default=60)
    return parser.parse_args()


def run(script, *before, environment=None):
    command = [*before, ARGUMENTS.binary, "run", "--state", "state", "--accept-file-system", script]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)


def start_anew(path):
    remove("state")
    remove(path)
    os.mkdir("state")


def run_traced(script, path, call, *inject):
    """A run from nothing; returns it and its trace."""
    start_anew(path)
    # Who is traced cannot look for leaks, and would fail for that. A fault's own exit is 1.
    sanitizer = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0:exitcode=99"
    environment = {**os.environ, "ASAN_OPTIONS": sanitizer.lstrip(":")}
    tracing = ["strace", "-f", "-qq", "-o", "trace", "-e", f"trace={call}"]
    done = run(script, *tracing, *inject, environment=environment)
    with open("trace") as trace:
        return done, trace.read()


def points(count, points_max):
    """The numbers of the calls that fail: the first half one by one, the others spread."""
    if points_max == 0 or count <= points_max:
        return list(range(1, count + 1))
    spread = points_max // 2
    first = points_max - spread
    rest = ((count - first) * i // spread for i in range(1, spread + 1))
    return [*range(1, first + 1), *(first + number for number in rest)]


def count_calls(script, path, call):
    """Of the thread that has most of them: strace counts the calls of each for itself."""
    _, trace = run_traced(script, path, call)
    threads = re.findall(rf"^(\d+) +{call}\(", trace, re.MULTILINE)
    return max(collections.Counter(threads).values(), default=0)


def fail_at(script, path, call, number, fault, expected):
    """Returns whether there was such a call: not every run has equally many."""
    inject = f"inject={call}:{fault}:when={number}"
    first, trace = run_traced(script, path, call, "-e", inject)
    if first.returncode != -signal.SIGKILL and "INJECTED" not in trace:
        if first.returncode != 0:
            sys.exit(f"{script}: without a fault it says {first.stderr}")
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


def fail_everywhere(script, path):
    start_anew(path)
    whole = run(script)
    if whole.returncode != 0:
        sys.exit(f"{script}: {whole.stderr}")
    expected = lines(look(path))
    for fault, divisor, calls in FAULTS:
        for call in calls:
            count = count_calls(script, path, call)
            points_max = -(-ARGUMENTS.points // divisor)
            failed = sum(
                fail_at(script, path, call, number, fault, expected)
                for number in points(count, points_max)
            )
            if failed == 0:
                sys.exit(f"{script}: no call of {call} failed")
            print(f"{script}: {fault} at {failed} of {count} calls of {call}", flush=True)


def main():
    if shutil.which("strace") is None:
        print("no strace: skipped")
        sys.exit(77)
    write_inputs()
    for script, path in [("file.sql", "out.json"), ("parts.sql", "out")]:
        fail_everywhere(script, path)


ARGUMENTS = arguments()
with tempfile.TemporaryDirectory() as directory:
    os.chdir(directory)
    main()
