"""Convolutional building blocks shared by the UNet and the VAE."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

ACTIVATIONS = {"swish": nn.SiLU, "gelu": nn.GELU, "hardswish": nn.Hardswish, "relu": nn.ReLU}


def activation(name: str) -> nn.Module:
    """The activation called `name`; the paper's change 4 is "swish" where SD has "gelu" in its gated FFN."""
    if name not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}, got {name!r}")
    return ACTIVATIONS[name]()


def group_norm(channels: int, groups: int) -> nn.GroupNorm:
    return nn.GroupNorm(groups, channels, eps=1e-5)


def convolution(inputs: int, outputs: int, separable: bool = False, stride: int = 1) -> nn.Module:
    """A 3x3 convolution; `separable` makes it depthwise + pointwise (the paper's change 7)."""
    if not separable:
        return nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1)
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, stride=stride, padding=1, groups=inputs, bias=False),
        nn.Conv2d(inputs, outputs, 1),
    )


class ResidualBlock(nn.Module):
    """norm, activation, 3x3 convolution, twice, around a shortcut; the time embedding enters in between.

    `time_mode` "add" adds a projection of it (Stable Diffusion); "film" scales and shifts the second norm's output;
    "none" is a block without time, as in the VAE.
    """

    def __init__(self, inputs: int, outputs: int, time_width: int, *, groups: int, act: str, separable: bool,
                 time_mode: str):
        super().__init__()
        if time_mode not in ("add", "film", "none"):
            raise ValueError(f"time_mode must be add, film or none, got {time_mode!r}")
        self.film = time_mode == "film"
        self.norm1 = group_norm(inputs, groups)
        self.conv1 = convolution(inputs, outputs, separable)
        if time_mode != "none":
            self.time = nn.Linear(time_width, outputs * (2 if self.film else 1))
        self.norm2 = group_norm(outputs, groups)
        self.conv2 = convolution(outputs, outputs, separable)
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        self.act = activation(act)

    def forward(self, x: Tensor, time: Tensor | None = None) -> Tensor:
        """x (B, inputs, H, W), time (B, time_width), already activated → (B, outputs, H, W)."""
        h = self.conv1(self.act(self.norm1(x)))
        h = self.norm2(h) if time is None else self._timed_norm(h, time)
        return self.shortcut(x) + self.conv2(self.act(h))

    def _timed_norm(self, h: Tensor, time: Tensor) -> Tensor:
        condition = self.time(time)[:, :, None, None]
        if self.film:
            scale, shift = condition.chunk(2, dim=1)
            return self.norm2(h) * (1 + scale) + shift
        return self.norm2(h + condition)


class Downsample(nn.Module):
    """Halves the grid by a strided 3x3 convolution."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


class Upsample(nn.Module):
    """Doubles the grid: nearest, then a 3x3 convolution; or ("pointwise") a 1x1 convolution before the doubling,
    which costs 36 times less and leaves the smoothing to the residual block that follows."""

    def __init__(self, inputs: int, outputs: int, mode: str, separable: bool = False):
        super().__init__()
        if mode not in ("convolution", "pointwise"):
            raise ValueError(f"upsample must be convolution or pointwise, got {mode!r}")
        self.pointwise = mode == "pointwise"
        self.conv = nn.Conv2d(inputs, outputs, 1) if self.pointwise else convolution(inputs, outputs, separable)

    def forward(self, x: Tensor) -> Tensor:
        """x (B, inputs, H, W) → (B, outputs, 2H, 2W)."""
        if self.pointwise:
            return F.interpolate(self.conv(x), scale_factor=2.0, mode="nearest")
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))


def sinusoidal(t: Tensor, width: int) -> Tensor:
    """t (B,) in [0, 1000] → (B, width): cosines then sines, as Stable Diffusion's timestep embedding."""
    half = width // 2
    frequencies = torch.exp(torch.arange(half, device=t.device, dtype=torch.float32) * (-9.210340371976184 / half))
    angles = t.float()[:, None] * frequencies[None]
    return torch.cat([angles.cos(), angles.sin()], dim=1)
