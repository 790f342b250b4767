"""Drawings in lines of composed pictures, as people draw them: outlines of things, more of their edges, or all edges; thick
and thin, shaky, with gaps. Dark lines (0) on white (1), as on the page's canvas."""

import torch
from torch import Tensor
from torch.nn import functional as F

STEEP = 0.16  # change of a colour, in [0, 1], across four pixels from which on there is an edge
OUTLINE, INNER = 0.5, 0.3  # chances that only outlines are drawn, or things' edges as well; else all edges
THICK = (2, 12)  # pixels of a line, at least and at most, for a picture of 512
SHAKY = 7.0  # pixels that a line strays, at most
GAPS = 0.3  # share of the lines that is left out, at most


def edges(picture: Tensor) -> Tensor:
    """(B, 3, H, W) in [-1, 1] → (B, 1, H, W) bool."""
    soft = F.avg_pool2d((picture + 1) / 2, 3, 1, 1, count_include_pad=False)
    across = F.pad((soft[..., :, 4:] - soft[..., :, :-4]).abs(), (2, 2, 0, 0)).amax(1, keepdim=True)
    down = F.pad((soft[..., 4:, :] - soft[..., :-4, :]).abs(), (0, 0, 2, 2)).amax(1, keepdim=True)
    steep = torch.maximum(across, down)
    # As thin as they get: where no neighbour across the edge is steeper
    thin_across = steep >= F.max_pool2d(across, (1, 5), 1, (0, 2))
    thin_down = steep >= F.max_pool2d(down, (5, 1), 1, (2, 0))
    return (steep > STEEP) & torch.where(across > down, thin_across, thin_down)


def outlines(coverage: Tensor, size: int) -> Tensor:
    """coverage (B, S, h, w) in [0, 1] → (B, 1, size, size) bool: around each thing, as smooth as cells let it be."""
    shares = F.interpolate(coverage, size=(size, size), mode="bicubic", align_corners=False)
    inside = (shares > 0.5).float()
    return ((F.max_pool2d(inside, 3, 1, 1) - inside) > 0).amax(1, keepdim=True)


def uniform(count: int, low: float, high: float, random: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(count, 1, 1, 1, generator=random)


def smooth_noise(count: int, channels: int, cells: int, size: int, random: torch.Generator) -> Tensor:
    """(count, channels, size, size), standard normal at cells x cells places and smooth in between."""
    coarse = torch.randn(count, channels, cells, cells, generator=random)
    return F.interpolate(coarse, size=(size, size), mode="bicubic", align_corners=True)


def drawn(found: Tensor, coverage: Tensor, random: torch.Generator) -> Tensor:
    """found (B, 1, H, W) bool: all edges; coverage (B, S, h, w) → drawings (B, 1, H, W) in [0, 1]."""
    count, size = len(found), found.shape[-1]
    around = outlines(coverage, size)
    near = F.max_pool2d(F.interpolate(coverage.amax(1, keepdim=True), size=(size, size)), 9, 1, 4) > 0.2
    choice = torch.rand(count, 1, 1, 1, generator=random)
    lines = torch.where(choice < OUTLINE, around, torch.where(choice < OUTLINE + INNER, found & near, found)).float()
    kept = torch.sigmoid(8 * (smooth_noise(count, 1, 9, size, random) + uniform(count, 1.2 - 1.2 * GAPS / 0.3, 3.0, random)))
    lines = lines * (kept > 0.5)
    lines = torch.cat([thickened(each[None], float(width)) for each, width in zip(lines, uniform(count, *THICK, random))])
    return 1 - shaken(lines, SHAKY * torch.rand(count, 1, 1, 1, generator=random), random)


def thickened(lines: Tensor, pixels: float) -> Tensor:
    """pixels: for a picture of 512."""
    side = max(1, round(pixels * lines.shape[-1] / 512)) // 2 * 2 + 1
    wide = F.max_pool2d(lines, side, 1, side // 2)
    return F.avg_pool2d(wide, 3, 1, 1)


def shaken(lines: Tensor, pixels: Tensor, random: torch.Generator) -> Tensor:
    """Each point moved by up to about `pixels` (B, 1, 1, 1), for a picture of 512, smoothly."""
    count, size = len(lines), lines.shape[-1]
    places = torch.linspace(-1, 1, size)
    grid = torch.stack(torch.meshgrid(places, places, indexing="xy"), -1).expand(count, -1, -1, -1)
    moved = smooth_noise(count, 2, 10, size, random) * pixels * 0.5 * 2 / 512
    return F.grid_sample(lines, grid + moved.permute(0, 2, 3, 1), mode="bilinear", padding_mode="zeros", align_corners=True)
