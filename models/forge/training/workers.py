"""Several single-threaded processes that train one set of weights, by averaging gradients after every step.

Two such processes on two cores outrun one process of two threads, whose threads wait for each other hundreds of times
per step: on cores that other programs use too, by a factor of four or more (docs/LOG.md).
"""

import os
import socket
import sys
from collections.abc import Callable, Iterable

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import Tensor


class Alone:
    """The only worker: nothing to average."""

    rank, count = 0, 1

    def average(self, gradients: Iterable[Tensor], progress: float) -> float:
        return progress


class Worker:
    """One of `count` processes; rank 0 saves and reports."""

    def __init__(self, rank: int, count: int, port: int):
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
        dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=count)
        self.rank, self.count = rank, count

    def average(self, gradients: Iterable[Tensor], progress: float) -> float:
        """Averages the gradients over the workers in place; returns rank 0's `progress`, which all then act on.

        Sent as bf16: half the bytes, and the rounding is far below the noise of a batch of 16.
        """
        gradients = list(gradients)
        if gradients:
            self._average(gradients)
        shared = torch.tensor([progress], dtype=torch.float64)
        dist.broadcast(shared, 0)
        return shared.item()

    def _average(self, gradients: list[Tensor]) -> None:
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients]).bfloat16()
        dist.all_reduce(flat)
        flat = flat.float().div_(self.count)
        for gradient, part in zip(gradients, flat.split([gradient.numel() for gradient in gradients])):
            gradient.copy_(part.view_as(gradient))


def _entry(rank: int, count: int, port: int, work: Callable[["Worker"], None]) -> None:
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
