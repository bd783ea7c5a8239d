#!/usr/bin/env python3
"""The real binary as its users meet it: exit codes, signals, bad input, hostile peers, idleness.

usage: commands.py BINARY PORT     PORT and the one behind it must be free.
"""
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

BINARY = os.path.abspath(sys.argv[1]) if len(sys.argv) > 2 else ""
PORT = int(sys.argv[2]) if len(sys.argv) > 2 else 0

TABLE = ("CREATE TABLE t (k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) "
         "WITH ('connector' = %s, 'format' = 'json');\n")
SUMS = ("SELECT k, window_end, SUM(v) AS s FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), "
        "INTERVAL '10' SECOND)) GROUP BY k, window_start, window_end;\n")
TCP = f"'tcp', 'address' = '127.0.0.1:{PORT}'"


def row(key, value, second):
    return b'{"k": "%s", "v": %d, "ts": "2024-01-01 00:00:%02d"}\n' % (key.encode(), value, second)


class Commands(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="thalweg-")
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, name, text):
        with open(self.path(name), "wb") as out:
            out.write(text.encode() if isinstance(text, str) else text)
        return self.path(name)

    def thalweg(self, *arguments):
        return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL)

    def run_script(self, script, *arguments):
        return self.thalweg("run", self.write("query.sql", script), *arguments)

    def start(self, script, *arguments, listens=True):
        """Starts a query and waits until it listens."""
        self.log_path = self.write("log", "")
        self.out_path = self.write("out", "")
        with open(self.log_path, "wb") as log, open(self.out_path, "wb") as out:
            engine = subprocess.Popen(
                [BINARY, "run", self.write("query.sql", script), *arguments],
                stdin=subprocess.DEVNULL, stdout=out, stderr=log)
        self.addCleanup(self.end, engine)
        if listens:
            self.wait_for(lambda: "listening on" in self.read("log"), engine)
        return engine

    def end(self, engine):
        if engine.poll() is None:
            engine.kill()
            engine.wait()

    def read(self, name):
        with open(self.path(name)) as file:
            return file.read()

    def wait_for(self, is_true, engine=None):
        deadline = time.monotonic() + 30
        while not is_true():
            if engine is not None and engine.poll() is not None:
                self.fail(f"the engine ended early: {self.read('log')}")
            if time.monotonic() > deadline:
                self.fail(f"waited too long; log: {self.read('log')} out: {self.read('out')}")
            time.sleep(0.02)

    def connect(self, text=b""):
        peer = socket.create_connection(("127.0.0.1", PORT), timeout=30)
        self.addCleanup(peer.close)
        peer.sendall(text)
        return peer

    def summary(self, text):
        """The counters of the last line, and that they balance."""
        line = [line for line in text.splitlines() if line.startswith("rows in ")][-1]
        counts = {}
        for name, number in re.findall(r"(rows in|rows out|malformed|late|shed) ([\d,]+)", line):
            counts.setdefault(name, int(number.replace(",", "")))  # Reasons follow the sum.
        self.assertLessEqual(counts["malformed"] + counts["shed"], counts["rows in"])
        return counts

    def assert_refused(self, done, status, *words):
        """One clear line on standard error that has these words, nothing on standard output."""
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(done.stdout, "")
        for word in words:
            self.assertIn(word, done.stderr)

    def test_version_and_help(self):
        version = self.thalweg("--version")
        self.assertEqual(version.returncode, 0)
        self.assertRegex(version.stdout, r"^thalweg \d+\.\d+\.\d+\n$")
        for command in ([], ["run"], ["explain"], ["check"]):
            shown = self.thalweg(*command, "--help")
            self.assertEqual(shown.returncode, 0)
            self.assertIn("Usage: thalweg", shown.stdout)
            self.assertEqual(shown.stderr, "")

    def test_bad_command_lines(self):
        script = self.write("query.sql", "SELECT 1;")
        for arguments in (["frobnicate"], [], ["run"], ["run", "--frob", script],
                          ["run", "--shards", "none", script], ["run", "--shards", "0", script],
                          ["run", "--drain", "--no-drain", script], ["run", script, "--set", "x"]):
            done = self.thalweg(*arguments)
            self.assertEqual(done.returncode, 2, (arguments, done.stderr))
            self.assertEqual(done.stdout, "")
            self.assertNotEqual(done.stderr, "")

    def test_script_that_is_not_there(self):
        done = self.thalweg("run", self.path("nothing.sql"))
        self.assert_refused(done, 2, "nothing.sql", "No such file")
        self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_errors_of_sql_show_the_place(self):
        script = "CREATE TABLE t (price INT) WITH ('connector' = " + TCP + ", 'format' = 'json');\n"
        path = self.write("query.sql", script + "SELECT pirce\nFROM t;\n")
        for command in ("run", "check", "explain"):
            done = self.thalweg(command, path)
            self.assert_refused(done, 2, ":2:8: error:", "SELECT pirce", "^~~~~",
                                "did you mean price?")

    def test_check_runs_nothing_and_explain_prints_the_plan(self):
        path = self.write("query.sql", TABLE % TCP + SUMS)
        checked = self.thalweg("check", path)
        self.assertEqual((checked.returncode, checked.stdout), (0, ""))
        explained = self.thalweg("explain", path)
        self.assertEqual(explained.returncode, 0)
        for word in ("source t (tcp, json)", "by hash of k", "TUMBLE(size 10 s)", "write result"):
            self.assertIn(word, explained.stdout)

    def test_functions_says_what_there_is(self):
        document = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/FUNCTIONS.md")
        printed = self.thalweg("functions")
        with open(document, encoding="utf-8") as text:
            self.assertEqual((printed.returncode, printed.stdout), (0, text.read()))
        self.assertIn("MD5", self.thalweg("functions", "sha1").stdout)
        self.assert_refused(self.thalweg("functions", "md6"), 2, "no function 'md6'")

    def test_options_that_cannot_be(self):
        for options, words in (
                ("'tcp', 'adress' = '127.0.0.1:1'", ["unknown option 'adress'", "'address'"]),
                ("'tcp', 'address' = 'nowhere'", ["'address'", "HOST:PORT", "'nowhere'"]),
                (TCP + ", 'idle-timeout' = 'soon'", ["'idle-timeout'", "duration", "'soon'"]),
                ("'tpc'", ["'tpc'", "did you mean 'tcp'?"])):
            done = self.run_script(TABLE % options + "SELECT k FROM t;")
            self.assert_refused(done, 2, ":1:", "error:", *words)

    def test_input_that_is_not_there(self):
        done = self.run_script(TABLE % "'filesystem', 'path' = '/nowhere/at/all.jsonl'" +
                               "SELECT k FROM t;")
        self.assert_refused(done, 2, "/nowhere/at/all.jsonl")
        self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_output_that_cannot_be(self):
        script = TABLE % TCP + ("CREATE TABLE s (k STRING) WITH ('connector' = 'filesystem', "
                                "'path' = '/nowhere/at/all.jsonl', 'format' = 'json');\n"
                                "INSERT INTO s SELECT k FROM t;")
        self.assert_refused(self.run_script(script), 2, "/nowhere/at/all.jsonl")

    def test_port_in_use(self):
        with socket.socket() as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("127.0.0.1", PORT))
            taken.listen()
            done = self.run_script(TABLE % TCP + SUMS)
        self.assert_refused(done, 2, f"127.0.0.1:{PORT}", "Address already in use")
        self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_bounded_inputs_end_and_fire_what_is_open(self):
        path = self.write("in.jsonl", row("a", 1, 1) + b"garbage\n" + row("a", 2, 12))
        script = TABLE % f"'filesystem', 'path' = '{path}'" + SUMS
        whole = self.run_script(script)
        self.assertEqual(whole.returncode, 0)
        self.assertIn("00:00:10.000", whole.stdout)
        self.assertIn("00:00:20.000", whole.stdout)
        self.assertNotIn("rows in", whole.stdout)
        counts = self.summary(whole.stderr)
        self.assertEqual(counts["rows in"], 3)
        self.assertEqual(counts["malformed"], 1)
        self.assertEqual(counts["rows out"], 2)
        silent = self.run_script(script, "--no-drain")
        self.assertEqual(silent.returncode, 0)
        self.assertIn("00:00:10.000", silent.stdout)
        self.assertNotIn("00:00:20.000", silent.stdout)

    def stop_by(self, signal_number, *arguments):
        engine = self.start(TABLE % TCP + SUMS, *arguments)
        self.connect(row("a", 1, 1) + row("a", 2, 12))
        self.wait_for(lambda: "00:00:10.000" in self.read("out"), engine)
        engine.send_signal(signal_number)
        self.assertEqual(engine.wait(30), 0, self.read("log"))
        return self.read("out")

    def test_keys_move_from_a_shard_that_has_too_many(self):
        # Five keys have two thirds of the rows, and two of them are on one of four shards.
        engine = self.start(
            "SET 'execution.rebalancing.enabled' = 'true';\n"
            "SET 'execution.checkpointing.interval' = '100 ms';\n"
            "CREATE TABLE t (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '200000',"
            " 'fields.n.kind' = 'sequence', 'fields.n.start' = '1', 'fields.n.end' = '100000000');\n"
            "CREATE TABLE o (k BIGINT, c BIGINT) WITH ('connector' = 'blackhole');\n"
            "INSERT INTO o SELECT k, COUNT(*) FROM (SELECT CASE WHEN MOD(n, 3) > 0 THEN MOD(n, 5) "
            "ELSE MOD(n, 10000) END AS k FROM t) GROUP BY k;\n",
            "--shards", "4", "--ingest-threads", "1", "--state", self.path("state"),
            "--accept-file-system", listens=False)
        self.wait_for(lambda: "key groups move" in self.read("log"), engine)
        engine.send_signal(signal.SIGTERM)
        self.assertEqual(engine.wait(60), 0, self.read("log"))
        self.assertIn("key groups moved", self.read("log"))

    def rows_of(self, query, *arguments):
        """What a script without inputs of its own writes."""
        script = ("CREATE TABLE o (a BIGINT, b STRING) WITH ('connector' = 'filesystem', 'path' = "
                  f"'{self.path('rows')}', 'format' = 'csv');\nINSERT INTO o {query};\n")
        result = self.run_script(script, *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return sorted(self.read("rows").splitlines())

    def test_values_are_rows(self):
        for layout in ([], ["--shards", "2", "--ingest-threads", "2"], ["--batch-rows", "1"]):
            with self.subTest(layout):
                values = "(VALUES (1, 'a'), (2, NULL), (1 + 2, 'c'))"
                self.assertEqual(self.rows_of(values[1:-1], *layout), ["1,a", "2,", "3,c"])
                self.assertEqual(self.rows_of("VALUES (NULL, 'x')", *layout), [",x"])
                self.assertEqual(self.rows_of("SELECT 1 + 1, UPPER('x')", *layout), ["2,X"])
                self.assertEqual(
                    self.rows_of(f"SELECT x, y FROM {values} AS t (x, y) WHERE x <> 2", *layout),
                    ["1,a", "3,c"])
                self.assertEqual(
                    self.rows_of("SELECT x, z FROM (VALUES (1), (2)) AS t (x) "
                                 "JOIN (VALUES (2, 'b'), (3, 'c')) AS u (x, z) USING (x)", *layout),
                    ["2,b"])

    def test_values_of_rows_that_do_not_fit(self):
        self.assert_refused(self.run_script("SELECT * FROM (VALUES (1, 2), (3)) AS t;"), 2,
                            "VALUES has rows of 2 and of 1 values")
        self.assert_refused(self.run_script("SELECT * FROM (VALUES (1), ('a')) AS t;"), 2,
                            "column 1 of VALUES")
        self.assert_refused(self.run_script("SELECT *;"), 2, "* needs a FROM")

    def test_options_of_a_hint_replace_those_of_the_table(self):
        table = TABLE % f"'filesystem', 'path' = '{self.write('in', row('a', 1, 1))}'"
        self.write("other", row("b", 2, 1))
        hint = f"/*+ OPTIONS('path' = '{self.path('other')}') */"
        result = self.run_script(table + f"SELECT k FROM t {hint} AS x UNION ALL SELECT k FROM t;")
        self.assertEqual(sorted(result.stdout.split()[-2:]), ["a", "b"], result.stderr)

    def test_hints_without_effect_are_warned_about(self):
        table = TABLE % f"'filesystem', 'path' = '{self.write('in', row('a', 1, 1))}'"
        result = self.run_script(table + "SELECT /*+ BROADCAST(t), STATE_TTL('t' = '1 d') */ k FROM t;")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("the hint BROADCAST has no effect", result.stderr)
        self.assertIn("STATE_TTL of 't' has no effect", result.stderr)

    def test_the_terminal_shows_what_a_change_is(self):
        table = TABLE % f"'filesystem', 'path' = '{self.write('in', row('a', 1, 1))}'"
        counts = "SELECT k, COUNT(*) AS n FROM t GROUP BY k;"
        result = self.run_script(table + counts)
        self.assertEqual(result.stdout, " op | k | n\n----+---+---\n +I | a | 1\n", result.stderr)
        self.write("in", row("a", 1, 1) + row("a", 2, 2))
        result = self.run_script(table + counts, "--batch-rows", "1")
        self.assertEqual(result.stdout.splitlines()[2:], [" +I | a | 1", " -U | a | 1", " +U | a | 2"])

    def test_signals_stop_and_open_windows_stay_silent(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            self.assertNotIn("00:00:20.000", self.stop_by(number))
            self.assertEqual(self.summary(self.read("log"))["rows in"], 2)

    def test_drain_fires_open_windows_after_a_signal(self):
        self.assertIn("00:00:20.000", self.stop_by(signal.SIGTERM, "--drain"))

    def test_signals_stop_shards_and_threads_too(self):
        out = self.stop_by(signal.SIGINT, "--shards", "2", "--ingest-threads", "2", "--drain")
        self.assertIn("00:00:20.000", out)

    def test_second_signal_ends_at_once(self):
        script = TABLE % TCP + ("CREATE TABLE s (k STRING) WITH ('connector' = 'tcp', 'mode' = "
                                f"'connect', 'address' = '127.0.0.1:{PORT + 1}', 'format' = "
                                "'json');\nINSERT INTO s SELECT k FROM t;")
        engine = self.start(script)
        self.connect(row("a", 1, 1) * 1000)
        time.sleep(0.3)
        engine.send_signal(signal.SIGINT)
        time.sleep(0.1)
        began = time.monotonic()
        engine.send_signal(signal.SIGINT)
        engine.wait(30)
        # The sink never comes up, so a stop that waits for it does not end; ThreadSanitizer alone
        # sleeps for a second at exit.
        self.assertLess(time.monotonic() - began, 5)

    def test_hostile_peers_harm_nobody(self):
        engine = self.start(TABLE % TCP + "SELECT k, v FROM t;")
        silent = self.connect()
        garbage = self.connect(b"\x00\xff\xfe{]" * 1000 + b"\n")
        endless = self.connect(b"x" * 300_000)
        partial = self.connect(b'{"k": "half')
        partial.close()
        good = self.connect(b"".join(row("good", i, 1) for i in range(100)))
        self.wait_for(lambda: self.read("out").count("good") == 100, engine)
        for peer in (silent, garbage, endless, good):
            peer.close()
        time.sleep(0.2)
        engine.send_signal(signal.SIGTERM)
        self.assertEqual(engine.wait(30), 0)
        counts = self.summary(self.read("log"))
        self.assertEqual(counts["rows out"], 100)
        self.assertEqual(counts["rows in"], 100 + counts["malformed"])
        self.assertGreaterEqual(counts["malformed"], 3)
        self.assertIn("127.0.0.1:", self.read("log"))
        self.assertIn("offset", self.read("log"))

    def test_rejected_records_are_logged_at_a_bounded_rate(self):
        path = self.write("in.jsonl", b"garbage\n" * 20_000)
        done = self.run_script(TABLE % f"'filesystem', 'path' = '{path}'" + "SELECT k FROM t;")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(self.summary(done.stderr)["malformed"], 20_000)
        self.assertLess(len(done.stderr.splitlines()), 100)

    def test_parse_errors_that_are_not_ignored_end_the_query(self):
        path = self.write("in.jsonl", row("a", 1, 1) + b"garbage\n")
        script = TABLE % (f"'filesystem', 'path' = '{path}', "
                          "'json.ignore-parse-errors' = 'false'") + "SELECT k FROM t;"
        done = self.run_script(script)
        self.assertEqual(done.returncode, 1)
        self.assertIn("ignore-parse-errors", done.stderr)
        self.assertIn("in.jsonl", done.stderr)

    def test_what_data_does_to_a_query_is_status_1(self):
        path = self.write("in.jsonl", row("a", 0, 1))
        done = self.run_script(TABLE % f"'filesystem', 'path' = '{path}'" + "SELECT 1 / v FROM t;")
        self.assertEqual(done.returncode, 1)
        self.assertIn("division by zero", done.stderr)

    def test_a_sink_that_is_not_up_yet_is_waited_for(self):
        script = TABLE % TCP + ("CREATE TABLE s (k STRING) WITH ('connector' = 'tcp', 'mode' = "
                                f"'connect', 'address' = '127.0.0.1:{PORT + 1}', 'format' = "
                                "'json');\nINSERT INTO s SELECT k FROM t;")
        engine = self.start(script)
        self.connect(row("early", 1, 1))
        time.sleep(0.3)
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", PORT + 1))
            listener.listen()
            listener.settimeout(30)
            peer, _ = listener.accept()
            with peer:
                peer.settimeout(30)
                self.assertEqual(peer.recv(1000), b'{"k":"early"}\n')
                engine.send_signal(signal.SIGTERM)
                self.assertEqual(engine.wait(30), 0)

    @unittest.skipIf({"ASAN_OPTIONS", "TSAN_OPTIONS"} & set(os.environ), "sanitizers cost time")
    def test_nothing_to_do_costs_no_processor(self):
        """Under 1 % of a core as it comes, and for each thread where there are more."""
        for arguments, threads in (([], 1), (["--shards", "2", "--ingest-threads", "2"], 5)):
            engine = self.start(TABLE % TCP + SUMS, *arguments)
            self.connect(row("a", 1, 1))
            time.sleep(0.5)
            before, began = self.processor_seconds(engine.pid), time.monotonic()
            time.sleep(3)
            used = self.processor_seconds(engine.pid) - before
            self.assertLess(used / (time.monotonic() - began), 0.01 * threads, arguments)
            engine.send_signal(signal.SIGTERM)
            self.assertEqual(engine.wait(30), 0)

    @staticmethod
    def processor_seconds(pid):
        total = 0
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat") as file:
                total += int(file.read().split()[0])
        return total / 1e9


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=1)
