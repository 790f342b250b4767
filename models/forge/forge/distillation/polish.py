"""Stage `polish`: the decoder learns to make crisp pictures of what the denoiser draws; encoder and denoiser are frozen.

A picture's latents are noised a little and cleaned by one call of the run's last denoiser, so that they err as drawn ones
do and the picture they should become is still known. Losses against it: the autoencoder's own; the distance in feature
maps of the text stage's picture tower, which has seen no held-out combination and judges nothing; and a patch
discriminator, which also sees pictures drawn in one step from pure noise where the denoiser is made for that.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from forge.architecture import Preset, Vae
from forge.scenes import Split
from forge.stages import DENOISERS
from forge.training import checkpoint, vae_stage
from forge.training.denoiser_stage import Frozen
from forge.training.picture_tower import PictureTower
from forge.training.pool import Pool, data, record_caption
from forge.training.resumable import Resumable
from forge.training.run import Average, Clock, Losses, Machine, learning_rate
from forge.training.text_stage import to_pictures
from forge.training.vae_stage import NOISE, psnr, reconstruction_loss

from .losses import clean_estimate, noised
from .students import identity, latest, load_unet

PEAK, JUDGE_PEAK = 3e-4, 3e-4
PICTURES, CROPS, CELLS = 4, 4, 16  # pictures a step, crops of each, latent cells along a crop's edge
MOST_NOISE = 0.35
PERCEPTUAL, ADVERSARIAL, ADVERSARIAL_FROM = 0.1, 0.02, 0.2  # the last: share of the budget before it begins
SAMPLE = 12  # held-out pictures that "denoised" is measured on


class PatchJudge(nn.Module):
    """Logits over overlapping patches of about 30 pixels."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(3, 32, 4, stride=2, padding=1), nn.LeakyReLU(0.2),
            nn.Conv2d(32, 64, 4, stride=2, padding=1), nn.LeakyReLU(0.2),
            nn.Conv2d(64, 128, 3, padding=1), nn.LeakyReLU(0.2), nn.Conv2d(128, 1, 3, padding=1))

    def forward(self, pictures: Tensor) -> Tensor:
        return self.net(pictures)

    def levels(self, pictures: Tensor) -> tuple[list[Tensor], Tensor]:
        """The features behind each activation, and the logits."""
        kept: list[Tensor] = []
        for layer in self.net:
            pictures = layer(pictures)
            if isinstance(layer, nn.LeakyReLU):
                kept.append(pictures)
        return kept, pictures


def teach(judge: PatchJudge, optimizer: torch.optim.Optimizer, made: Tensor, real: Tensor, machine: Machine) -> dict[str, float]:
    """A step of the discriminator by the hinge loss; → that loss, and the share of patches that were taken for real."""
    with machine.mixed_precision():
        right, wrong = judge(real).float(), judge(made.detach()).float()
        loss = F.relu(1 - right).mean() + F.relu(1 + wrong).mean()
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return {"judge": loss.item(), "fooled": (wrong > 0).float().mean().item()}


def perceptual_loss(tower: PictureTower, output: Tensor, target: Tensor) -> Tensor:
    """Mean distance of the tower's feature maps after each of its levels; pictures (B, 3, 128, 128)."""
    losses, left, right = [], output, target
    for layer in tower.net:
        if isinstance(layer, nn.Flatten):
            break
        left = layer(left)
        with torch.no_grad():
            right = layer(right)
        if not isinstance(layer, (nn.Conv2d, nn.Hardswish)):
            losses.append((left - right).abs().mean() / right.abs().mean().clamp_min(1e-6))
    return torch.stack(losses).mean()


def crop(latents: Tensor, pictures: Tensor | None, rng: np.random.Generator) -> tuple[Tensor, Tensor | None]:
    """CROPS random corners of each: latents (B, 8, h, w) and the pictures (B, 3, 8h, 8w) behind them, if known."""
    small, large = [], []
    for row in range(len(latents)):
        for y, x in rng.integers(latents.shape[-1] - CELLS + 1, size=(CROPS, 2)):
            small.append(latents[row, :, y : y + CELLS, x : x + CELLS])
            if pictures is not None:
                large.append(pictures[row, :, 8 * y : 8 * (y + CELLS), 8 * x : 8 * (x + CELLS)])
    return torch.stack(small), torch.stack(large) if large else None


