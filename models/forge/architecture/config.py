"""Sizes of the three networks, and the presets."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class UNetConfig:
    """The denoiser. Tuples run from the finest level to the coarsest."""

    in_channels: int
    out_channels: int
    sample_size: int  # height and width of the latents at the native picture size
    widths: tuple[int, ...]
    blocks_down: tuple[int, ...]  # residual blocks per level (change 8)
    blocks_up: tuple[int, ...]
    blocks_middle: int  # >= 2; the transformer stack of the middle stands behind the first
    depth_down: tuple[int, ...]  # transformer blocks behind each residual block (change 1)
    depth_up: tuple[int, ...]
    depth_middle: int
    self_attention: tuple[bool, ...]  # whether a level's transformer blocks have it (change 2); the middle always has
    context_width: int  # D of encoder_hidden_states
    heads: int | None = None  # number of heads at every level (SD), or
    head_size: int | None = 64  # width of a head at every level
    shared_kv: bool = False  # change 3
    ff_act: str = "gelu"  # change 4: swish
    attention: str = "softmax"  # change 5: relu
    ff_ratio: int = 8  # change 6: 6
    separable: tuple[bool, ...] = ()  # change 7, per level
    separable_middle: bool = False
    act: str = "swish"
    groups: int = 32
    time_width: int = 1280
    sinusoid_width: int = 320
    time_mode: str = "add"
    pooled_text: bool = False  # adds the mean of the text states to the time embedding
    relative_position: bool = False
    upsample: str = "convolution"
    keep_width_when_resampling: bool = True  # SD changes width in the block behind a resampler, pocket in it

    def __post_init__(self):
        levels = len(self.widths)
        if not self.separable:
            object.__setattr__(self, "separable", (False,) * levels)
        for name in ("blocks_down", "blocks_up", "depth_down", "depth_up", "self_attention", "separable"):
            if len(getattr(self, name)) != levels:
                raise ValueError(f"{name} must have {levels} entries, one per level, got {getattr(self, name)}")
        if (self.heads is None) == (self.head_size is None):
            raise ValueError(f"give heads or head_size, got heads={self.heads}, head_size={self.head_size}")

    @property
    def all_skips(self) -> bool:
        return all(up == down + 1 for up, down in zip(self.blocks_up, self.blocks_down))

    def head_width(self, width: int) -> int:
        return self.head_size if self.head_size else width // self.heads


@dataclass(frozen=True)
class VaeConfig:
    """The autoencoder; the grid shrinks by 2 per level, so three levels above the first give factor 8."""

    latent_channels: int
    encoder_widths: tuple[int, ...]  # at full size / 2, / 4, / 8
    decoder_widths: tuple[int, ...]  # at / 8, / 4, / 2
    decoder_blocks: tuple[int, ...]  # residual blocks at each of them

    @property
    def factor(self) -> int:
        return 8


@dataclass(frozen=True)
class TextConfig:
    """The text tower: CLIP's, causal or not."""

    vocabulary: int
    tokens: int  # length of a padded prompt
    width: int
    layers: int
    heads: int
    causal: bool
    act: str  # "quick_gelu" in CLIP ViT-L/14, "gelu" in pocket
    ff_ratio: int = 4


@dataclass(frozen=True)
class Preset:
    name: str
    text: TextConfig
    unet: UNetConfig
    vae: VaeConfig | None
    pixels: int = 512

    def as_dict(self) -> dict:
        return asdict(self)


PRESETS: dict[str, Preset] = {}


def preset(name: str) -> Preset:
    """The preset called `name`; ValueError lists the known ones."""
    if name not in PRESETS:
        raise ValueError(f"preset must be one of {', '.join(PRESETS)}, got {name!r}")
    return PRESETS[name]


def _add(entry: Preset) -> None:
    PRESETS[entry.name] = entry


_add(Preset(
    name="pocket",
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
                  decoder_blocks=(2, 1, 1)),
))

_add(Preset(
    name="tiny",  # for tests: every part of pocket, next to no weights
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
