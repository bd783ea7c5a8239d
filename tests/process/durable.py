#!/usr/bin/env python3
"""Acknowledged ingest through the real binary: the engine is killed again and again while producers
send, and in the end every record is in the results once.

usage: durable.py BINARY PORT     PORT must be free.
"""
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

BINARY = os.path.abspath(sys.argv[1]) if len(sys.argv) > 2 else ""
PORT = int(sys.argv[2]) if len(sys.argv) > 2 else 0
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CLIENT = os.path.join(ROOT, "tools", "clients", "python", "thalweg_client.py")
sys.path.insert(0, os.path.dirname(CLIENT))
sys.dont_write_bytecode = True

import thalweg_client  # noqa: E402

KEYS = 4
PER_SECOND = 100  # Records of one second of event time.

QUERY = """
CREATE TABLE t (k INT, n BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '2' SECOND)
  WITH ('connector' = 'tcp', 'address' = '127.0.0.1:%d', 'format' = 'json', 'durability' = 'epoch');
CREATE TABLE o (k INT, window_end TIMESTAMP(3), c BIGINT, s BIGINT)
  WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = 'json');
SET 'execution.checkpointing.interval' = '100 ms';
INSERT INTO o SELECT k, window_end, COUNT(*) AS c, SUM(n) AS s
  FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' SECOND)) GROUP BY k, window_start, window_end;
"""

PASS_ON = """
CREATE TABLE t (n BIGINT)
  WITH ('connector' = 'tcp', 'address' = '127.0.0.1:%d', 'format' = 'csv', 'durability' = 'epoch');
CREATE TABLE o (n BIGINT) WITH (%s);
SET 'execution.checkpointing.interval' = '20 ms';
INSERT INTO o SELECT n FROM t;
"""
NUMBERED = """
CREATE TABLE t (n BIGINT)
  WITH ('connector' = 'tcp', 'address' = '127.0.0.1:%d', 'format' = 'csv', 'durability' = 'epoch');
CREATE TABLE o (n BIGINT, epoch BIGINT METADATA FROM 'result_epoch' VIRTUAL,
                sequence BIGINT METADATA FROM 'result_sequence' VIRTUAL)
  WITH ('connector' = 'tcp', 'address' = '127.0.0.1:%d', 'format' = 'csv');
SET 'execution.checkpointing.interval' = '50 ms';
INSERT INTO o SELECT n FROM t;
"""
INTO_FILE = "'connector' = 'filesystem', 'path' = '%s', 'format' = 'csv'"


