"""Judges of noised latents, one logit per position. Both start from the pretrained denoiser (UFOGen, arXiv 2311.09257)."""

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from forge.architecture import UNet, UNetConfig


class UNetDiscriminator(nn.Module):
    """The whole denoiser, trained on, with a last layer of its own that starts at zero."""

    def __init__(self, config: UNetConfig, weights: dict[str, Tensor]):
        super().__init__()
        self.unet = UNet(replace(config, out_channels=1))
        own = {name: tensor for name, tensor in self.unet.state_dict().items() if name.startswith("conv_out.")}
        self.unet.load_state_dict(weights | own)

    def forward(self, noised: Tensor, t: Tensor, states: Tensor) -> tuple[Tensor, list[Tensor]]:
        """noised (B, 8, h, w), t (B,) in [0, 1], states (B, L, D) → logits (B, h, w), feature maps."""
        features: list[Tensor] = []
        return self.unet(noised, 1000 * t, states, features)[:, 0].float(), features


class HeadsDiscriminator(nn.Module):
    """The frozen denoiser's way down and middle with small 3x3 heads: half the passes' cost, no weights of its own to
    remember but the heads'."""

    HEAD_WIDTH = 64

    def __init__(self, config: UNetConfig, weights: dict[str, Tensor]):
        super().__init__()
        if config.all_skips:
            raise ValueError("discriminator heads want blocks_up equal to blocks_down: give discriminator unet")
        self.unet = UNet(config).requires_grad_(False)
        self.unet.load_state_dict(weights)
        widths = [width for width, count in zip(config.widths, config.blocks_down) for _ in range(count)]
        self.heads = nn.ModuleList(self._head(width, config.groups) for width in [*widths, config.widths[-1]])

    def _head(self, width: int, groups: int) -> nn.Sequential:
        last = nn.Conv2d(self.HEAD_WIDTH, 1, 3, padding=1)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        return nn.Sequential(nn.GroupNorm(groups, width), nn.Conv2d(width, self.HEAD_WIDTH, 3, padding=1),
                             nn.LeakyReLU(0.2), last)

    def forward(self, noised: Tensor, t: Tensor, states: Tensor) -> tuple[Tensor, list[Tensor]]:
        """As the other, logits being the mean of the heads' at the finest grid."""
        x, skips = self.unet.encode(noised, 1000 * t, states)
        features = [*skips, x]
        logits = [F.interpolate(head(feature).float(), noised.shape[-2:], mode="nearest")[:, 0]
                  for head, feature in zip(self.heads, features)]
        return torch.stack(logits).mean(dim=0), features


def discriminator(kind: str, config: UNetConfig, weights: dict[str, Tensor]) -> nn.Module:
    return {"unet": UNetDiscriminator, "heads": HeadsDiscriminator}[kind](config, weights)
