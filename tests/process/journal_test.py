#!/usr/bin/env python3
"""Sources with a journal through the real binary: it is killed again and again while records come that
nobody will send a second time. What was durable is in the results once; of what was on its way, the
beginning is; and all results speak of the same records.

usage: journal_test.py BINARY PORT [LIVES]     PORT must be free, for tcp and udp.
"""
import collections
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.dont_write_bytecode = True

import world  # noqa: E402

BINARY = os.path.abspath(sys.argv[1]) if len(sys.argv) > 2 else ""
PORT = int(sys.argv[2]) if len(sys.argv) > 2 else 0
LIVES = int(sys.argv[3]) if len(sys.argv) > 3 else 6
CONNECTIONS = 3
KEYS = 5

QUERY = """
SET 'execution.checkpointing.interval' = '%(interval)d ms';
CREATE TABLE t (c BIGINT, n BIGINT, k INT, ts TIMESTAMP(3),
    WATERMARK FOR ts AS ts - INTERVAL '1' HOUR)
  WITH (%(source)s, 'format' = 'csv', 'durability' = 'journal');
CREATE TABLE passed (c BIGINT, n BIGINT)
  WITH ('connector' = 'filesystem', 'path' = '%(folder)s/rows.csv', 'format' = 'csv');
CREATE TABLE sums (e TIMESTAMP(3), k INT, x BIGINT, s BIGINT)
  WITH ('connector' = 'filesystem', 'path' = '%(folder)s/sums.csv', 'format' = 'csv');
INSERT INTO passed SELECT c, n FROM t;
INSERT INTO sums SELECT window_end, k, COUNT(*), SUM(n)
FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY k, window_start, window_end;
"""


def key_of(c, n):
    return (c * 7 + n) % KEYS


def line(c, n):
    minute, second = divmod(n // 10, 60)
    return b"%d,%d,%d,2024-01-01 00:%02d:%02d.000\n" % (c, n, key_of(c, n), minute % 60, second)


LAST = b"-1,0,0,2030-01-01 00:00:00.000\n"


class Script:
    def __init__(self, folder, source, interval):
        self.folder = folder
        self.path = os.path.join(folder, "query.sql")
        with open(self.path, "w") as out:
            out.write(QUERY % {"interval": interval, "source": source, "folder": folder})


class Sender:
    """Numbered records over one connection after another; a connection is a life's."""

    next_connection = 0

    def __init__(self, kind, folder):
        self.kind = kind
        self.folder = folder
        self.number = Sender.next_connection
        Sender.next_connection += 1
        self.sent = 0
        self.sent_bytes = 0
        self.socket = None

    def connect(self):
        deadline = time.monotonic() + world.PATIENCE_S
        while self.socket is None:
            family = socket.AF_UNIX if self.kind == "unix" else socket.AF_INET
            stream = socket.SOCK_DGRAM if self.kind == "udp" else socket.SOCK_STREAM
            opened = socket.socket(family, stream)
            try:
                opened.connect(os.path.join(self.folder, "in") if self.kind == "unix"
                               else ("127.0.0.1", PORT))
                self.socket = opened
            except OSError:
                opened.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.005)
        return self

    def send(self, count):
        """Whether somebody took them."""
        try:
            if self.kind == "udp":
                for n in range(self.sent, self.sent + count):
                    self.sent_bytes += self.socket.send(line(self.number, n))
                    self.sent += 1
            else:
                data = b"".join(line(self.number, n)
                                for n in range(self.sent, self.sent + count))
                self.sent += count
                self.socket.sendall(data)
                self.sent_bytes += len(data)
        except OSError:
            return False
        return True

    def close(self):
        self.socket.close()


def rows_of(path):
    """Whole lines, as tuples of text."""
    return [tuple(row.decode().replace('"', "").split(","))
            for row in world.read_bytes(path).split(b"\n")[:-1]]


