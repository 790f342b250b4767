#!/usr/bin/env python3
"""Shows that a fleet loses no job and gives none twice, whatever happens to its boards, its NATS and its network.

    deploy/fleet/prove.py [--jobs 1000] [--boards 3] [--other-command ../older/mobilediffusion] [--seed N]

Sends jobs of tiny pictures to real servers (the tests' tiny model, one thread each) that share one real nats-server. Meanwhile,
in random order: kill -9 of a board, kill -9 and SIGTERM of NATS, a cable pulled for longer than the fleet waits. The last board
runs --other-command, for two versions of the program at once. Then asks a board that is picked anew for each job: it must have
succeeded, with one picture of the job's own seed, told once at most and then in its end, and no two jobs may share a picture; NATS must hold
neither work nor unfinished jobs any more. Needs nats-server, ip, unshare and nsenter; Python's standard library suffices.
Exit code 0: all held; 1: something did not.
"""

import argparse
import collections
import hashlib
import json
import random
import re
import signal
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fleet import HOME, TINY_MODELS, Board, Nats, ask, enter, wait_until

FINAL = ("succeeded", "failed", "cancelled")


class Harm(threading.Thread):
    """What goes wrong, in random order, until it is told to stop."""

    def __init__(self, nats, boards, ack_wait, rng):
        super().__init__(daemon=True)
        self.nats, self.boards, self.ack_wait, self.rng = nats, boards, ack_wait, rng
        self.done = collections.Counter()
        self.over = threading.Event()
        self.began = time.monotonic()

    def run(self):
        while not self.over.is_set():
            kinds = [self.kill_board, self.kill_board, self.kill_nats, self.stop_nats, self.pull_cable]
            self.rng.shuffle(kinds)
            for harm in kinds:
                if self.over.wait(self.rng.uniform(1, 4)):
                    return
                harm()

    def tell(self, what):
        self.done[what.split(":")[0]] += 1
        print(f"{time.monotonic() - self.began:6.1f} s  {what}", flush=True)

    def kill_board(self):
        board = self.rng.choice(self.boards)
        self.tell(f"kill -9 of a board: {board.name}")
        board.stop()
        board.start()

    def kill_nats(self):
        self.tell("kill -9 of NATS")
        self.nats.stop()
        self.over.wait(self.rng.uniform(0, 3))
        self.nats.start()

    def stop_nats(self):
        self.tell("NATS stopped and started")
        self.nats.stop(signal.SIGTERM)
        self.over.wait(self.rng.uniform(0, 3))
        self.nats.start()

    def pull_cable(self):
        board = self.rng.choice(self.boards)
        self.tell(f"a board cut off for longer than the ack wait: {board.name}")
        board.pull_cable()
        self.over.wait(self.ack_wait * self.rng.uniform(1.2, 2))
        board.plug_in()


class Client:
    """Sends jobs to boards that are up, again under the same idempotency key where no answer came."""

    def __init__(self, boards, seed):
        self.boards, self.seed = boards, seed
        self.refusals = collections.Counter()

    def submit(self, number):
        rng = random.Random(self.seed * 1_000_003 + number)
        body = {"prompt": f"picture {number}", "seed": number, "steps": 1, "size": "64x64"}
        while True:
            status, answer = ask(
                rng.choice(self.boards).url + "/v1/jobs", body, {"Idempotency-Key": f"proof-{number}"}, timeout=5)
            if status == 202:
                return json.loads(answer)["id"]
            self.refusals[status] += 1
            if status not in (0, 429, 503):
                raise SystemExit(f"job {number} was refused with {status}: {answer.decode()}")
            time.sleep(rng.uniform(0.1, 0.5))

    def job(self, number, job_id):
        rng = random.Random(number)
        while True:
            status, answer = ask(rng.choice(self.boards).url + "/v1/jobs/" + job_id)
            if status == 200:
                return json.loads(answer)
            if status == 404:
                return {"status": "unknown"}
            time.sleep(0.2)

    def wrong(self, number, job_id):
        """What is not as promised of a job that ended; empty where all is."""
        job = self.job(number, job_id)
        if job["status"] != "succeeded":
            return f"{job['status']}, {job.get('error')}", ""
        if len(job["images"]) != 1:
            return f"{len(job['images'])} pictures", ""
        board = random.choice(self.boards)
        status, picture = ask(f"{board.url}/v1/jobs/{job_id}/images/0")
        if status != 200 or not re.search(rb"Seed: %d\b" % number, picture):
            return f"picture {status}, not of seed {number}", ""
        _, events = ask(f"{board.url}/v1/jobs/{job_id}/events")
        told = events.decode().count("event: image\n")
        if told > 1 or "event: succeeded\n" not in events.decode():
            return f"{told} events tell of its picture, {events.decode()[-200:]}", ""
        return "", hashlib.sha256(picture).hexdigest()


