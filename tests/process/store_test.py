#!/usr/bin/env python3
"""State directories that a query must not go on from, and ends that lose nothing.

usage: store_test.py BINARY

Whatever is wrong with a state directory or with the files it speaks of: one message that names the
file and the way out, an exit status that is not 0, and not a byte changed.
"""
import sys

sys.dont_write_bytecode = True

import os
import random
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest

import world

BINARY = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else ""
RECORDS = 6_000


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 & -(value & 1))
    return value ^ 0xFFFFFFFF


def of_a_later_version(path):
    """The same header, of major version 9, with its right checksum."""
    text = bytearray(world.read_bytes(path))
    length = struct.unpack_from("<I", text, 12)[0]
    struct.pack_into("<H", text, 8, 9)
    struct.pack_into("<I", text, length - 4, crc32c(text[:length - 4]))
    write(path, text)


def write(path, text):
    with open(path, "wb") as file:
        file.write(text)


def flip(path, position):
    text = bytearray(world.read_bytes(path))
    text[position] ^= 0x10
    write(path, text)


class Directory:
    """A state directory and everything around it, as a query left it."""

    def __init__(self, folder):
        self.folder = folder
        self.state = os.path.join(folder, "state")
        self.input = os.path.join(folder, "in.csv")
        self.script = world.Script(folder, world.file_source(self.input))

    def snapshot(self, age=0):
        """The path of a generation; 0: the newest."""
        names = sorted(name for name in os.listdir(self.state) if name.startswith("snapshot-"))
        return os.path.join(self.state, names[-1 - age])

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def edit(self, old, new):
        """Makes another query of the script."""
        text = self.script.text.replace(old, new)
        assert text != self.script.text
        write(self.script.path, text.encode())

    def contents(self):
        """All files but those that say who runs, with their bytes."""
        found = {}
        for place, _, names in os.walk(self.folder):
            for name in names:
                path = os.path.join(place, name)
                if name not in ("LOCK", "log") and not os.path.islink(path):
                    found[path] = world.read_bytes(path)
        return found


def remove_snapshots(place):
    while True:
        try:
            os.remove(place.snapshot())
        except IndexError:
            return


def replace_newest_by_another_store(place):
    other = place.path("other")
    done = subprocess.run([BINARY, "store", "save", place.state, other], capture_output=True)
    assert done.returncode == 0, done.stderr
    theirs = sorted(name for name in os.listdir(other) if name.startswith("snapshot-"))[-1]
    shutil.copy(os.path.join(other, theirs), place.snapshot())
    shutil.rmtree(other)


def become_a_directory_of_notes(place):
    shutil.rmtree(place.state)
    os.mkdir(place.state)
    write(place.path("state", "notes.txt"), b"milk, bread\n")


def become_a_file(place):
    shutil.rmtree(place.state)
    write(place.state, b"milk, bread\n")


def go_without_parent(place):
    shutil.rmtree(place.state)
    os.symlink(place.path("nowhere", "state"), place.state)


def swap_generations(place):
    newest, before = place.snapshot(), place.snapshot(1)
    os.rename(newest, newest + "x")
    os.rename(before, newest)
    os.rename(newest + "x", before)


def rewrite_input(place):
    """A file in which no record begins where one did."""
    write(place.input, b"x" * (os.path.getsize(place.input) + 10))


def link_newest(place):
    newest = place.snapshot()
    os.rename(newest, place.path("elsewhere"))
    os.symlink(place.path("elsewhere"), newest)


