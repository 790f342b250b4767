"""Sizes of the three networks; the presets that fill them in are in `presets.py`."""

from dataclasses import asdict, dataclass

from .memory import MemoryConfig


@dataclass(frozen=True)
class UNetConfig:
    """The denoiser. Tuples run from the finest level to the coarsest."""

    in_channels: int
    out_channels: int
    sample_size: int  # height and width of the latents at the native picture size
    widths: tuple[int, ...]
    blocks_down: tuple[int, ...]  # residual blocks per level (change 8)
    blocks_up: tuple[int, ...]  # the same (scenes, the paper) or one more each (SD)
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
    upsample: str = "convolution"  # or "pointwise"
    keep_width_when_resampling: bool = True  # SD changes width in the block behind a resampler, scenes in it
    memory: MemoryConfig | None = None  # pictures of the prompt's things, behind the text states
    patch: int = 1  # the finest level works on patches of so many latents a side
    predicts: str = "velocity"  # what the last layer gives; "data": clean latents, of which the velocity follows
    variates: bool = False  # whether the noise's longest waves choose what the text leaves open (`variates.py`)

    def __post_init__(self):
        levels = len(self.widths)
        if not self.separable:
            object.__setattr__(self, "separable", (False,) * levels)
        for name in ("blocks_down", "blocks_up", "depth_down", "depth_up", "self_attention", "separable"):
            if len(getattr(self, name)) != levels:
                raise ValueError(f"{name} must have {levels} entries, one per level, got {getattr(self, name)}")
        extra = {up - down for up, down in zip(self.blocks_up, self.blocks_down)}
        if extra not in ({0}, {1}):
            raise ValueError(f"blocks_up must be blocks_down or one more at every level, got {self.blocks_up} "
                             f"for {self.blocks_down}")
        if self.blocks_middle < 2:
            raise ValueError(f"blocks_middle must be at least 2, got {self.blocks_middle}")
        if (self.heads is None) == (self.head_size is None):
            raise ValueError(f"give heads or head_size, got heads={self.heads}, head_size={self.head_size}")

    @property
    def memory_rows(self) -> int:
        """Rows of encoder_hidden_states behind the text states."""
        return self.memory.rows(self.context_width) if self.memory else 0

    @property
    def all_skips(self) -> bool:
        """Whether the outputs of the first convolution and of the downsamplers are skip connections too, as in SD."""
        return self.blocks_up[0] > self.blocks_down[0]

    def head_width(self, width: int) -> int:
        return self.head_size if self.head_size else width // self.heads


@dataclass(frozen=True)
class VaeConfig:
    """The autoencoder; the grid shrinks by 2 per level, so three levels above the first give factor 8.

    `form` "patches": a linear map of 8x8 patches plus a small correction, without norms (`vae.py`). "convolutional":
    Stable Diffusion's kind of residual blocks, four levels each way (`convolutional_vae.py`).
    """

    latent_channels: int
    encoder_widths: tuple[int, ...]  # fine to coarse: patches at / 2, / 4, / 8; convolutional at / 1 as well
    decoder_widths: tuple[int, ...]  # coarse to fine: patches at / 8, / 4, / 2; convolutional at / 1 as well
    decoder_blocks: tuple[int, ...]  # residual blocks at each of them
    form: str = "patches"
    encoder_blocks: tuple[int, ...] = ()  # convolutional only
    groups: int = 16  # convolutional only

    def __post_init__(self):
        if self.form not in ("patches", "convolutional"):
            raise ValueError(f"form must be patches or convolutional, got {self.form!r}")
        levels = 3 if self.form == "patches" else 4
        for name in ("encoder_widths", "decoder_widths", "decoder_blocks") + ("encoder_blocks",) * (levels == 4):
            if len(getattr(self, name)) != levels:
                raise ValueError(f"{name} must have {levels} entries, one per level, got {getattr(self, name)}")

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
    act: str  # "quick_gelu" in CLIP ViT-L/14, "gelu" in scenes
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
