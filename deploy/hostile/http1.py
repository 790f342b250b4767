#!/usr/bin/env python3
"""Sends mutated HTTP/1 requests to a running server and asks for its health meanwhile.

    deploy/hostile/http1.py URL [--count 100000] [--seed 7] [--pid PID] [--health-ms 50]

URL is http://HOST:PORT of a server that may be hurt; no model is asked to draw, since no mutated body is a whole request.
With --pid, the server's memory before and after and its processor time afterwards are read from /proc.
Exit code 0: every answer was a refusal or a success in HTTP, none a 5xx other than 501, 503 and 505, health came in time, no
thread went on working, and memory grew by less than 64 MB; 1: not so, with the requests that show it; 2: wrong usage.
Python's standard library suffices.
"""

import argparse
import errno
import os
import random
import socket
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

CLIENTS = 8
PATIENCE_SECONDS = 5
WARM_UP = 2000
GROWTH_BYTES = 64 << 20
ALLOWED_5XX = {b"501", b"503", b"505"}

BODY = b'{"prompt":7,"seed":1}'  # a whole one is refused, so that nothing is drawn
SEEDS = [
    b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"HEAD / HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n",
    b"GET /v1/models HTTP/1.0\r\n\r\n",
    b"OPTIONS /v1/images/generations HTTP/1.1\r\nHost: localhost\r\nOrigin: http://a.example\r\n\r\n",
    b"POST /v1/images/generations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 21\r\n\r\n" + BODY,
    b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n15\r\n" + BODY + b"\r\n0\r\n\r\n",
    b"POST /sdapi/v1/txt2img HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 21\r\n\r\n" + BODY,
    b"GET /v1/jobs/x/images/0 HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-5\r\nIf-None-Match: \"a\"\r\n\r\n",
    b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: application/openmetrics-text;q=0.5\r\nConnection: close\r\n\r\n",
]
TOKENS = [
    b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b";", b",", b"%", b"%00", b"%2e%2e/", b"//", b"/./", b"?", b"#", b"\xff",
    b"\xc3\x28", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/9.9", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\r\nContent-Length: 5", b"\r\nContent-Length: -1", b"\r\nContent-Length: 99999999999999999999",
    b"\r\nTransfer-Encoding: chunked", b"\r\nTransfer-Encoding: gzip, chunked", b"\r\nContent-Encoding: gzip",
    b"\r\nConnection: close", b"\r\nConnection: Upgrade\r\nUpgrade: h2c", b"\r\nHost: b", b"\r\nX: " + b"a" * 20000,
    b"ffffffff\r\n", b"0\r\n", b"-1\r\n", b"a" * 9000, b"\x16\x03\x01\x02\x00", b'{"prompt":', b'"\\ud83d"', b"[" * 500,
]


def mutated(rng):
    data = bytearray(rng.choice(SEEDS))
    for _ in range(rng.randint(1, 5)):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(7)
        if kind == 0:
            data[at:at] = rng.choice(TOKENS)
        elif kind == 1 and at < len(data):
            data[at] = rng.randrange(256)
        elif kind == 2:
            del data[at : at + rng.randint(1, 20)]
        elif kind == 3:
            data[at : at + rng.randint(1, 10)] = rng.choice(TOKENS)
        elif kind == 4:
            del data[at:]
        elif kind == 5:
            data += rng.choice(SEEDS)
        else:
            end = min(len(data), at + rng.randint(1, 40))
            data[at:at] = data[at:end] * rng.randint(1, 4)
    return bytes(data)


def exchange(address, request):
    """What the server answers to a client that sends, ends its side and reads; None when it resets at once."""
    with socket.create_connection(address, PATIENCE_SECONDS) as client:
        client.settimeout(PATIENCE_SECONDS)
        answer = b""
        try:
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)
            while piece := client.recv(65536):
                answer += piece
        except OSError as e:
            if e.errno not in (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN):
                raise
            return answer or None
        return answer


def fault(answer):
    if not answer or answer[:2] == b"\x15\x03":
        return None  # hung up on, or TLS's own refusal
    if answer[:18] == b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64"[:18] or answer[3:4] in (b"\x04", b"\x07"):
        return None  # HTTP/2, to a client that began as one
    if not answer.startswith(b"HTTP/1.1 "):
        return "no HTTP"
    status = answer[9:12]
    if status[:1] == b"5" and status not in ALLOWED_5XX:
        return "status " + status.decode("ascii", "replace")
    if b"xception" in answer or b"\tat " in answer:
        return "a trace"
    return None


class Health(threading.Thread):
    """Asks for the server's health all the while, on connections of its own."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.address = address
        self.done = threading.Event()
        self.millis = []
        self.failures = 0

    def run(self):
        while not self.done.wait(0.02):
            begin = time.monotonic()
            try:
                answer = exchange(self.address, b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                self.failures += not (answer or b"").startswith(b"HTTP/1.1 200")
            except OSError:
                self.failures += 1
            self.millis.append(1000 * (time.monotonic() - begin))


def resident_bytes(pid):
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def processor_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def send_all(address, count, seed, faults):
    def work(part):
        rng = random.Random(f"{seed}/{part}")
        for _ in range(count // CLIENTS):
            request = mutated(rng)
            try:
                wrong = fault(exchange(address, request))
            except OSError as e:
                wrong = f"no answer: {e}"
            if wrong:
                faults.append((wrong, request))

    threads = [threading.Thread(target=work, args=(part,)) for part in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", default="7")
    parser.add_argument("--pid", type=int)
    parser.add_argument("--health-ms", type=float, default=50)
    options = parser.parse_args()
    parts = urlsplit(options.url)
    address = (parts.hostname, parts.port or 80)

    wrong = []
    faults = []
    send_all(address, WARM_UP, options.seed + " to warm up", faults)
    before = resident_bytes(options.pid) if options.pid else 0
    health = Health(address)
    health.start()
    begin = time.monotonic()
    send_all(address, options.count, options.seed, faults)
    seconds = time.monotonic() - begin
    health.done.set()
    health.join()
    for reason, request in faults[:20]:
        wrong.append(f"{reason}: {request[:300]!r}")
    millis = sorted(health.millis) or [0]
    print(f"{options.count} requests in {seconds:.0f} s, {len(faults)} wrong answers")
    print(f"health: {len(millis)} answers, median {millis[len(millis) // 2]:.1f} ms, slowest {millis[-1]:.1f} ms")
    if health.failures:
        wrong.append(f"health failed {health.failures} times")
    if millis[-1] > options.health_ms:
        wrong.append(f"health took {millis[-1]:.0f} ms, more than {options.health_ms:.0f}")
    if options.pid:
        time.sleep(6)  # for clients that the server still waits for
        busy = processor_seconds(options.pid)
        time.sleep(3)
        busy = (processor_seconds(options.pid) - busy) / 3
        grown = resident_bytes(options.pid) - before
        print(f"afterwards: {100 * busy:.0f} % of a processor, {grown / 1e6:+.0f} MB of memory")
        if busy > 0.2:
            wrong.append("a thread goes on working")
        if grown > GROWTH_BYTES:
            wrong.append("memory grew")
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
