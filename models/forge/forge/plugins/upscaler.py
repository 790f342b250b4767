"""Stage `upscaler`: a network that doubles pictures, on composed pictures and the same at half their size.

Pictures are composed at a size where things are no larger than their sprites, so that edges are sharp. Half sizes are
means of 2 x 2 pixels, mostly; a share is reduced by another filter, went through JPEG, or through the run's autoencoder,
since those are the pictures that people enlarge. A tenth of the things is kept out of training, and measures it.

Loss: L1, and L1 of the gradients. Writes run/upscaler, and its graph to
run/upscalers.
"""

import io
import math
from collections import deque
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from forge.architecture import Preset
from forge.architecture.upscaler import SCALE, Upscaler, area_reduced, to_bytes
from forge.concepts import Corpus, Planner, assets
from forge.concepts.compose import Batch, Composer
from forge.concepts.landscapes import landscapes
from forge.concepts.plans import Plan
from forge.concepts.sprites import Sprites
from forge.export.upscaler import upscaler_graph
from forge.training import checkpoint
from forge.training.concept_stage import LANDSCAPES, load_vae
from forge.training.resumable import Resumable
from forge.training.run import Average, Clock, Losses, Machine, learning_rate
from forge.training.vae_stage import gradients

NETWORK = "upscalers/pocket-x2/model.onnx"  # in the run's folder
SIZE = 384  # pixels of a composed picture
CROP, BATCH = 96, 16  # pixels of the large crops
PLACES = 3  # to choose a crop from
TOGETHER, SHELF = 8, 320  # pictures composed at once, and kept to be cropped
EVERY = 10  # steps from one composing to the next
SHARES = {"area": 0.6, "bicubic": 0.15, "jpeg": 0.1, "autoencoder": 0.15}  # how pictures are reduced
PEAK, DECAY = 8e-4, 0.995
HELD_OUT_EVERY = 10  # one thing in so many is never trained on
MEASURED = 24


def is_held_out(plan: Plan) -> bool:
    return any(slot.thing % HELD_OUT_EVERY == HELD_OUT_EVERY - 3 for slot in plan.slots)


class Pictures:
    """Composed pictures (count, 3, SIZE, SIZE) in [0, 1], in 256 levels; held_out: all of which show a thing that others never do."""

    def __init__(self, folder: Path, rng: np.random.Generator, held_out: bool, machine: Machine):
        scenery = landscapes(LANDSCAPES)
        self.planner, self.held_out = Planner(Corpus(folder), scenery, rng), held_out
        self.composer = Composer(Sprites(folder), scenery, SIZE, machine.device)

    @torch.no_grad()
    def draw(self, count: int) -> Tensor:
        plans: list[Plan] = []
        while len(plans) < count:
            plan = self.planner.plan()
            if is_held_out(plan) == self.held_out:
                plans.append(plan)
        return to_bytes((self.composer(Batch.of(plans))[0] + 1) / 2)


class Reduced:
    """Pictures at half their size, in 256 levels, each in a way drawn from SHARES."""

    def __init__(self, vae: nn.Module, rng: np.random.Generator, machine: Machine):
        self.vae, self.rng, self.machine = vae, rng, machine

    @torch.no_grad()
    def __call__(self, pictures: Tensor) -> Tensor:
        small = to_bytes(area_reduced(pictures))
        ways = self.rng.choice(list(SHARES), len(pictures), p=list(SHARES.values()))
        for row, way in enumerate(ways):
            if way == "bicubic":
                small[row] = resampled(pictures[row], Image.Resampling.BICUBIC)
            elif way == "jpeg":
                small[row] = through_jpeg(small[row], int(self.rng.integers(60, 96)))
        rows = torch.from_numpy(np.flatnonzero(ways == "autoencoder"))
        if len(rows):
            with self.machine.mixed_precision():
                decoded = self.vae.decode(self.vae.encode(2 * small[rows] - 1).float()).float()
            small[rows] = to_bytes((decoded + 1) / 2)
        return small


def to_image(picture: Tensor) -> Image.Image:
    """(3, H, W) in [0, 1]."""
    return Image.fromarray((picture * 255).round().byte().permute(1, 2, 0).cpu().numpy())


def from_image(image: Image.Image, like: Tensor) -> Tensor:
    return torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1).to(like) / 255


def resampled(picture: Tensor, filter_: Image.Resampling, factor: float = 1 / SCALE) -> Tensor:
    """(3, H, W) in [0, 1] → the same at another size by one of Pillow's filters."""
    size = round(picture.shape[-1] * factor), round(picture.shape[-2] * factor)
    return from_image(to_image(picture).resize(size, filter_), picture)


def through_jpeg(picture: Tensor, quality: int) -> Tensor:
    buffer = io.BytesIO()
    to_image(picture).save(buffer, "JPEG", quality=quality)
    return from_image(Image.open(buffer), picture)


def psnr(made: Tensor, truth: Tensor) -> float:
    """Of pictures (B, 3, H, W) in [0, 1], in dB, from the squared error of all of them together: single ones with a plain
    ground and next to no edges would outweigh the others."""
    return -10 * math.log10(max(float((to_bytes(made) - truth).square().mean()), 1e-10))


