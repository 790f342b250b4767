"""What a bundle changed beside the one that it was made of: size, pictures, outputs, time, memory, obedience."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .drawing import Painter
from .folder import ENCODER, network_bytes, networks
from .judge import Judge
from .prompts import Prompts

NOISE_SEED = 1000  # of the first picture, as `evaluate` has it
IDENTICAL_DB = 150.0  # said of what does not differ at all
ROUNDS = 7


@dataclass(frozen=True)
class Settings:
    threads: int
    steps: int | None = None
    guidance: float | None = None
    seeds: int = 1  # pictures of each prompt
    judge: Judge | None = None
    rounds: int = ROUNDS


def psnr(left: np.ndarray, right: np.ndarray) -> float:
    """Of two pictures uint8, in dB; at most IDENTICAL_DB."""
    error = np.square(left.astype(np.float64) - right).mean()
    return min(IDENTICAL_DB, float(10 * np.log10(255**2 / error))) if error else IDENTICAL_DB


def signal_to_noise(expected: np.ndarray, found: np.ndarray) -> float:
    """Power of the expected values over that of the difference, in dB; at most IDENTICAL_DB, least where not finite."""
    if not np.isfinite(found).all():
        return -IDENTICAL_DB
    error = np.square(expected.astype(np.float64) - found).mean()
    signal = np.square(expected.astype(np.float64)).mean()
    return min(IDENTICAL_DB, float(10 * np.log10(signal / error))) if error and signal else IDENTICAL_DB


class Source:
    """The bundle that others are measured against: its pictures, and its networks' inputs along the way."""

    def __init__(self, folder: Path, prompts: Prompts, settings: Settings):
        self.folder, self.prompts, self.settings = folder, prompts, settings
        self.painter = Painter(folder, settings.threads, settings.steps, settings.guidance)
        self.seen: dict[str, list[dict[str, np.ndarray]]] = {name: [] for name in networks(folder)}
        self.painter.watch = lambda network, inputs: self.seen[network].append(inputs)
        self.pictures = draw(self.painter, prompts, settings.seeds)
        if ENCODER in self.seen:
            for picture in self.pictures:
                self.painter.latents(picture)
        self.painter.watch = None

    def feeds(self, network: str, count: int = 8) -> list[dict[str, np.ndarray]]:
        """Inputs spread over all calls that the pictures took."""
        every = self.seen[network]
        return [every[int(index)] for index in np.linspace(0, len(every) - 1, min(count, len(every)))]


def draw(painter: Painter, prompts: Prompts, seeds: int) -> np.ndarray:
    """(prompts * seeds, H, W, 3) uint8; picture i starts from the noise of NOISE_SEED + i."""
    texts = [text for text in prompts.measured for _ in range(seeds)]
    return np.stack([painter.picture(painter.tokenizer.encode(text, painter.tokens), NOISE_SEED + index)
                     for index, text in enumerate(texts)])


def compare(source: Source, folder: Path) -> dict:
    """The report of one bundle."""
    settings, painter = source.settings, Painter(folder, source.settings.threads, source.painter.steps, source.painter.guidance)
    pictures = draw(painter, source.prompts, settings.seeds)
    noises = [psnr(*pair) for pair in zip(source.pictures, pictures)]
    report = {
        "prompts": len(source.prompts.measured), "seeds": settings.seeds, "prompts_from": source.prompts.source,
        "steps": painter.steps, "guidance": painter.guidance, "threads": settings.threads,
        "psnr_db": {"mean": round(float(np.mean(noises)), 2), "worst": round(min(noises), 2)},
        "networks": {name: compare_network(source, painter, name) for name in networks(source.folder)}}
    if sys.platform == "linux":
        cells = painter.unet_config["sample_size"]
        report["resident_mb"] = {"source": resident(source.folder, settings.threads, cells),
                                 "this": resident(folder, settings.threads, cells)}
    if settings.judge and source.prompts.records:
        records = [record for record in source.prompts.records for _ in range(settings.seeds)]
        report["obedience"] = {"source": settings.judge.obedience(source.pictures, records),
                               "this": settings.judge.obedience(pictures, records)}
    return report


def compare_network(source: Source, painter: Painter, name: str) -> dict[str, float]:
    """Size, the worst output on inputs of the source's pictures, and time: calls of both in turns, medians of each. Every
    timed call follows one that is not, during which the threads of the other bundle stop spinning."""
    feeds = source.feeds(name)
    signal = min(signal_to_noise(source.painter.call(name, **feed), painter.call(name, **feed)) for feed in feeds)
    times = {source.painter: [], painter: []}
    for _ in range(source.settings.rounds):
        for each, spent in times.items():
            each.call(name, **feeds[0])
            begin = time.perf_counter()
            each.call(name, **feeds[0])
            spent.append(time.perf_counter() - begin)
    before, after = (1000 * float(np.median(spent)) for spent in times.values())
    return {"source_mb": round(network_bytes(source.folder, name) / 1e6, 2),
            "mb": round(network_bytes(painter.folder, name) / 1e6, 2), "snr_db": round(signal, 2),
            "source_ms": round(before, 2), "ms": round(after, 2), "time_ratio": round(after / before, 3)}


def resident(folder: Path, threads: int, cells: int) -> float:
    """Megabytes that a process of its own holds more once it has run every network, with the system's own allocator
    (the forge's keeps what was freed)."""
    script = Path(__file__).with_name("resident.py")
    said = subprocess.run([sys.executable, str(script), str(folder), str(threads), str(cells)], capture_output=True,
                          text=True, env={name: value for name, value in os.environ.items() if name != "GLIBC_TUNABLES"})
    if said.returncode:
        raise OSError(f"measuring the memory of {folder} failed: {said.stderr.strip().splitlines()[-1]}")
    before, after = map(float, said.stdout.split())
    return round(after - before, 1)
