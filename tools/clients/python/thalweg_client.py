#!/usr/bin/env python3
"""Hands records to a Thalweg table with 'durability' = 'epoch', so that none is lost and none is
counted twice: numbers them, keeps each until it is acknowledged, connects again when a connection
ends, and sends again what was not acknowledged. The protocol is docs/PROTOCOL.md. One file, no
dependencies, Python 3.8 or later.

    with Producer("127.0.0.1", 9000) as producer:
        producer.append(b'{"n": 1}')
        producer.flush()                 # Returns when all is durable.

On the command line, a record a line; exit status 0 when all are acknowledged, 1 when not:

    thalweg_client.py HOST PORT < records

A producer that is to survive its own process keeps its session, and all records behind the last one
acknowledged; the next process takes a higher epoch and appends the records behind last_acked again,
in the same order.
"""
import argparse
import collections
import os
import random
import select
import socket
import struct
import sys
import time

VERSION = 1
HELLO, WELCOME, REFUSE, BATCH, ACK, END, NACK, PING, PONG, GOAWAY = range(1, 11)
REFUSALS = {1: "DATA_LOSS", 2: "UNKNOWN_SESSION", 3: "FENCED", 4: "OVERLOAD", 5: "VERSION",
            6: "AUTH", 7: "MALFORMED"}
OVERLOAD = 4
NEWLINE, LENGTH_PREFIXED, FIXED = 1, 2, 3

_MAGIC = b"THALPROD"
_HEADER = struct.Struct("<IIB3x")
_WELCOME = struct.Struct("<HBBII16sQQQQ")
_SMALL_BODY_MAX = 2048


def _crc_table():
    table = []
    for crc in range(256):
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
        table.append(crc)
    return table


_CRC_TABLE = _crc_table()


def crc32c(data, crc=0):
    """CRC32C of data, going on from crc."""
    table = _CRC_TABLE
    crc ^= 0xffffffff
    for byte in data:
        crc = table[(crc ^ byte) & 0xff] ^ crc >> 8
    return crc ^ 0xffffffff


def encode_frame(kind, body):
    length = struct.pack("<I", len(body))
    tail = struct.pack("<B3x", kind) + body
    return length + struct.pack("<I", crc32c(tail, crc32c(length))) + tail


def encode_hello(session, epoch, last_acked, token=b""):
    return encode_frame(HELLO, _MAGIC + struct.pack("<HBB16sQQH", VERSION, 1, 0, session, epoch,
                                                    last_acked, len(token)) + token)


def encode_batch(first, count, payload):
    return encode_frame(BATCH, struct.pack("<QII", first, count, 0) + payload)


def encode_number(kind, number):
    return encode_frame(kind, struct.pack("<Q", number))


def decode_frame(data):
    """The (type, body, size) of the frame at the front of data, or None when it is not whole."""
    if len(data) < _HEADER.size:
        return None
    length, checksum, kind = _HEADER.unpack_from(data)
    if length > _SMALL_BODY_MAX or not HELLO <= kind <= GOAWAY or any(data[9:12]):
        raise ConnectionError("what came is no frame")
    size = _HEADER.size + length
    if len(data) < size:
        return None
    if crc32c(data[8:size], crc32c(data[:4])) != checksum:
        raise ConnectionError("a frame was damaged on its way")
    return kind, bytes(data[_HEADER.size:size]), size


class Welcome:
    """What the server said when it took the session."""

    def __init__(self, body):
        (version, self.framing, self.delimiter, self.payload_max, self.record_max, self.server,
         self.incarnation, self.durable, self.accepted, self.credit) = _WELCOME.unpack(body)
        if version != VERSION or not NEWLINE <= self.framing <= FIXED:
            raise ConnectionError("what came is no WELCOME of version 1")

    def fits(self, record):
        if self.framing == FIXED:
            return len(record) == self.record_max
        if len(record) > self.record_max:
            return False
        if self.framing == LENGTH_PREFIXED:
            return len(record) > 0
        return self.delimiter not in record

    def frame(self, record):
        if self.framing == NEWLINE:
            return record + bytes([self.delimiter])
        if self.framing == LENGTH_PREFIXED:
            return struct.pack("<I", len(record)) + record
        return record


class ProducerError(Exception):
    """What waiting does not cure: a refusal, or a record that the server cannot take."""