def send_all(client, harm, count):
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(client.submit, range(count)))
    harm.tell(f"all jobs are accepted: {count}")
    return ids


def await_ends(client, ids):
    waiting = dict(enumerate(ids))
    end = time.monotonic() + 600
    with ThreadPoolExecutor(8) as pool:
        while waiting and time.monotonic() < end:
            states = pool.map(lambda item: (item[0], client.job(*item)["status"]), list(waiting.items()))
            for number, state in list(states):
                if state in FINAL or state == "unknown":
                    del waiting[number]
            time.sleep(0.5)
    return waiting


def check(client, nats, ids):
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda item: client.wrong(*item), enumerate(ids)))
    wrong = [f"job {number} ({ids[number]}): {what}" for number, (what, _) in enumerate(found) if what]
    if len(set(ids)) != len(ids):
        wrong.append(f"{len(ids) - len(set(ids))} jobs share an id")
    pictures = [picture for _, picture in found if picture]
    if len(set(pictures)) != len(pictures):
        wrong.append(f"{len(pictures) - len(set(pictures))} jobs have another job's picture")
    end = time.monotonic() + 120  # boards mend what a killed NATS mixed up within two times 30 s
    while (left := {name: n for name, n in nats.messages().items() if name in ("MD_WORK", "KV_md_live") and n}):
        if time.monotonic() > end:
            wrong.append(f"NATS still holds {left}")
            break
        time.sleep(1)
    return wrong, len(set(pictures))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--boards", type=int, default=3)
    parser.add_argument("--command", default=str(HOME / "mobilediffusion"))
    parser.add_argument("--other-command", help="of another version; the last board runs it")
    parser.add_argument("--ack-wait", type=int, default=4, help="seconds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for logs and NATS's files, that stays")
    arguments = parser.parse_args()
    enter(*filter(None, (arguments.command, arguments.other_command)))
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        return run(arguments, folder)


def run(arguments, folder):
    nats = Nats(folder)
    options = ["--models", str(TINY_MODELS), "--model", "tiny-lcm", "--fleet-ack-wait", f"PT{arguments.ack_wait}S",
               "--queue-capacity", "500"]
    commands = [arguments.command] * arguments.boards
    if arguments.other_command:
        commands[-1] = arguments.other_command
    boards = [Board(i + 1, folder, command, options) for i, command in enumerate(commands)]
    harm = Harm(nats, boards, arguments.ack_wait, random.Random(arguments.seed))
    try:
        nats.start()
        for board in boards:
            board.start()
        for board in boards:
            board.await_ready()
        client = Client(boards, arguments.seed)
        harm.began = time.monotonic()
        harm.start()
        ids = send_all(client, harm, arguments.jobs)
        waiting = await_ends(client, ids)
        harm.over.set()
        harm.join()
        harm.tell(f"jobs that have not ended: {len(waiting)}")
        wait_until("all boards back", lambda: all(board.is_ready() for board in boards))
        harm.tell("all boards are ready")
        wrong, pictures = check(client, nats, ids)
        harm.tell("all is checked")
    finally:
        for board in boards:
            board.close()
        nats.stop()
    for each in wrong[:50]:
        print("WRONG  " + each)
    print(f"{len(ids)} jobs accepted, {pictures} different pictures, {len(wrong)} things wrong; "
          f"refused and sent again: {dict(client.refusals)}; {dict(harm.done)}")
    return 1 if wrong or waiting else 0


if __name__ == "__main__":
    sys.exit(main())
