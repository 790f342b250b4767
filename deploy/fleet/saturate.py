#!/usr/bin/env python3
"""Measures what one NATS can carry of a fleet's messages: how much processor each kind of message costs it, and how many it takes a second.

    deploy/fleet/saturate.py [--messages 5000] [--watchers 100]

Starts a nats-server here on a free port and speaks its protocol to it. Stored: messages that a stream keeps, of the sizes of a work item, of a
job's record and of a picture, each confirmed, 64 under way. Delivered: records that so many boards watch. The processor's time is that of
nats-server alone, so that the figures hold while other programs use the machine; a second of it is what one core has. Python's
standard library suffices.
"""

import argparse
import json
import os
import selectors
import socket
import subprocess
import tempfile
import threading
import time

SIZES = (("work item", 90), ("record", 1500), ("picture", 80_000))
UNDER_WAY = 64


class Connection:
    """As much of NATS's protocol as is needed here."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.file = self.socket.makefile("rb")
        self.file.readline()  # INFO
        self.send(b'CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\nSUB _INBOX.a 1\r\n')

    def send(self, data):
        self.socket.sendall(data)

    def publish(self, subject, body, answer="_INBOX.a"):
        self.send(b"PUB %s %s %d\r\n%s\r\n" % (subject.encode(), answer.encode(), len(body), body))

    def answer(self):
        while True:
            line = self.file.readline()
            if line.startswith((b"MSG ", b"HMSG ")):
                return self.file.read(int(line.split()[-1]) + 2)[:-2]
            if line == b"PING\r\n":
                self.send(b"PONG\r\n")

    def ask(self, subject, body):
        self.publish(subject, json.dumps(body).encode())
        return json.loads(self.answer())


def processor_seconds(process):
    with open(f"/proc/{process.pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def store(connection, subject, size, count):
    """Stores so many messages, each confirmed."""
    body, confirmed = os.urandom(size), 0
    for sent in range(count):
        connection.publish(subject, body)
        if sent >= UNDER_WAY:
            confirmed += b'"seq"' in connection.answer()
    while confirmed < count:
        answer = connection.answer()
        assert b'"seq"' in answer, answer
        confirmed += 1


def watch(port, subject, count, over):
    """So many connections that are sent all that is published on a subject, and read it."""
    selector = selectors.DefaultSelector()
    for _ in range(count):
        connection = Connection(port)
        connection.send(b"SUB %s 2\r\nPING\r\n" % subject.encode())
        while connection.file.readline() != b"PONG\r\n":
            pass
        selector.register(connection.socket, selectors.EVENT_READ)

    def read():
        while not over.is_set():
            for key, _ in selector.select(0.2):
                key.fileobj.recv(1 << 20)
    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def measure(nats, action):
    """(seconds, processor's seconds of NATS) of an action."""
    begin, before = time.monotonic(), processor_seconds(nats)
    action()
    return time.monotonic() - begin, processor_seconds(nats) - before


def run(options, nats, port):
    connection = Connection(port)
    answer = connection.ask("$JS.API.STREAM.CREATE.S", {
        "name": "S", "subjects": ["s.>"], "storage": "file", "retention": "limits", "discard": "old", "num_replicas": 1,
        "max_bytes": 1 << 30})
    assert "error" not in answer, answer
    for name, size in SIZES:
        count = options.messages if size < 10_000 else options.messages // 5
        took, used = measure(nats, lambda size=size, count=count: store(connection, "s.x", size, count))
        print(f"stored   {name:10} {size:6d} bytes: {count / took:8.0f} a second now, {1e6 * used / count:7.1f} us of processor each", flush=True)
    over = threading.Event()
    thread = watch(port, "s.y", options.watchers, over)
    count = options.messages // 5
    alone = measure(nats, lambda: store(connection, "s.x", 1500, count))[1]
    watched = measure(nats, lambda: store(connection, "s.y", 1500, count))[1]
    each = (watched - alone) / count / options.watchers
    print(f"delivered record     1500 bytes to {options.watchers} boards: {1e6 * each:7.2f} us of processor for each of them", flush=True)
    over.set()
    thread.join()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=5000)
    parser.add_argument("--watchers", type=int, default=100)
    options = parser.parse_args()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        nats = subprocess.Popen(["nats-server", "-js", "-sd", folder, "-a", "127.0.0.1", "-p", str(port)], stderr=subprocess.DEVNULL)
        try:
            time.sleep(1)
            run(options, nats, port)
        finally:
            nats.terminate()
            nats.wait()


if __name__ == "__main__":
    main()