class Producer:
    """One producer. Not for several threads at once.

    session: 16 bytes; drawn when left out, and then ended by close(). retain_bytes bounds what is
    kept: append() waits while that much is not acknowledged. give_up: seconds without any
    acknowledgement after which waiting ends with an error; None: never.
    """

    RECORD_OVERHEAD = 64

    def __init__(self, host, port, session=None, epoch=0, last_acked=0, retain_bytes=64 << 20,
                 batch_bytes=64 * 1024, give_up=None, backoff=(0.05, 5.0), silence=10.0,
                 log=lambda text: None):
        self.address = (host, port)
        self.is_own_session = session is None
        self.session = os.urandom(16) if session is None else session
        self.epoch = epoch
        self.retain_bytes = retain_bytes
        self.batch_bytes = batch_bytes
        self.give_up = give_up
        self.backoff_first, self.backoff_max = backoff
        self.silence = silence
        self.log = log
        self.appended = self.sent = self.resent = self.acknowledged = self.connections = 0
        self._records = collections.deque()
        self._retained = 0
        self._first = last_acked + 1    # The number of _records[0].
        self._unsent = last_acked + 1   # Never sent yet, on any connection.
        self._next = 0                  # To send on this connection.
        self._durable = 0
        self._welcome = None
        self._socket = None
        self._output = bytearray()
        self._input = bytearray()
        self._flights = collections.deque()  # (last number, bytes) of batches not accepted yet.
        self._flight_bytes = 0
        self._credit = 0
        self._is_open = False
        self._is_ending = False  # END was said.
        self._has_ended = False
        self._backoff = self.backoff_first
        self._dials = 0
        self._dial_at = 0.0
        self._heard_at = 0.0
        self._is_pinged = False
        self._failure = None

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.close()
        else:
            self._drop()

    @property
    def last_acked(self):
        return self._first - 1

    @property
    def is_acknowledged(self):
        return not self._records

    def append(self, record):
        """Keeps a record, without its framing; waits while the retention is full."""
        self._check(record)
        size = len(record) + self.RECORD_OVERHEAD
        self._wait_until(lambda: not self._records or self._retained + size <= self.retain_bytes)
        self._records.append(bytes(record))
        self._retained += size
        self.appended += 1
        if self._retained * 2 > self.retain_bytes or self.appended % 256 == 0:
            self.step(0)

    def flush(self):
        """Waits until every record is durable."""
        self._wait_until(lambda: self.is_acknowledged)

    def close(self):
        """Waits until every record is durable; a session of its own is ended."""
        self.flush()
        if self.is_own_session and self.appended:
            self._wait_until(self._end)
        self._drop()

    def step(self, seconds):
        """Connects, sends and hears what can be; waits for that at most so long."""
        if self._failure:
            raise ProducerError(self._failure)
        try:
            if self._socket is None:
                self._dial(seconds)
            if self._socket is not None:
                self._fill()
                self._exchange(seconds)
        except OSError as error:
            self._lose(str(error))
        self._drop_durable()
        if self._failure:
            raise ProducerError(self._failure)

    def _wait_until(self, is_done):
        acknowledged, since = self.acknowledged, time.monotonic()
        while not is_done():
            self.step(0.05)
            now = time.monotonic()
            if self.acknowledged != acknowledged:
                acknowledged, since = self.acknowledged, now
            if self.give_up is not None and now - since > self.give_up:
                raise ProducerError("nothing was acknowledged for too long")

    def _end(self):
        """Says END, again on each connection; whether it was heard."""
        if self._is_open:
            self._output += encode_number(END, self.last_acked)
            self._is_open = False
            self._is_ending = True
        return self._has_ended

    def _check(self, record):
        if self._welcome is not None and not self._welcome.fits(record):
            raise ProducerError("a record does not fit the framing or the limit of the server")

    def _dial(self, seconds):
        wait = self._dial_at - time.monotonic()
        if wait > 0:
            time.sleep(min(wait, seconds))
        if time.monotonic() < self._dial_at:
            return
        self._socket = socket.create_connection(self.address, timeout=self.silence)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)
        self._heard_at = time.monotonic()
        # A HELLO that comes late must not fence the connection after it.
        self._dials += 1
        self._output += encode_hello(self.session, self.epoch << 32 | self._dials, self.last_acked)

    def _fill(self):
        """As many batches as credit allows."""
        while self._is_open and self._next <= self._last() and len(self._output) < 1 << 19:
            if self._credit == 0:
                return
            if self._flight_bytes and self._flight_bytes + self.batch_bytes > self._credit:
                return
            self._append_batch()

    def _last(self):
        return self._first + len(self._records) - 1

    def _append_batch(self):
        limit = min(self.batch_bytes, self._welcome.payload_max)
        first, parts, size = self._next, [], 0
        while self._next <= self._last():
            framed = self._welcome.frame(self._records[self._next - self._first])
            if parts and size + len(framed) > limit:
                break
            parts.append(framed)
            size += len(framed)
            if self._next < self._unsent:
                self.resent += 1
            else:
                self.sent += 1
            self._next += 1
        self._unsent = max(self._unsent, self._next)
        self._output += encode_batch(first, len(parts), b"".join(parts))
        self._flights.append((self._next - 1, size))
        self._flight_bytes += size

    def _exchange(self, seconds):
        writing = [self._socket] if self._output else []
        readable, writable, _ = select.select([self._socket], writing, [], seconds)
        if readable:
            self._hear()
        if writable and self._socket is not None:
            try:
                del self._output[:self._socket.send(self._output)]
            except BlockingIOError:
                pass
            except OSError:
                self._hear()  # What the server said before it closed comes first.
                raise
        if self._socket is not None:
            self._keep_alive()

    def _keep_alive(self):
        quiet = time.monotonic() - self._heard_at
        if quiet > self.silence:
            raise ConnectionError("the server is silent")
        if quiet > self.silence / 2 and self._is_open and not self._is_pinged:
            self._is_pinged = True
            self._output += encode_number(PING, self.connections)

    def _hear(self):
        try:
            data = self._socket.recv(65536)
        except BlockingIOError:
            return
        self._input += data
        self._heard_at = time.monotonic()
        self._is_pinged = False
        while self._socket is not None:
            frame = decode_frame(self._input)
            if frame is None:
                break
            del self._input[:frame[2]]
            self._take(frame[0], frame[1])
        if not data and self._socket is not None and not self._has_ended:
            raise ConnectionError("the server closed the connection")

    def _take(self, kind, body):
        if kind == REFUSE:
            self._take_refuse(body)
        elif self._welcome is None or self._next == 0:
            if kind != WELCOME:
                raise ConnectionError("what came is no WELCOME")
            self._take_welcome(Welcome(body))
        elif kind == ACK:
            durable, accepted, self._credit = struct.unpack("<QQQ", body)
            if not durable <= accepted < self._next:
                raise ConnectionError("an ACK is wrong")
            self._take_progress(durable, accepted)
        elif kind == NACK:
            raise ConnectionError("the server misses records")
        elif kind == GOAWAY:
            self._is_open = False
        elif kind == END:
            self._has_ended = True
        elif kind != PONG:
            raise ConnectionError("a frame came that has no place here")

    def _take_refuse(self, body):
        code, size, retry_after = struct.unpack_from("<HHI", body)
        text = "refused, %s: %s" % (REFUSALS.get(code, code),
                                    body[8:8 + size].decode("utf-8", "replace"))
        self._lose(text)
        if REFUSALS.get(code) == "UNKNOWN_SESSION" and self._is_ending:
            self._has_ended = True  # END was heard, and its answer lost.
        elif code == OVERLOAD:
            self._dial_at = max(self._dial_at, time.monotonic() + retry_after / 1000)
        else:
            self._failure = text

    def _take_welcome(self, welcome):
        if welcome.durable < self.last_acked:
            self._failure = "the server has lost what it acknowledged"
            return
        is_first = self._welcome is None
        self._welcome = welcome
        self.connections += 1
        self._backoff = self.backoff_first
        self._next = welcome.accepted + 1
        self._unsent = max(self._unsent, self._next)
        self._credit = welcome.credit
        self._is_open = True
        self._take_progress(welcome.durable, welcome.accepted)
        if is_first:
            for record in self._records:
                self._check(record)

    def _take_progress(self, durable, accepted):
        while self._flights and self._flights[0][0] <= accepted:
            self._flight_bytes -= self._flights.popleft()[1]
        self._durable = max(self._durable, durable)
        self._drop_durable()

    def _drop_durable(self):
        while self._records and self._first <= self._durable:
            self._retained -= len(self._records.popleft()) + self.RECORD_OVERHEAD
            self._first += 1
            self.acknowledged += 1

    def _lose(self, why):
        self.log(why)
        self._drop()
        self._dial_at = time.monotonic() + self._backoff * random.uniform(0.5, 1.0)
        self._backoff = min(2 * self._backoff, self.backoff_max)

    def _drop(self):
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._output.clear()
        self._input.clear()
        self._flights.clear()
        self._flight_bytes = 0
        self._next = 0
        self._is_open = False
        self._is_pinged = False


