#!/usr/bin/env python3
"""Stores that earlier versions have written, which every later one must read.

usage: golden_test.py BINARY             reads all of tests/golden, and goes on from each
       golden_test.py BINARY --make DIR  writes such a store with this version

tests/golden/store-MAJOR.MINOR is a query that was killed between two epochs: its script, what it
had been given, its results until then, its state directory, and what `thalweg store dump` says of
that. A format that changes gets a store of its own; those that are there stay as they are, and
only a dump may be written anew, if it is the words that have changed.
"""
import sys

sys.dont_write_bytecode = True

import collections
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import store_test
import world

BINARY = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else ""
GOLDEN = os.path.join(world.ROOT, "tests", "golden")
RECORDS = 360
GIVEN = 200  # So many before the store was written.
OUTPUTS = ("rows.csv", "tumble.csv", "hop.csv", "cumulate.csv", "joined.csv", "parts")

SCRIPT = """SET 'execution.checkpointing.interval' = '20 ms';
CREATE TABLE t (n BIGINT, k STRING, v BIGINT, d DOUBLE, m DECIMAL(12, 3), b BOOLEAN,
    ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '2' SECOND)
WITH ('connector' = 'filesystem', 'path' = 'in.csv', 'source.monitor-interval' = '5 ms',
      'format' = 'csv');
CREATE TABLE passed (n BIGINT, k STRING, sequence BIGINT METADATA FROM 'result_sequence' VIRTUAL)
WITH ('connector' = 'filesystem', 'path' = 'rows.csv', 'format' = 'csv');
CREATE TABLE tumble (k STRING, e TIMESTAMP(3), c BIGINT, s BIGINT, a DOUBLE, m DECIMAL(38, 3),
    low STRING, sd DOUBLE, f BIGINT, l BIGINT, dv BIGINT, db BIGINT)
WITH ('connector' = 'filesystem', 'path' = 'tumble.csv', 'format' = 'csv');
CREATE TABLE hop (k STRING, e TIMESTAMP(3), s BIGINT, hi DOUBLE, d BIGINT)
WITH ('connector' = 'filesystem', 'path' = 'hop.csv', 'format' = 'csv');
CREATE TABLE cumulate (k STRING, e TIMESTAMP(3), s DECIMAL(38, 3), c BIGINT)
WITH ('connector' = 'filesystem', 'path' = 'cumulate.csv', 'format' = 'csv');
CREATE TABLE joined (k STRING, e TIMESTAMP(3), n BIGINT, o BIGINT)
WITH ('connector' = 'filesystem', 'path' = 'joined.csv', 'format' = 'csv');
CREATE TABLE parts (k STRING, n BIGINT)
WITH ('connector' = 'filesystem', 'path' = 'parts/', 'format' = 'csv',
      'sink.rolling-policy.file-size' = '1kb');
INSERT INTO passed SELECT n, k FROM t WHERE v < 500;
INSERT INTO tumble SELECT k, window_end, COUNT(*), SUM(v), AVG(d), SUM(m),
    MIN(k || CAST(v AS STRING)), STDDEV_POP(d), FIRST_VALUE(v), LAST_VALUE(v), COUNT(DISTINCT v),
    COUNT(DISTINCT n) FILTER (WHERE b)
FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY k, window_start, window_end;
INSERT INTO hop SELECT k, window_end, SUM(v), MAX(d), COUNT(DISTINCT v)
FROM TABLE(HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '20' SECOND))
GROUP BY k, window_start, window_end;
INSERT INTO cumulate SELECT k, window_end, SUM(m), COUNT(*)
FROM TABLE(CUMULATE(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '20' SECOND))
GROUP BY k, window_start, window_end;
INSERT INTO joined SELECT l.k, l.window_end, l.n, r.n
FROM (SELECT * FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND))
      WHERE v < 300) AS l
JOIN (SELECT * FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND))
      WHERE v >= 600) AS r
ON l.k = r.k AND l.window_start = r.window_start AND l.window_end = r.window_end;
INSERT INTO parts SELECT k, n FROM t;
"""


def line(records, n):
    """Record n; its sums of doubles are exact in any order, and no record is late."""
    key, value, _ = records.values(n)
    ms = n * 100 - records.mixed(n) % 1_500 + 10_000
    return (f"{n},{key},{value},{value / 4},{value - 500}.{n % 1_000:03},{value % 3 == 0},"
            f"{world.instant(ms)}\n").encode()


def write_input(path, first, end, is_last=False):
    records = world.Records(2024)
    with open(path, "ab") as file:
        for n in range(first, end):
            file.write(line(records, n))
        if is_last:
            file.write(b"0,end,999,0,0,FALSE,2030-01-01 00:00:00.000\n")


def results(folder):
    """The rows of each table, but for those of the record that ends the input."""
    found = {}
    for name in OUTPUTS:
        path = os.path.join(folder, name)
        paths = [path]
        if os.path.isdir(path):
            paths = sorted(os.path.join(path, part) for part in os.listdir(path)
                           if part[0] not in "._")
        rows = b"".join(world.read_bytes(each) for each in paths).splitlines()
        found[name] = collections.Counter(row for row in rows if b"end" not in row)
    return found


