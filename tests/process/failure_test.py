#!/usr/bin/env python3
"""What a query with a state directory does when its disk fails, is full, or is slow.

usage: failure_test.py BINARY PORT     PORT must be free.

A sync that fails ends the process within a second, whatever its number, and the restart is exact. A
full disk stops epochs and nothing else, which is said within a second, and they go on within two
when there is room. A disk that takes two seconds for a sync costs time alone.
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

BINARY = os.path.abspath(sys.argv[1]) if len(sys.argv) > 2 else ""
PORT = int(sys.argv[2]) if len(sys.argv) > 2 else 0
SYNCS = 20           # Each of the first ones fails once.
EXIT_S = 1.0         # A process whose sync has failed may live so long.
TOLD_S = 1.0         # From a full disk to the line in the log.
RESUMED_S = 2.0      # From room on the disk to results, or acknowledgements.
MEMORY_KB = 120_000  # More than a query of some windows needs, less than it would hold back in 2 s.
NOT_DURABLE = "no epoch can become durable"
NO_STRACE = world.strace_or_none()


class World(unittest.TestCase):
    """A query, who sends it records, and somebody who looks at the results."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="thalweg-failure-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def begin(self, state=None, results=None):
        """With a growing file."""
        path = os.path.join(self.folder, "in.csv")
        self.begin_with(world.Writer(path, world.Records(7), 2_000), world.file_source(path),
                        state, results)

    def begin_with(self, writer, source, state=None, results=None):
        self.state = state or os.path.join(self.folder, "state")
        self.writer = writer
        self.records = writer.records
        self.script = world.Script(self.folder, source, interval_ms=20, results=results)
        self.reader = world.Reader(self.script)
        self.writer.start()
        self.reader.start()
        self.addCleanup(self.writer.stop)
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
        self.assertTrue(self.writer.await_end(), self.writer.failure or engine.log())
        found = world.wait_for_results(engine, self.script, expected)
        self.assertEqual(engine.stop(), 0, engine.log())
        self.assertEqual(world.differences(expected, found) + self.reader.finish(), [])
        self.assertGreater(sum(map(len, found.values())), 100)


class Failures(World):
    def setUp(self):
        super().setUp()
        self.begin()

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


class FullDisk:
    """On a file system of its own, which is small: mount() makes it."""

    SIZE_KB = 1_024

    def setUp(self):
        super().setUp()
        self.disk = os.path.join(self.folder, "disk")
        os.mkdir(self.disk)
        self.mount()
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], check=True)

    def must(self, *command):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            self.skipTest("no file system can be mounted here: " + done.stderr.strip())

    def begin_state(self):
        """The state on the disk."""
        self.begin(os.path.join(self.disk, "state"))

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

    def fill_until_told(self, engine, text, times=1):
        """Returns what has to go so that there is room again."""
        ballast = self.fill()
        self.assertTrue(world.wait_until(lambda: engine.log().count(text) == times, TOLD_S),
                        engine.log())
        self.assertIn(self.disk, engine.log())
        self.assertIsNone(engine.poll(), engine.log())
        return ballast

    def start_with_results(self):
        engine = self.start(None, *self.ARGUMENTS)
        self.assertTrue(world.wait_until(lambda: self.script.size() > 0), engine.log())
        return engine

    def test_a_full_disk_is_waited_for(self):
        self.begin_state()
        engine = self.start_with_results()
        for times in (1, 2):
            ballast = self.fill_until_told(engine, NOT_DURABLE, times)
            time.sleep(0.1)
            size = self.script.size()
            time.sleep(1.5)
            self.assertEqual(self.script.size(), size, "results that are not durable were shown")
            os.remove(ballast)
            self.assertTrue(world.wait_until(lambda: self.script.size() > size, RESUMED_S),
                            engine.log())
            self.assertEqual(engine.log().count("there is room again"), times)
        self.assert_exact(engine)

    def test_a_full_disk_and_a_kill(self):
        self.begin_state()
        engine = self.start_with_results()
        ballast = self.fill_until_told(engine, NOT_DURABLE)
        engine.kill()
        refused = self.start(None, *self.ARGUMENTS)
        time.sleep(0.5)
        os.remove(ballast)
        if refused.poll() is None:
            self.assert_exact(refused)
            return
        self.assertEqual(refused.poll(), 2)
        self.assertIn("ENOSPC", refused.log())
        self.assert_exact(None, *self.ARGUMENTS)

    def test_nothing_is_acknowledged_on_a_full_disk(self):
        producers = world.Producers(PORT, world.Records(8), 2_000, 8)
        producers.AHEAD = 300  # They keep so many, and then they wait.
        self.begin_with(producers, world.tcp_source(PORT), os.path.join(self.disk, "state"))
        engine = self.start_with_results()
        ballast = self.fill_until_told(engine, NOT_DURABLE)
        time.sleep(0.1)
        acked, size = list(producers.acked), self.script.size()
        time.sleep(1.5)
        self.assertEqual(producers.acked, acked)
        self.assertEqual(self.script.size(), size)
        self.assertEqual(producers.due(), min(acked) + producers.AHEAD, "they are not paused")
        os.remove(ballast)
        self.assertTrue(world.wait_until(lambda: min(producers.acked) > max(acked), RESUMED_S),
                        engine.log())
        self.assert_exact(engine)

    def test_results_wait_for_room(self):
        results = os.path.join(self.disk, "results")
        os.mkdir(results)
        self.begin(results=results)
        engine = self.start_with_results()
        ballast = self.fill_until_told(engine, "results wait")
        engine.kill()
        engine = self.start(None, *self.ARGUMENTS)
        self.assertTrue(world.wait_until(lambda: "results wait" in engine.log()), engine.log())
        size = self.script.size()
        os.remove(ballast)
        self.assertTrue(world.wait_until(lambda: self.script.size() > size, RESUMED_S),
                        engine.log())
        self.assert_exact(engine)


class FullTmpfs(FullDisk, World):
    ARGUMENTS = ["--accept-file-system"]

    def mount(self):
        self.must("mount", "-t", "tmpfs", "-o", f"size={self.SIZE_KB}k", "thalweg-test", self.disk)


class FullExt4(FullDisk, World):
    """A real one, in a file: with delayed allocation, and a journal that needs room, too."""

    SIZE_KB = 8 * 1_024
    ARGUMENTS = []

    def mount(self):
        image = os.path.join(self.folder, "image")
        self.must("truncate", "-s", f"{self.SIZE_KB}k", image)
        self.must("mkfs.ext4", "-q", "-m", "0", image)
        self.must("mount", "-o", "loop", image, self.disk)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=1)
