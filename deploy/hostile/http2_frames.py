#!/usr/bin/env python3
"""Sends mutated HTTP/2 frames and header blocks to a running server's gRPC port and HTTP port, and watches the server.

    deploy/hostile/http2_frames.py [--cases 100000] [--seed 1] [--pid PID] HTTP_PORT GRPC_PORT

Python's standard library alone. Each case is one connection on 127.0.0.1 with a preface and a few frames; every fifth goes to the
HTTP port. Beside them a thread asks /health/live all the time. It ends with 1 when the server stopped answering, when it still
computes ten seconds after the last case (--pid, Linux), or when its memory grew by more than --growth-mb between the tenth part of
the cases and the end. How long health took is reported, and judged by whoever reads it: that depends on the machine.
"""
import argparse
import os
import random
import socket
import struct
import sys
import threading
import time
from http.client import HTTPConnection

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)


def frame(kind, flags, stream, payload, length=None):
    return struct.pack(">I", len(payload) if length is None else length)[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def integer(value, prefix_bits, first=0):
    """RFC 7541, section 5.1."""
    limit = (1 << prefix_bits) - 1
    if value < limit:
        return bytes([first | value])
    out = [first | limit]
    value -= limit
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + [value])


def text(value):
    return integer(len(value), 7) + value


def literal(name, value, first=0x00):
    return bytes([first]) + text(name) + text(value)


def call(method=b"/grpc.health.v1.Health/Check"):
    """A gRPC call's headers, with every pseudo-header's name spelled out, as gRPC's C core does."""
    return (literal(b":method", b"POST", 0x40) + literal(b":scheme", b"http", 0x40) + literal(b":path", method, 0x40)
            + literal(b":authority", b"localhost", 0x40) + literal(b"content-type", b"application/grpc", 0x40)
            + literal(b"te", b"trailers", 0x40))


# What stopped Helidon 4.5.0: a table size update to 0, then a literal that is to be remembered (issue 15, S1)
TABLE_OF_NOTHING = b"\x20\x83\x86\x44\x01\x2f\x41\x09localhost"

SEEDS = [
    frame(HEADERS, 5, 1, TABLE_OF_NOTHING),
    frame(HEADERS, 5, 1, b"\x20" + call()),
    frame(HEADERS, 4, 1, call()) + frame(DATA, 1, 1, b"\0\0\0\0\0"),
    frame(HEADERS, 5, 1, b"\x83\x86\x84" + literal(b"a", b"b" * 100, 0x40) * 20),
    frame(HEADERS, 0, 1, call()[:20]) + frame(CONTINUATION, 4, 1, call()[20:]) + frame(DATA, 1, 1, b"\0\0\0\0\0"),
    frame(HEADERS, 0, 1, call()) + frame(CONTINUATION, 0, 1, literal(b"x", b"y" * 1000)) * 30,
    frame(HEADERS, 4, 1, call()) + frame(RST, 0, 1, b"\0\0\0\x08"),
    b"".join(frame(HEADERS, 4, 2 * i + 1, call()) + frame(RST, 0, 2 * i + 1, b"\0\0\0\x08") for i in range(30)),
    frame(SETTINGS, 0, 0, struct.pack(">HI", 1, 0) + struct.pack(">HI", 4, 0x7FFFFFFF) + struct.pack(">HI", 5, 16384)),
    frame(WINDOW, 0, 0, struct.pack(">I", 0x7FFFFFFF)) * 2,
    frame(PING, 0, 0, b"12345678") * 20,
    frame(GOAWAY, 0, 0, struct.pack(">II", 0, 0)),
    frame(PRIORITY, 0, 1, struct.pack(">IB", 1, 255)),
    frame(PUSH, 4, 1, struct.pack(">I", 2) + call()),
    frame(HEADERS, 0x2D, 1, b"\x05" + struct.pack(">IB", 3, 16) + call() + b"\0" * 5),
    frame(HEADERS, 5, 1, b"\xff\xff\xff\xff\xff\xff\x0f"),
    frame(HEADERS, 5, 1, integer(1 << 30, 5, 0x20) + call()),
]