class Journal(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="thalweg-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.state = os.path.join(self.folder, "state")
        self.engine = None
        self.addCleanup(lambda: self.engine is not None and self.engine.kill())

    def source(self, kind):
        return {"tcp": "'connector' = 'tcp', 'address' = '127.0.0.1:%d'" % PORT,
                "udp": "'connector' = 'udp', 'address' = '127.0.0.1:%d'" % PORT,
                "unix": "'connector' = 'unix', 'path' = '%s/in'" % self.folder}[kind]

    def start(self, script, *arguments, inject=None):
        self.engine = world.Engine(BINARY, script, self.state,
                                   ("--stats", "0.02", *arguments), inject)
        listening = lambda: "listening" in self.engine.log() or self.engine.poll() is not None
        self.assertTrue(world.wait_until(listening))
        self.assertIsNone(self.engine.poll(), self.engine.log())

    def durable_bytes(self):
        """Of what this life has received, as it says itself."""
        said = re.findall(r"journal-bytes ([0-9,]+)", self.engine.log())
        return int(said[-1].replace(",", "")) if said else 0

    def has_shed(self):
        """Whether a datagram was dropped, which an engine that is behind may do."""
        counts = re.findall(r"(?:shed|kernel-dropped) ([0-9]+)", self.engine.log())
        return any(count != "0" for count in counts)

    def finish(self, kind, script):
        """The last life: moves time past everything, and stops when that is out."""
        self.start(script)
        sender = Sender(kind, self.folder).connect()
        sender.socket.send(LAST)
        sums = os.path.join(self.folder, "sums.csv")
        rows = os.path.join(self.folder, "rows.csv")

        def is_out():
            total = sum(int(row[2]) for row in rows_of(sums))
            seen = rows_of(rows)
            return ("-1", "0") in seen and total == len(seen) - 1

        self.assertTrue(world.wait_until(is_out, world.PATIENCE_S),
                        f"{len(rows_of(rows))} rows, {rows_of(sums)[:9]}, {self.engine.log()}")
        sender.close()
        self.assertEqual(self.engine.stop(), 0, self.engine.log())
        return rows_of(rows), rows_of(sums)

    def check(self, rows, sums, least, most, has_gaps=False):
        """`least` and `most`: how many records of each connection there must, and may, be."""
        seen = collections.defaultdict(list)
        for c, n in rows:
            seen[int(c)].append(int(n))
        self.assertEqual(seen.pop(-1), [0])
        windows = collections.Counter()
        totals = collections.Counter()
        for c, numbers in seen.items():
            numbers.sort()
            self.assertEqual(len(set(numbers)), len(numbers), f"twice, of connection {c}")
            self.assertLess(numbers[-1], most[c])
            if not has_gaps:
                self.assertEqual(numbers, list(range(len(numbers))), f"of connection {c}")
            for n in numbers:
                window = (n // 100, key_of(c, n))
                windows[window] += 1
                totals[window] += n
        for c, count in least.items():
            self.assertGreaterEqual(len(seen[c]), count, f"of connection {c}")
        found, found_totals = collections.Counter(), collections.Counter()
        for e, k, x, s in sums:
            minute, second = e.split(":")[1:]
            window = ((int(minute) * 60 + int(float(second))) // 10 - 1, int(k))
            found[window] += int(x)
            found_totals[window] += int(s)
        self.assertEqual(len(sums), len(found), "a window came twice")
        self.assertEqual(found, windows)
        self.assertEqual(found_totals, totals)

    def run_durable(self, kind):
        """Sends, waits until it is durable, kills: all of it counts."""
        chance = random.Random(kind)
        script = Script(self.folder, self.source(kind), 150)
        sent, least, has_gaps = {}, {}, False
        for life in range(LIVES):
            self.start(script, *world.random_arguments(chance))
            before = 0
            senders = [Sender(kind, self.folder).connect() for _ in range(CONNECTIONS)]
            for _ in range(chance.randint(1, 4)):
                for sender in senders:
                    self.assertTrue(sender.send(chance.randint(1, 300)))
                before = sum(sender.sent_bytes for sender in senders)
                self.assertTrue(
                    world.wait_until(lambda: self.durable_bytes() == before or self.has_shed()),
                    f"{before} bytes sent, {self.engine.log()}")
                time.sleep(chance.uniform(0, 0.1))
            has_all = not self.has_shed()
            has_gaps = has_gaps or not has_all
            self.engine.kill()
            for sender in senders:
                sent[sender.number] = sender.sent
                if has_all:
                    least[sender.number] = sender.sent
                sender.close()
        self.assertTrue(kind == "udp" or not has_gaps)
        self.assertTrue(least, "datagrams were shed in every life")
        rows, sums = self.finish(kind, script)
        self.check(rows, sums, least, sent, has_gaps)

    def run_killed(self, kind):
        """Kills while records come: of each connection the beginning counts."""
        chance = random.Random(kind + "killed")
        script = Script(self.folder, self.source(kind), 40)
        most = {}
        for life in range(LIVES):
            self.start(script, *world.random_arguments(chance))
            senders = [Sender(kind, self.folder).connect() for _ in range(CONNECTIONS)]
            is_over = threading.Event()

            def send(sender):
                while not is_over.is_set() and sender.send(20):
                    time.sleep(0.001)

            threads = [threading.Thread(target=send, args=(sender,)) for sender in senders]
            for thread in threads:
                thread.start()
            time.sleep(chance.uniform(0.01, 0.5))
            self.engine.kill()
            is_over.set()
            for thread, sender in zip(threads, senders):
                thread.join()
                sender.close()
                most[sender.number] = sender.sent
        rows, sums = self.finish(kind, script)
        self.check(rows, sums, {}, most, has_gaps=kind == "udp")
        self.assertGreater(len(rows), LIVES, "next to nothing came through")

    def test_tcp_durable(self):
        self.run_durable("tcp")

    def test_unix_durable(self):
        self.run_durable("unix")

    def test_udp_durable(self):
        self.run_durable("udp")

    def test_tcp_killed(self):
        self.run_killed("tcp")

    def test_unix_killed(self):
        self.run_killed("unix")

    def test_udp_killed(self):
        self.run_killed("udp")

    def test_stop_and_go_on(self):
        """A stop is an epoch: nothing is done again, and nothing is missing."""
        script = Script(self.folder, self.source("tcp"), 1000)
        sent = {}
        for _ in range(2):
            self.start(script)
            sender = Sender("tcp", self.folder).connect()
            self.assertTrue(sender.send(1000))
            self.assertTrue(world.wait_until(lambda: self.durable_bytes() == sender.sent_bytes),
                            self.engine.log())
            self.assertEqual(self.engine.stop(), 0, self.engine.log())
            sent[sender.number] = sender.sent
            sender.close()
        rows, sums = self.finish("tcp", script)
        self.check(rows, sums, sent, sent)

    @unittest.skipIf(world.strace_or_none(), "needs strace")
    def test_an_error_of_the_disk_ends_it(self):
        """Whichever sync fails; what it had promised before is there afterwards."""
        script = Script(self.folder, self.source("tcp"), 100)
        sent, least = {}, {}
        for when in (9, 14, 25, 60):
            self.start(script, inject=f"fdatasync:error=EIO:when={when}")
            sender = Sender("tcp", self.folder).connect()
            durable = 0
            while self.engine.poll() is None and sender.send(20):
                durable = self.durable_bytes()
                time.sleep(0.005)
            self.assertTrue(world.wait_until(lambda: self.engine.poll() is not None, 10))
            self.assertRegex(self.engine.log(), "fdatasync .*: ")
            self.assertEqual(self.engine.poll(), 1, self.engine.log())
            sent[sender.number] = sender.sent
            lines, size = 0, 0
            while size + len(line(sender.number, lines)) <= durable:
                size += len(line(sender.number, lines))
                lines += 1
            least[sender.number] = lines
            sender.close()
        rows, sums = self.finish("tcp", script)
        self.check(rows, sums, least, sent)

    @unittest.skipIf(world.strace_or_none(), "needs strace")
    def test_a_full_disk_is_waited_for(self):
        script = Script(self.folder, self.source("tcp"), 100)
        self.start(script, inject="pwrite64:error=ENOSPC:when=30..60")
        sender = Sender("tcp", self.folder).connect()
        for _ in range(100):
            self.assertTrue(sender.send(50))
            time.sleep(0.005)
        self.assertTrue(world.wait_until(lambda: self.durable_bytes() == sender.sent_bytes),
                        self.engine.log())
        self.assertIn("nothing more is read", self.engine.log())
        self.assertIn("there is room again: the journal goes on", self.engine.log())
        self.engine.kill()
        sender.close()
        rows, sums = self.finish("tcp", script)
        self.check(rows, sums, {sender.number: sender.sent}, {sender.number: sender.sent})

    def test_another_durability(self):
        """What is in a journal alone is not forgotten because the table has none any more."""
        script = Script(self.folder, self.source("tcp"), 10_000)
        self.start(script)
        sender = Sender("tcp", self.folder).connect()
        self.assertTrue(sender.send(100))
        self.assertTrue(world.wait_until(lambda: self.durable_bytes() == sender.sent_bytes))
        self.engine.kill()
        sender.close()
        text = world.read_bytes(script.path).decode()
        with open(script.path, "w") as out:
            out.write(text.replace("'durability' = 'journal'", "'durability' = 'none'"))
        self.engine = world.Engine(BINARY, script, self.state)
        self.assertEqual(self.engine.wait(), 2, self.engine.log())
        self.assertIn("--drop-state", self.engine.log())
        with open(script.path, "w") as out:
            out.write(text)
        rows, sums = self.finish("tcp", script)
        sent = {sender.number: sender.sent}
        self.check(rows, sums, sent, sent)

    def test_to_sessions_and_back_again(self):
        """After a stop all is in the snapshot; but a journal does not know sessions."""
        script = Script(self.folder, self.source("tcp"), 50)
        text = world.read_bytes(script.path).decode()

        def start_with(durability, *arguments):
            with open(script.path, "w") as out:
                out.write(text.replace("'journal'", f"'{durability}'"))
            self.engine = world.Engine(BINARY, script, self.state, arguments)

        self.start(script)
        sender = Sender("tcp", self.folder).connect()
        self.assertTrue(sender.send(100))
        sender.close()
        time.sleep(0.2)
        self.assertEqual(self.engine.stop(), 0, self.engine.log())
        start_with("epoch")
        self.assertTrue(world.wait_until(lambda: "listening" in self.engine.log()))
        producer = world.thalweg_client.Producer("127.0.0.1", PORT, session=bytes(16), epoch=0)
        producer.append(line(99, 0)[:-1])
        self.assertTrue(world.wait_until(lambda: producer.step(0.01) or producer.last_acked == 1))
        producer._drop()  # It may come back.
        self.assertEqual(self.engine.stop(), 0, self.engine.log())
        start_with("journal")
        self.assertEqual(self.engine.wait(), 2, self.engine.log())
        self.assertIn("sessions of producers", self.engine.log())
        start_with("journal", "--drop-state")
        self.assertTrue(world.wait_until(lambda: "listening" in self.engine.log()))
        self.assertEqual(self.engine.stop(), 0, self.engine.log())

    def test_a_savepoint_has_no_journal(self):
        """A copy goes on from its snapshot, and then from journals of its own."""
        script = Script(self.folder, self.source("tcp"), 100)
        sent = {}
        for is_saved in (False, True):
            if is_saved:
                source, self.state = self.state, self.state + "-saved"
                saved = subprocess.run([BINARY, "store", "save", source, self.state,
                                        "--accept-file-system"], capture_output=True, text=True,
                                       timeout=world.PATIENCE_S)
                self.assertEqual(saved.returncode, 0, saved.stderr)
            self.start(script)
            sender = Sender("tcp", self.folder).connect()
            self.assertTrue(sender.send(100))
            self.assertTrue(world.wait_until(lambda: self.durable_bytes() == sender.sent_bytes))
            if is_saved:
                self.engine.kill()
            else:
                self.assertEqual(self.engine.stop(), 0, self.engine.log())
            sent[sender.number] = sender.sent
            sender.close()
        rows, sums = self.finish("tcp", script)
        self.check(rows, sums, sent, sent)

    def test_without_a_state_directory(self):
        script = Script(self.folder, self.source("tcp"), 1000)
        run = subprocess.run([BINARY, "run", script.path], capture_output=True, text=True,
                             timeout=world.PATIENCE_S)
        self.assertEqual(run.returncode, 2)
        self.assertIn("run with --state DIR", run.stderr)

    def test_a_segment_is_missing(self):
        script = Script(self.folder, self.source("tcp"), 100)
        self.start(script)
        sender = Sender("tcp", self.folder).connect()
        self.assertTrue(sender.send(100))
        time.sleep(0.5)
        self.engine.kill()
        sender.close()
        for name in os.listdir(self.state):
            if name.startswith("journal-"):
                os.unlink(os.path.join(self.state, name))
        self.engine = world.Engine(BINARY, script, self.state)
        self.assertEqual(self.engine.wait(), 2, self.engine.log())
        self.assertRegex(self.engine.log(), "journal-[0-9]{20}, which is not there whole")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]], verbosity=0)
