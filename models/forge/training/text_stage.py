"""Stage `text`: a small CLIP. The text tower learns what captions mean and is frozen afterwards, as the paper's is.

Three losses: contrastive between pictures and their captions (CLIP, arXiv 2103.00020), and the scene's attributes read
off the pooled text and off the picture. The attribute loss makes the text states carry which colour belongs to which
noun on which side, which a contrastive loss over small batches learns late.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from architecture import Preset, TextTower
from scenes import Split, sample_scene
from tokens import Tokenizer, learn

from . import checkpoint
from .attributes import AttributeHeads, attribute_loss, labels
from .picture_tower import JOINT, PIXELS, PictureTower
from .pool import Pool, record_caption, scene_record
from .run import Average, Clock, Losses, Machine, learning_rate

BATCH = 128
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
    return Tokenizer.read((folder / "vocab.json").read_text(), (folder / "merges.txt").read_text())


def prepare_tokenizer(folder: Path, preset: Preset, captions: list[str]) -> Tokenizer:
    """Learns the vocabulary once per run; later calls read it back."""
    if not (folder / "merges.txt").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in learn(captions, preset.text.vocabulary).files(preset.text.tokens).items():
            (folder / name).write_text(text)
    return load_tokenizer(folder)


def to_pictures(pixels: np.ndarray, machine: Machine) -> torch.Tensor:
    """(B, H, W, 3) uint8 → (B, 3, H, W) in [-1, 1] on the machine."""
    pictures = torch.from_numpy(np.ascontiguousarray(pixels)).to(machine.device).permute(0, 3, 1, 2)
    return (pictures.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def drawn_captions(count: int, seed: int) -> list[str]:
    from scenes import caption
    rng = np.random.default_rng(seed)
    return [caption(sample_scene(rng, Split.TRAIN), rng) for _ in range(count)]


def train(run: Path, pool_folder: Path, preset: Preset, minutes: float, machine: Machine, seed: int = 1) -> None:
    """Trains, or goes on training, until the stage's budget is spent; writes run/text."""
    torch.manual_seed(seed)
    pool = Pool(pool_folder, 256, Split.TRAIN)
    tokenizer = prepare_tokenizer(run / "tokenizer", preset, drawn_captions(20_000, seed))
    teacher, pictures = TextTeacher(preset).to(machine.device), machine.place(PictureTower())
    step, spent, samples = 0, 0.0, 0
    if checkpoint.exists(run / "text"):
        tensors, state = checkpoint.load(run / "text")
        checkpoint.load_into(teacher, checkpoint.part("text", tensors), run / "text")
        checkpoint.load_into(pictures, checkpoint.part("pictures", tensors), run / "text")
        step, spent, samples = state["step"], state["seconds"], state["samples"]
    clock = Clock(minutes, spent)
    module = nn.ModuleDict({"text": teacher, "pictures": pictures})
    average = Average(module, 0.998)
    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-3, betas=(0.9, 0.98), weight_decay=0.05, fused=True)
    losses = Losses(run / "logs/text.csv", 20)
    rng = np.random.default_rng([seed, step])
    while clock.progress() < 1:
        rate = learning_rate(step, clock.progress(), 1e-3, floor=0.02)
        for group in optimizer.param_groups:
            group["lr"] = rate
        alone = clock.progress() < TEXT_ONLY_SHARE or step % PICTURES_EVERY != 0
        if alone:
            records = [scene_record(sample_scene(rng, Split.TRAIN)) for _ in range(BATCH)]
        else:
            indices = rng.integers(len(pool), size=BATCH)
            records = [pool.records[int(index)] for index in indices]
        texts = [record_caption(record, rng) for record in records]
        ids = torch.tensor([tokenizer.encode(text, preset.text.tokens) for text in texts], device=machine.device)
        truth = {name: label.to(machine.device) for name, label in labels(records).items()}
        with machine.bf16():
            pooled = teacher.pooled(ids)
            text_attributes = teacher.attributes(pooled)
        loss_text = attribute_loss(text_attributes, truth)
        loss, parts = loss_text, {"text": loss_text.item()}
        if not alone:
            batch = augment(to_pictures(pool.batch(indices), machine), rng)
            with machine.bf16():
                features = pictures.features(batch)
                picture_attributes = pictures.attributes(features)
                left = F.normalize(teacher.joint(pooled).float(), dim=1)
                right = F.normalize(pictures.joint(features).float(), dim=1)
            similarity = teacher.log_scale.clamp(max=4.6).exp() * left @ right.T
            target = torch.arange(BATCH, device=machine.device)
            loss_clip = (F.cross_entropy(similarity, target) + F.cross_entropy(similarity.T, target)) / 2
            loss_picture = attribute_loss(picture_attributes, truth)
            loss = loss_text + loss_picture + 0.3 * loss_clip
            parts |= {"clip": loss_clip.item(), "picture": loss_picture.item()}
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()
        average.update(module)
        step, samples = step + 1, samples + BATCH
        if not alone:
            losses.add(step, BATCH, rate, **parts)
    checkpoint.save(run / "text", average.weights, {
        "stage": "text", "preset": preset.as_dict(), "step": step, "samples": samples, "seconds": clock.spent()})


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
