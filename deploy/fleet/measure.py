#!/usr/bin/env python3
"""Measures what a fleet costs and gains on this machine, each number beside the one that it is compared with.

    deploy/fleet/measure.py [--pairs 40] [--jobs 40] [--pin]

Overhead: calls that wait for their picture, in turn at a board by itself and at one with NATS, with --pin both on one core.
Gain: the same jobs drawn by one board with one thread, then by two, with --pin each on a core of its own; and what they cost NATS. Redelivery: kill -9 of a board that draws, until another begins anew.
Cancel: from the call at another board to the end. Needs nats-server, ip, unshare and nsenter, two cores, and a
machine that does nothing else. Python's standard library suffices.
"""

import argparse
import json
import signal
import statistics
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from fleet import HOME, Board, Nats, ask, enter, wait_until
from saturate import processor_seconds

ACK_WAIT_SECONDS = 4
WARM = 30  # calls before those that count
WARM_ROUNDS = 3  # of --jobs for each board before those that count: until then Java's compiler takes a tenth of a core


def submit(board, seed, **more):
    status, answer = ask(board.url + "/v1/jobs", {"prompt": "a red house", "seed": seed, **more})
    assert status == 202, answer
    return json.loads(answer)["id"]


def state(board, job):
    return json.loads(ask(f"{board.url}/v1/jobs/{job}")[1])["status"]


def overhead(alone, member, pairs):
    times = {alone.name: [], member.name: []}
    for seed in range(pairs + WARM):
        for board in (alone, member):
            begin = time.perf_counter()
            status, _ = ask(board.url + "/v1/images/generations", {"prompt": "a red house", "seed": seed}, timeout=60)
            assert status == 200
            if seed >= WARM:
                times[board.name].append(time.perf_counter() - begin)
    return [1000 * statistics.median(times[board.name]) for board in (alone, member)]


def draw_all(board, jobs, first):
    begin = time.perf_counter()
    ids = [submit(board, first + n) for n in range(jobs)]
    wait_until("all drawn", lambda: all(state(board, job) == "succeeded" for job in reversed(ids)), 300)
    return time.perf_counter() - begin


def events(board, job, into):
    with urllib.request.urlopen(f"{board.url}/v1/jobs/{job}/events", timeout=120) as reply:
        for line in reply:
            if line.startswith(b"event: "):
                into.append((time.perf_counter(), line[7:].strip().decode()))


def begin_long(drawing, other, count):
    """A job that the first board draws, while the other was kept from taking it, and what the other hears of it."""
    other.process.send_signal(signal.SIGSTOP)
    job = submit(drawing, 7, steps=8, n=count, size="512x512")
    wait_until("drawing", lambda: state(drawing, job) == "running")
    other.process.send_signal(signal.SIGCONT)
    heard = []
    threading.Thread(target=events, args=(other, job, heard), daemon=True).start()
    wait_until("heard", lambda: heard)
    return job, heard


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=40)
    parser.add_argument("--pin", action="store_true", help="a core for each of the two boards")
    parser.add_argument("--command", default=str(HOME / "mobilediffusion"))
    arguments = parser.parse_args()
    enter(arguments.command)
    with tempfile.TemporaryDirectory() as temporary:
        run(arguments, Path(temporary))


def run(arguments, folder):
    options = ["--model", "pocket", "--fleet-ack-wait", f"PT{ACK_WAIT_SECONDS}S"]
    nats = Nats(folder)
    cores = (0, 1) if arguments.pin else (None, None)
    alone = Board(9, folder, arguments.command, options[:2], queue=False, core=cores[0])
    boards = [Board(n + 1, folder, arguments.command, options, core=core) for n, core in enumerate(cores)]
    try:
        nats.start()
        for board in (alone, boards[0]):
            board.start()
        for board in (alone, boards[0]):
            board.await_ready()
        by_itself, in_fleet = overhead(alone, boards[0], arguments.pairs)
        print(f"overhead: p50 {by_itself:.0f} ms alone, {in_fleet:.0f} ms in a fleet of one, ratio {in_fleet / by_itself:.2f}",
              flush=True)
        alone.stop()
        for n in range(WARM_ROUNDS):
            draw_all(boards[0], arguments.jobs, 1000 * (1 + n))
        one = draw_all(boards[0], arguments.jobs, 10_000)
        boards[1].start()
        boards[1].await_ready()
        for n in range(2 * WARM_ROUNDS):
            draw_all(boards[0], arguments.jobs, 1000 * (20 + n))
        before = processor_seconds(nats.process)
        two = draw_all(boards[0], arguments.jobs, 30_000)
        each = 1000 * (processor_seconds(nats.process) - before) / arguments.jobs
        print(f"gain: {arguments.jobs} pictures in {one:.1f} s by one board, {two:.1f} s by two, ratio {one / two:.2f}; "
              f"{each:.1f} ms of NATS's processor each", flush=True)
        job, _ = begin_long(boards[0], boards[1], 8)
        begin = time.perf_counter()
        request = urllib.request.Request(f"{boards[1].url}/v1/jobs/{job}", method="DELETE")
        urllib.request.urlopen(request, timeout=10).read()
        wait_until("cancelled", lambda: state(boards[0], job) == "cancelled")
        print(f"cancel from another board: {1000 * (time.perf_counter() - begin):.0f} ms", flush=True)
        job, heard = begin_long(boards[0], boards[1], 1)
        boards[0].stop()
        begin = time.perf_counter()
        again = lambda: [when for when, what in heard if when > begin + 0.2 and what == "stage"]
        wait_until("begun anew", again)
        print(f"begun anew after kill -9: {again()[0] - begin:.1f} s, the ack wait is {ACK_WAIT_SECONDS} s", flush=True)
        wait_until("drawn", lambda: state(boards[1], job) == "succeeded")
    finally:
        for board in (alone, *boards):
            board.close()
        nats.stop()


if __name__ == "__main__":
    main()