# What happened, what is done to the directory, and what the message must have; "{snapshot}" is the
# newest generation's name before the deed.
CASES = [
    ("STORE of a later version", lambda p: of_a_later_version(p.path("state", "STORE")),
     ["state/STORE", "format 9", "use the version"]),
    ("snapshot of a later version", lambda p: of_a_later_version(p.snapshot()),
     ["{snapshot}", "format 9", "use the version"]),
    ("STORE is damaged", lambda p: flip(p.path("state", "STORE"), 20), ["state/STORE"]),
    ("STORE is empty", lambda p: write(p.path("state", "STORE"), b""), ["state/STORE"]),
    ("STORE is missing", lambda p: os.remove(p.path("state", "STORE")),
     ["{snapshot}", "no file STORE", "copy all of it"]),
    ("no snapshot came along", remove_snapshots, ["no snapshot", "put the missing files back"]),
    ("newest is cut", lambda p: os.truncate(p.snapshot(), os.path.getsize(p.snapshot()) // 2),
     ["{snapshot}", "put back a copy"]),
    ("newest is cut by a byte", lambda p: os.truncate(p.snapshot(),
                                                      os.path.getsize(p.snapshot()) - 1),
     ["{snapshot}", "put back a copy"]),
    ("newest is empty", lambda p: write(p.snapshot(), b""), ["{snapshot}", "put back a copy"]),
    ("a bit of the newest", lambda p: flip(p.snapshot(), os.path.getsize(p.snapshot()) // 3),
     ["{snapshot}", "put back a copy"]),
    ("all are empty", lambda p: (write(p.snapshot(), b""), write(p.snapshot(1), b"")),
     ["{snapshot}", "name an empty directory"]),
    ("newest is another store's", replace_newest_by_another_store, ["{snapshot}"]),
    ("generations are swapped", swap_generations, ["{snapshot}"]),
    ("newest is a link", link_newest, ["{snapshot}"]),
    ("a directory of something else", become_a_directory_of_notes,
     ["no state directory", "notes.txt", "an empty one"]),
    ("a file", become_a_file, ["state", "Not a directory"]),
    ("no place to make it", go_without_parent, ["state"]),
    ("another query", lambda p: p.edit("SUM(v), MIN(v), MAX(v)", "MAX(v), MIN(v), SUM(v)"),
     ["{snapshot}", "--drop-state"]),
    ("another window", lambda p: p.edit("INTERVAL '10' SECOND))", "INTERVAL '20' SECOND))"),
     ["{snapshot}", "--drop-state"]),
    ("a sink less", lambda p: p.edit(p.script.text[p.script.text.index("INSERT INTO hops"):], ""),
     ["{snapshot}", "--drop-state"]),
    ("another table", lambda p: p.edit("CREATE TABLE t ", "CREATE TABLE u ") or
     write(p.script.path, p.script.text.replace("CREATE TABLE t ", "CREATE TABLE u ")
           .replace("TABLE t,", "TABLE u,").replace("FROM t ", "FROM u ").encode()),
     ["{snapshot}", "--drop-state"]),
    ("another path", lambda p: p.edit("in.csv", "/./in.csv"), ["in.csv", "name the path"]),
    ("the input was cut", lambda p: os.truncate(p.input, 1_000), ["in.csv"]),
    ("the input was replaced", rewrite_input, ["in.csv", "put the file back"]),
    ("results were cut", lambda p: os.truncate(p.path("rows.csv"), 100), ["rows.csv", "was cut"]),
    ("results are gone", lambda p: os.remove(p.path("rows.csv")), ["rows.csv", "bring the file"]),
]


def append(path, text):
    with open(path, "ab") as file:
        file.write(text)


# What is found when the first results are to be written. Either they are those that are there, or
# nothing is written and the message says how the query can go on.
LATE_CASES = [
    ("somebody wrote behind", lambda p: append(p.path("rows.csv"), b"mine\n")),
    ("somebody changed the end", lambda p: (os.remove(p.snapshot()),
                                            flip(p.path("rows.csv"), -2))),
    ("the newest generation did not come along", lambda p: os.remove(p.snapshot())),
]


class Stores(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """A directory as a stopped query leaves it, to be copied."""
        cls.place = tempfile.TemporaryDirectory(prefix="thalweg-store-")
        cls.addClassCleanup(cls.place.cleanup)
        cls.folder = os.path.join(cls.place.name, "work")
        os.mkdir(cls.folder)
        place = Directory(cls.folder)
        cls.records = world.Records(3)
        write(place.input, b"".join(cls.records.line(n) for n in range(RECORDS)))
        passed = world.oracle(cls.records, RECORDS)["rows.csv"]
        engine = world.Engine(BINARY, place.script, place.state)
        assert world.wait_until(lambda: place.script.results()["rows.csv"] == passed), engine.log()
        assert engine.stop() == 0, engine.log()
        os.remove(engine.log_path)
        cls.original = os.path.join(cls.place.name, "original")
        shutil.copytree(cls.folder, cls.original)

    def setUp(self):
        """At the same path each time, since positions and SQL name it."""
        self.place_again()

    def place_again(self):
        shutil.rmtree(self.folder)
        shutil.copytree(self.original, self.folder)
        self.directory = Directory(self.folder)

    def run_again(self, *arguments, state=None):
        engine = world.Engine(BINARY, self.directory.script, state or self.directory.state,
                              arguments)
        self.addCleanup(engine.kill)
        if not world.wait_until(lambda: engine.poll() is not None, 5):
            engine.kill()
            self.fail("the query runs: " + engine.log())
        return engine.poll(), engine.log()

    def assert_refused(self, words, *arguments, state=None):
        before = self.directory.contents()
        status, log = self.run_again(*arguments, state=state)
        self.assertIn(status, (1, 2), log)
        message = [line for line in log.splitlines() if line.startswith("thalweg: ")]
        self.assertEqual(len(message), 1, log)
        for word in words:
            self.assertIn(word, message[0])
        after = self.directory.contents()
        self.assertEqual(before.keys(), after.keys())
        for path, text in before.items():
            self.assertEqual(text, after[path], path)

    def test_an_untouched_directory_goes_on(self):
        engine = world.Engine(BINARY, self.directory.script, self.directory.state)
        time.sleep(0.5)
        self.assertEqual(engine.stop(), 0, engine.log())
        self.assertIn("rows in 0,", engine.log())

    def test_what_is_wrong_is_named_and_left_alone(self):
        for name, deed, words in CASES:
            with self.subTest(name):
                self.place_again()
                snapshot = os.path.basename(self.directory.snapshot())
                deed(self.directory)
                self.assert_refused([word.format(snapshot=snapshot) for word in words])

    def test_what_is_found_late_is_named_and_can_be_mended(self):
        for name, deed in LATE_CASES:
            with self.subTest(name):
                self.place_again()
                count = self.go_on_by_an_epoch(RECORDS)
                deed(self.directory)
                count = self.add_records(count)
                results = self.directory.script.results()
                engine = world.Engine(BINARY, self.directory.script, self.directory.state)
                self.addCleanup(engine.kill)
                is_refused = world.wait_until(lambda: engine.poll() is not None, 3)
                self.assertTrue(is_refused or name.startswith("the newest"), engine.log())
                engine.kill()
                if is_refused:
                    self.mend(engine, results)
                self.assert_exact(count)

    def mend(self, engine, results):
        """Does what the message says."""
        self.assertEqual(engine.poll(), 1, engine.log())
        self.assertEqual(results["rows.csv"], self.directory.script.results()["rows.csv"])
        way_out = re.search(r"(\S+/rows.csv): byte \d+ is .* \(truncate -s (\d+)\)", engine.log())
        self.assertIsNotNone(way_out, engine.log())
        os.truncate(way_out[1], int(way_out[2]))

    def add_records(self, count):
        """More input; returns how many records there are."""
        more = range(count, count + RECORDS)
        append(self.directory.input, b"".join(self.records.line(n) for n in more))
        return more.stop

    def assert_exact(self, count):
        append(self.directory.input, self.records.last_line(count))
        expected = world.oracle(self.records, count)
        engine = world.Engine(BINARY, self.directory.script, self.directory.state)
        self.addCleanup(engine.kill)
        found = world.wait_for_results(engine, self.directory.script, expected)
        self.assertEqual(engine.stop(), 0, engine.log())
        self.assertEqual(world.differences(expected, found), [])

    def go_on_by_an_epoch(self, count):
        """Makes a generation that has what no other has; all of it is published."""
        count = self.add_records(count)
        write(self.directory.script.path,
              self.directory.script.text.replace("'50 ms'", "'10 min'").encode())
        engine = world.Engine(BINARY, self.directory.script, self.directory.state)
        time.sleep(0.5)
        self.assertEqual(engine.stop(), 0, engine.log())
        write(self.directory.script.path, self.directory.script.text.encode())
        return count

    def test_a_directory_in_use(self):
        engine = world.Engine(BINARY, self.directory.script, self.directory.state)
        self.addCleanup(engine.kill)
        lock = self.directory.path("state", "LOCK")
        self.assertTrue(world.wait_until(
            lambda: world.read_bytes(lock) == b"process %d" % engine.process.pid))
        status, log = self.run_again()
        self.assertEqual(status, 2)
        self.assertIn(f"{lock} is locked by process {engine.process.pid}", log)
        self.assertIn("stop that one", log)
        self.assertIsNone(engine.poll())
        self.assertEqual(engine.stop(), 0)

    def test_a_directory_that_may_not_be_written(self):
        state = self.directory.state
        if os.getuid() != 0:
            os.chmod(state, 0o500)
            self.addCleanup(os.chmod, state, 0o700)
        else:
            bound = subprocess.run(["mount", "--bind", state, state], capture_output=True)
            if bound.returncode != 0:
                self.skipTest("root writes everywhere, and no file system can be mounted here")
            self.addCleanup(subprocess.run, ["umount", "-l", state], check=True)
            subprocess.run(["mount", "-o", "remount,ro,bind", state], check=True)
        self.assert_refused(["LOCK", "must be writable"])

    @unittest.skipUnless(os.path.isdir("/dev/shm"), "there is no /dev/shm")
    def test_a_directory_in_memory(self):
        with tempfile.TemporaryDirectory(prefix="thalweg-", dir="/dev/shm") as state:
            self.assert_refused([state, "memory", "--accept-file-system"], state=state)
            self.assertEqual(os.listdir(state), [])

    def test_loss_that_is_accepted(self):
        """A damaged newest generation is passed over only when told to."""
        flip(self.directory.snapshot(), 200)
        self.assert_refused(["--accept-loss"])
        engine = world.Engine(BINARY, self.directory.script, self.directory.state,
                              ["--accept-loss"])
        self.addCleanup(engine.kill)
        time.sleep(0.5)
        self.assertEqual(engine.stop(), 0, engine.log())
        self.assert_exact(self.add_records(RECORDS))

    def test_a_query_that_has_come_to_its_end(self):
        """A bounded input: all results are out, and it does not begin again."""
        self.directory.edit(", 'source.monitor-interval' = '5 ms'", "")
        state = self.directory.path("ended")
        for name in world.Script.FILES:
            os.remove(self.directory.path(name))
        status, log = self.run_again(state=state)
        self.assertEqual(status, 0, log)
        self.assert_refused(["snapshot-", "come to its end", "another state directory"],
                            state=state)

    def test_a_bounded_input_that_grows(self):
        """With --no-drain the end of an input is no end: the next run reads what was added."""
        self.directory.edit(", 'source.monitor-interval' = '5 ms'", "")
        state = self.directory.path("grown")
        for name in world.Script.FILES:
            os.remove(self.directory.path(name))
        count = RECORDS
        for arguments in ([], ["--shards", "3"], ["--ingest-threads", "2"], ["--shards", "2"]):
            text = world.read_bytes(self.directory.input)
            write(self.directory.input, text[:-3])  # A line that is not finished.
            status, log = self.run_again("--no-drain", *arguments, state=state)
            self.assertEqual(status, 0, log)
            write(self.directory.input, text)
            count = self.add_records(count)
        append(self.directory.input, self.records.last_line(count))
        status, log = self.run_again("--no-drain", state=state)
        self.assertEqual(status, 0, log)
        expected = world.oracle(self.records, count)
        self.assertEqual(world.differences(expected, self.directory.script.results()), [])

    def test_signals_lose_nothing(self):
        """Stopped again and again while records come in, each time with status 0."""
        shutil.rmtree(self.folder)
        os.mkdir(self.folder)
        place = Directory(self.folder)
        records = world.Records(5)
        writer = world.Writer(place.input, records)
        reader = world.Reader(place.script)
        self.addCleanup(writer.ends.set)
        self.addCleanup(reader.ends.set)
        writer.start()
        reader.start()
        chance = random.Random(5)
        for number in (signal.SIGTERM, signal.SIGINT) * 4:
            engine = world.Engine(BINARY, place.script, place.state,
                                  world.random_arguments(chance))
            self.addCleanup(engine.kill)
            lock = place.path("state", "LOCK")
            self.assertTrue(world.wait_until(
                lambda: world.read_bytes(lock) == b"process %d" % engine.process.pid))
            time.sleep(chance.uniform(0, 0.4))
            began = time.monotonic()
            self.assertEqual(engine.stop(number), 0, engine.log())
            self.assertLess(time.monotonic() - began, 5)
        count = writer.finish()
        expected = world.oracle(records, count)
        engine = world.Engine(BINARY, place.script, place.state)
        found = world.wait_for_results(engine, place.script, expected)
        self.assertEqual(engine.stop(), 0, engine.log())
        self.assertEqual(world.differences(expected, found) + reader.finish(), [])


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=1)