class Polish:
    """One run of the stage; saved every few minutes and resumed from there."""

    def __init__(self, run: Path, pool_folder: Path, preset: Preset, minutes: float, machine: Machine, seed: int):
        torch.manual_seed(seed)
        self.run, self.machine, self.stage = run, machine, latest(run)
        self.frozen = Frozen(run, preset, machine)
        self.vae: Vae = self.frozen.vae
        unet = load_unet(run, self.stage, preset)[0]
        self.unet = machine.place(unet)
        self.tower = machine.place(PictureTower()).eval().requires_grad_(False)
        checkpoint.load_into(self.tower, checkpoint.part("pictures", checkpoint.load(run / "text")[0]), run / "text")
        self.pool, self.held_out = (Pool(pool_folder, 512, split) for split in (Split.TRAIN, Split.HELD_OUT))
        self.decoder = self.vae.decoder.requires_grad_(True)
        self.module = nn.ModuleDict({"decoder": self.decoder, "judge": machine.place(PatchJudge())})
        self.average = Average(self.decoder, 0.998)
        self.optimizer = torch.optim.AdamW(
            [{"params": list(self.decoder.parameters()), "betas": (0.9, 0.99)},
             {"params": list(self.module["judge"].parameters()), "betas": (0.0, 0.99)}],
            lr=PEAK, weight_decay=0.0, fused=True)
        wanted = vae_stage.settings(preset, data(pool_folder), seed) | {
            "frozen": self.frozen.fingerprints(), "denoiser": identity(unet)}
        self.resumable = Resumable(run / "polish-training", self.module, self.average, self.optimizer, wanted)
        self.start = self.quality()
        state = self.resumable.resume() or {"step": 0, "seconds": 0.0, "start": self.start}
        self.step, self.start = state["step"], state["start"]
        self.clock = Clock(minutes, state["seconds"])
        self.losses = Losses(run / "logs/polish.csv", 20)
        self.rng = np.random.default_rng([seed, self.step])

    def train(self) -> None:
        while self.clock.progress() < 1:
            self._step(self.clock.progress())
            if self.resumable.due():
                self.resumable.save({"step": self.step, "seconds": self.clock.spent(), "start": self.start})
        self.finish()

    def _denoised(self, clean: Tensor, indices: np.ndarray, t: Tensor, seed: int) -> Tensor:
        """What one call of the denoiser makes of the latents noised to t (B,)."""
        prompts = [record_caption(self.pool.records[int(index)], self.rng) for index in indices]
        random = torch.Generator().manual_seed(seed)
        x = noised(clean, torch.randn(clean.shape, generator=random).to(clean.device), t)
        return self._estimate(x, t, self.frozen.states(prompts))

    @torch.no_grad()
    def _estimate(self, x: Tensor, t: Tensor, states: Tensor) -> Tensor:
        with self.machine.mixed_precision():
            velocity = self.unet(x, 1000 * t, states).float()
        return clean_estimate(x, velocity, t)

    def _step(self, progress: float) -> None:
        rate = learning_rate(self.step, progress, PEAK, warmup=50, floor=0.05, decay_from=0.3)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        indices = self.rng.integers(len(self.pool), size=PICTURES)
        pictures = to_pictures(self.pool.batch(indices), self.machine)
        with torch.no_grad(), self.machine.mixed_precision():
            clean = self.vae.encode(pictures).float()
        t = torch.from_numpy(self.rng.uniform(0, MOST_NOISE, PICTURES).astype(np.float32)).to(clean.device)
        drawn = self._denoised(clean, indices, t, int(self.rng.integers(2**40)))
        # Half of the pictures from their own latents, with the noise that the decoder was trained with.
        drawn[: PICTURES // 2] = clean[: PICTURES // 2] + NOISE * torch.randn_like(clean[: PICTURES // 2])
        latents, target = crop(drawn, pictures, self.rng)
        with self.machine.mixed_precision():
            output = self.vae.decode(latents).float()
            perceptual = perceptual_loss(self.tower, output, target)
        reconstruction = reconstruction_loss(output, target)
        loss, parts = reconstruction + PERCEPTUAL * perceptual.float(), {"judge": float("nan"), "fooled": float("nan")}
        if progress >= ADVERSARIAL_FROM:
            made = torch.cat([output, self._from_noise(indices)]) if DENOISERS[self.stage].steps == 1 else output
            adversarial, parts = self._adversarial(made, target)
            loss = loss + ADVERSARIAL * adversarial
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        for weight in self.module["judge"].parameters():
            weight.grad = None
        nn.utils.clip_grad_norm_(self.decoder.parameters(), 1.0)
        self.optimizer.step()
        self.average.update(self.decoder)
        self.step += 1
        self.losses.add(self.step, len(latents), rate, loss=reconstruction.item(), perceptual=perceptual.item(),
                        psnr=psnr(output.detach(), target), **parts)

    def _from_noise(self, indices: np.ndarray) -> Tensor:
        """Crops of two pictures that were drawn in one step, decoded."""
        half = indices[:2]
        cells = self.pool.size // 8
        noise = torch.from_numpy(self.rng.standard_normal(
            (len(half), self.vae.config.latent_channels, cells, cells), np.float32)).to(self.machine.device)
        drawn = self._denoised(noise, half, torch.ones(len(half), device=noise.device), int(self.rng.integers(2**40)))
        latents, _ = crop(drawn, None, self.rng)
        with self.machine.mixed_precision():
            return self.vae.decode(latents).float()

    def _adversarial(self, made: Tensor, real: Tensor) -> tuple[Tensor, dict[str, float]]:
        """Teaches the patch discriminator (hinge loss); → the decoder's loss before it."""
        judge = self.module["judge"]
        told = teach(judge, self.optimizer, made, real, self.machine)
        with self.machine.mixed_precision():
            fooled = -judge(made).float().mean()
        return fooled, told

    @torch.no_grad()
    def quality(self) -> dict[str, float]:
        """PSNR in dB of held-out pictures at 512 px: from their own latents, and from latents noised to t = 0.2 and cleaned
        by the denoiser; and the latter's perceptual distance."""
        total = {"denoised_psnr": 0.0, "perceptual": 0.0}
        count = min(SAMPLE, len(self.held_out))
        for index in range(count):
            target = to_pictures(self.held_out.batch(np.array([index])), self.machine)
            with self.machine.mixed_precision():
                clean = self.vae.encode(target).float()
            noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(index)).to(clean.device)
            t = torch.full((1,), 0.2, device=clean.device)
            prompt = record_caption(self.held_out.records[index], np.random.default_rng(index))
            output = self.vae.decode(self._estimate(noised(clean, noise, t), t, self.frozen.states([prompt]))).float()
            total["denoised_psnr"] += psnr(output, target) / count
            small, smaller = (F.avg_pool2d(each, 4) for each in (output, target))
            total["perceptual"] += float(perceptual_loss(self.tower, small, smaller)) / count
        return {"psnr_512": vae_stage.measure(self.vae, self.held_out, self.machine)} | total

    def finish(self) -> None:
        """Averages become the decoder; measures, writes run/vae and removes what only a stopped run needs."""
        self.decoder.load_state_dict(self.average.weights)
        write_polished(self.run, self.vae, self.stage, self.clock.spent() / 60, self.start, self.quality())
        checkpoint.remove(self.resumable.folder)


def write_polished(run: Path, vae: Vae, stage: str, minutes: float, before: dict[str, float], now: dict[str, float]) -> None:
    """Tells what the polish changed and writes run/vae with an entry in its history; stage: whose drawings it learned from."""
    for name, value in now.items():
        print(f"{name}: {before[name]:.3f} before, {value:.3f} now")
    state = checkpoint.read_state(run / "vae")
    entry = {"minutes": round(minutes, 1), "decoder_only": True, "polished_on": stage, "before": before} | now
    kept = {key: state[key] for key in state if key != "shards"} | {"history": [*state["history"], entry]}
    checkpoint.save(run / "vae", vae.state_dict(), kept)
