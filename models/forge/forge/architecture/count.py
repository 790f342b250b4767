"""Counts parameters and multiply-accumulates (MACs) of the networks, on PyTorch's meta device: no memory, no arithmetic.

MACs are those of convolutions, linear layers and, apart because papers differ in counting them, the two products of
attention, QK^T and AV. Norms, activations and sums are not counted, as is usual.
"""

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn

from .config import Preset, TextConfig, UNetConfig
from .copying import MemoryCopy
from .memory import MemoryAttention
from .presets import preset
from .text import TextLayer, TextTower
from .transformer import Attention
from .unet import UNet
from .vae import Vae

SD15_UNET_PARAMETERS = 859_520_964
SD15_UNET_MACS = 401_636_720_640  # at 64x64 latents and 77 tokens, with the attention products


@dataclass(frozen=True)
class Count:
    """What one call of a network at batch 1 costs."""

    parameters: int
    layer_macs: int  # of convolutions and linear layers
    attention_macs: int  # of QK^T and AV

    @property
    def macs(self) -> int:
        return self.layer_macs + self.attention_macs


class _Tally:
    """Sums MACs over forward hooks; owned by one `count` call."""

    def __init__(self):
        self.layers = 0
        self.attention = 0

    def convolution(self, layer: nn.Conv2d, _inputs, output: Tensor) -> None:
        taps = layer.kernel_size[0] * layer.kernel_size[1]
        self.layers += output.numel() * (layer.in_channels // layer.groups) * taps

    def linear(self, layer: nn.Linear, _inputs, output: Tensor) -> None:
        self.layers += output.numel() * layer.in_features

    def memory(self, layer: MemoryAttention, inputs: tuple[Tensor, ...], _output) -> None:
        cells, config = inputs[0].shape[-1] * inputs[0].shape[-2], layer.config
        self.attention += cells * (config.parts * (config.width + config.numbers) + config.numbers * inputs[0].shape[1])

    def copy(self, layer: MemoryCopy, _inputs, output: Tensor) -> None:
        config, cells = layer.config, output.shape[-1] * output.shape[-2]
        self.attention += cells * config.things * config.fine_numbers * config.fine_side * (config.fine_side + 1)

    def products(self, _layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        keys = inputs[-1].shape[1]  # the context, or x itself
        self.attention += 2 * output.numel() * keys


def count(network: nn.Module, *inputs: Tensor) -> Count:
    """The cost of network(*inputs); network and inputs may lie on the meta device."""
    tally = _Tally()
    hooks = {nn.Conv2d: tally.convolution, nn.Linear: tally.linear, Attention: tally.products,
             TextLayer: tally.products, MemoryAttention: tally.memory, MemoryCopy: tally.copy}
    handles = [module.register_forward_hook(hooks[type(module)])
               for module in network.modules() if type(module) in hooks]
    try:
        with torch.no_grad():
            network(*inputs)
    finally:
        for handle in handles:
            handle.remove()
    return Count(sum(parameter.numel() for parameter in network.parameters()), tally.layers, tally.attention)


@cache
def count_unet(config: UNetConfig, tokens: int = 77) -> Count:
    """The UNet at its native latents size under `tokens` text states and its memory, if any."""
    with torch.device("meta"):
        sample = torch.empty(1, config.in_channels, config.sample_size, config.sample_size)
        return count(UNet(config), sample, torch.empty(1), torch.empty(1, tokens + config.memory_rows, config.context_width))


def count_text(config: TextConfig) -> Count:
    with torch.device("meta"):
        return count(TextTower(config), torch.empty(1, config.tokens, dtype=torch.int64))


def count_networks(entry: Preset) -> dict[str, Count]:
    """Every network of a preset by its name in the bundle, at the preset's native picture size."""
    counts = {"text_encoder": count_text(entry.text), "unet": count_unet(entry.unet, entry.text.tokens)}
    if entry.vae is not None:
        with torch.device("meta"):
            vae = Vae(entry.vae)
            side = entry.pixels // entry.vae.factor
            latents = torch.empty(1, entry.vae.latent_channels, side, side)
            counts["vae_decoder"] = count(vae.decoder, latents)
            counts["vae_encoder"] = count(vae.encoder, torch.empty(1, 3, entry.pixels, entry.pixels))
    return counts


def report(preset_name: str) -> str:
    """A table of the networks of a preset, and the UNet's share of Stable Diffusion 1.5's; ValueError names unknown presets."""
    entry = preset(preset_name)
    counts = count_networks(entry)
    lines = [f"{entry.name} at {entry.pixels}x{entry.pixels} pixels, {entry.text.tokens} tokens, batch 1",
             f"{'network':<14}{'parameters':>14}{'GMACs':>10}{'+ QK^T, AV':>12}{'= GMACs':>10}"]
    for name, cost in counts.items():
        lines.append(f"{name:<14}{cost.parameters:>14,}{cost.layer_macs / 1e9:>10.2f}"
                     f"{cost.attention_macs / 1e9:>12.2f}{cost.macs / 1e9:>10.2f}")
    shipped = sum(cost.parameters for name, cost in counts.items() if name != "vae_encoder")
    unet = counts["unet"]
    lines.append(f"without the encoder {shipped:,} parameters; the UNet has "
                 f"{100 * unet.parameters / SD15_UNET_PARAMETERS:.1f} % of Stable Diffusion 1.5's parameters and "
                 f"{100 * unet.macs / SD15_UNET_MACS:.1f} % of its MACs")
    return "\n".join(lines)
