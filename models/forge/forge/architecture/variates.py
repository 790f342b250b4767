"""The longest waves of the noise: numbers that choose what a caption leaves open.

Projected on orthonormal waves, standard normal noise gives independent standard normal numbers, whatever the size of the
latents; their normal distribution function makes them uniform. In the first step of sampling, where there is noise alone,
the UNet reads them and nothing else of the noise (`forge.concepts.choices` says what they decide).
"""

import math

import torch
from torch import Tensor, nn

WAVES = 3  # of each channel: its mean, and half a wave down and across
FREQUENCIES = (1.0, 2.0, 4.0, 8.0)  # half waves per unit of a uniform variate
FIRST_STEP = 999.5  # timestep from which on a sample is noise alone


def basis(height: int, width: int) -> Tensor:
    """(WAVES, height * width), orthonormal rows."""
    down, across = (torch.cos((torch.arange(count) + 0.5) * torch.pi / count) * math.sqrt(2) for count in (height, width))
    ones = torch.ones(height, width)
    return torch.stack([ones, down[:, None] * ones, across[None, :] * ones]).flatten(1) / math.sqrt(height * width)


def normal_variates(noise: Tensor) -> Tensor:
    """noise (B, C, h, w) → (B, WAVES * C): first the channels' means."""
    waves = basis(*noise.shape[-2:]).to(noise.device)
    return (noise.float().flatten(2) @ waves.T).transpose(1, 2).flatten(1)


def with_variates(noise: Tensor, uniform: Tensor) -> Tensor:
    """The noise (B, C, h, w) with its longest waves replaced, so that its uniform variates (B, WAVES * C) are the given."""
    wanted = math.sqrt(2) * torch.erfinv(2 * uniform.double().clamp(1e-6, 1 - 1e-6) - 1).float()
    change = (wanted - normal_variates(noise)).unflatten(1, (WAVES, noise.shape[1]))
    return noise + (change.transpose(1, 2) @ basis(*noise.shape[-2:]).to(noise.device)).unflatten(2, noise.shape[-2:])


class VariatesEmbedding(nn.Module):
    """Uniform variates in waves, projected onto the time embedding's width. Starts at zero."""

    def __init__(self, channels: int, width: int):
        super().__init__()
        self.project = nn.Linear(WAVES * channels * 2 * len(FREQUENCIES), width)
        nn.init.zeros_(self.project.weight)
        nn.init.zeros_(self.project.bias)

    def forward(self, noise: Tensor) -> Tensor:
        """noise (B, C, h, w) → (B, width)."""
        uniform = 0.5 + 0.5 * torch.erf(normal_variates(noise) / math.sqrt(2))
        angles = uniform[:, :, None] * torch.tensor(FREQUENCIES, device=noise.device) * torch.pi
        return self.project(torch.cat([angles.sin(), angles.cos()], 2).flatten(1))
