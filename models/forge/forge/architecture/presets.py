"""The sizes that have names: `pocket` and `scenes` are trained here, `full`, `lite` and `sd15` are for comparison and for big
machines."""

from dataclasses import replace

from .config import Preset, TextConfig, UNetConfig, VaeConfig
from .memory import MemoryConfig

PRESETS: dict[str, Preset] = {}


def preset(name: str) -> Preset:
    """The preset called `name`; ValueError lists the known ones."""
    if name not in PRESETS:
        raise ValueError(f"preset must be one of {', '.join(PRESETS)}, got {name!r}")
    return PRESETS[name]


def _add(entry: Preset) -> None:
    PRESETS[entry.name] = entry


# A closed vocabulary: drawn scenes, many steps, distilled to eight and one.
_add(Preset(
    name="scenes",
    text=TextConfig(vocabulary=1024, tokens=48, width=192, layers=4, heads=3, causal=False, act="gelu"),
    unet=UNetConfig(
        in_channels=8, out_channels=8, sample_size=64, widths=(64, 128, 256),
        blocks_down=(1, 1, 1), blocks_up=(1, 1, 1), blocks_middle=2,
        depth_down=(0, 1, 2), depth_up=(0, 1, 2), depth_middle=4, self_attention=(False, False, True),
        context_width=192, shared_kv=True, ff_act="hardswish", act="hardswish", ff_ratio=6,
        separable=(False, False, True), separable_middle=True, groups=16, time_width=256, sinusoid_width=128,
        time_mode="film", pooled_text=True, relative_position=True, upsample="pointwise",
        keep_width_when_resampling=False),
    vae=VaeConfig(latent_channels=8, encoder_widths=(32, 64, 128), decoder_widths=(128, 64, 32),
                  decoder_blocks=(1, 1, 1)),
))

# An open vocabulary: a memory of pictures, and one step that is learned directly (docs: the forge's README).
_add(Preset(
    name="pocket",
    text=TextConfig(vocabulary=4096, tokens=48, width=256, layers=4, heads=4, causal=False, act="gelu"),
    unet=replace(
        preset("scenes").unet, widths=(128, 320, 384), depth_down=(0, 1, 1), depth_up=(1, 1, 1), depth_middle=2,
        self_attention=(False, True, True), separable=(False, True, True), context_width=256, memory=MemoryConfig(fine_width=64),
        patch=2, predicts="data", variates=True),
    vae=replace(preset("scenes").vae, decoder_widths=(96, 48, 24))))

_add(Preset(
    name="tiny",  # for tests: every part of scenes, next to no weights
    text=TextConfig(vocabulary=1024, tokens=48, width=32, layers=1, heads=2, causal=False, act="gelu"),
    unet=UNetConfig(
        in_channels=8, out_channels=8, sample_size=64, widths=(16, 16, 32),
        blocks_down=(1, 1, 1), blocks_up=(1, 1, 1), blocks_middle=2,
        depth_down=(0, 1, 1), depth_up=(0, 1, 1), depth_middle=1, self_attention=(False, False, True),
        context_width=32, head_size=16, shared_kv=True, ff_act="hardswish", act="hardswish", ff_ratio=4,
        separable=(False, False, True), separable_middle=True, groups=4, time_width=32, sinusoid_width=32,
        time_mode="film", pooled_text=True, relative_position=True, upsample="pointwise",
        keep_width_when_resampling=False),
    vae=VaeConfig(latent_channels=8, encoder_widths=(8, 8, 16), decoder_widths=(16, 8, 8), decoder_blocks=(1, 1, 1)),
))

CLIP_VIT_L14 = TextConfig(vocabulary=49408, tokens=77, width=768, layers=12, heads=12, causal=True, act="quick_gelu")

_add(replace(preset("tiny"), name="tiny-pocket", unet=replace(
    preset("tiny").unet, memory=MemoryConfig(width=16, levels_down=(1,), levels_up=(1, 0), fine_width=8),
    patch=2, predicts="data", variates=True)))

# Stable Diffusion 1.5. Its VAE is not rebuilt here: 4 channels and a decoder of 49.5 M parameters.
_add(Preset(
    name="sd15",
    text=CLIP_VIT_L14,
    unet=UNetConfig(
        in_channels=4, out_channels=4, sample_size=64, widths=(320, 640, 1280, 1280),
        blocks_down=(2, 2, 2, 2), blocks_up=(3, 3, 3, 3), blocks_middle=2,
        depth_down=(1, 1, 1, 0), depth_up=(1, 1, 1, 0), depth_middle=1, self_attention=(True, True, True, True),
        context_width=768, heads=8, head_size=None),
    vae=None,
))

# The paper prints its totals (386 M parameters, 12 residual blocks) and its eight changes, not the widths and depths of
# its levels. This is one shape that meets all of them: 384.9 M parameters, 180.3 GMACs with the attention products.
# ReLU attention is the paper's last fine-tuning: train with attention="softmax" first.
_add(Preset(
    name="full",
    text=CLIP_VIT_L14,
    unet=UNetConfig(
        in_channels=8, out_channels=8, sample_size=64, widths=(320, 640, 1024),
        blocks_down=(1, 2, 2), blocks_up=(1, 2, 2), blocks_middle=2,
        depth_down=(0, 1, 2), depth_up=(0, 1, 2), depth_middle=9, self_attention=(False, False, True),
        context_width=768, shared_kv=True, ff_act="swish", attention="relu", ff_ratio=6,
        separable=(False, False, True), separable_middle=True),
    vae=VaeConfig(
        form="convolutional", latent_channels=8, groups=16,
        encoder_widths=(128, 256, 512, 512), encoder_blocks=(2, 2, 2, 4),
        decoder_widths=(320, 192, 96, 48), decoder_blocks=(4, 2, 2, 2)),
))

# The paper's Lite stands at 29.9 % of Stable Diffusion 1.5 and tells no more. Here `full` with narrower levels and the
# same depths: 257.5 M parameters (30.0 % of 859.5 M) and 117.7 GMACs with the attention products (29.3 % of 401.6).
_add(replace(preset("full"), name="lite", unet=replace(preset("full").unet, widths=(256, 512, 832))))
