"""Prompts to calibrate with, and others to measure with."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from forge.scenes import Split, full_caption, sample_single
from forge.tokens.bpe import split_words
from forge.training.pool import scene_record

CALIBRATION_SEED, MEASURED_SEED = 7001, 2024  # the second is `evaluate`'s


@dataclass(frozen=True)
class Prompts:
    """Prompts for two purposes that share none; how they came about; and, of drawn scenes, what they describe."""

    calibration: list[str]
    measured: list[str]
    source: str
    records: list[dict] | None = None  # of `measured`

    @staticmethod
    def choose(known: dict, file: Path | None, calibration: int, measured: int) -> "Prompts":
        """From a text file, a prompt per line; else the forge's captions, where the bundle knows their words; else
        random letters. known: bundle.json. ValueError when the file holds too few."""
        if file is not None:
            lines = list(dict.fromkeys(line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()))
            if len(lines) < calibration + measured:
                raise ValueError(f"{file} must hold at least {calibration + measured} different prompts (--calibration "
                                 f"{calibration} and --prompts {measured}), got {len(lines)}")
            return Prompts(lines[:calibration], lines[calibration : calibration + measured], file.name)
        if knows_captions(known.get("words", [])):
            texts = captions(Split.TRAIN, calibration, CALIBRATION_SEED)[1]
            held_out, held_out_texts = captions(Split.HELD_OUT, measured, MEASURED_SEED)
            return Prompts(texts, held_out_texts, "captions of drawn scenes", held_out)
        rng = np.random.default_rng(CALIBRATION_SEED)
        texts = ["".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz   "), 60)) for _ in range(calibration + measured)]
        return Prompts(texts[:calibration], texts[calibration:],
                       "random letters, the last resort: name a file of real prompts by --prompt-file")


def knows_captions(words: list[str]) -> bool:
    """Whether most words of the forge's captions are among a bundle's."""
    said = {word for text in captions(Split.TRAIN, 50, CALIBRATION_SEED)[1] for word in split_words(text) if word.isalpha()}
    return len(said & set(words)) > len(said) / 2


def captions(split: Split, count: int, seed: int) -> tuple[list[dict], list[str]]:
    """As `evaluate.Prompts` draws them."""
    rng = np.random.default_rng(seed)
    scenes = [sample_single(rng, split) for _ in range(count)]
    return [scene_record(scene) for scene in scenes], [full_caption(scene, rng) for scene in scenes]
