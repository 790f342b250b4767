"""The losses that make a generator of one step."""

import torch
from torch import Tensor
from torch.nn import functional as F

RE_NOISE = 0.25  # the discriminator judges at t - T/4
LOGIT_LIMIT = 0.5  # beyond it a right answer teaches the discriminator no more


def judged_time(t: Tensor) -> Tensor:
    """t (B,) in [0, 1] → the time at which what was made from x_t is judged."""
    return (t - RE_NOISE).clamp_min(0)


def noised(clean: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """x_t of x0 and noise, (B, C, h, w), at t (B,)."""
    return torch.lerp(clean, noise, t[:, None, None, None]).contiguous(memory_format=torch.channels_last)


def clean_estimate(x: Tensor, velocity: Tensor, t: Tensor) -> Tensor:
    """x0 as the generator sees it from x_t."""
    return x - t[:, None, None, None] * velocity


def pseudo_huber(output: Tensor, target: Tensor, channels: Tensor | None = None) -> Tensor:
    """Per picture sqrt(d^2 + c^2) - c of the distance d over its elements, divided by the square root of their number
    (arXiv 2310.14189): robust against the few pairs that one step cannot follow. `channels` (C,) with mean 1 weighs the
    channels' squares, else all are alike."""
    elements = output[0].numel()
    c = 0.03 * elements**0.5
    squares = (output - target).square()
    if channels is not None:
        squares = squares * channels[:, None, None]
    squares = squares.flatten(1).sum(dim=1)
    return (((squares + c**2).sqrt() - c) / elements**0.5).mean()


def discriminator_loss(real: Tensor, fake: Tensor, mismatched: Tensor | None, weight: float) -> Tensor:
    """Logits (B, h, w) of real and made latents, and of real ones under another picture's caption, which weigh
    `weight`. Logits beyond LOGIT_LIMIT on the right side give no gradient."""
    loss = F.softplus(-real.clamp(max=LOGIT_LIMIT)).mean() + F.softplus(fake.clamp(min=-LOGIT_LIMIT)).mean()
    if mismatched is not None:
        loss = loss + weight * F.softplus(mismatched.clamp(min=-LOGIT_LIMIT)).mean()
    return loss


def generator_loss(fake: Tensor) -> Tensor:
    return F.softplus(-fake).mean()


def feature_distance(real: list[Tensor], fake: list[Tensor]) -> Tensor:
    """Mean distance of the discriminator's feature maps, averaged over places, of real and made latents of the same
    captions; each map scaled by the real one's spread."""
    parts = []
    for left, right in zip(real, fake):
        left, right = left.detach().float().mean(dim=(2, 3)), right.float().mean(dim=(2, 3))
        parts.append((left - right).abs().mean() / left.abs().mean().clamp_min(1e-6))
    return torch.stack(parts).mean()


def matching_loss(made: Tensor, towards: Tensor, away: Tensor) -> Tensor:
    """Distribution matching (DMD, arXiv 2311.18828): moves `made` by the difference of what the teacher (`towards`) and a
    model of the generator's own pictures (`away`) take its noised self for. All (B, C, h, w)."""
    scale = (made.detach() - towards).abs().mean(dim=(1, 2, 3), keepdim=True).clamp_min(1e-3)
    target = (made.detach() - (away - towards) / scale).detach()
    return 0.5 * F.mse_loss(made, target)
