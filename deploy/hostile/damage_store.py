#!/usr/bin/env python3
"""Damages the store of a server in many ways and checks that the next start mends it and keeps every picture.

    deploy/hostile/damage_store.py [--command "./mobilediffusion"] [--model NAME] [--jobs 12]

For each damage: a real server draws jobs, is killed with SIGKILL, its jobs.sqlite (or a picture) is damaged, and the server
is started again. Works in a temporary folder on 127.0.0.1. Python's standard library suffices.
Exit code 0: all held; 1: something did not.
"""

import argparse
import contextlib
import json
import os
import random
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path


def overwrite(path, start, count):
    noise = random.Random(7).randbytes(count)
    with open(path, "r+b") as file:
        file.seek(start)
        file.write(noise)


def cut(path, size):
    os.truncate(path, size)


def checkpoint(data):
    """Brings what waits in the log of commits into the main file, so that damaging that one hits something."""
    with contextlib.closing(sqlite3.connect(data / "jobs.sqlite")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


DAMAGES = {
    "20,000 random bytes in the middle": lambda f: overwrite(f, f.stat().st_size // 2, min(20_000, f.stat().st_size // 2)),
    "damaged header": lambda f: overwrite(f, 0, 100),
    "cut in half": lambda f: cut(f, f.stat().st_size // 2),
    "cut within a page": lambda f: cut(f, f.stat().st_size - 1000),
    "zero length": lambda f: cut(f, 0),
    "all random": lambda f: overwrite(f, 0, f.stat().st_size),
    "removed": lambda f: f.unlink(),
}


class Server:
    def __init__(self, arguments, data):
        command = shlex.split(arguments.command) + ["serve", "--port", "0", "--data", str(data)]
        if arguments.model:
            command += ["--model", arguments.model]
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True, start_new_session=True)
        self.url = ""
        for line in self.process.stdout:
            if found := re.search(r"http://[\w.]+:\d+", line):
                self.url = found.group()
                break
        if not self.url:
            raise SystemExit("the server did not start: " + self.text())

    def text(self):
        self.log.seek(0)
        return self.log.read()

    def get(self, path):
        try:
            with urllib.request.urlopen(self.url + path) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read()

    def draw(self, seed):
        body = json.dumps({"prompt": "a red house by the sea " * 20, "seed": seed}).encode()
        request = urllib.request.Request(self.url + "/v1/jobs", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as reply:
            job = json.load(reply)["id"]
        while json.loads(self.get("/v1/jobs/" + job)[1])["status"] not in ("succeeded", "failed"):
            time.sleep(0.05)
        return job

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def pictures_kept(server, jobs, before):
    """Jobs whose picture is not what it was."""
    return [job for job in jobs if server.get(f"/v1/jobs/{job}/images/0") != (200, before[job])]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", default="./mobilediffusion")
    parser.add_argument("--model", default="")
    parser.add_argument("--jobs", type=int, default=12)
    arguments = parser.parse_args()
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, inflict in DAMAGES.items():
            data = Path(folder) / re.sub(r"\W+", "-", name)
            server = Server(arguments, data)
            jobs = [server.draw(seed) for seed in range(arguments.jobs)]
            before = {job: server.get(f"/v1/jobs/{job}/images/0")[1] for job in jobs}
            server.kill()
            checkpoint(data)
            inflict(data / "jobs.sqlite")
            server = Server(arguments, data)
            lost = pictures_kept(server, jobs, before)
            again = server.draw(99)
            picture = data / "pictures" / jobs[0] / "0.png"
            cut(picture, 100)
            status, body = server.get(f"/v1/jobs/{jobs[0]}/images/0")
            server.kill()
            held = not lost and again and status == 410 and b"100 bytes" in body
            failures += not held
            detail = "" if held else f": {len(lost)} of {len(jobs)} pictures lost, cut picture {status}\n{server.text()}"
            print(("held    " if held else "FAILED  ") + name + detail, flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
