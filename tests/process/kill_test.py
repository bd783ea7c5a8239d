#!/usr/bin/env python3
"""Kills the real binary again and again while records come in; nothing may be lost, doubled, changed.

usage: kill_test.py BINARY [--kills N] [--seed S] [--source file|tcp] [--life SECONDS] [--rate N]

Every other life ends by kill -9 at a random time between 5 ms and --life; the others, where strace may
be used, when a thread is about to make its n-th call of one kind, n going up from kill to kill. Each
restart has another number of shards and threads. At the end the results are compared with those that
Python computes from all records; and all the time a reader compares what it sees with what it saw.
"""
import sys

sys.dont_write_bytecode = True

import argparse
import os
import random
import tempfile
import time

import world

# What is on the way of an epoch to the disk, and to those who wait for it.
CALLS_OF_TCP = ["sendto"]
CALLS = ["fdatasync", "fsync", "renameat", "pwrite64", "unlinkat", "openat", "write", "ftruncate"]


class Kills:
    """The lives and deaths of one query."""

    def __init__(self, options, folder):
        self.options = options
        self.chance = random.Random(options.seed)
        self.records = world.Records(options.seed)
        self.no_strace = world.strace_or_none()
        if options.source == "file":
            path = os.path.join(folder, "in.csv")
            self.writer = world.Writer(path, self.records, options.rate)
            source = world.file_source(path)
        else:
            self.writer = world.Producers(options.port, self.records, options.rate, options.seed)
            source = world.tcp_source(options.port)
        self.script = world.Script(folder, source)
        self.state = os.path.join(folder, "state")
        self.reader = world.Reader(self.script)
        self.by_call = dict.fromkeys(
            CALLS + (CALLS_OF_TCP if options.source == "tcp" else []), 0)
        self.by_time = 0

    def engine(self, inject=None):
        return world.Engine(self.options.binary, self.script, self.state,
                            world.random_arguments(self.chance), inject)

    def kill_by_time(self):
        engine = self.engine()
        time.sleep(self.chance.uniform(0.005, self.options.life))
        if engine.poll() is not None:
            sys.exit(f"the query ended by itself: {engine.log()}")
        engine.kill()
        self.by_time += 1

    def kill_by_call(self, number):
        calls = list(self.by_call)
        call = calls[number % len(calls)]
        count = 1 + number // len(calls) * self.chance.randint(1, 3)
        engine = self.engine(f"{call}:signal=KILL:when={count}")
        if world.wait_until(lambda: engine.poll() is not None, self.options.life):
            if engine.poll() not in (-9, 137):
                sys.exit(f"the query ended by itself, at {call} {count}: {engine.log()}")
            self.by_call[call] += 1
        else:
            self.by_time += 1
        engine.kill()

    def run(self):
        self.writer.start()
        self.reader.start()
        for number in range(self.options.kills):
            if number % 2 == 0 or self.no_strace is not None:
                self.kill_by_time()
            else:
                self.kill_by_call(number // 2)
        last = self.engine()
        count = self.writer.finish()
        report = []
        if self.options.source == "tcp" and not self.writer.await_end():
            report.append(self.writer.failure or f"acknowledged: {self.writer.acked} of {count}")
        expected = world.oracle(self.records, count)
        found = world.wait_for_results(last, self.script, expected)
        status = last.stop()
        report += world.differences(expected, found) + self.reader.finish()
        if status != 0:
            report.append(f"the last life ended with {status}: {last.log()}")
        self.tell(count, found)
        return report

    def tell(self, count, found):
        if self.no_strace is not None:
            print(f"no kills at system calls: {self.no_strace}")
        calls = ", ".join(f"{number} at {call}" for call, number in self.by_call.items() if number)
        print(f"seed {self.options.seed}: {self.by_time} kills by time, {calls or '0 by calls'}; "
              f"{count} records, {sum(sum(rows.values()) for rows in found.values())} results, "
              f"{self.reader.looks} looks at them")
        if self.options.source == "tcp":
            print(f"{self.writer.lives} lives of {self.writer.PRODUCERS} producers")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("binary")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--source", choices=["file", "tcp"], default="file")
    parser.add_argument("--life", type=float, default=2.0)
    parser.add_argument("--rate", type=int, default=4_000, help="records written per second")
    parser.add_argument("--port", type=int, default=9340, help="of --source tcp")
    parser.add_argument("--keep", action="store_true", help="leave the folder where it is")
    options = parser.parse_args()
    options.binary = os.path.abspath(options.binary)
    folder = tempfile.mkdtemp(prefix="thalweg-kill-")
    report = Kills(options, folder).run()
    for line in report:
        print(line)
    if report:
        print(f"FAILED with --seed {options.seed}; everything is in {folder}")
    elif not options.keep:
        world.shutil.rmtree(folder)
    return 1 if report else 0


if __name__ == "__main__":
    sys.exit(main())
