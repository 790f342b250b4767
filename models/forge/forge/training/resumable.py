"""What a stage keeps while it trains, so that it goes on after a stop: `run/NAME-training`."""

import time
from pathlib import Path

import torch
from torch import nn

from . import checkpoint, settings
from .run import Average

SAVE_SECONDS = 600


class Resumable:
    """Weights, the averages of all or a part of them, and the optimizer's moments, saved every few minutes.

    `settings` are compared with those of a checkpoint before its weights are taken over.
    """

    def __init__(self, folder: Path, module: nn.Module, average: Average, optimizer: torch.optim.Optimizer,
                 wanted: dict):
        self.folder, self.module, self.average, self.optimizer = folder, module, average, optimizer
        self.wanted = wanted
        names = {id(weight): name for name, weight in module.named_parameters()}
        self.names = [names[id(weight)] for group in optimizer.param_groups for weight in group["params"]]
        self.saved = time.monotonic()

    def resume(self, least: int = 0) -> dict | None:
        """Takes over what the folder holds and returns its state; None when it holds nothing, or fewer than `least`
        steps because the finished weights are newer.

        ValueError names the folder and what does not fit: a setting or a tensor.
        """
        if not checkpoint.exists(self.folder) or checkpoint.read_state(self.folder)["step"] < least:
            return None
        tensors, state = checkpoint.load(self.folder)
        settings.check(self.folder, state, self.wanted)
        checkpoint.load_into(self.module, checkpoint.part("model", tensors), self.folder)
        self._resume_average(checkpoint.part("average", tensors), state["step"])
        self._resume_moments(tensors, state["step"])
        return state

    def _resume_average(self, weights: dict[str, torch.Tensor], step: int) -> None:
        here = self.average.weights
        checkpoint.check_fits(self.average.module, {name: tensor.shape for name, tensor in weights.items()}, self.folder)
        self.average.weights = {name: tensor.to(here[name].device) for name, tensor in weights.items()}
        self.average.steps = step

    def _resume_moments(self, tensors: dict[str, torch.Tensor], step: int) -> None:
        first, second = checkpoint.part("first", tensors), checkpoint.part("second", tensors)
        steps = checkpoint.part("steps", tensors)  # checkpoints without them: every weight took part in every step
        state = self.optimizer.state_dict()
        state["state"] = {
            index: {"step": steps.get(name, torch.tensor(float(step))), "exp_avg": first[name],
                    "exp_avg_sq": second[name]}
            for index, name in enumerate(self.names) if name in first}
        self.optimizer.load_state_dict(state)

    def save(self, state: dict) -> None:
        moments = self.optimizer.state_dict()["state"]
        tensors = checkpoint.prefixed("model", self.module.state_dict())
        tensors |= checkpoint.prefixed("average", self.average.weights)
        # Weights that no loss has reached yet have no moments.
        for prefix, key in (("first", "exp_avg"), ("second", "exp_avg_sq"), ("steps", "step")):
            tensors |= checkpoint.prefixed(prefix, {self.names[index]: entry[key] for index, entry in moments.items()})
        checkpoint.save(self.folder, tensors, self.wanted | state)
        self.saved = time.monotonic()

    def due(self) -> bool:
        """Whether the last save was SAVE_SECONDS ago."""
        return time.monotonic() - self.saved > SAVE_SECONDS
