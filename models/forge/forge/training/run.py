"""What every training stage shares: where it runs, how long, what it reports, how it averages."""

import csv
import math
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn


@dataclass(frozen=True)
class Machine:
    """The processor that trains: one CUDA GPU if there is one, else the CPU."""

    device: torch.device
    compiles: bool
    workers: int = 1  # processes that train the denoiser

    @staticmethod
    def here(compiles: bool, workers: int = 1) -> "Machine":
        machine = Machine(torch.device("cuda" if torch.cuda.is_available() else "cpu"), compiles, workers)
        machine.prepare()
        return machine

    def prepare(self) -> None:
        """Sets this process's arithmetic; each worker calls it."""
        if self.device.type == "cuda":
            torch.backends.cuda.matmul.allow_tf32 = True
            torch.backends.cudnn.allow_tf32 = True
        else:
            torch.set_flush_denormal(True)

    def mixed_precision(self):
        """Autocast, with fp32 weights: bf16 matrix products and convolutions where the processor has them. Without
        AVX-512, PyTorch's are loops over single numbers, tens of times slower than fp32 (docs/LOG.md)."""
        fast = self.device.type == "cuda" or "AVX512" in torch.backends.cpu.get_cpu_capability()
        return torch.autocast(self.device.type, torch.bfloat16, enabled=fast)

    def place(self, module: nn.Module) -> nn.Module:
        return module.to(self.device, memory_format=torch.channels_last)

    def compile(self, module: nn.Module) -> nn.Module:
        return torch.compile(module, dynamic=False) if self.compiles else module


class Clock:
    """A wall-clock budget that survives a restart: `spent` seconds were used by earlier runs of the stage."""

    def __init__(self, minutes: float, spent: float = 0.0):
        self.budget, self.before, self.begin = minutes * 60, spent, time.monotonic()

    def spent(self) -> float:
        return self.before + time.monotonic() - self.begin

    def progress(self) -> float:
        """Share of the budget that is used, in [0, 1]."""
        return min(1.0, self.spent() / self.budget)


def learning_rate(step: int, progress: float, peak: float, warmup: int = 200, floor: float = 0.05,
                  decay_from: float = 0.6) -> float:
    """Linear warm-up, constant, then a cosine from `decay_from` of the budget to `floor` of the peak."""
    if step < warmup:
        return peak * (step + 1) / warmup
    if progress <= decay_from:
        return peak
    share = (progress - decay_from) / (1 - decay_from)
    return peak * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * share)))


class Average:
    """Exponential moving average of a module's weights, warmed up so that early weights are forgotten: after n steps
    it reaches back over n / `share` of them, and never over more than 1 / (1 - decay)."""

    def __init__(self, module: nn.Module, decay: float, share: int = 9):
        self.module, self.decay, self.share, self.steps = module, decay, share, 0
        self.weights = {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (1 + self.share + self.steps))
        state = module.state_dict()
        averages = [self.weights[name] for name in state]
        torch._foreach_lerp_(averages, [tensor.detach() for tensor in state.values()], 1 - decay)


class Losses:
    """Running means, printed and appended to a CSV file that the curves are drawn from."""

    def __init__(self, path: Path, every: int):
        self.path, self.every = path, every
        self.sums: dict[str, float] = {}
        self.count, self.samples, self.begin = 0, 0, time.monotonic()

    def add(self, step: int, samples: int, rate: float, **losses: float) -> None:
        for name, value in losses.items():
            self.sums[name] = self.sums.get(name, 0.0) + float(value)
        self.count += 1
        self.samples += samples
        if self.count == self.every:
            self._report(step, rate)

    def _columns(self) -> list[str]:
        """The columns of the log as an earlier run began it, whatever order this one names its losses in."""
        if not self.path.exists():
            return []
        with self.path.open(newline="") as file:
            return next(csv.reader(file), [])

    def _report(self, step: int, rate: float) -> None:
        speed = self.samples / (time.monotonic() - self.begin)
        row = {"step": step, "learning_rate": rate, "samples_per_second": round(speed, 1)}
        row |= {name: round(total / self.count, 5) for name, total in self.sums.items()}
        print("  ".join(f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
                        for name, value in row.items()), flush=True)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        columns = self._columns()
        with self.path.open("a", newline="") as file:
            writer = csv.DictWriter(file, columns or row.keys())
            if not columns:
                writer.writeheader()
            writer.writerow(row)
        self.sums, self.count, self.samples, self.begin = {}, 0, 0, time.monotonic()


