"""A query with a state directory and the world around it, for tests that kill the real binary.

  Records   what a seed and a number say; so the oracle needs no memory of what was sent
  Producers four threads that send records over tcp and keep them until they are acknowledged
  Writer    a thread that appends records to a file, cut anywhere, as a program's log grows
  Script    the SQL: rows that pass a filter and sums of windows, to files and to a folder of parts
  Reader    a thread that looks at all results all the time: what it saw must never change or go
  Engine    one life of the process, under strace or not
  Oracle    the results recomputed from all records, row by row
"""
import collections
import datetime
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.append(os.path.join(ROOT, "tools", "clients", "python"))

import thalweg_client  # noqa: E402

STEP_MS = 10            # Of event time, from record to record.
DISORDER_MS = 2_000     # How far a record's time may lie behind.
DELAY_S = 120           # Of the watermark: more than all disorder, so no record is late.
WINDOW_MS = 10_000
HOP_MS = 5_000
HOP_SIZE_MS = 20_000
# Some that fit into a handle, some that do not.
KEYS = [f"k{i}" if i % 2 else f"a-key-that-lies-elsewhere-{i}" for i in range(13)]
START = datetime.datetime(2024, 1, 1)
SANITIZED = bool({"ASAN_OPTIONS", "TSAN_OPTIONS"} & set(os.environ))
PATIENCE_S = 300 if SANITIZED else 60


def instant(ms):
    return (START + datetime.timedelta(milliseconds=ms)).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


