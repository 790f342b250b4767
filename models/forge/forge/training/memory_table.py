"""A run's visual memory: the encoded pictures of all things, and the phrases that mean them.

    run/memory/   table (things, side * side, numbers) fp16; state.json: names by group, phrases as token ids, the assets' hash
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from forge.architecture import MemoryConfig, Preset, Vae
from forge.architecture.recall import Recall
from forge.concepts import Corpus, assets, rephrasing
from forge.concepts.english import plural
from forge.concepts.phrasebook import phrases, spellings, word_ends
from forge.concepts.selection import GROUPS
from forge.concepts.sprites import Sprites
from forge.tokens import Tokenizer

from . import checkpoint

BATCH = 32
CLEAR = 0.5  # grey behind a sprite's clear pixels, in [0, 1]


@torch.no_grad()
def encoded(pixels: np.ndarray, vae: Vae, config: MemoryConfig) -> Tensor:
    """(B, 256, 256, 4) uint8 → (B, side * side, numbers): 2x2 latents of each part, and how much of each is covered."""
    rgba = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    picture = rgba[:, :3] * rgba[:, 3:] + CLEAR * (1 - rgba[:, 3:])
    device = next(vae.parameters()).device
    latents = vae.encode((picture * 2 - 1).to(device)).float().cpu()
    both = torch.cat([latents, 2 * F.avg_pool2d(rgba[:, 3:], vae.config.factor) - 1], 1)  # (B, 9, 32, 32)
    return F.pixel_unshuffle(both, both.shape[-1] // config.side).flatten(2).transpose(1, 2)


def words_of(corpus: Corpus) -> set[str]:
    """Every word that may name a thing: of its names and kin, their plurals, and its emoji."""
    names = [name for concept in corpus.concepts for name in (*concept.names, *concept.kin)]
    emoji = {spelling for concept in corpus.concepts for spelling in spellings(concept.emoji)}
    return {word for name in names for form in (name, plural(name)) for word in form.split()} | emoji


def make(run: Path, folder: Path, preset: Preset, vae: Vae, tokenizer: Tokenizer) -> None:
    """Writes run/memory unless it is there."""
    told, config = assets.check(folder), preset.unet.memory
    if checkpoint.exists(run / "memory"):
        kept = checkpoint.read_state(run / "memory")["sprites_sha256"]
        if kept != told["sprites_sha256"]:
            raise ValueError(f"{run / 'memory'} was made of other assets than lie in {folder}: name another --run")
        return
    corpus, sprites = Corpus(folder), Sprites(folder)
    rephrasing.check(name for concept in corpus.concepts for name in (*concept.names, *concept.kin))
    parts = [encoded(np.stack([sprites.read(thing, 0) for thing in range(start, min(start + BATCH, len(corpus)))]), vae, config)
             for start in range(0, len(corpus), BATCH)]
    groups = {GROUPS[number]: [concept.name for concept in corpus.concepts if concept.group == number] for number in GROUPS}
    known = sorted(words_of(corpus))
    checkpoint.save(run / "memory", {"table": torch.cat(parts)}, {
        "stage": "memory", "step": 0, "sprites_sha256": told["sprites_sha256"], "groups": {name: each for name, each in groups.items() if each},
        "words": known, "names": [concept.name for concept in corpus.concepts],
        "phrases": [[*ids, meaning] for ids, meaning in phrases(corpus, tokenizer).items()]}, half=True)


def read(run: Path, preset: Preset, tokenizer: Tokenizer) -> Recall:
    """The run's memory; errors as `checkpoint.load`."""
    tensors, state = checkpoint.load(run / "memory")
    if "table" not in tensors:
        raise ValueError(f"{run / 'memory'} holds no table: stage `concepts` makes it")
    return Recall({tuple(row[:-1]): row[-1] for row in state["phrases"]}, tensors["table"], word_ends(tokenizer), preset.unet.memory)
