"""The night-neon redraw: what a LoRA learns that ships as an example. Made from nothing but the composed picture itself:
its edges become glowing tubes in their own hues, everything else lies in the dark."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

BLUR, LINE = 0.003, 0.0035  # standard deviations as shares of the picture's side: before edges are sought, of a tube
GLOWS = ((0.012, 0.9), (0.045, 0.7))  # standard deviation and strength of the light around tubes
NIGHT = (0.030, 0.020, 0.085)  # what black becomes
TINT = (0.20, 0.17, 0.34)  # of what is no tube
GREY_TUBE = (0.15, 0.95, 1.0)  # hue of what has none
STEEP = 5.0  # how soon an edge counts as one


def blurred(picture: Tensor, deviation: float) -> Tensor:
    """By a Gaussian, `deviation` in pixels; edges repeat."""
    radius = max(1, math.ceil(2.5 * deviation))
    places = torch.arange(-radius, radius + 1, device=picture.device, dtype=picture.dtype)
    kernel = torch.exp(-0.5 * (places / deviation) ** 2)
    kernel = (kernel / kernel.sum()).expand(picture.shape[1], 1, -1)
    padded = F.pad(picture, (radius,) * 4, mode="replicate")
    return F.conv2d(F.conv2d(padded, kernel[:, :, :, None], groups=picture.shape[1]), kernel[:, :, None], groups=picture.shape[1])


def tubes(picture: Tensor, side: int) -> Tensor:
    """(B, 3, H, W) in [0, 1] → (B, 1, H, W) in [0, 1]: where edges are, as thick as a tube."""
    soft = blurred(picture, max(0.6, BLUR * side))
    across, down = soft[..., :, 2:] - soft[..., :, :-2], soft[..., 2:, :] - soft[..., :-2, :]
    steps = F.pad(across, (1, 1, 0, 0)).square() + F.pad(down, (0, 0, 1, 1)).square()
    steep = (steps.amax(1, keepdim=True).sqrt() * STEEP * side / 512).clamp(0, 1)
    steep = steep**2 * (3 - 2 * steep)
    return (blurred(steep, max(0.6, LINE * side)) * 1.5).clamp(0, 1)


def neon(picture: Tensor) -> Tensor:
    """(B, 3, H, W) in [-1, 1] → its night-neon redraw in the same range."""
    picture = (picture + 1) / 2
    side = picture.shape[-1]
    line = tubes(picture, side)
    local = blurred(picture, max(0.8, 0.008 * side))
    high, low = local.amax(1, keepdim=True), local.amin(1, keepdim=True)
    vivid = (local - low) / (high - low).clamp_min(0.04)
    coloured = ((high - low) / 0.25).clamp(0, 1)
    grey = torch.tensor(GREY_TUBE, device=picture.device)[:, None, None]
    hue = (0.12 + 0.88 * vivid) * coloured + grey * (1 - coloured)
    night, tint = (torch.tensor(each, device=picture.device)[:, None, None] for each in (NIGHT, TINT))
    made = night + picture.square() * tint + 0.16 * hue * coloured * picture.mean(1, keepdim=True)
    light = line * hue
    for deviation, strength in GLOWS:
        made = made + strength * blurred(light, deviation * side)
    made = made * (1 - 0.75 * line) + light + 0.35 * line**3
    return made.clamp(0, 1) * 2 - 1
