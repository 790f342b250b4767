"""Latents of a pool, encoded when they are first asked for and kept on disk: the encoder is frozen, so once is enough."""

import contextlib
import hashlib
import os
import shutil
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from forge.architecture import Vae
from forge.scenes import COLOURS, KINDS

from .pool import SUBJECTS, Pool
from .run import Machine
from .settings import fingerprint
from .text_stage import to_pictures

LAYOUT_CHANNELS = len(KINDS) + len(COLOURS)
VISIBLE_POWER = 0.7  # 1 would be an error in pixels, in which sharp edges count for little
PROBE, PROBED = 0.3, 4  # standard deviation of the noise, pictures


class LatentPool:
    """The pictures of `pool`, reduced to `size` pixels, as standardised latents (8, size/8, size/8) in fp16.

    They lie in files beside the pool's shards, which several processes may fill at once and the next run finds.
    """

    def __init__(self, pool: Pool, size: int, vae: Vae, machine: Machine):
        if pool.size % size:
            raise ValueError(f"size must divide the pool's {pool.size}, got {size}")
        self.pool, self.size, self.vae, self.machine = pool, size, vae, machine
        cells = size // vae.config.factor
        folder = self._folder()
        self.latents = _opened(folder, "latents", (len(pool), vae.config.latent_channels, cells, cells), np.float16)
        self.known = _opened(folder, "known", (len(pool),), np.bool_)

    def __len__(self) -> int:
        return len(self.pool)

    def _folder(self) -> Path:
        """Where latents of these very pictures by this very encoder lie; what lies there of other pictures goes."""
        encoder = fingerprint({name: tensor for name, tensor in self.vae.state_dict().items()
                               if not name.startswith("decoder")})
        name = f"latents-{self.pool.prefix}{self.size}-{encoder}-"
        folder = self.pool.folder / (name + hashlib.sha256(repr(self.pool.identity).encode()).hexdigest()[:16])
        for older in self.pool.folder.glob(name + "*"):
            if older != folder:
                shutil.rmtree(older, ignore_errors=True)
        folder.mkdir(exist_ok=True)
        return folder

    def channel_weights(self) -> torch.Tensor:
        """How much each latent channel shows: (channels,), with mean 1."""
        return channel_weights(self.vae, self.batch(np.arange(min(PROBED, len(self)))))

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


@torch.no_grad()
def channel_weights(vae: Vae, latents: torch.Tensor) -> torch.Tensor:
    """How much each channel of the latents (B, channels, h, w) shows: (channels,), with mean 1.

    Each channel of the latents has variance 1, but a decoded picture's colours and shapes hang on few of them, and the
    others are fine texture, which nobody can predict from noise: unweighted they are nearly all of the loss. The measure
    is the mean squared change of decoded pictures under white noise on the channel, to the power VISIBLE_POWER.
    """
    plain = vae.decode(latents)
    noise = torch.randn(latents[:, 0].shape, generator=torch.Generator().manual_seed(0)).to(latents.device)
    changes = []
    for channel in range(latents.shape[1]):
        moved = latents.clone()
        moved[:, channel] += PROBE * noise
        changes.append((vae.decode(moved) - plain).square().mean())
    weights = torch.stack(changes).float() ** VISIBLE_POWER
    return weights / weights.mean()


def _opened(folder: Path, name: str, shape: tuple[int, ...], kind: type) -> np.memmap:
    """The array in folder/name.npy, zeros where there was none; whoever comes second finds the first one's."""
    path = folder / f"{name}.npy"
    if not path.exists():
        partial = folder / f".{name}.{os.getpid()}.npy"
        np.lib.format.open_memmap(partial, mode="w+", dtype=kind, shape=shape)
        with contextlib.suppress(FileExistsError):
            os.link(partial, path)
        partial.unlink()
    return np.load(path, mmap_mode="r+")


def layout_target(coverage: torch.Tensor, records: list[dict]) -> torch.Tensor:
    """Where which kind and which colour is: (B, SUBJECTS, h, w) → (B, kinds + colours, h/4, w/4), in [0, 1]."""
    coarse = F.avg_pool2d(coverage, 4)
    target = torch.zeros(len(records), LAYOUT_CHANNELS, *coarse.shape[-2:], device=coverage.device)
    for row, record in enumerate(records):
        for position, subject in enumerate(record.get("subjects", ())[:SUBJECTS]):
            for channel in (KINDS.index(subject["kind"]), len(KINDS) + COLOURS.index(subject["colour"])):
                target[row, channel] = torch.maximum(target[row, channel], coarse[row, position])
    return target
