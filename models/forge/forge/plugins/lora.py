"""Stage `lora`: low-rank changes of the UNet that draws in one step, from a few pictures of one's own, or the example `neon`.

The loss is the denoiser's, of clean latents, from noise alone; a tenth of the pictures is seen at a later time, for what
begins from another picture. Everything but the changes is frozen. Writes run/lora/NAME.safetensors, as the server reads it.
"""

import hashlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from forge.architecture import Preset
from forge.architecture.variates import with_variates
from forge.concepts import assets
from forge.distillation.lora import LowRank
from forge.distillation.students import identity, load_unet
from forge.export import lora as file
from forge.training.concept_stage import EARLIER_STEPS
from forge.training.denoiser_stage import Frozen, flow_loss, sample_times
from forge.training.latents import channel_weights
from forge.training.resumable import Resumable
from forge.training.run import Average, Clock, Losses, Machine, learning_rate

from . import lora_examples

BATCH = 4
PEAK, DECAY = 2e-3, 0.98
LEFT_OUT = ("time", "text_pool", "variates", "query", "key", "find")  # what is where and which is no matter of style


def chosen(names: dict[str, str]) -> dict[str, str]:
    """Of the graph's layers those that a LoRA changes."""
    return {name: node for name, node in names.items() if not set(LEFT_OUT) & {part.rstrip("2") for part in name.split(".")}}


class LoraTraining:
    """One run of the stage; saved every few minutes and resumed from there."""

    def __init__(self, run: Path, folder: Path, preset: Preset, minutes: float, machine: Machine, seed: int, images: str,
                 rank: int, alpha: float):
        sprites = assets.check(folder)["sprites_sha256"] if images == lora_examples.NEON else ""
        lora_examples.check(images)
        torch.manual_seed(seed)
        self.run, self.machine, self.alpha = run, machine, alpha
        self.name = Path(images).name
        self.side = preset.pixels
        self.frozen = Frozen(run, preset, machine)
        unet = machine.place(load_unet(run, "denoiser", preset)[0])
        self.layers = chosen(file.layer_names(unet, preset))
        self.model = machine.place(LowRank(unet, rank, self.layers))
        self.trained = nn.ModuleDict({"down": self.model.down, "up": self.model.up})
        self.average = Average(self.trained, DECAY)
        self.optimizer = torch.optim.AdamW(self.trained.parameters(), lr=PEAK, betas=(0.9, 0.99), weight_decay=0.0, fused=True)
        self.examples = lora_examples.examples(images, folder, self.frozen, unet, self.side, seed)
        wanted = {"images": digest(self.examples), "sprites_sha256": sprites, "rank": rank, "alpha": alpha, "seed": seed,
                  "denoiser": identity(unet)}
        self.resumable = Resumable(run / f"lora-{self.name}-training", self.trained, self.average, self.optimizer, wanted)
        state = self.resumable.resume() or {"step": 0, "seconds": 0.0}
        self.step = state["step"]
        self.clock = Clock(minutes, state["seconds"])
        self.losses = Losses(run / f"logs/lora-{self.name}.csv", 50)
        self.rng = np.random.default_rng([seed, self.step])
        self.random = torch.Generator().manual_seed(seed * 1_000_003 + self.step)
        self.channels = channel_weights(self.frozen.vae, self.examples.latents[:4])

    @property
    def path(self) -> Path:
        return self.run / f"lora/{self.name}.safetensors"

    def train(self) -> None:
        while self.clock.progress() < 1:
            self._step(self.clock.progress())
            if self.resumable.due():
                self.save()
        self.save()
        print(f"{self.path}: {self.path.stat().st_size / 1e6:.2f} MB, {len(self.model.names)} layers; the server finds it in "
              "models/loras")

    def save(self) -> None:
        self.resumable.save({"step": self.step, "seconds": self.clock.spent()})
        now = {name: tensor.clone() for name, tensor in self.trained.state_dict().items()}
        self.trained.load_state_dict(self.average.weights)
        file.write(self.path, self.model.factors(), self.layers, self.alpha)
        self.trained.load_state_dict(now)

    def _batch(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Latents, coverage, states and noise."""
        examples = self.examples
        rows = self.rng.integers(len(examples.captions), size=BATCH)
        variates = examples.variates[rows, self.rng.integers(examples.variates.shape[1], size=BATCH)]
        clean = examples.latents[rows]
        noise = with_variates(torch.randn(clean.shape, generator=self.random), variates).to(clean.device)
        return clean, examples.coverage[rows], self.frozen.states([examples.captions[row] for row in rows]), noise

    def _step(self, progress: float) -> None:
        rate = learning_rate(self.step, progress, PEAK, warmup=50, decay_from=0.4)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        clean, coverage, states, noise = self._batch()
        later = torch.rand(BATCH, generator=self.random) < EARLIER_STEPS
        t = torch.where(later, sample_times(BATCH, self.side, self.random, False), 1.0).to(clean.device)
        mixed = torch.lerp(clean, noise, t[:, None, None, None]).contiguous(memory_format=torch.channels_last)
        with self.machine.mixed_precision():
            velocity = self.model(mixed, 1000 * t, states)
        drawn = mixed - t[:, None, None, None] * velocity.float()
        loss = flow_loss(drawn, clean, coverage, self.channels)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.trained.parameters(), 1.0)
        self.optimizer.step()
        self.average.update(self.trained)
        self.step += 1
        self.losses.add(self.step, BATCH, rate, loss=loss.item())


def digest(examples: lora_examples.Examples) -> str:
    """Which captions and how many pictures, so that a run does not go on with others."""
    return hashlib.sha256("\n".join(examples.captions).encode()).hexdigest()[:16]