@torch.no_grad()
def quality(network: nn.Module, pictures: Tensor) -> dict[str, float]:
    """PSNR in dB of `pictures` (B, 3, H, W) made from their area-reduced halves, in 256 levels: by the network, and by
    Pillow's Lanczos and bicubic filters."""
    small = to_bytes(area_reduced(pictures))
    made = torch.cat([network(each[None]).float() for each in small])
    return {"network": psnr(made, pictures)} | {
        name.lower(): psnr(torch.stack([resampled(each, Image.Resampling[name], SCALE) for each in small]), pictures)
        for name in ("LANCZOS", "BICUBIC")}


class UpscalerTraining:
    """One run of the stage; saved every few minutes and resumed from there."""

    def __init__(self, run: Path, folder: Path, preset: Preset, minutes: float, machine: Machine, seed: int):
        sprites = assets.check(folder)["sprites_sha256"]
        if not checkpoint.exists(run / "vae"):
            raise FileNotFoundError(f"stage `upscaler` learns from what an autoencoder decodes too, and {run} has none: "
                                    "`adopt --stages vae` gives it one")
        torch.manual_seed(seed)
        self.run, self.machine = run, machine
        self.network = machine.place(Upscaler())
        self.average = Average(self.network, DECAY)
        self.optimizer = torch.optim.AdamW(self.network.parameters(), lr=PEAK, betas=(0.9, 0.99), weight_decay=0.0, fused=True)
        self.resumable = Resumable(run / "upscaler-training", self.network, self.average, self.optimizer,
                                   {"sprites_sha256": sprites, "seed": seed})
        self.exam = Pictures(folder, np.random.default_rng([seed, 2**31]), True, machine).draw(MEASURED)
        state = self.resumable.resume() or {"step": 0, "seconds": 0.0}
        self.step = state["step"]
        self.clock = Clock(minutes, state["seconds"])
        self.losses = Losses(run / "logs/upscaler.csv", 100)
        self.rng = np.random.default_rng([seed, self.step])
        self.pictures = Pictures(folder, self.rng, False, machine)
        self.reduced = Reduced(load_vae(run, preset, machine), self.rng, machine)
        self.shelf: deque[tuple[Tensor, Tensor]] = deque(maxlen=SHELF // TOGETHER)

    def train(self) -> None:
        while self.clock.progress() < 1:
            self._step(self.clock.progress())
            if self.resumable.due():
                self.save()
        self.save()
        self.finish()

    def save(self) -> None:
        self.resumable.save({"step": self.step, "seconds": self.clock.spent()})

    def _crops(self) -> tuple[Tensor, Tensor]:
        """Small (BATCH, 3, CROP / 2, CROP / 2) and large, turned and mirrored at random."""
        if self.step % EVERY == 0 or not self.shelf:
            large = self.pictures.draw(TOGETHER)
            self.shelf.append((self.reduced(large), large))
        small, large = [], []
        for _ in range(BATCH):
            smalls, larges = self.shelf[int(self.rng.integers(len(self.shelf)))]
            row, (y, x) = self._place(smalls)
            turns, mirror = int(self.rng.integers(4)), bool(self.rng.integers(2))
            for kept, pictures, scale in ((small, smalls, 1), (large, larges, SCALE)):
                side = CROP // SCALE * scale
                crop = pictures[row, :, scale * y : scale * y + side, scale * x : scale * x + side].rot90(turns, (1, 2))
                kept.append(crop.flip(2) if mirror else crop)
        return torch.stack(small), torch.stack(large)

    def _place(self, smalls: Tensor) -> tuple[int, np.ndarray]:
        """Which picture, and where in it: of a few places the one with the most to see, since grounds are often plain."""
        side, best = CROP // SCALE, None
        for _ in range(PLACES):
            row, place = int(self.rng.integers(len(smalls))), self.rng.integers(smalls.shape[-1] - side + 1, size=2)
            seen = float(smalls[row, 1, place[0] : place[0] + side : 4, place[1] : place[1] + side : 4].var())
            if best is None or seen > best[0]:
                best = seen, row, place
        return best[1:]

    def _step(self, progress: float) -> None:
        rate = learning_rate(self.step, progress, PEAK, floor=0.02, decay_from=0.3)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        small, large = self._crops()
        with self.machine.mixed_precision():
            made = self.network(small.contiguous(memory_format=torch.channels_last))
        made = made.float()
        edges = sum((a - b).abs().mean() for a, b in zip(gradients(made), gradients(large)))
        loss = (made - large).abs().mean() + 0.3 * edges
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.average.update(self.network)
        self.step += 1
        error = float((made.detach() - large).square().mean())
        self.losses.add(self.step, BATCH, rate, loss=loss.item(), psnr=-10 * math.log10(max(error, 1e-10)))

    def finish(self) -> None:
        """Averages become the weights; measures, and writes run/upscaler, and the same as a server takes it."""
        self.network.load_state_dict(self.average.weights)
        found = {name: round(value, 2) for name, value in quality(self.network, self.exam).items()}
        print(f"{MEASURED} held-out pictures of {SIZE} px from their area-reduced halves, PSNR in dB: {found}")
        checkpoint.save(self.run / "upscaler", self.network.state_dict(),
                        self.resumable.wanted | {"step": self.step, "seconds": self.clock.spent(), "psnr": found})
        graph = self.run / NETWORK
        graph.parent.mkdir(parents=True, exist_ok=True)
        upscaler_graph(self.network.cpu(), half=False).save(graph, 1 << 30)
        print(f"{graph}: {graph.stat().st_size / 1e6:.2f} MB; the server finds it in models/upscalers")
