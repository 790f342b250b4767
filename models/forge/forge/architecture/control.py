"""Control: a light network from a picture of lines to what is added to the inputs of a frozen UNet's blocks on the way up.

Of kin with ControlNet (arXiv 2302.05543) and T2I-Adapter (2302.08453), with a way back up of its own, so that what lines
enclose is known where the grid is fine. The last layers start at zero: an untrained adapter changes nothing.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from .config import UNetConfig
from .layers import ResidualBlock

PIXELS = 4  # along each side of what the first layer takes as one cell
FAINT = 0.1  # darkness of a canvas's darkest point up to which it counts as empty
WIDTHS = (96, 144, 192)  # by level of the UNet, fine to coarse


class ControlAdapter(nn.Module):
    """image (B, 3, pixels, pixels) RGB in [0, 1], dark lines on white → for each block on the way up, coarse to fine, an
    addend (B, its inputs, h, w)."""

    def __init__(self, config: UNetConfig, pixels: int, widths: tuple[int, ...] = WIDTHS, groups: int = 16):
        super().__init__()
        if set(config.blocks_up) != {1} or config.all_skips or len(widths) != len(config.widths):
            raise ValueError("control is for UNets with one block per level on the way up and as many levels as it has widths: "
                             f"{len(widths)}")
        cells = config.sample_size // config.patch
        stride = pixels // cells
        if stride * cells != pixels or stride not in (2 * PIXELS, 4 * PIXELS):
            raise ValueError(f"control wants 8 or 16 pixels in each of the UNet's {cells} x {cells} cells, got {pixels / cells:g}")
        halvings = (stride // PIXELS).bit_length() - 1
        sizes = [PIXELS**2, *(widths[0] // 2 for _ in range(halvings - 1)), widths[0]]
        self.first = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in zip(sizes, sizes[1:]))

        def block(width: int, separable: bool) -> ResidualBlock:
            return ResidualBlock(width, width, 0, groups=groups, act=config.act, separable=separable, time_mode="none")

        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in zip(widths, widths[1:]))
        last = len(widths) - 1
        self.blocks = nn.ModuleList(
            nn.ModuleList(block(width, level == last) for _ in range(2 if level == last else 1)) for level, width in enumerate(widths))
        self.up = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in zip(widths, widths[1:]))
        self.act = nn.Hardswish()
        # A block's input is the feature map and the skip connection, both as wide as its level
        self.out = nn.ModuleList(nn.Conv2d(width, 2 * level, 1) for width, level in zip(reversed(widths), reversed(config.widths)))
        for layer in self.out:
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, image: Tensor) -> list[Tensor]:
        lines = 1 - image.mean(1, keepdim=True)
        # Nothing is added under a canvas that is (almost) white
        there = ((lines.amax((1, 2, 3), keepdim=True) - FAINT) / FAINT).clamp(0, 1)
        x = F.pixel_unshuffle(lines, PIXELS)
        for layer in self.first:
            x = self.act(layer(x))
        levels = []
        for index, blocks in enumerate(self.blocks):
            x = x if index == 0 else self.down[index - 1](x)
            for block in blocks:
                x = block(x)
            levels.append(x)
        out, x = [], levels[-1]
        for layer, level in zip(self.out, reversed(range(len(levels)))):
            if level + 1 < len(levels):
                x = levels[level] + F.interpolate(self.up[level](x), scale_factor=2.0, mode="nearest")
            out.append(layer(self.act(x)) * there)
        return out


def count(adapter: nn.Module) -> int:
    return sum(weight.numel() for weight in adapter.parameters())

