"""Stage `vae`: the autoencoder, by reconstruction. The encoder is frozen when the denoiser starts; the decoder can go
on training alone (`decoder_only`) whenever there is time, because latents stay what they are.

Loss: L1 + 2 MSE + 0.7 L1 of the gradients, on crops; noise on the latents in training makes the decoder forgiving
towards latents that the denoiser draws.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from architecture import Preset, Vae
from scenes import Split

from . import checkpoint
from .pool import Pool
from .run import Average, Clock, Losses, Machine, learning_rate
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
    """Measures the mean and deviation of each latent channel over 64 pictures."""
    latents = torch.cat([
        vae.encoder(to_pictures(pool.batch(np.arange(start, start + 8)), machine)) for start in range(0, 64, 8)])
    vae.mean.copy_(latents.mean(dim=(0, 2, 3)))
    vae.deviation.copy_(latents.std(dim=(0, 2, 3)))


@torch.no_grad()
def measure(vae: Vae, pool: Pool, machine: Machine, pictures: int = 24) -> float:
    """Reconstruction PSNR in dB over the first pictures of the pool, fp32."""
    total = 0.0
    for index in range(pictures):
        target = to_pictures(pool.batch(np.array([index])), machine)
        total += psnr(vae.decode(vae.encode(target)), target)
    return total / pictures


def train(run: Path, pool_folder: Path, preset: Preset, minutes: float, machine: Machine, seed: int = 2,
          decoder_only: bool = False, peak: float = 1.5e-3) -> None:
    """Trains, or goes on training, until the stage's budget is spent; writes run/vae."""
    torch.manual_seed(seed)
    pools = [Pool(pool_folder, size, Split.TRAIN) for size in (512, 512, 256)]
    held_out = Pool(pool_folder, 512, Split.HELD_OUT)
    vae = machine.place(Vae(preset.vae))
    step, samples, history = 0, 0, []
    if checkpoint.exists(run / "vae"):
        tensors, state = checkpoint.load(run / "vae")
        checkpoint.load_into(vae, tensors, run / "vae")
        step, samples, history = state["step"], state["samples"], state["history"]
    elif decoder_only:
        raise FileNotFoundError(f"no checkpoint at {run / 'vae'}: train the whole autoencoder first")
    else:
        start = to_pictures(np.concatenate([crops(pools, np.random.default_rng(seed)) for _ in range(40)]), machine)
        print(f"8 principal components keep {vae.start_from_patches(start):.2%} of the patches' variance")
    clock = Clock(minutes)
    trained = vae.decoder if decoder_only else vae
    average = Average(vae, 0.998)
    optimizer = torch.optim.AdamW(trained.parameters(), lr=peak, betas=(0.9, 0.99), weight_decay=0.0, fused=True)
    losses = Losses(run / "logs/vae.csv", 100)
    rng = np.random.default_rng([seed, step])
    encode, decode = machine.compile(vae.encoder), machine.compile(vae.decoder)
    first = step
    while clock.progress() < 1:
        rate = learning_rate(step - first, clock.progress(), peak, floor=0.02, decay_from=0.3)
        for group in optimizer.param_groups:
            group["lr"] = rate
        target = to_pictures(crops(pools, rng), machine)
        with torch.set_grad_enabled(not decoder_only), machine.bf16():
            latents = encode(target).float()
        noise = torch.randn_like(latents) * latents.detach().std(dim=(0, 2, 3), keepdim=True) * NOISE
        with machine.bf16():
            output = decode(latents + noise)
        loss = reconstruction_loss(output.float(), target)
        if not decoder_only:
            # Keeps every channel's spread near 1, which principal components start with.
            loss = loss + 1e-3 * (latents.std(dim=(0, 2, 3)) - 1).square().mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(trained.parameters(), 1.0)
        optimizer.step()
        average.update(vae)
        step, samples = step + 1, samples + BATCH
        losses.add(step, BATCH, rate, loss=loss.item(), psnr=psnr(output.detach().float(), target))
    vae.load_state_dict(average.weights)
    if not decoder_only:
        standardise(vae, pools[0], machine)
    quality = measure(vae, held_out, machine)
    history.append({"minutes": round(clock.spent() / 60, 1), "decoder_only": decoder_only, "psnr_512": quality})
    print(f"held-out reconstruction at 512 px: {quality:.2f} dB")
    checkpoint.save(run / "vae", vae.state_dict(), {
        "stage": "vae", "preset": preset.as_dict(), "step": step, "samples": samples, "history": history})
