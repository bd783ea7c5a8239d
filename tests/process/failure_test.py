#!/usr/bin/env python3
"""What a query with a state directory does when its disk fails, is full, or is slow.

usage: failure_test.py BINARY

A sync that fails ends the process within a second, whatever its number, and the restart is exact. A
full disk stops epochs and nothing else, and they go on when there is room. A disk that takes two
seconds for a sync costs time alone.
"""
import sys

sys.dont_write_bytecode = True

import os
import random
import subprocess
import tempfile
import time
import unittest

import world

BINARY = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else ""
SYNCS = 20           # Each of the first ones fails once.
EXIT_S = 1.0         # A process whose sync has failed may live so long.
MEMORY_KB = 120_000  # More than a query of some windows needs, less than it would hold back in 2 s.
NO_STRACE = world.strace_or_none()


class Failures(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="thalweg-failure-")
        self.addCleanup(folder.cleanup)
        self.begin(folder.name)

    def begin(self, folder, state=None):
        """A growing file, a query on it, and somebody who looks at the results."""
        self.folder = folder
        self.state = state or os.path.join(folder, "state")
        self.records = world.Records(7)
        path = os.path.join(folder, "in.csv")
        self.writer = world.Writer(path, self.records, 2_000)
        self.script = world.Script(folder, world.file_source(path), interval_ms=20)
        self.reader = world.Reader(self.script)
        self.writer.start()
        self.reader.start()
        self.addCleanup(self.writer.ends.set)
        self.addCleanup(self.reader.ends.set)

    def start(self, inject=None, *arguments):
        engine = world.Engine(BINARY, self.script, self.state, arguments, inject)
        self.addCleanup(engine.kill)
        return engine

    def assert_exact(self, engine, *arguments):
        """Ends the input; `engine`, or a new one, brings just the results there should be."""
        count = self.writer.finish()
        expected = world.oracle(self.records, count)
        engine = engine or self.start(None, *arguments)
        found = world.wait_for_results(engine, self.script, expected)
        self.assertEqual(engine.stop(), 0, engine.log())
        self.assertEqual(world.differences(expected, found) + self.reader.finish(), [])
        self.assertGreater(sum(map(len, found.values())), 100)

    @unittest.skipIf(NO_STRACE, NO_STRACE)
    def test_a_sync_that_fails_ends_the_process(self):
        chance = random.Random(11)
        for call in ("fdatasync", "fsync"):
            for number in range(1, SYNCS + 1):
                with self.subTest(call=call, number=number):
                    self.fail_sync(call, number, world.random_arguments(chance))
        self.assert_exact(None)

    def fail_sync(self, call, number, arguments):
        trace = os.path.join(self.folder, "trace")
        inject = f"{call}:error=EIO:when={number}"
        engine = self.start_traced(inject, trace, arguments)
        status = engine.wait()
        ended = time.time()
        failed = [line for line in world.read_bytes(trace).decode().splitlines()
                  if "INJECTED" in line]
        self.assertEqual(len(failed), 1, "a descriptor whose sync has failed was used again")
        self.assertIn(status, (1, 2), engine.log())
        self.assertLess(ended - float(failed[0].split()[1]), EXIT_S)
        self.assertRegex(engine.log(), rf"thalweg: .*{call} {self.folder}.*\(EIO\)")

    def start_traced(self, inject, trace, arguments):
        """As start(), with the times of the calls in a file."""
        engine = world.Engine(BINARY, self.script, self.state, arguments, inject, trace)
        self.addCleanup(engine.kill)
        return engine

    @unittest.skipIf(NO_STRACE, NO_STRACE)
    def test_a_slow_disk_costs_time_alone(self):
        self.writer.per_s = 8_000
        engine = self.start("fdatasync:delay_enter=2s:when=5+7", "--shards", "2")
        most = 0
        began = time.monotonic()
        while time.monotonic() - began < 5:
            most = max(most, memory_kb(engine.process.pid))
            self.assertIsNone(engine.poll(), engine.log())
            time.sleep(0.05)
        self.assertGreater(most, 1_000)
        self.assertLess(most, MEMORY_KB)
        engine.kill()
        self.assert_exact(None)


def memory_kb(tracer):
    """Resident memory of the process that strace has started."""
    found = subprocess.run(["ps", "-o", "rss=", "--ppid", str(tracer)], capture_output=True,
                           text=True)
    return max([int(word) for word in found.stdout.split()], default=0)


class FullDisk(Failures):
    """The same on a file system of its own, which is small."""

    SIZE_KB = 1_024

    def setUp(self):
        place = tempfile.TemporaryDirectory(prefix="thalweg-full-")
        self.addCleanup(place.cleanup)
        self.disk = os.path.join(place.name, "disk")
        os.mkdir(self.disk)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.SIZE_KB}k",
                                  "thalweg-test", self.disk], capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest("no file system can be mounted here: " + mounted.stderr.strip())
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], check=True)
        self.begin(place.name, os.path.join(self.disk, "state"))

    test_a_sync_that_fails_ends_the_process = None
    test_a_slow_disk_costs_time_alone = None

    def fill(self):
        ballast = os.path.join(self.disk, "ballast")
        with open(ballast, "ab", buffering=0) as file:
            for size in (65_536, 4_096, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    pass
        return ballast

    def test_a_full_disk_is_waited_for(self):
        engine = self.start(None, "--accept-file-system")
        self.assertTrue(world.wait_until(lambda: self.script.size() > 0), engine.log())
        for times in (1, 2):
            ballast = self.fill()
            self.assertTrue(world.wait_until(
                lambda: engine.log().count("no epoch can become durable") == times, 3),
                engine.log())
            self.assertIn(self.state, engine.log())
            self.assertIsNone(engine.poll())
            time.sleep(0.1)
            size = self.script.size()
            time.sleep(1.5)
            self.assertEqual(self.script.size(), size, "results that are not durable were shown")
            os.remove(ballast)
            self.assertTrue(world.wait_until(lambda: self.script.size() > size, 3), engine.log())
            self.assertEqual(engine.log().count("there is room again"), times)
        self.assert_exact(engine)

    def test_a_full_disk_and_a_kill(self):
        engine = self.start(None, "--accept-file-system")
        self.assertTrue(world.wait_until(lambda: self.script.size() > 0), engine.log())
        ballast = self.fill()
        self.assertTrue(world.wait_until(
            lambda: "no epoch can become durable" in engine.log(), 3), engine.log())
        engine.kill()
        refused = self.start(None, "--accept-file-system")
        time.sleep(0.5)
        os.remove(ballast)
        if refused.poll() is None:
            self.assert_exact(refused)
            return
        self.assertEqual(refused.poll(), 2)
        self.assertIn("ENOSPC", refused.log())
        self.assert_exact(None, "--accept-file-system")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=1)
