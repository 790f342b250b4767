"""Stage `prune`: the decoder made narrower and shallower, as the paper's is, then trained on with the encoder frozen.

Channels that carry least go first. Writes a candidate, `run/pruned-W1-W2-W3-BBB`, with the decibels that it loses;
`export --decoder` takes it, and run/vae stays as it is.
"""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from forge.architecture import Preset, Vae, VaeConfig
from forge.architecture.vae import Block
from forge.scenes import Split
from forge.training import checkpoint, vae_stage
from forge.training.pool import Pool, data
from forge.training.resumable import Resumable
from forge.training.run import Average, Clock, Losses, Machine, learning_rate
from forge.training.text_stage import to_pictures
from forge.training.vae_stage import BATCH, NOISE, crops, psnr, reconstruction_loss

PEAK = 1e-3
MIMIC = 0.5  # weight of the distance from the whole decoder's picture


def smaller(config: VaeConfig, widths: tuple[int, ...], blocks: tuple[int, ...]) -> VaeConfig:
    """ValueError says which width or depth is larger than the decoder's own."""
    if config.form != "patches":
        raise ValueError(f"only decoders of the form patches are pruned, got {config.form}: give a preset whose decoder "
                         "is smaller")
    for name, wanted, own in (("decoder-widths", widths, config.decoder_widths),
                              ("decoder-blocks", blocks, config.decoder_blocks)):
        if len(wanted) != len(own) or any(a > b for a, b in zip(wanted, own)):
            raise ValueError(f"--{name} must be at most {' '.join(map(str, own))}, got {' '.join(map(str, wanted))}")
    if (widths, blocks) == (config.decoder_widths, config.decoder_blocks):
        raise ValueError("--decoder-widths and --decoder-blocks are the decoder's own: nothing to prune")
    return replace(config, decoder_widths=widths, decoder_blocks=blocks)


def strongest(scores: Tensor, count: int) -> Tensor:
    """The indices of the `count` highest scores, in their old order."""
    return scores.topk(count).indices.sort().values


def levels(net: nn.Sequential) -> list[tuple[nn.Conv2d, list[Block]]]:
    """Per level the convolution that begins it and its blocks; the last entry is the last convolution."""
    found: list[tuple[nn.Conv2d, list[Block]]] = []
    for layer in net:
        if isinstance(layer, nn.Conv2d):
            found.append((layer, []))
        elif isinstance(layer, Block):
            found[-1][1].append(layer)
    return found


@torch.no_grad()
def take_over(whole: nn.Sequential, pruned: nn.Sequential) -> None:
    """On the CPU. Fills the pruned decoder's correction with the whole one's strongest channels and first blocks."""
    theirs, ours = levels(whole), levels(pruned)
    inputs = torch.arange(theirs[0][0].in_channels)
    for level, ((begin, blocks), (new_begin, new_blocks)) in enumerate(zip(theirs, ours)):
        if level == len(theirs) - 1:
            outputs = torch.arange(begin.out_channels)
        else:
            width = theirs[level + 1][0].in_channels
            following = theirs[level + 1][0].weight.abs().sum(dim=(0, 2, 3))
            carried = begin.weight.abs().flatten(1).sum(dim=1).view(width, -1).sum(dim=1)
            carried = carried + sum(block.conv2.weight.abs().sum(dim=(1, 2, 3)) for block in blocks)
            kept = strongest(carried * following, ours[level + 1][0].in_channels)
            shuffled = begin.out_channels // width  # 4 before a pixel shuffle, whose channels lie side by side
            outputs = (kept[:, None] * shuffled + torch.arange(shuffled)).flatten()
        new_begin.weight.copy_(begin.weight[outputs][:, inputs])
        new_begin.bias.copy_(begin.bias[outputs])
        for block, new in zip(blocks, new_blocks):
            hidden = strongest(block.conv1.weight.abs().sum(dim=(1, 2, 3)) * block.conv2.weight.abs().sum(dim=(0, 2, 3)),
                               new.conv1.out_channels)
            new.conv1.weight.copy_(block.conv1.weight[hidden][:, kept])
            new.conv1.bias.copy_(block.conv1.bias[hidden])
            new.conv2.weight.copy_(block.conv2.weight[kept][:, hidden])
            new.conv2.bias.copy_(block.conv2.bias[kept])
        inputs = kept if level < len(theirs) - 1 else inputs


