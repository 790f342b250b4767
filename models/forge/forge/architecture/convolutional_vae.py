"""The autoencoder's halves in Stable Diffusion's manner: residual blocks with group norms, a resampler between levels.

The decoder of `full` is this form pruned in width and depth, as the paper's lite decoder is. Neither half has the
attention layer that Stable Diffusion puts in its middle: at 64x64 cells it costs more than the blocks around it.
"""

from torch import Tensor, nn

from .config import VaeConfig
from .layers import Downsample, ResidualBlock, Upsample, activation, group_norm


def _blocks(width: int, count: int, groups: int) -> list[nn.Module]:
    return [ResidualBlock(width, width, 0, groups=groups, act="swish", separable=False, time_mode="none")
            for _ in range(count)]


def _output(width: int, channels: int, groups: int) -> list[nn.Module]:
    return [group_norm(width, groups), activation("swish"), nn.Conv2d(width, channels, 3, padding=1)]


class ConvolutionalEncoder(nn.Module):
    def __init__(self, config: VaeConfig):
        super().__init__()
        widths, groups = config.encoder_widths, config.groups
        net: list[nn.Module] = [nn.Conv2d(3, widths[0], 3, padding=1)]
        for level, width in enumerate(widths):
            if level > 0:
                net.append(Downsample(widths[level - 1], width))
            net += _blocks(width, config.encoder_blocks[level], groups)
        self.net = nn.Sequential(*net, *_output(widths[-1], config.latent_channels, groups))

    def forward(self, picture: Tensor) -> Tensor:
        """(B, 3, H, W) in [-1, 1] → (B, latent_channels, H/8, W/8), not yet standardised."""
        return self.net(picture)


class ConvolutionalDecoder(nn.Module):
    def __init__(self, config: VaeConfig):
        super().__init__()
        widths, groups = config.decoder_widths, config.groups
        net: list[nn.Module] = [nn.Conv2d(config.latent_channels, widths[0], 3, padding=1)]
        for level, width in enumerate(widths):
            if level > 0:
                net.append(Upsample(widths[level - 1], width, "convolution"))
            net += _blocks(width, config.decoder_blocks[level], groups)
        self.net = nn.Sequential(*net, *_output(widths[-1], 3, groups))

    def forward(self, latents: Tensor) -> Tensor:
        """(B, latent_channels, H/8, W/8), not standardised → (B, 3, H, W), about [-1, 1]."""
        return self.net(latents)
