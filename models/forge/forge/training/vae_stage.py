"""Stage `vae`: the autoencoder, by reconstruction. The encoder is frozen when the denoiser starts; the decoder can go
on training alone (`decoder_only`) whenever there is time, because latents stay what they are.

Loss: L1 + 2 MSE + 0.7 L1 of the gradients, on crops; noise on the latents in training makes the decoder forgiving
towards latents that the denoiser draws.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from forge.architecture import Preset, Vae
from forge.scenes import Split

from . import checkpoint
from .pool import Pool
from .resumable import Resumable
from .run import Average, Clock, Losses, Machine, learning_rate
from .settings import check
from .text_stage import to_pictures

CROP, BATCH = 128, 16
NOISE = 0.05  # standard deviation on standardised latents


def gradients(picture: Tensor) -> tuple[Tensor, Tensor]:
    return picture[..., 1:, :] - picture[..., :-1, :], picture[..., :, 1:] - picture[..., :, :-1]


def reconstruction_loss(output: Tensor, target: Tensor) -> Tensor:
    """Both (B, 3, H, W), fp32."""
    difference = output - target
    edges = sum((a - b).abs().mean() for a, b in zip(gradients(output), gradients(target)))
    return difference.abs().mean() + 2 * difference.square().mean() + 0.7 * edges


def psnr(output: Tensor, target: Tensor) -> float:
    """Of pictures in [-1, 1], in dB, averaged over pictures."""
    error = (output.clamp(-1, 1) - target).square().mean(dim=(1, 2, 3)) / 4
    return float((-10 * torch.log10(error.clamp_min(1e-10))).mean())


def crops(pools: list[Pool], rng: np.random.Generator) -> np.ndarray:
    """(BATCH, CROP, CROP, 3) uint8: random corners of random pictures, one size of picture per batch."""
    pool = pools[int(rng.integers(len(pools)))]
    batch = np.empty((BATCH, CROP, CROP, 3), np.uint8)
    for row in range(BATCH):
        y, x = rng.integers(pool.size - CROP + 1, size=2)
        batch[row] = pool.pixels(int(rng.integers(len(pool))))[y : y + CROP, x : x + CROP]
    return batch


@torch.no_grad()
def standardise(vae: Vae, pool: Pool, machine: Machine) -> None:
    """Measures the mean and deviation of each latent channel over the first 64 pictures."""
    indices = np.arange(min(64, len(pool)))
    latents = torch.cat([vae.encoder(to_pictures(pool.batch(part), machine))
                         for part in np.array_split(indices, -(-len(indices) // 8))])
    vae.mean.copy_(latents.mean(dim=(0, 2, 3)))
    vae.deviation.copy_(latents.std(dim=(0, 2, 3)).clamp_min(1e-3))  # flat pictures leave channels without use


@torch.no_grad()
def measure(vae: Vae, pool: Pool, machine: Machine, pictures: int = 24) -> float:
    """Reconstruction PSNR in dB over the first pictures of the pool, fp32."""
    pictures, total = min(pictures, len(pool)), 0.0
    for index in range(pictures):
        target = to_pictures(pool.batch(np.array([index])), machine)
        total += psnr(vae.decode(vae.encode(target)), target)
    return total / pictures


class VaeTraining:
    """One run of the stage: the whole autoencoder, or its decoder alone.

    A run that was stopped is gone on with from `run/vae-training`, which a finished one removes; every further run has
    a budget of its own and starts from the finished weights.
    """

    def __init__(self, run: Path, pool_folder: Path, preset: Preset, minutes: float, machine: Machine, seed: int,
                 decoder_only: bool, peak: float):
        torch.manual_seed(seed)
        self.run, self.preset, self.machine, self.decoder_only, self.peak = run, preset, machine, decoder_only, peak
        self.pools = [Pool(pool_folder, size, Split.TRAIN) for size in (512, 512, 256)]
        self.held_out = Pool(pool_folder, 512, Split.HELD_OUT)
        wanted = settings(preset, self.pools[0].data, seed)
        self.vae = machine.place(Vae(preset.vae))
        self.step, self.samples, self.history = 0, 0, []
        self._start(wanted, seed)
        self.first = self.step
        self.trained = self.vae.decoder if decoder_only else self.vae
        self.average = Average(self.vae, 0.998)
        self.optimizer = torch.optim.AdamW(
            self.trained.parameters(), lr=peak, betas=(0.9, 0.99), weight_decay=0.0, fused=True)
        self.resumable = Resumable(run / "vae-training", self.vae, self.average, self.optimizer, wanted)
        spent = self._resume()
        self.clock = Clock(minutes, spent)
        self.losses = Losses(run / "logs/vae.csv", 100)
        self.rng = np.random.default_rng([seed, self.step])

    def _start(self, wanted: dict, seed: int) -> None:
        """From the finished weights, else from the principal components of the pictures' patches."""
        folder = self.run / "vae"
        if checkpoint.exists(folder):
            tensors, state = checkpoint.load(folder)
            check(folder, state, wanted)
            checkpoint.load_into(self.vae, tensors, folder)
            self.step, self.samples, self.history = state["step"], state["samples"], state["history"]
        elif self.decoder_only:
            raise FileNotFoundError(f"no checkpoint at {folder}: train the whole autoencoder first (stage `vae`)")
        elif self.preset.vae.form == "patches":
            rng = np.random.default_rng(seed)
            start = to_pictures(np.concatenate([crops(self.pools, rng) for _ in range(40)]), self.machine)
            print(f"8 principal components keep {self.vae.start_from_patches(start):.2%} of the patches' variance")

    def _resume(self) -> float:
        state = self.resumable.resume(least=self.step + 1)
        if state is None:
            return 0.0
        if state["decoder_only"] != self.decoder_only:
            stage = "decoder" if state["decoder_only"] else "vae"
            raise ValueError(f"{self.resumable.folder} is a stage `{stage}` that was stopped: finish that first")
        self.step, self.samples, self.first = state["step"], state["samples"], state["first"]
        self.average.steps = self.step - self.first
        return state["seconds"]

    def train(self) -> None:
        encode, decode = self.machine.compile(self.vae.encoder), self.machine.compile(self.vae.decoder)
        while self.clock.progress() < 1:
            self._step(encode, decode)
            if self.resumable.due():
                self.save()
        self.finish()

    def _state(self) -> dict:
        return {"stage": "vae", "preset": self.preset.as_dict(), "step": self.step, "samples": self.samples,
                "history": self.history}

    def save(self) -> None:
        self.resumable.save(self._state() | {
            "decoder_only": self.decoder_only, "first": self.first, "seconds": self.clock.spent()})

    def _step(self, encode: nn.Module, decode: nn.Module) -> None:
        rate = learning_rate(self.step - self.first, self.clock.progress(), self.peak, floor=0.02, decay_from=0.3)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        target = to_pictures(crops(self.pools, self.rng), self.machine)
        with torch.set_grad_enabled(not self.decoder_only), self.machine.mixed_precision():
            latents = encode(target).float()
        noise = torch.randn_like(latents) * latents.detach().std(dim=(0, 2, 3), keepdim=True) * NOISE
        with self.machine.mixed_precision():
            output = decode(latents + noise)
        loss = reconstruction_loss(output.float(), target)
        if not self.decoder_only:
            # Keeps every channel's spread near 1, which principal components start with.
            loss = loss + 1e-3 * (latents.std(dim=(0, 2, 3)) - 1).square().mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.trained.parameters(), 1.0)
        self.optimizer.step()
        self.average.update(self.vae)
        self.step, self.samples = self.step + 1, self.samples + BATCH
        self.losses.add(self.step, BATCH, rate, loss=loss.item(), psnr=psnr(output.detach().float(), target))

    def finish(self) -> None:
        """Averages become the weights; measures, writes run/vae and removes what only a stopped run needs."""
        self.vae.load_state_dict(self.average.weights)
        if not self.decoder_only:
            standardise(self.vae, self.pools[0], self.machine)
        quality = measure(self.vae, self.held_out, self.machine)
        self.history.append({
            "minutes": round(self.clock.spent() / 60, 1), "decoder_only": self.decoder_only, "psnr_512": quality})
        print(f"held-out reconstruction at 512 px: {quality:.2f} dB")
        checkpoint.save(self.run / "vae", self.vae.state_dict(), self.resumable.wanted | self._state())
        checkpoint.remove(self.resumable.folder)


def settings(preset: Preset, data: str, seed: int) -> dict:
    """What a run that goes on must have in common with the checkpoint."""
    return {"preset": {"vae": preset.as_dict()["vae"]}, "data": data, "seed": seed}