def load_vae(folder: Path, run: Path) -> Vae:
    """A pruned autoencoder; ValueError when its encoder is not the run's."""
    tensors, state = checkpoint.load(folder)
    vae = Vae(VaeConfig(**{name: tuple(value) if isinstance(value, list) else value
                           for name, value in state["preset"]["vae"].items()}))
    checkpoint.load_into(vae, tensors, folder)
    own = checkpoint.load(run / "vae")[0]
    for name, tensor in vae.state_dict().items():
        if not name.startswith("decoder") and (name not in own or not torch.equal(tensor.half(), own[name].half())):
            raise ValueError(f"{folder} was pruned from another autoencoder than {run / 'vae'}: {name} differs")
    return vae


class Pruning:
    """One run of the stage; saved every few minutes and resumed from there."""

    def __init__(self, run: Path, pool_folder: Path, preset: Preset, minutes: float, machine: Machine,
                 widths: tuple[int, ...], blocks: tuple[int, ...], seed: int):
        torch.manual_seed(seed)
        config = smaller(preset.vae, widths, blocks)
        self.machine = machine
        self.folder = run / f"pruned-{'-'.join(map(str, widths))}-{''.join(map(str, blocks))}"
        self.pools = [Pool(pool_folder, 512, Split.TRAIN)] * 2 + [Pool(pool_folder, 256, Split.TRAIN)]
        self.held_out = Pool(pool_folder, 512, Split.HELD_OUT)
        self.whole, self.vae = Vae(preset.vae), Vae(config)
        checkpoint.load_into(self.whole, checkpoint.load(run / "vae")[0], run / "vae")
        self.whole.eval().requires_grad_(False)
        self.vae.encoder.load_state_dict(self.whole.encoder.state_dict())
        self.vae.mean.copy_(self.whole.mean)
        self.vae.deviation.copy_(self.whole.deviation)
        self.vae.decoder.patches.load_state_dict(self.whole.decoder.patches.state_dict())
        take_over(self.whole.decoder.net, self.vae.decoder.net)
        self.vae.encoder.requires_grad_(False)
        self.whole, self.vae = machine.place(self.whole), machine.place(self.vae)
        self.average = Average(self.vae.decoder, 0.998)
        self.optimizer = torch.optim.AdamW(
            self.vae.decoder.parameters(), lr=PEAK, betas=(0.9, 0.99), weight_decay=0.0, fused=True)
        self.wanted = {"preset": {"vae": asdict(config)}, "data": data(pool_folder), "seed": seed}
        self.resumable = Resumable(self.folder.with_name(f"{self.folder.name}-training"), self.vae.decoder, self.average,
                                   self.optimizer, self.wanted)
        state = self.resumable.resume() or {"step": 0, "seconds": 0.0}
        self.step, self.clock = state["step"], Clock(minutes, state["seconds"])
        self.losses = Losses(run / f"logs/{self.folder.name}.csv", 50)
        self.rng = np.random.default_rng([seed, self.step])

    def train(self) -> dict:
        while self.clock.progress() < 1:
            self._step(self.clock.progress())
            if self.resumable.due():
                self.resumable.save({"step": self.step, "seconds": self.clock.spent()})
        return self.finish()

    def _step(self, progress: float) -> None:
        rate = learning_rate(self.step, progress, PEAK, warmup=50, floor=0.02, decay_from=0.3)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        target = to_pictures(crops(self.pools, self.rng), self.machine)
        with torch.no_grad(), self.machine.mixed_precision():
            latents = self.vae.encode(target).float()
            latents = latents + NOISE * torch.randn_like(latents)
            wanted = self.whole.decode(latents).float()
        with self.machine.mixed_precision():
            output = self.vae.decode(latents).float()
        loss = reconstruction_loss(output, target) + MIMIC * (output - wanted).abs().mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.vae.decoder.parameters(), 1.0)
        self.optimizer.step()
        self.average.update(self.vae.decoder)
        self.step += 1
        self.losses.add(self.step, BATCH, rate, loss=loss.item(), psnr=psnr(output.detach(), target))

    def finish(self) -> dict:
        """Averages become the decoder; measures both decoders and writes the candidate."""
        self.vae.decoder.load_state_dict(self.average.weights)
        before, after = (vae_stage.measure(vae, self.held_out, self.machine) for vae in (self.whole, self.vae))
        sizes = [sum(weight.numel() for weight in vae.decoder.parameters()) for vae in (self.whole, self.vae)]
        found = {"psnr_512": after, "psnr_512_whole": before, "loses_db": before - after, "parameters": sizes[1],
                 "parameters_whole": sizes[0]}
        print(f"{self.folder.name}: {sizes[1]:,} parameters of {sizes[0]:,}, {after:.2f} dB, which is {before - after:.2f} dB "
              "less than the whole decoder on held-out pictures at 512 px")
        checkpoint.save(self.folder, self.vae.state_dict(), self.wanted | found | {
            "stage": "prune", "step": self.step, "seconds": self.clock.spent()})
        checkpoint.remove(self.resumable.folder)
        return found
