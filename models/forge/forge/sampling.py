"""Drawing with the trained networks: the Euler sampler of flow matching, with classifier-free guidance.

The same steps as diffusers' FlowMatchEulerDiscreteScheduler, in which the server draws too.
"""

import numpy as np
import torch
from torch import Tensor

from forge.architecture import UNet


def sigmas(steps: int, shift: float) -> list[float]:
    """Noise levels from 1 down to 0, steps + 1 of them, as diffusers computes them.

    diffusers shifts its training schedule first and takes evenly spaced points between its ends, then shifts again.
    """
    end = 1 / 1000
    end = shift * end / (1 + (shift - 1) * end)
    levels = np.linspace(1.0, end, steps)
    return [float(level) for level in shift * levels / (1 + (shift - 1) * levels)] + [0.0]


def initial_noise(seeds: list[int], channels: int, cells: int) -> Tensor:
    """(B, channels, cells, cells), each picture's noise from its own seed as every diffusers pipeline draws it."""
    return torch.cat([
        torch.randn((1, channels, cells, cells), generator=torch.Generator("cpu").manual_seed(seed)) for seed in seeds])


@torch.no_grad()
def draw_latents(unet: UNet, states: Tensor, empty: Tensor, noise: Tensor, *, steps: int, guidance: float,
                 shift: float) -> Tensor:
    """states (B, L, D), empty (1, L, D), noise (B, 8, h, w) → latents (B, 8, h, w) on the device of `states`."""
    x = noise.to(states.device)
    levels = sigmas(steps, shift)
    guided = guidance > 1
    context = torch.cat([states, empty.expand_as(states)]) if guided else states
    for now, following in zip(levels, levels[1:]):
        sample = torch.cat([x, x]) if guided else x
        t = torch.full((len(sample),), 1000 * now, device=x.device)
        velocity = unet(sample, t, context).float()
        if guided:
            conditional, unconditional = velocity.chunk(2)
            velocity = unconditional + guidance * (conditional - unconditional)
        x = x + (following - now) * velocity
    return x
