"""The autoencoder: pictures to 8-channel latents an eighth as wide and high, and back.

In the form "patches", here, both halves are a linear map of 8x8 patches plus a convolutional correction. The linear part is set to the patches'
principal components before training (`start_from_patches`), so training begins from a picture that is already there,
and latents of one scene look alike at every picture size. No normalization layers: they cost more than the
convolutions on small processors and wash out flat colour.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .config import VaeConfig
from .convolutional_vae import ConvolutionalDecoder, ConvolutionalEncoder


class Block(nn.Module):
    """Two 3x3 convolutions around a shortcut; starts as the identity."""

    def __init__(self, width: int):
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(F.relu(self.conv1(F.relu(x))))


class Encoder(nn.Module):
    def __init__(self, config: VaeConfig):
        super().__init__()
        first, second, third = config.encoder_widths
        self.patches = nn.Conv2d(3, config.latent_channels, config.factor, stride=config.factor)
        self.net = nn.Sequential(
            nn.PixelUnshuffle(2), nn.Conv2d(12, first, 3, padding=1), Block(first),
            nn.Conv2d(first, second, 2, stride=2), Block(second),
            nn.Conv2d(second, third, 2, stride=2), Block(third), nn.ReLU(),
            nn.Conv2d(third, config.latent_channels, 1))
        nn.init.zeros_(self.net[-1].weight)
        nn.init.zeros_(self.net[-1].bias)

    def forward(self, picture: Tensor) -> Tensor:
        """(B, 3, H, W) in [-1, 1] → (B, latent_channels, H/8, W/8), not yet standardised."""
        return self.patches(picture) + self.net(picture)


class Decoder(nn.Module):
    def __init__(self, config: VaeConfig):
        super().__init__()
        first, second, third = config.decoder_widths
        blocks = config.decoder_blocks
        self.patches = nn.Conv2d(config.latent_channels, 3 * config.factor**2, 1)
        self.net = nn.Sequential(
            nn.Conv2d(config.latent_channels, first, 3, padding=1), *(Block(first) for _ in range(blocks[0])),
            nn.Conv2d(first, 4 * second, 1), nn.PixelShuffle(2), *(Block(second) for _ in range(blocks[1])),
            nn.Conv2d(second, 4 * third, 1), nn.PixelShuffle(2), *(Block(third) for _ in range(blocks[2])),
            nn.ReLU(), nn.Conv2d(third, 12, 3, padding=1), nn.PixelShuffle(2))
        nn.init.zeros_(self.net[-2].weight)
        nn.init.zeros_(self.net[-2].bias)
        self.shuffle = nn.PixelShuffle(config.factor)

    def forward(self, latents: Tensor) -> Tensor:
        """(B, latent_channels, H/8, W/8), not standardised → (B, 3, H, W), about [-1, 1]."""
        return self.shuffle(self.patches(latents)) + self.net(latents)


class Vae(nn.Module):
    """Encoder, decoder, and the mean and deviation of every latent channel, measured after training."""

    def __init__(self, config: VaeConfig):
        super().__init__()
        self.config = config
        patches = config.form == "patches"
        self.encoder = Encoder(config) if patches else ConvolutionalEncoder(config)
        self.decoder = Decoder(config) if patches else ConvolutionalDecoder(config)
        self.register_buffer("mean", torch.zeros(config.latent_channels))
        self.register_buffer("deviation", torch.ones(config.latent_channels))

    def encode(self, picture: Tensor) -> Tensor:
        """(B, 3, H, W) in [-1, 1] → standardised latents (B, latent_channels, H/8, W/8)."""
        return (self.encoder(picture) - self.mean[:, None, None]) / self.deviation[:, None, None]

    def decode(self, latents: Tensor) -> Tensor:
        """Standardised latents → (B, 3, H, W), about [-1, 1]."""
        return self.decoder(latents * self.deviation[:, None, None] + self.mean[:, None, None])

    @torch.no_grad()
    def start_from_patches(self, pictures: Tensor) -> float:
        """Sets the linear parts to the principal components of the 8x8 patches of `pictures` (N, 3, H, W).

        Returns the share of the patches' variance that they keep, in [0, 1].
        """
        if self.config.form != "patches":
            raise ValueError(f"form must be patches to start from them, got {self.config.form!r}")
        factor = self.config.factor
        patches = F.pixel_unshuffle(pictures, factor).movedim(1, -1).flatten(0, -2).double()  # (P, 192)
        mean = patches.mean(dim=0)
        values, vectors = torch.linalg.eigh(torch.cov((patches - mean).T))  # ascending
        kept = self.config.latent_channels
        scale = values[-kept:].clamp_min(1e-6 * values[-1]).sqrt()  # flat pictures have fewer components
        basis = vectors[:, -kept:]  # (192, kept)
        forward = (basis / scale).T  # unit variance per channel
        self.encoder.patches.weight.copy_(forward.reshape(kept, 3, factor, factor))
        self.encoder.patches.bias.copy_(-forward @ mean)
        self.decoder.patches.weight.copy_((basis * scale)[:, :, None, None])
        self.decoder.patches.bias.copy_(mean)
        return float(values[-kept:].sum() / values.sum())