def mutated(rng):
    """One of the seeds as it is, or with bits, bytes, pieces or lengths changed."""
    data = bytearray(rng.choice(SEEDS))
    for _ in range(rng.choice([0, 1, 1, 2, 3, 8])):
        at = rng.randrange(len(data))
        what = rng.randrange(6)
        if what == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif what == 1:
            data[at] = rng.choice([0, 1, 0x20, 0x3F, 0x40, 0x7F, 0x80, 0xFF, rng.randrange(256)])
        elif what == 2:
            del data[at:at + rng.randrange(1, 9)]
        elif what == 3:
            data[at:at] = rng.randbytes(rng.randrange(1, 9))
        elif what == 4:
            data += rng.choice(SEEDS)[: rng.randrange(1, 200)]
        else:
            data[0:3] = struct.pack(">I", rng.choice([0, 1, len(data), 16384, 16385, 0xFFFFFF]))[1:]
        if not data:
            break
    head = PREFACE if rng.random() < 0.97 else PREFACE[: rng.randrange(len(PREFACE))]
    settings = frame(SETTINGS, 0, 0, b"") if rng.random() < 0.95 else b""
    return head + settings + bytes(data)


def send(port, data, rng):
    """Sends one case. Mostly reads a little, sometimes leaves at once, so that both ends of a connection are tried."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as peer:
            peer.sendall(data)
            if rng.random() < 0.5:
                peer.settimeout(0.02)
                peer.recv(4096)
    except OSError:
        pass  # refused, reset or silent: all within the server's rights


class Health(threading.Thread):
    """Asks /health/live again and again; keeps how long each answer took, in milliseconds."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.times, self.failures, self.done = port, [], [], False

    def run(self):
        connection = None
        while not self.done:
            begin = time.monotonic()
            try:
                connection = connection or HTTPConnection("127.0.0.1", self.port, timeout=10)
                connection.request("GET", "/health/live")
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    self.failures.append(str(answer.status))
                self.times.append((time.monotonic() - begin) * 1000)
            except OSError as failure:
                self.failures.append(repr(failure))
                connection = None
            time.sleep(0.02)


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("http_port", type=int)
    parser.add_argument("grpc_port", type=int)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pid", type=int, help="of the server's Java, to watch its processor time and memory")
    parser.add_argument("--growth-mb", type=float, default=40)
    given = parser.parse_args()
    rng = random.Random(given.seed)
    health = Health(given.http_port)
    health.start()
    early = None
    begin = time.monotonic()
    for case in range(given.cases):
        send(given.http_port if case % 5 == 4 else given.grpc_port, mutated(rng), rng)
        if given.pid and case == given.cases // 10:
            early = resident_mb(given.pid)
    took = time.monotonic() - begin
    health.done = True
    health.join()
    times = sorted(health.times)
    print(f"{given.cases} cases in {took:.0f} s, seed {given.seed}; health asked {len(times)} times: "
          f"median {times[len(times) // 2]:.1f} ms, 99th percentile {times[len(times) * 99 // 100]:.1f} ms, "
          f"longest {times[-1]:.1f} ms, failures {len(health.failures)}")
    problems = [f"health failed: {failure}" for failure in health.failures[:3]]
    if given.pid:
        time.sleep(10)
        before = cpu_seconds(given.pid)
        time.sleep(5)
        busy = (cpu_seconds(given.pid) - before) / 5
        late = resident_mb(given.pid)
        print(f"ten seconds later: {busy * 100:.1f} % of a core; resident {early:.0f} MB after a tenth, {late:.0f} MB after all")
        if busy > 0.5:
            problems.append(f"a thread spins: {busy * 100:.0f} % of a core without a request")
        if late - early > given.growth_mb:
            problems.append(f"memory grew by {late - early:.0f} MB")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
