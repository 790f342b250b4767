"""Several single-threaded processes that train one set of weights: each trains by itself for some seconds, then all
take over the mean of their weights (local SGD, arXiv 1805.09767).

Two such processes on two cores outrun one process of two threads, whose threads wait for each other hundreds of times
per step; and because they meet by the clock and not after every step, a core that other programs use too holds up its
own process alone (docs/LOG.md).
"""

import multiprocessing
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import Tensor

JOIN_SECONDS = 20.0


class Alone:
    """The only worker: nobody to meet."""

    rank, count = 0, 1

    def due(self) -> bool:
        return True

    def join(self, weights: Iterable[Tensor], steps: int, samples: list[int], progress: float
             ) -> tuple[list[int], float]:
        return samples, progress


class Worker:
    """One of `count` processes; rank 0 saves and reports."""

    def __init__(self, rank: int, count: int, port: int):
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
        dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=count)
        self.rank, self.count, self.joined = rank, count, time.monotonic()

    def due(self) -> bool:
        """Whether the last meeting was JOIN_SECONDS ago."""
        return time.monotonic() - self.joined >= JOIN_SECONDS

    def join(self, weights: Iterable[Tensor], steps: int, samples: list[int], progress: float
             ) -> tuple[list[int], float]:
        """Waits for the other workers and sets the weights, in place, to their mean over all workers, each weighing as
        much as the steps that it made since the last meeting.

        Returns the sum of all workers' samples and rank 0's `progress`, which all then act on.
        """
        sums = torch.tensor([steps, *samples], dtype=torch.float64)
        dist.all_reduce(sums)
        shared = torch.tensor([progress], dtype=torch.float64)
        dist.broadcast(shared, 0)
        total = int(sums[0])
        if total:
            self._mean(list(weights), steps / total)
        self.joined = time.monotonic()
        return [int(count) for count in sums[1:]], shared.item()

    @torch.no_grad()
    def _mean(self, weights: list[Tensor], share: float) -> None:
        flat = torch.cat([weight.reshape(-1) for weight in weights]).mul_(share)
        dist.all_reduce(flat)
        for weight, part in zip(weights, flat.split([weight.numel() for weight in weights])):
            weight.copy_(part.view_as(weight))


def _end_with_parent() -> None:
    """Ends this process when the one that started it is gone, killed or told to stop: else it would train on unseen, and
    write over the checkpoints of the run that comes after."""
    parent = multiprocessing.parent_process()

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _entry(rank: int, count: int, port: int, work: Callable[["Worker"], None]) -> None:
    _end_with_parent()
    torch.set_num_threads(1)
    worker = Worker(rank, count, port)
    try:
        work(worker)
    except (OSError, ValueError) as error:  # an error of the user's, not of the program: a sentence says it
        print(f"forge: {error}", file=sys.stderr)
        sys.exit(1)
    finally:
        dist.destroy_process_group()


def run(count: int, work: Callable[["Alone | Worker"], None]) -> None:
    """Calls `work` (picklable) in `count` processes; with one, in this process and with all its threads."""
    if count == 1:
        work(Alone())
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    try:
        mp.spawn(_entry, (count, port, work), nprocs=count)
    except mp.ProcessExitedException as error:
        if error.exit_code == 1:
            raise ValueError(f"worker {error.error_index} stopped, for the reason above") from error
        raise