def start(folder, *arguments):
    with open(os.path.join(folder, "log"), "ab") as log:
        return subprocess.Popen([BINARY, "run", "--state", "state", *arguments, "query.sql"],
                                cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def whole_run(folder):
    """What a query that is never interrupted makes of all records."""
    os.mkdir(folder)
    os.mkdir(os.path.join(folder, "parts"))
    write_input(os.path.join(folder, "in.csv"), 0, RECORDS, is_last=True)
    with open(os.path.join(folder, "query.sql"), "w") as out:
        out.write(SCRIPT.replace("'source.monitor-interval' = '5 ms',", ""))
    done = subprocess.run([BINARY, "run", "query.sql"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return results(folder)


def newest_of(state):
    """The name of the newest generation."""
    return max(name for name in os.listdir(state)
               if name.startswith("snapshot-") and not name.endswith(".tmp"))


def dump(folder):
    """Without the spaces that would end its lines."""
    done = subprocess.run([BINARY, "store", "dump", "state"], cwd=folder, capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    return "".join(line.rstrip() + "\n" for line in done.stdout.splitlines())


def make(folder):
    os.makedirs(os.path.join(folder, "parts"))
    with open(os.path.join(folder, "query.sql"), "w") as out:
        out.write(SCRIPT)
    engine = start(folder)
    path = os.path.join(folder, "in.csv")
    for n in range(0, GIVEN, 5):
        write_input(path, n, n + 5)
        time.sleep(0.01)
    engine.kill()
    engine.wait()
    state = os.path.join(folder, "state")
    newest = newest_of(state)
    for name in os.listdir(state):
        if name not in ("STORE", newest):
            os.remove(os.path.join(state, name))
    os.remove(os.path.join(folder, "log"))
    with open(os.path.join(folder, "dump.txt"), "w") as out:
        out.write(dump(folder))


class Golden(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="thalweg-golden-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def stores(self, place=""):
        """Copies of all of them, with the rights of a state directory."""
        names = sorted(os.listdir(GOLDEN))
        self.assertGreater(len(names), 0)
        for name in names:
            copy = os.path.join(self.folder, place, name)
            shutil.copytree(os.path.join(GOLDEN, name), copy)
            os.chmod(os.path.join(copy, "state"), 0o700)
            for file in os.listdir(os.path.join(copy, "state")):
                os.chmod(os.path.join(copy, "state", file), 0o600)
            yield copy

    def test_what_was_written_is_read(self):
        for store in self.stores():
            with self.subTest(store=store):
                done = subprocess.run([BINARY, "store", "verify", "state"], cwd=store,
                                      capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                with open(os.path.join(store, "dump.txt")) as file:
                    self.assertEqual(dump(store), file.read())

    def test_a_query_goes_on(self):
        expected = whole_run(os.path.join(self.folder, "whole"))
        self.assertGreater(min(map(len, expected.values())), 10)
        for store in self.stores("as it was"):
            self.go_on(store, expected)
        for store in self.stores("in another layout"):
            self.go_on(store, expected, "--shards", "3", "--ingest-threads", "2")

    def go_on(self, store, expected, *arguments):
        with self.subTest(store=store):
            given = len(world.read_bytes(os.path.join(store, "in.csv")).splitlines())
            engine = start(store, *arguments)
            self.addCleanup(engine.kill)
            write_input(os.path.join(store, "in.csv"), given, RECORDS, is_last=True)
            world.wait_until(lambda: results(store)["tumble.csv"] == expected["tumble.csv"]
                             or engine.poll() is not None)
            engine.send_signal(signal.SIGTERM)
            log = os.path.join(store, "log")
            self.assertEqual(engine.wait(20), 0, world.read_bytes(log).decode())
            found = results(store)
            # The part in progress is shown when the query ends, which it does not here.
            self.assertEqual(found.pop("parts") - expected["parts"], collections.Counter())
            for name, rows in found.items():
                self.assertEqual(rows, expected[name], name)

    def test_a_later_version_is_refused(self):
        for store in self.stores():
            with self.subTest(store=store):
                state = os.path.join(store, "state")
                newest = os.path.join(state, newest_of(state))
                store_test.of_a_later_version(newest)
                before = world.read_bytes(newest)
                done = subprocess.run([BINARY, "run", "--state", "state", "query.sql"], cwd=store,
                                      capture_output=True, text=True, timeout=60)
                self.assertEqual(done.returncode, 2, done.stderr)
                for words in (os.path.basename(newest), "format 9", "use the version"):
                    self.assertIn(words, done.stderr)
                self.assertEqual(world.read_bytes(newest), before)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    if "--make" in sys.argv[2:]:
        make(sys.argv[sys.argv.index("--make") + 1])
    else:
        unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=1)