def main():
    parser = argparse.ArgumentParser(description="Sends lines of standard input to a table with "
                                     "'durability' = 'epoch'; ends when all are acknowledged.")
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("--session", type=bytes.fromhex, metavar="HEX",
                        help="of a producer that goes on: 32 digits (drawn, ended at the end)")
    parser.add_argument("--epoch", type=int, default=0, metavar="N",
                        help="higher than that of the process before (0)")
    parser.add_argument("--give-up", type=float, default=60, metavar="S",
                        help="fail without an acknowledgement for so long (60)")
    parser.add_argument("--verbose", action="store_true", help="say why connections ended")
    options = parser.parse_args()
    if options.session is not None and len(options.session) != 16:
        parser.error("a session is 32 hexadecimal digits")
    log = (lambda text: print("thalweg_client: " + text, file=sys.stderr)) if options.verbose \
        else (lambda text: None)
    producer = Producer(options.host, options.port, session=options.session, epoch=options.epoch,
                        give_up=options.give_up, log=log)
    status = 0
    try:
        for line in sys.stdin.buffer:
            producer.append(line[:-1] if line.endswith(b"\n") else line)
        producer.close()
    except ProducerError as error:
        print("thalweg_client: %s" % error, file=sys.stderr)
        status = 1
    print("session %s: %d records, %d sent, %d resent, %d acknowledged, %d connections" %
          (producer.session.hex(), producer.appended, producer.sent, producer.resent,
           producer.acknowledged, producer.connections), file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
