"""Latents of a pool, encoded when they are first asked for and kept: the encoder is frozen, so once is enough."""

import numpy as np
import torch
from torch.nn import functional as F

from architecture import Vae
from scenes import COLOURS, KINDS

from .pool import SUBJECTS, Pool
from .run import Machine
from .text_stage import to_pictures

LAYOUT_CHANNELS = len(KINDS) + len(COLOURS)


class LatentPool:
    """The pictures of `pool`, reduced to `size` pixels, as standardised latents (8, size/8, size/8) in fp16."""

    def __init__(self, pool: Pool, size: int, vae: Vae, machine: Machine):
        if pool.size % size:
            raise ValueError(f"size must divide the pool's {pool.size}, got {size}")
        self.pool, self.size, self.vae, self.machine = pool, size, vae, machine
        cells = size // vae.config.factor
        self.latents = np.zeros((len(pool), vae.config.latent_channels, cells, cells), np.float16)
        self.known = np.zeros(len(pool), bool)

    def __len__(self) -> int:
        return len(self.pool)

    @torch.no_grad()
    def _encode(self, indices: np.ndarray) -> None:
        pictures = to_pictures(self.pool.batch(indices), self.machine)
        if self.size != self.pool.size:
            pictures = F.avg_pool2d(pictures, self.pool.size // self.size)
        with self.machine.mixed_precision():
            latents = self.vae.encode(pictures)
        self.latents[indices] = latents.float().cpu().numpy()
        self.known[indices] = True

    def batch(self, indices: np.ndarray) -> torch.Tensor:
        """(B, 8, size/8, size/8) fp32 on the machine."""
        missing = np.unique(indices[~self.known[indices]])
        if len(missing):
            self._encode(missing)
        return torch.from_numpy(self.latents[indices].astype(np.float32)).to(self.machine.device)

    def coverage(self, indices: np.ndarray) -> torch.Tensor:
        """(B, SUBJECTS, size/8, size/8): share of each latent cell that a subject covers, in [0, 1]."""
        masks = torch.from_numpy(self.pool.masks[indices].astype(np.float32)).to(self.machine.device) / 255
        return F.avg_pool2d(masks, self.pool.size // self.size) if self.size != self.pool.size else masks


def layout_target(coverage: torch.Tensor, records: list[dict]) -> torch.Tensor:
    """Where which kind and which colour is: (B, SUBJECTS, h, w) → (B, kinds + colours, h/4, w/4), in [0, 1]."""
    coarse = F.avg_pool2d(coverage, 4)
    target = torch.zeros(len(records), LAYOUT_CHANNELS, *coarse.shape[-2:], device=coverage.device)
    for row, record in enumerate(records):
        for position, subject in enumerate(record.get("subjects", ())[:SUBJECTS]):
            for channel in (KINDS.index(subject["kind"]), len(KINDS) + COLOURS.index(subject["colour"])):
                target[row, channel] = torch.maximum(target[row, channel], coarse[row, position])
    return target
