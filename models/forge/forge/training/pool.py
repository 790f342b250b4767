"""A pool of captioned pictures on disk: what every training stage draws its batches from.

A pool is a folder of shards; a shard holds up to a few hundred pictures of one size:

    256-train-00003/pixels.npy   (N, 256, 256, 3) uint8
                    masks.npy    (N, 2, 32, 32) uint8, coverage of each subject per 8x8 cell
                    records.json N records: a scene's attributes, or {"captions": [...]} for one's own pictures

Imported pictures (`sources.py`) lie in shards called 256-train-own-..., in a pool of their own, with masks of zeros.
Shards appear by rename, so readers only ever see whole ones and a pool can grow while training reads it.
"""

import json
import os
import shutil
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

import numpy as np

from forge.scenes import Scene, Split, Subject, caption, draw, sample_scene

SUBJECTS = 2
SHARD = 250
SPLIT_SEED = {Split.TRAIN: 0, Split.HELD_OUT: 1, Split.ANY: 2}


def data(folder: Path) -> str:
    """What the pool holds: "own" for imported pictures, else "drawn"; never both."""
    return "own" if any(folder.glob("*-own-*")) else "drawn"


def scene_record(scene: Scene) -> dict:
    return asdict(scene)


def record_scene(record: dict) -> Scene:
    subjects = tuple(Subject(**subject) for subject in record["subjects"])
    return Scene(record["place"], record["time"], tuple(record["sky"]), subjects, record["seed"])


def record_caption(record: dict, rng: np.random.Generator) -> str:
    """A caption for the record: a new one each time for a scene, a random one of the given for one's own picture."""
    if "captions" in record:
        return record["captions"][int(rng.integers(len(record["captions"])))]
    return caption(record_scene(record), rng)


def draw_shard(folder: Path, size: int, split: Split, index: int, count: int = SHARD) -> Path:
    """Draws shard `index`; its scenes follow from (split, size, index) alone, so a pool is the same everywhere."""
    name = f"{size}-{split.name.lower()}-{index:05d}"
    target = folder / name
    if target.exists():
        return target
    rng = np.random.default_rng([size, index, SPLIT_SEED[split]])
    pixels = np.empty((count, size, size, 3), np.uint8)
    masks = np.zeros((count, SUBJECTS, size // 8, size // 8), np.uint8)
    records = []
    for position in range(count):
        scene = sample_scene(rng, split)
        drawing = draw(scene, size)
        pixels[position] = drawing.pixels
        masks[position, : len(drawing.mask)] = drawing.mask
        records.append(scene_record(scene))
    write_shard(target, pixels, masks, records)
    return target


def write_shard(target: Path, pixels: np.ndarray, masks: np.ndarray, records: list[dict]) -> None:
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    np.save(partial / "pixels.npy", pixels)
    np.save(partial / "masks.npy", masks)
    (partial / "records.json").write_text(json.dumps(records))
    partial.rename(target)


def fill(folder: Path, size: int, split: Split, pictures: int, workers: int) -> None:
    """Draws until the pool holds `pictures` of this size and split; with 0 workers in this process."""
    if data(folder) == "own":
        raise ValueError(f"{folder} holds imported pictures: draw into another folder with --pool")
    folder.mkdir(parents=True, exist_ok=True)
    indices = range(-(-pictures // SHARD))
    if workers == 0:
        for index in indices:
            draw_shard(folder, size, split, index)
        return
    with ProcessPoolExecutor(workers) as executor:
        for future in [executor.submit(draw_shard, folder, size, split, index) for index in indices]:
            future.result()


class Pool:
    """The pictures of one size and split that a pool's folder holds now."""

    def __init__(self, folder: Path, size: int, split: Split):
        prefix = f"{size}-{split.name.lower()}-"
        shards = sorted(path for path in folder.glob(prefix + "*"))
        if not shards:
            raise FileNotFoundError(f"{folder} holds no shard {prefix}*: run `draw` or `import` first")
        self.folder, self.prefix, self.size, self.data = folder, prefix, size, data(folder)
        self.shards = [np.load(path / "pixels.npy", mmap_mode="r") for path in shards]
        self.masks = np.concatenate([np.load(path / "masks.npy") for path in shards])
        self.records = [record for path in shards for record in json.loads((path / "records.json").read_text())]
        self.starts = np.cumsum([0] + [len(shard) for shard in self.shards])
        self.identity = [(path.name, (path / "pixels.npy").stat().st_mtime_ns) for path in shards]

    def __len__(self) -> int:
        return len(self.records)

    def pixels(self, index: int) -> np.ndarray:
        """(size, size, 3) uint8."""
        shard = int(np.searchsorted(self.starts, index, side="right")) - 1
        return self.shards[shard][index - self.starts[shard]]

    def batch(self, indices: np.ndarray) -> np.ndarray:
        """(len(indices), size, size, 3) uint8."""
        return np.stack([self.pixels(int(index)) for index in indices])
