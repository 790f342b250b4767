"""A small network that doubles a picture's sides: residual convolutions on the small picture, a pixel shuffle at the end.

It adds to the picture as linear interpolation doubles it.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SCALE = 2
SLOPE = 0.1  # of activations below zero: with plain ReLUs training once ended with every channel dead


class Upscaler(nn.Module):
    """`blocks` residual blocks of `width` channels; (B, 3, H, W) in [0, 1] → (B, 3, 2 H, 2 W), about [0, 1]."""

    def __init__(self, width: int = 32, blocks: int = 6):
        super().__init__()
        self.first = nn.Conv2d(3, width, 3, padding=1)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.LeakyReLU(SLOPE), nn.Conv2d(width, width, 3, padding=1))
            for _ in range(blocks))
        self.last = nn.Conv2d(width, 3 * SCALE**2, 3, padding=1)
        self.last.weight.data.mul_(0.1)
        nn.init.zeros_(self.last.bias)

    def forward(self, picture: Tensor) -> Tensor:
        x = self.first(picture)
        for block in self.blocks:
            x = x + block(F.leaky_relu(x, SLOPE))
        change = F.pixel_shuffle(self.last(F.leaky_relu(x, SLOPE)), SCALE)
        return change + F.interpolate(picture, scale_factor=SCALE, mode="bilinear", align_corners=False)


def area_reduced(picture: Tensor) -> Tensor:
    """(B, C, 2 H, 2 W) → (B, C, H, W): the mean of each 2 x 2 pixels."""
    return F.avg_pool2d(picture, SCALE)


def to_bytes(picture: Tensor) -> Tensor:
    """Values in [0, 1], rounded to the 256 that a file of pixels holds."""
    return torch.round(picture.clamp(0, 1) * 255) / 255