class Records:
    """Record n, for any n: the same in every life of everybody."""

    def __init__(self, seed):
        self.salt = seed * 0x9E3779B97F4A7C15

    def mixed(self, n):
        x = (n + self.salt) & 0xFFFFFFFFFFFFFFFF
        x = ((x ^ (x >> 31)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        x = ((x ^ (x >> 29)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        return x ^ (x >> 32)

    def values(self, n):
        """Key, value, time."""
        bits = self.mixed(n)
        ms = DELAY_S * 1_000 + n * STEP_MS - (bits >> 40) % DISORDER_MS
        return KEYS[bits % len(KEYS)], (bits >> 8) % 1_000, ms

    def line(self, n):
        key, value, ms = self.values(n)
        return f"{n},{key},{value},{instant(ms)}\n".encode()

    @staticmethod
    def last_line(n):
        """Moves the watermark past everything, in a window of its own that never fires."""
        return f"{n},end,999,2030-01-01 00:00:00.000\n".encode()


class Script:
    """The query, and where its results lie."""

    FILES = ("rows.csv", "hops.csv", "joined.csv")

    def __init__(self, folder, source, interval_ms=50, results=None):
        self.path = os.path.join(folder, "query.sql")
        folder = self.folder = results or folder
        window = f"INTERVAL '{WINDOW_MS // 1_000}' SECOND"
        self.text = f"""SET 'execution.checkpointing.interval' = '{interval_ms} ms';
CREATE TABLE t (n BIGINT, k STRING, v BIGINT, ts TIMESTAMP(3),
    WATERMARK FOR ts AS ts - INTERVAL '{DELAY_S}' SECOND)
WITH ({source}, 'format' = 'csv');
CREATE TABLE passed (n BIGINT, k STRING, v BIGINT)
WITH ('connector' = 'filesystem', 'path' = '{folder}/rows.csv', 'format' = 'csv');
CREATE TABLE sums (k STRING, e TIMESTAMP(3), c BIGINT, s BIGINT, lo BIGINT, hi BIGINT)
WITH ('connector' = 'filesystem', 'path' = '{folder}/parts/', 'format' = 'csv',
      'sink.rolling-policy.file-size' = '1kb',
      'sink.rolling-policy.rollover-interval' = '300 ms');
CREATE TABLE hops (k STRING, e TIMESTAMP(3), c BIGINT, s BIGINT, d BIGINT)
WITH ('connector' = 'filesystem', 'path' = '{folder}/hops.csv', 'format' = 'csv');
CREATE TABLE joined (k STRING, e TIMESTAMP(3), n BIGINT, c BIGINT, s BIGINT)
WITH ('connector' = 'filesystem', 'path' = '{folder}/joined.csv', 'format' = 'csv');
INSERT INTO passed SELECT n, k, v FROM t WHERE v < 500;
INSERT INTO sums SELECT k, window_end, COUNT(*), SUM(v), MIN(v), MAX(v)
FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), {window}))
GROUP BY k, window_start, window_end;
INSERT INTO hops SELECT k, window_end, COUNT(*), SUM(v), COUNT(DISTINCT v)
FROM TABLE(HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '{HOP_MS // 1_000}' SECOND,
    INTERVAL '{HOP_SIZE_MS // 1_000}' SECOND))
GROUP BY k, window_start, window_end;
INSERT INTO joined SELECT l.k, l.window_end, l.n, r.c, r.s
FROM (SELECT * FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), {window})) WHERE v < 30) AS l
JOIN (SELECT k, window_start, window_end, COUNT(*) AS c, SUM(v) AS s
      FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), {window})) WHERE v >= 500
      GROUP BY k, window_start, window_end) AS r
ON l.k = r.k AND l.window_start = r.window_start AND l.window_end = r.window_end;
"""
        with open(self.path, "w") as out:
            out.write(self.text)

    def parts(self):
        """The names of the parts that are there for everybody to read."""
        try:
            return sorted(name for name in os.listdir(os.path.join(self.folder, "parts"))
                          if name[0] not in "._")
        except FileNotFoundError:
            return []

    def results(self):
        """Counts of rows, a table each."""
        texts = {name: read_bytes(os.path.join(self.folder, name)) for name in self.FILES}
        texts["parts"] = b"".join(read_bytes(os.path.join(self.folder, "parts", part))
                                  for part in self.parts())
        return {name: collections.Counter(text.splitlines()) for name, text in texts.items()}

    def size(self):
        """Of the results that are visible."""
        paths = [os.path.join(self.folder, name) for name in self.FILES]
        paths += [os.path.join(self.folder, "parts", part) for part in self.parts()]
        return sum(os.path.getsize(path) for path in paths if os.path.exists(path))


def file_source(path):
    return (f"'connector' = 'filesystem', 'path' = '{path}', "
            "'source.monitor-interval' = '5 ms'")


def tcp_source(port):
    return (f"'connector' = 'tcp', 'address' = '127.0.0.1:{port}', 'durability' = 'epoch'")


def read_bytes(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


def oracle(records, count):
    """What all windows that have fired and all rows that pass come to, as Script.results()."""
    rows = collections.Counter()
    sums = {}
    hops = {}
    low = []
    high = {}
    for n in range(count):
        key, value, ms = records.values(n)
        if value < 500:
            rows[f"{n},{key},{value}".encode()] += 1
        end = ms // WINDOW_MS * WINDOW_MS + WINDOW_MS
        c, s, lo, hi = sums.get((key, end), (0, 0, value, value))
        sums[key, end] = (c + 1, s + value, min(lo, value), max(hi, value))
        if value < 30:
            low.append((key, end, n))
        elif value >= 500:
            c, s = high.get((key, end), (0, 0))
            high[key, end] = (c + 1, s + value)
        first = ms // HOP_MS * HOP_MS + HOP_MS
        for end in range(first, first + HOP_SIZE_MS, HOP_MS):
            hops.setdefault((key, end), []).append(value)
    expected = {
        "rows.csv": rows,
        "parts": collections.Counter(
            f"{key},{instant(end)},{c},{s},{lo},{hi}".encode()
            for (key, end), (c, s, lo, hi) in sums.items()),
        "hops.csv": collections.Counter(
            f"{key},{instant(end)},{len(of)},{sum(of)},{len(set(of))}".encode()
            for (key, end), of in hops.items()),
        "joined.csv": collections.Counter(
            f"{key},{instant(end)},{n},{high[key, end][0]},{high[key, end][1]}".encode()
            for key, end, n in low if (key, end) in high),
    }
    return expected


def differences(expected, found, most=5):
    """Lines that say what is lost and what is too much; none: equal."""
    report = []
    for name, rows in expected.items():
        lost, extra = rows - found[name], found[name] - rows
        if lost:
            report.append(f"{name}: {sum(lost.values())} of {sum(rows.values())} rows lost: "
                          f"{sorted(lost)[:most]}")
        if extra:
            report.append(f"{name}: {sum(extra.values())} rows too many: {sorted(extra)[:most]}")
    return report


class Writer(threading.Thread):
    """Appends records to a file, some milliseconds' worth at once, cut in the middle of a line."""

    def __init__(self, path, records, records_per_s=4_000):
        super().__init__(daemon=True)
        self.file = open(path, "ab", buffering=0)
        self.records = records
        self.per_s = records_per_s
        self.count = 0  # Of records that are in the file, whole.
        self.ends = threading.Event()
        self.failure = None

    def run(self):
        rest = b""
        began = time.monotonic()
        while not self.ends.is_set():
            time.sleep(0.004)
            due = int((time.monotonic() - began) * self.per_s)
            lines = [self.records.line(n) for n in range(self.count, due)]
            self.count = max(due, self.count)
            text = rest + b"".join(lines)
            cut = len(text) - min(len(text), self.count % 23)
            self.file.write(text[:cut])
            rest = text[cut:]
        self.file.write(rest)

    def finish(self):
        """Ends the writing with the record that makes all windows fire; returns their number."""
        self.ends.set()
        self.join()
        self.file.write(Records.last_line(self.count))
        self.file.close()
        return self.count

    def await_end(self):
        """A file holds what was written."""
        return True

    def stop(self):
        self.ends.set()


class Producers:
    """Some producers with sessions of their own; record n is the next of producer n % PRODUCERS.

    None goes further ahead of what the slowest has acknowledged than the watermark waits for. Now
    and then one dies and comes back as a new process would: with a higher epoch, and again with all
    records that are not acknowledged.
    """

    PRODUCERS = 4
    AHEAD = 1_000  # Records of each: 40 s of event time.

    def __init__(self, port, records, records_per_s, seed):
        self.address = ("127.0.0.1", port)
        self.records = records
        self.per_s = records_per_s / self.PRODUCERS
        self.seed = seed
        self.acked = [0] * self.PRODUCERS  # How many records of each.
        self.made = [0] * self.PRODUCERS
        self.lives = 0
        self.limit = None  # How many records each makes in all, once that is known.
        self.failure = None
        self.is_over = False
        self.threads = [threading.Thread(target=self.produce, args=(index,), daemon=True)
                        for index in range(self.PRODUCERS)]

    def start(self):
        self.began = time.monotonic()
        for thread in self.threads:
            thread.start()

    def produce(self, index):
        try:
            self.live(index)
        except Exception as error:  # A thread's last words are for the main one.
            self.failure = f"producer {index}: {error!r}"

    def live(self, index):
        chance = random.Random(self.seed * self.PRODUCERS + index)
        session = chance.randbytes(16)
        epoch = 0
        while not self.is_over:
            producer = thalweg_client.Producer(*self.address, session=session, epoch=epoch,
                                               last_acked=self.acked[index],
                                               backoff=(0.01, 0.1))
            self.lives += 1
            self.made[index] = self.acked[index]
            end = time.monotonic() + chance.uniform(1, 8)
            while not self.is_over and (time.monotonic() < end or self.limit is not None):
                self.work(index, producer)
            producer._drop()  # As if it had been killed: nothing more is said.
            epoch += 1

    def work(self, index, producer):
        for i in range(self.made[index], self.due()):
            producer.append(self.records.line(i * self.PRODUCERS + index)[:-1])
            self.made[index] += 1
        if self.made[index] == self.limit and min(self.acked) >= self.limit:
            producer.append(Records.last_line(self.limit * self.PRODUCERS + index)[:-1])
            self.made[index] += 1
        producer.step(0.005)
        self.acked[index] = producer.last_acked

    def due(self):
        """How many records each may have made by now; never less than it was."""
        if self.limit is not None:
            return min(self.limit, min(self.acked) + self.AHEAD)
        return min(int((time.monotonic() - self.began) * self.per_s), min(self.acked) + self.AHEAD)

    def finish(self):
        """Lets all come to the same number, and then end it; their sum."""
        self.limit = self.due() + 1
        return self.limit * self.PRODUCERS

    def await_end(self, patience_s=PATIENCE_S):
        """Whether everything was acknowledged, after finish() and while the query runs."""
        is_acked = wait_until(
            lambda: self.failure is not None or min(self.acked) > self.limit, patience_s)
        self.stop()
        return is_acked and self.failure is None

    def stop(self):
        self.is_over = True


class Reader(threading.Thread):
    """Compares what is visible with what was: files only grow, parts stay as they appeared."""

    def __init__(self, script):
        super().__init__(daemon=True)
        self.script = script
        self.seen = {}
        self.parts = {}
        self.looks = 0
        self.ends = threading.Event()
        self.violations = []

    def run(self):
        while not self.ends.is_set():
            self.look()
            time.sleep(0.01)
        self.look(is_last=True)

    def look(self, is_last=False):
        self.looks += 1
        for name in Script.FILES:
            was, now = self.seen.get(name, b""), read_bytes(os.path.join(self.script.folder, name))
            if not now.startswith(was):
                self.violations.append(f"{name}: {len(was)} bytes were seen, and now it is "
                                       f"{len(now)} bytes that do not begin with them")
            self.seen[name] = now
        names = self.script.parts()
        for name in self.parts.keys() - set(names):
            self.violations.append(f"parts/{name} was seen and is gone")
        # Parts are small, but many: the old ones are looked at now and then.
        is_thorough = is_last or self.looks % 50 == 0
        for name in names if is_thorough else set(names) - self.parts.keys():
            now = read_bytes(os.path.join(self.script.folder, "parts", name))
            if self.parts.setdefault(name, now) != now:
                self.violations.append(f"parts/{name} has changed")

    def finish(self):
        self.ends.set()
        self.join()
        return self.violations


class Engine:
    """One life of the process. `inject`: what strace does to it; `trace`: where it writes it."""

    def __init__(self, binary, script, state, arguments=(), inject=None, trace="/dev/null"):
        self.log_path = os.path.join(os.path.dirname(script.path), "log")
        strace = []
        if inject is not None:
            calls = inject.split(":")[0]
            # The other calls cost less with a filter, but then no signal but the first comes.
            cheap = [] if "signal=" in inject else ["--seccomp-bpf"]
            strace = ["strace", "-f", *cheap, "-qq", "-ttt", "-o", trace,
                      "-e", "trace=" + calls, "-e", "inject=" + inject]
        environment = dict(os.environ)
        if inject is not None and SANITIZED:
            environment["ASAN_OPTIONS"] = environment.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [*strace, binary, "run", "--state", state, *arguments, script.path],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
                start_new_session=True)  # So that strace and what it traces go together.

    def poll(self):
        return self.process.poll()

    def log(self):
        return read_bytes(self.log_path).decode(errors="replace")

    def kill(self):
        """kill -9, of the whole session; returns when it is gone."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.await_lock()

    def await_lock(self):
        """What strace traced may outlive it for a moment; its group is empty when it is gone."""
        while True:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return
            time.sleep(0.001)

    def stop(self, number=signal.SIGTERM, patience_s=PATIENCE_S):
        """Asks for an end; returns the status."""
        self.process.send_signal(number)
        return self.process.wait(patience_s)

    def wait(self, patience_s=PATIENCE_S):
        return self.process.wait(patience_s)


def random_arguments(chance):
    """Shards and threads of a life; results must not depend on them."""
    arguments = ["--shards", str(chance.randint(1, 4)),
                 "--ingest-threads", str(chance.randint(1, 3))]
    if chance.random() < 0.25:
        arguments += ["--batch-rows", str(chance.choice([1, 7, 64]))]
    return arguments


def wait_until(is_true, patience_s=PATIENCE_S):
    """Whether it became true in time."""
    deadline = time.monotonic() + patience_s
    while not is_true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def wait_for_results(engine, script, expected, patience_s=PATIENCE_S):
    """Until there are as many rows as there should be, or nothing more comes; the results."""
    wanted = {name: sum(rows.values()) for name, rows in expected.items()}
    deadline = time.monotonic() + patience_s
    while True:
        found = script.results()
        counts = {name: sum(rows.values()) for name, rows in found.items()}
        if all(counts[name] >= wanted[name] for name in wanted):
            return found
        if time.monotonic() > deadline or engine.poll() is not None:
            return found
        time.sleep(0.05)


def strace_or_none():
    """Why strace cannot be used here; None if it can."""
    if SANITIZED:
        return "sanitizers and strace do not go together"
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(["strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null",
                            "-e", "trace=sync", "true"], capture_output=True, text=True)
    return None if tried.returncode == 0 else "strace may not trace here: " + tried.stderr.strip()
