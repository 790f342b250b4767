"""Where few-step sampling stops on its way from noise to picture: the times that students are trained for.

diffusers' FlowMatchEulerDiscreteScheduler describes all of them with one config: `steps` and the shift give the grid.
"""

import torch
from torch import Tensor

from forge.sampling import sigmas


def shifted(level: Tensor, shift: float) -> Tensor:
    return shift * level / (1 + (shift - 1) * level)


def unshifted(sigma: Tensor, shift: float) -> Tensor:
    return sigma / (shift - (shift - 1) * sigma)


class Grid:
    """The segments of `steps`-step sampling: from each time to the next, the last one being 0."""

    def __init__(self, steps: int, shift: float):
        self.steps, self.shift = steps, shift
        self.levels = unshifted(torch.tensor(sigmas(steps, shift), dtype=torch.float64), shift)  # (steps + 1,)

    def draw(self, count: int, random: torch.Generator, first: int = 0) -> tuple[Tensor, Tensor, Tensor]:
        """Times (count,) in [0, 1]: where a random segment begins, its middle, and where it ends.

        Segments before `first` are left out. Half of them are moved towards the next by a random share, so that the
        student also knows the times between, at which other numbers of steps stop.
        """
        segment = torch.randint(first, self.steps, (count,), generator=random)
        move = torch.rand(count, generator=random, dtype=torch.float64)
        move = torch.where(torch.rand(count, generator=random) < 0.5, move, torch.zeros_like(move))
        move = torch.where(segment < self.steps - 1, move, torch.zeros_like(move))  # the last ends at 0
        begin = torch.lerp(self.levels[segment], self.levels[segment + 1], move)
        after = self.levels[(segment + 2).clamp(max=self.steps)]
        end = torch.lerp(self.levels[segment + 1], after, move)
        return tuple(shifted(level, self.shift).float() for level in (begin, (begin + end) / 2, end))


def two_steps(velocity, x: Tensor, now: Tensor, middle: Tensor, end: Tensor) -> Tensor:
    """The one velocity that takes x (B, C, h, w) in one step to where two Euler steps of `velocity(x, t)` end.

    Progressive distillation (arXiv 2202.00512) for straight flows. Times (B,).
    """
    def column(t: Tensor) -> Tensor:
        return t[:, None, None, None]

    half = x + column(middle - now) * velocity(x, now)
    whole = half + column(end - middle) * velocity(half, middle)
    return (whole - x) / column(end - now)
