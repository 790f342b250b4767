"""Styles of the whole picture: (B, 3, size, size) in [0, 1] → the same."""

import torch
from torch import Tensor
from torch.nn import functional as F

from .phrases import EFFECTS

LUMA = (0.299, 0.587, 0.114)
PIXELS = 64  # of a side in pixel art: the latents' own grid at 512 px
LEVELS = 9  # of each colour in pixel art


def pixel_art(picture: Tensor) -> Tensor:
    factor = picture.shape[-1] // PIXELS
    small = (F.avg_pool2d(picture, factor) * LEVELS).round() / LEVELS
    return F.interpolate(small, scale_factor=factor, mode="nearest")


def luma(picture: Tensor) -> Tensor:
    """(B, 1, size, size)."""
    return (picture * torch.tensor(LUMA, device=picture.device)[:, None, None]).sum(1, keepdim=True)


def monochrome(picture: Tensor) -> Tensor:
    return luma(picture).expand(-1, 3, -1, -1)


def oil(picture: Tensor) -> Tensor:
    """Kuwahara's filter: each pixel becomes the mean of the calmest of four windows that it is a corner of."""
    size = picture.shape[-1]
    reach = max(2, size // 100)
    padded = F.pad(picture, (reach,) * 4, mode="reflect")
    mean, square = F.avg_pool2d(padded, reach + 1, 1), F.avg_pool2d(padded.square(), reach + 1, 1)
    variance = (square - mean.square()).clamp_min(0).sum(1, keepdim=True)
    corners = [(row, column) for row in (0, reach) for column in (0, reach)]
    means, variances = (torch.stack([values[:, :, row : row + size, column : column + size] for row, column in corners])
                        for values in (mean, variance))
    calmest = variances.argmin(0, keepdim=True).expand(-1, -1, 3, -1, -1)
    return ((means.gather(0, calmest)[0] - 0.5) * 1.08 + 0.5).clamp(0, 1)


def pencil(picture: Tensor) -> Tensor:
    """Dark lines where brightness changes, on paper that is a little shaded."""
    reach = max(1, picture.shape[-1] // 256)
    smooth = F.avg_pool2d(luma(picture), 2 * reach + 1, 1, reach)
    across = F.pad((smooth[..., 2 * reach :] - smooth[..., : -2 * reach]).abs(), (reach, reach, 0, 0))
    down = F.pad((smooth[..., 2 * reach :, :] - smooth[..., : -2 * reach, :]).abs(), (0, 0, reach, reach))
    line = (1 - (across + down) * 3.2).clamp(0.08, 1)
    return (line * (0.78 + 0.22 * smooth) * 0.97).expand(-1, 3, -1, -1)


BY_NAME = dict(zip(EFFECTS[1:], (pixel_art, monochrome, oil, pencil)))
