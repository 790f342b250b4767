"""Compares simulate.py with three real servers and a real NATS on this machine; `simulate.py --check` runs it."""

import json
import random
import statistics
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from fleet import HOME, Board, Nats, ask, enter
from simulate import HEADER, at_random, row, simulate

BOARDS = 3


class Client(threading.Thread):
    """Sends one job and waits for its end as the events tell it."""

    def __init__(self, board, seed):
        super().__init__()
        self.board, self.seed = board, seed

    def run(self):
        self.begin = time.monotonic()
        status, answer = ask(self.board.url + "/v1/jobs", {"prompt": "a red house", "seed": self.seed}, timeout=60)
        assert status == 202, answer
        url = f"{self.board.url}/v1/jobs/{json.loads(answer)['id']}"
        with urllib.request.urlopen(url + "/events", timeout=600) as reply:
            reply.read()  # it ends with the job
        self.end = time.monotonic()
        self.job = json.loads(ask(url, timeout=60)[1])
        assert self.job["status"] == "succeeded", self.job


def draw(boards, arrivals):
    """What clients saw that came at these moments, each to a board at random."""
    rng, clients, begin = random.Random(7), [], time.monotonic()
    for number, (at, _) in enumerate(arrivals):
        time.sleep(max(0, begin + at - time.monotonic()))
        clients.append(Client(rng.choice(boards), number))
        clients[-1].start()
    for client in clients:
        client.join()
    return clients


def drawing(client):
    """Seconds that a board drew, without the wait before it."""
    return sum(took for stage, took in client.job["timings_ms"].items() if stage not in ("queue", "total")) / 1000


def compare(boards, load, most, pictures):
    clients = draw(boards, at_random(pictures, load * most, 1, seed=int(load * 100)))
    waits = [client.end - client.begin for client in clients]
    drawn = [drawing(client) for client in clients]
    # What is neither waiting nor drawing, seen where nobody waited
    beside = max(0, statistics.quantiles(waits, n=10)[0] - statistics.quantiles(drawn, n=10)[0])
    came = [(client.begin - clients[0].begin, 0) for client in clients]
    print(f"{'measured':>10}", row(BOARDS, load, load * most, waits[len(waits) // 10:]), flush=True)
    for kind, idle_first in (("simulated", True), ("eager", False)):
        simulated = simulate(came, BOARDS, lambda rng: rng.choice(drawn), beside, idle_first)
        print(f"{kind:>10}", row(BOARDS, load, load * most, simulated), flush=True)
    print(f"{'':10} drawing took {statistics.mean(drawn):.3f} s, what is beside it {beside:.3f} s", flush=True)


def run(options):
    command = options.command or str(HOME / "mobilediffusion")
    enter(command)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        nats = Nats(folder)
        boards = [Board(n, folder, command, ["--model", "pocket", "--queue-capacity", "500"])
                  for n in range(1, BOARDS + 1)]
        try:
            nats.start()
            for board in boards:
                board.start()
            for board in boards:
                board.await_ready()
            draw(boards, [(0, 0)] * 60)  # for Java's compiler
            begin = time.monotonic()
            draw(boards, [(0, 0)] * 60)
            most = 60 / (time.monotonic() - begin)
            print(f"three boards on this machine draw {most:.1f} pictures a second\n{'':10} {HEADER}", flush=True)
            for load in (0.4, 0.7):
                compare(boards, load, most, min(options.pictures, 400))
        finally:
            for board in boards:
                board.close()
            nats.stop()
    return 0
