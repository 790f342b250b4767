"""Stage `text`: a small CLIP. The text tower learns what captions mean and is frozen afterwards, as the paper's is.

Three losses: contrastive between pictures and their captions (CLIP, arXiv 2103.00020), and the scene's attributes read
off the pooled text and off the picture. The attribute loss makes the text states carry which colour belongs to which
noun on which side, which a contrastive loss over small batches learns late.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from forge.architecture import Preset, TextTower
from forge.scenes import Split, sample_scene
from forge.tokens import Tokenizer, learn

from . import checkpoint
from .attributes import AttributeHeads, attribute_loss, labels
from .picture_tower import JOINT, PIXELS, PictureTower
from .pool import Pool, record_caption, scene_record
from .resumable import Resumable
from .run import Average, Clock, Losses, Machine, learning_rate
from .settings import check

BATCH, PEAK = 128, 1e-3
CAPTIONS = 20_000  # that the vocabulary is learned from
TEXT_ONLY_SHARE = 0.25  # of the budget, before pictures join
PICTURES_EVERY = 4  # steps afterwards: a picture costs three times what its caption does


class TextTeacher(nn.Module):
    """The text tower with what trains it."""

    def __init__(self, preset: Preset):
        super().__init__()
        self.tower = TextTower(preset.text)
        self.attributes = AttributeHeads(preset.text.width)
        self.joint = nn.Linear(preset.text.width, JOINT, bias=False)
        self.log_scale = nn.Parameter(torch.tensor(2.66))

    def pooled(self, ids: torch.Tensor) -> torch.Tensor:
        return self.tower(ids).mean(dim=1)


def load_tokenizer(folder: Path) -> Tokenizer:
    """FileNotFoundError names a missing file, ValueError a damaged one."""
    files = folder / "vocab.json", folder / "merges.txt"
    for file in files:
        if not file.exists():
            raise FileNotFoundError(f"no {file}: stage `text` makes it")
    try:
        return Tokenizer.read(*(file.read_text(encoding="utf-8") for file in files))
    except (ValueError, AttributeError) as error:
        raise ValueError(f"{folder} holds no tokenizer that can be read: {error}") from error


def read_tokenizer(folder: Path, preset: Preset) -> Tokenizer:
    """The run's tokenizer; ValueError names the folder when its vocabulary has another size than the preset's."""
    tokenizer = load_tokenizer(folder)
    if len(tokenizer.vocabulary) != preset.text.vocabulary:
        raise ValueError(f"{folder} has {len(tokenizer.vocabulary)} tokens, preset {preset.name} wants "
                         f"{preset.text.vocabulary}: give the same preset, or another folder with --run")
    return tokenizer


def prepare_tokenizer(folder: Path, preset: Preset, captions: Callable[[], list[str]]) -> Tokenizer:
    """Learns the vocabulary once per run; later calls read it back."""
    if not (folder / "merges.txt").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in learn(captions(), preset.text.vocabulary).files(preset.text.tokens).items():
            (folder / name).write_text(text, encoding="utf-8")
    return read_tokenizer(folder, preset)


def to_pictures(pixels: np.ndarray, machine: Machine) -> torch.Tensor:
    """(B, H, W, 3) uint8 → (B, 3, H, W) in [-1, 1] on the machine."""
    pictures = torch.from_numpy(np.ascontiguousarray(pixels)).to(machine.device).permute(0, 3, 1, 2)
    return (pictures.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def drawn_captions(count: int, seed: int) -> list[str]:
    from forge.scenes import caption
    rng = np.random.default_rng(seed)
    return [caption(sample_scene(rng, Split.TRAIN), rng) for _ in range(count)]


def contrastive_loss(similarity: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    """CLIP's loss in both directions; captions that are the same share what is right.

    similarity (B, B), a row per caption and a column per picture; ids (B, tokens).
    """
    same = (ids[:, None] == ids[None]).all(dim=2).float()
    target = same / same.sum(dim=1, keepdim=True)
    return (F.cross_entropy(similarity, target) + F.cross_entropy(similarity.T, target)) / 2


class TextTraining:
    """One run of the stage. With one's own pictures, whose attributes nobody knows, the loss is contrastive alone."""

    def __init__(self, run: Path, pool_folder: Path, preset: Preset, minutes: float, machine: Machine, seed: int):
        torch.manual_seed(seed)
        self.run, self.preset, self.machine, self.seed = run, preset, machine, seed
        self.pool = Pool(pool_folder, 256, Split.TRAIN)
        self.own = self.pool.data == "own"
        wanted = settings(preset, self.pool.data, seed)
        self.teacher, self.pictures = TextTeacher(preset).to(machine.device), machine.place(PictureTower())
        self.module = nn.ModuleDict({"text": self.teacher, "pictures": self.pictures})
        self.step, self.samples, spent = 0, 0, 0.0
        if checkpoint.exists(run / "text"):
            tensors, state = checkpoint.load(run / "text")
            check(run / "text", state, wanted)
            checkpoint.load_into(self.module, tensors, run / "text")
            self.step, self.samples, spent = state["step"], state["samples"], state["seconds"]
        self.average = Average(self.module, 0.998)
        self.optimizer = torch.optim.AdamW(
            self.module.parameters(), lr=PEAK, betas=(0.9, 0.98), weight_decay=0.05, fused=True)
        self.resumable = Resumable(run / "text-training", self.module, self.average, self.optimizer, wanted)
        state = self.resumable.resume(least=self.step)
        if state:
            self.step, self.samples, spent = state["step"], state["samples"], state["seconds"]
        self.tokenizer = prepare_tokenizer(run / "tokenizer", preset, self._captions)
        self.clock = Clock(minutes, spent)
        self.losses = Losses(run / "logs/text.csv", 20)
        self.rng = np.random.default_rng([seed, self.step])

    def _captions(self) -> list[str]:
        if self.own:
            return [caption for record in self.pool.records for caption in record["captions"]]
        return drawn_captions(CAPTIONS, self.seed)

    def train(self) -> None:
        while self.clock.progress() < 1:
            self._step(self.clock.progress())
            if self.resumable.due():
                self.save()
        self.save()

    def save(self) -> None:
        state = {"stage": "text", "preset": self.preset.as_dict(), "step": self.step, "samples": self.samples,
                 "seconds": self.clock.spent()}
        self.resumable.save(state)
        checkpoint.save(self.run / "text", self.average.weights, self.resumable.wanted | state)

    def _step(self, progress: float) -> None:
        rate = learning_rate(self.step, progress, PEAK, floor=0.02)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        alone = not self.own and (progress < TEXT_ONLY_SHARE or self.step % PICTURES_EVERY != 0)
        loss, parts, batch = self._captions_alone() if alone else self._captions_and_pictures()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.module.parameters(), 1.0)
        self.optimizer.step()
        self.average.update(self.module)
        self.step, self.samples = self.step + 1, self.samples + batch
        if not alone:
            self.losses.add(self.step, batch, rate, **parts)

    def _encode(self, records: list[dict]) -> tuple[torch.Tensor, torch.Tensor]:
        """Token ids (B, tokens) of a caption per record, and the tower's pooled states (B, width)."""
        texts = [record_caption(record, self.rng) for record in records]
        ids = torch.tensor([self.tokenizer.encode(text, self.preset.text.tokens) for text in texts],
                           device=self.machine.device)
        with self.machine.mixed_precision():
            return ids, self.teacher.pooled(ids)

    def _truth(self, records: list[dict]) -> dict[str, torch.Tensor]:
        return {name: label.to(self.machine.device) for name, label in labels(records).items()}

    def _captions_alone(self) -> tuple[torch.Tensor, dict[str, float], int]:
        records = [scene_record(sample_scene(self.rng, Split.TRAIN)) for _ in range(BATCH)]
        _, pooled = self._encode(records)
        with self.machine.mixed_precision():
            attributes = self.teacher.attributes(pooled)
        return attribute_loss(attributes, self._truth(records)), {}, BATCH

    def _captions_and_pictures(self) -> tuple[torch.Tensor, dict[str, float], int]:
        if self.own:  # a picture never meets itself, which contrast would take for another
            indices = self.rng.choice(len(self.pool), min(BATCH, len(self.pool)), replace=False)
        else:
            indices = self.rng.integers(len(self.pool), size=BATCH)
        records = [self.pool.records[int(index)] for index in indices]
        ids, pooled = self._encode(records)
        batch = augment(to_pictures(self.pool.batch(indices), self.machine), self.rng)
        with self.machine.mixed_precision():
            features = self.pictures.features(batch)
            left = F.normalize(self.teacher.joint(pooled).float(), dim=1)
            right = F.normalize(self.pictures.joint(features).float(), dim=1)
        contrast = contrastive_loss(self.teacher.log_scale.clamp(max=4.6).exp() * left @ right.T, ids)
        if self.own:
            return contrast, {"clip": contrast.item()}, len(indices)
        truth = self._truth(records)
        with self.machine.mixed_precision():
            from_text, from_picture = self.teacher.attributes(pooled), self.pictures.attributes(features)
        text, picture = attribute_loss(from_text, truth), attribute_loss(from_picture, truth)
        return text + picture + 0.3 * contrast, {
            "text": text.item(), "clip": contrast.item(), "picture": picture.item()}, BATCH


def settings(preset: Preset, data: str, seed: int) -> dict:
    """What a run that goes on must have in common with the checkpoint."""
    return {"preset": {"text": preset.as_dict()["text"]}, "data": data, "seed": seed}


def augment(pictures: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Blur, noise and a change of contrast, so that the tower also reads pictures that a model drew.

    (B, 3, 256, 256) → (B, 3, 128, 128), in about [-1, 1].
    """
    pictures = F.avg_pool2d(pictures, pictures.shape[-1] // PIXELS)
    choice = rng.random()
    if choice < 0.3:
        small = F.avg_pool2d(pictures, 2)
        pictures = F.interpolate(small, scale_factor=2.0, mode="bilinear")
    if choice > 0.6:
        pictures = pictures + torch.randn_like(pictures) * float(rng.uniform(0, 0.08))
    return pictures * float(rng.uniform(0.9, 1.1)) + float(rng.uniform(-0.05, 0.05))