def record(number):
    second, millis = divmod(number * 1000 // PER_SECOND, 1000)
    minute, second = divmod(second, 60)
    return '{"k": %d, "n": %d, "ts": "2024-01-01 00:%02d:%02d.%03d"}' % (
        number % KEYS, number, minute, second, millis)


def expected(count):
    """What the windows hold that a watermark behind the last record has fired: {(k, end): (c, s)}."""
    windows = {}
    for number in range(1, count + 1):
        key = (number % KEYS, number // PER_SECOND + 1)
        c, s = windows.get(key, (0, 0))
        windows[key] = (c + 1, s + number)
    return windows


class NumberedReader(threading.Thread):
    """Who reads numbered rows over tcp, from one life of the engine after the other."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.rows = []    # (n, epoch)
        self.final = 0    # So many of them will not come again.
        self.repeated = 0
        self.failure = None
        self.start()

    def run(self):
        try:
            while True:
                connection, _ = self.listener.accept()
                with connection, connection.makefile("rb") as lines:
                    for line in lines:
                        if line.endswith(b"\n"):  # Else the engine died here.
                            self.take(*map(int, line.split(b",")))
        except OSError:
            return
        except AssertionError as error:
            self.failure = error

    def take(self, n, epoch, sequence):
        assert self.final <= sequence <= len(self.rows), (n, epoch, sequence)
        self.repeated += len(self.rows) - sequence
        del self.rows[sequence:]
        self.rows.append((n, epoch))
        while self.rows[self.final][1] <= epoch - 2:
            self.final += 1

    def finish(self):
        """When the engine has gone; what it had to say is on its way at most."""
        time.sleep(0.5)
        if self.failure:
            raise self.failure
        return [n for n, _ in self.rows]

    def close(self):
        self.listener.close()


class Vectors(unittest.TestCase):
    def test_the_examples_of_the_document(self):
        with open(os.path.join(ROOT, "docs", "PROTOCOL.md")) as file:
            block = file.read().split("```vectors\n")[1].split("```")[0]
        vectors, name = {}, None
        for line in block.splitlines():
            if not line.startswith(" "):
                name, line = line.split(" ", 1)
            vectors[name] = vectors.get(name, b"") + bytes.fromhex(line.replace(" ", ""))
        session = bytes(range(16))
        self.assertEqual(thalweg_client.encode_hello(session, 3, 1000), vectors["HELLO"])
        self.assertEqual(thalweg_client.encode_batch(1001, 2, b'{"n":1}\n{"n":2}\n'),
                         vectors["BATCH"])
        for name, number in (("END", 1002), ("NACK", 1003), ("PING", 42), ("PONG", 42),
                             ("GOAWAY", 5000)):
            kind = getattr(thalweg_client, name)
            self.assertEqual(thalweg_client.encode_number(kind, number), vectors[name])
        kind, body, size = thalweg_client.decode_frame(vectors["WELCOME"] + b"more")
        self.assertEqual((kind, size), (thalweg_client.WELCOME, len(vectors["WELCOME"])))
        welcome = thalweg_client.Welcome(body)
        self.assertEqual((welcome.framing, welcome.delimiter, welcome.payload_max,
                          welcome.record_max, welcome.incarnation, welcome.durable,
                          welcome.accepted, welcome.credit),
                         (1, 10, 262144, 65536, 9, 1000, 1002, 1048576))
        for name in ("ACK", "REFUSE"):
            kind, body, size = thalweg_client.decode_frame(vectors[name])
            self.assertEqual(thalweg_client.encode_frame(kind, body), vectors[name])
            self.assertIsNone(thalweg_client.decode_frame(vectors[name][:-1]))
            damaged = bytearray(vectors[name])
            damaged[-1] ^= 1
            self.assertRaises(ConnectionError, thalweg_client.decode_frame, bytes(damaged))


class Durable(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="thalweg-")
        self.addCleanup(self.folder.cleanup)
        self.engine = None
        self.addCleanup(self.stop)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def start(self, script=None, *options):
        query = self.path("query.sql")
        with open(query, "w") as out:
            out.write(script or QUERY % (PORT, self.path("out")))
        with open(self.path("log"), "ab") as log:
            self.engine = subprocess.Popen(
                [BINARY, "run", "--state", self.path("state"), *options, query],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def kill(self):
        self.engine.kill()
        self.engine.wait()

    def stop(self):
        if self.engine is not None and self.engine.poll() is None:
            self.kill()

    def log(self):
        with open(self.path("log")) as file:
            return file.read()

    def results(self):
        """{(k, second of the window's end): (count, sum)}; each window once."""
        windows = {}
        with open(self.path("out"), "rb") as file:
            lines = file.read().split(b"\n")[:-1]  # What is behind the last end is being written.
        for line in lines:
            row = json.loads(line)
            minute, second = row["window_end"].split(":")[1:]
            key = (row["k"], int(minute) * 60 + int(float(second)))
            self.assertNotIn(key, windows, "a window was published twice")
            windows[key] = (row["c"], row["s"])
        return windows

    def run_with_kills(self, command, count, stdin=None):
        """Starts the producer, kills the engine until the producer is done, checks the results."""
        self.start()
        with open(stdin or os.devnull, "rb") as source:
            producer = subprocess.Popen(command, stdin=source,
                                        stderr=subprocess.PIPE, text=True)
        self.addCleanup(producer.kill)
        choice = random.Random(5)
        kills = 0
        deadline = time.monotonic() + 60
        while producer.poll() is None and time.monotonic() < deadline:
            time.sleep(choice.uniform(0.1, 0.4))
            if kills < 6 and producer.poll() is None:
                self.kill()
                kills += 1
                self.start()
            self.assertIsNone(self.engine.poll(), self.log())
        text = producer.communicate(timeout=5)[1]
        self.assertEqual(producer.returncode, 0, text + self.log())
        self.assertGreater(kills, 1)
        self.assertIn("%d acknowledged" % count, text.replace(",", ""))
        wanted = {key: value for key, value in expected(count).items()
                  if key[1] <= count // PER_SECOND - 2}
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            found = self.results() if os.path.exists(self.path("out")) else {}
            if len(found) >= len(wanted):
                break
            time.sleep(0.1)
        self.engine.terminate()
        self.assertEqual(self.engine.wait(timeout=20), 0, self.log())
        self.assertEqual(self.results(), wanted, self.log())

    def write_records(self, count):
        with open(self.path("records"), "w") as out:
            for number in range(1, count + 1):
                out.write(record(number) + "\n")
        return self.path("records")

    def test_load(self):
        count = 30_000
        records = self.write_records(count)
        self.run_with_kills([BINARY, "load", "--to", "tcp://127.0.0.1:%d" % PORT, "--durable",
                             "--rate", "10000", "--file", records], count)

    def test_python(self):
        count = 150_000
        records = self.write_records(count)
        self.run_with_kills([sys.executable, CLIENT, "127.0.0.1", str(PORT)], count, stdin=records)

    def test_sessions_that_change_agents(self):
        """Three producers that connect again and again, to either of two ingest threads."""
        script = PASS_ON % (PORT, INTO_FILE % self.path("out"))
        options = ("--ingest-threads", "2", "--shards", "2")
        self.start(script, *options)
        choice = random.Random(3)
        producers = [thalweg_client.Producer("127.0.0.1", PORT, give_up=30, retain_bytes=30_000,
                                             backoff=(0.001, 0.1)) for _ in range(3)]
        sent = [0] * len(producers)
        for turn in range(400):
            index = choice.randrange(len(producers))
            for _ in range(choice.randrange(40)):
                sent[index] += 1
                producers[index].append(b"%d" % (index * 1_000_000 + sent[index]))
            for producer in producers:
                producer.step(0)
            if choice.randrange(4) == 0:
                producers[choice.randrange(len(producers))]._lose("because")
            if turn in (150, 300):
                self.kill()
                self.start(script, *options)
        for producer in producers:
            producer.close()
            self.assertEqual(producer.acknowledged, producer.appended)
            self.assertGreater(producer.connections, 5)
        self.engine.terminate()
        self.assertEqual(self.engine.wait(timeout=20), 0, self.log())
        with open(self.path("out")) as file:
            found = sorted(int(line) for line in file)
        self.assertEqual(found, [index * 1_000_000 + n for index in range(len(producers))
                                 for n in range(1, sent[index] + 1)], self.log())

    def test_rows_that_come_again_can_be_told(self):
        """A sink without an outbox repeats rows after a kill; their numbers say which."""
        reader = NumberedReader()
        self.addCleanup(reader.close)
        script = NUMBERED % (PORT, reader.port)
        producer = thalweg_client.Producer("127.0.0.1", PORT, give_up=30, backoff=(0.001, 0.1))
        for number in range(20_000):
            if number % 4_000 == 0:
                self.stop()
                self.start(script)
            producer.append(b"%d" % number)
            producer.step(0.001 if number % 5 == 0 else 0)
        producer.close()
        self.engine.terminate()
        self.assertEqual(self.engine.wait(timeout=20), 0, self.log())
        rows = reader.finish()
        self.assertEqual(rows, list(range(20_000)))
        self.assertGreater(reader.repeated, 0)
        self.assertGreater(reader.final, 1_000)

    def test_an_older_state_is_refused(self):
        script = PASS_ON % (PORT, "'connector' = 'blackhole'")
        session = bytes(range(16))
        producer = thalweg_client.Producer("127.0.0.1", PORT, session=session, give_up=30)
        self.start(script)
        producer.append(b"1")
        producer.flush()
        self.kill()
        shutil.copytree(self.path("state"), self.path("old"))
        self.start(script)
        producer.append(b"2")
        producer.flush()
        self.kill()
        shutil.rmtree(self.path("state"))
        os.rename(self.path("old"), self.path("state"))
        self.start(script)
        producer.append(b"3")
        with self.assertRaisesRegex(thalweg_client.ProducerError, "DATA_LOSS"):
            producer.flush()

    def test_a_lost_state_is_refused(self):
        self.start()
        session = "00112233445566778899aabbccddeeff"
        producer = thalweg_client.Producer("127.0.0.1", PORT, session=bytes.fromhex(session),
                                           give_up=30)
        for number in range(1, 101):
            producer.append(record(number).encode())
        producer.close()
        self.assertEqual(producer.last_acked, 100)
        self.kill()
        os.rename(self.path("state"), self.path("lost"))
        os.rename(self.path("out"), self.path("out_before"))
        self.start()
        after = thalweg_client.Producer("127.0.0.1", PORT, session=bytes.fromhex(session), epoch=1,
                                        last_acked=100, give_up=30)
        after.append(record(101).encode())
        with self.assertRaisesRegex(thalweg_client.ProducerError, "UNKNOWN_SESSION"):
            after.flush()

    def test_without_a_state_directory_nothing_starts(self):
        query = self.path("query.sql")
        with open(query, "w") as out:
            out.write(QUERY % (PORT, self.path("out")))
        done = subprocess.run([BINARY, "run", query], capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("run with --state DIR", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
