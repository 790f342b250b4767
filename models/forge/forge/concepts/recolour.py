"""Things in other colours: in OKLab the sprite's leading hue turns into the colour's, outlines and small parts stay.

OKLab: https://bottosson.github.io/posts/oklab/
"""

import torch
from torch import Tensor

from forge.scenes import COLOURS
from forge.scenes.palette import NAMED

BINS = 24  # of hue
COLOURLESS = 0.03  # mean weighted chroma below which a sprite counts as without colour


def oklab(rgb: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(B, 3, H, W) sRGB in [0, 1] → lightness, a, b, each (B, H, W)."""
    linear = torch.where(rgb > 0.04045, ((rgb + 0.055) / 1.055).clamp_min(1e-6) ** 2.4, rgb / 12.92)
    r, g, b = linear.unbind(1)
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b).clamp_min(1e-9) ** (1 / 3)
    medium = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b).clamp_min(1e-9) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b).clamp_min(1e-9) ** (1 / 3)
    return (0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
            1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
            0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short)


def srgb(lightness: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """The inverse of `oklab`, clipped: (B, 3, H, W) in [0, 1]."""
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = torch.stack([4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
                          -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
                          -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short], 1).clamp(0, 1)
    return torch.where(linear > 0.0031308, 1.055 * linear.clamp_min(1e-9) ** (1 / 2.4) - 0.055, 12.92 * linear)


class Recolouring:
    """The forge's named colours in OKLab, on one device."""

    def __init__(self, device: torch.device):
        named = torch.tensor([NAMED[name] for name in COLOURS], dtype=torch.float32, device=device) / 255
        lightness, a, b = (channel.flatten() for channel in oklab(named[:, :, None, None]))
        self.lightness, self.chroma, self.hue = lightness, torch.hypot(a, b), torch.atan2(b, a)

    def __call__(self, rgba: Tensor, colours: Tensor) -> Tensor:
        """rgba (B, 4, h, w) in [0, 1], colours (B,) indices of COLOURS → the same things in those colours."""
        lightness, a, b = oklab(rgba[:, :3])
        alpha, chroma, hue = rgba[:, 3], torch.hypot(a, b), torch.atan2(b, a)
        leading, colourful = leading_hue(alpha, chroma, hue)
        of_leading = torch.sigmoid((torch.cos(hue - leading) - 0.45) * 9) * torch.sigmoid((chroma - 0.035) * 90)
        not_outline = torch.sigmoid((lightness - 0.32) * 16)
        part = colourful * of_leading + (1 - colourful) * not_outline  # how far each pixel is recoloured
        wanted, strong, turned = (each[colours][:, None, None] for each in (self.lightness, self.chroma, self.hue))
        mean = mean_over(lightness, part * alpha)
        new_lightness = (wanted + (lightness - mean) * 0.85).clamp(0.03, 0.99)
        new_chroma = strong * (1 - (new_lightness - wanted).abs() * 0.9).clamp(0.25, 1)
        off = (hue - leading + torch.pi) % (2 * torch.pi) - torch.pi
        new_hue = turned + 0.35 * off * colourful
        made = srgb(torch.lerp(lightness, new_lightness, part), torch.lerp(a, new_chroma * new_hue.cos(), part),
                    torch.lerp(b, new_chroma * new_hue.sin(), part))
        return torch.cat([made, rgba[:, 3:]], 1)


def leading_hue(alpha: Tensor, chroma: Tensor, hue: Tensor) -> tuple[Tensor, Tensor]:
    """Each sprite's commonest hue in radians, and how far it has colour at all, in [0, 1]: (B, 1, 1) both."""
    weight = alpha * chroma.clamp(max=0.2) ** 1.5
    index = ((hue / (2 * torch.pi) + 0.5) * BINS).long().clamp(0, BINS - 1)
    counts = torch.zeros(len(hue), BINS, device=hue.device).scatter_add_(1, index.flatten(1), weight.flatten(1))
    counts = counts + 0.6 * (counts.roll(1, 1) + counts.roll(-1, 1))
    leading = (counts.argmax(1).float() + 0.5) / BINS * 2 * torch.pi - torch.pi
    colourful = (weight.sum((1, 2)) / alpha.sum((1, 2)).clamp_min(1) / COLOURLESS).clamp(0, 1)
    return leading[:, None, None], colourful[:, None, None]


def mean_over(values: Tensor, weights: Tensor) -> Tensor:
    """(B, H, W) → (B, 1, 1)."""
    return ((values * weights).sum((1, 2)) / weights.sum((1, 2)).clamp_min(1))[:, None, None]
