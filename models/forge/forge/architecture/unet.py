"""The denoiser: a UNet whose options are the paper's eight changes against Stable Diffusion 1.5's."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from .config import UNetConfig
from .copying import MemoryCopy, Pointers
from .layers import Downsample, ResidualBlock, Upsample, activation, group_norm, sinusoidal
from .memory import MemoryAttention, unpack
from .transformer import SpatialTransformer
from .variates import FIRST_STEP, VariatesEmbedding

LEAST_TIME = 0.02  # clean latents far below it are the sample itself
Look = Callable[[str, Tensor], Tensor]  # name of a place in the UNet, feature map there → the same after a look into memory


class UNet(nn.Module):
    """Predicts the velocity (or noise) in latents at time t under a text condition.

    Levels run from fine to coarse. Every residual block of a level is followed by that level's transformer stack, if
    it has one. When the way up has one block more per level than the way down, as in Stable Diffusion, the outputs of
    the first convolution and of the downsamplers are skip connections as well.
    """

    def __init__(self, config: UNetConfig):
        super().__init__()
        self.config = config
        time_width = config.time_width
        self.time = nn.Sequential(
            nn.Linear(config.sinusoid_width, time_width), nn.SiLU(), nn.Linear(time_width, time_width))
        self.text_pool = nn.Linear(config.context_width, time_width) if config.pooled_text else None
        self.variates = VariatesEmbedding(config.in_channels, time_width) if config.variates else None
        self.conv_in = nn.Conv2d(config.in_channels * config.patch**2, config.widths[0], 3, padding=1)
        skips: list[int] = []  # widths of the skip connections, finest first
        self.down = self._down(skips)
        width = config.widths[-1]
        self.middle_in = self._residual(width, width, config.separable_middle)
        self.middle = self._middle(width)
        self.up = self._up(skips)
        self.memory_layers = self._memory() if config.memory else None
        fine = config.memory is not None and config.memory.fine_width > 0
        self.copy = MemoryCopy(config.widths[0], config.memory, config.patch, config.out_channels) if fine else None
        self.norm_out = group_norm(config.widths[0], config.groups)
        self.act_out = activation(config.act)
        self.conv_out = nn.Conv2d(config.widths[0], config.out_channels * config.patch**2, 3, padding=1)
        # A zero-initialised last layer starts training from the mean prediction and returns there when it is replaced.
        nn.init.zeros_(self.conv_out.weight)
        nn.init.zeros_(self.conv_out.bias)

    def _down(self, skips: list[int]) -> nn.ModuleList:
        config, current = self.config, self.config.widths[0]
        if config.all_skips:
            skips.append(current)
        parts = nn.ModuleList()
        for level, width in enumerate(config.widths):
            blocks = nn.ModuleList()
            for _ in range(config.blocks_down[level]):
                blocks.append(self._stack(level, current, width, config.depth_down[level]))
                current = width
                skips.append(width)
            part = nn.ModuleDict({"blocks": blocks})
            if level + 1 < len(config.widths):
                target = current if config.keep_width_when_resampling else config.widths[level + 1]
                part["resample"] = Downsample(current, target)
                current = target
                if config.all_skips:
                    skips.append(current)
            parts.append(part)
        return parts

    def _middle(self, width: int) -> nn.ModuleList:
        config = self.config
        parts = nn.ModuleList()
        for index in range(config.blocks_middle - 1):
            part = nn.ModuleDict()
            if index == 0 and config.depth_middle:
                part["transformer"] = self._transformer(width, config.depth_middle, True)
            part["residual"] = self._residual(width, width, config.separable_middle)
            parts.append(part)
        return parts

    def _up(self, skips: list[int]) -> nn.ModuleList:
        config, current = self.config, self.config.widths[-1]
        parts = nn.ModuleList()
        for level in reversed(range(len(config.widths))):
            width = config.widths[level]
            blocks = nn.ModuleList()
            for _ in range(config.blocks_up[level]):
                blocks.append(self._stack(level, current + skips.pop(), width, config.depth_up[level]))
                current = width
            part = nn.ModuleDict({"blocks": blocks})
            if level > 0:
                target = current if config.keep_width_when_resampling else config.widths[level - 1]
                part["resample"] = Upsample(current, target, config.upsample, config.separable[level])
                current = target
            parts.append(part)
        return parts

    def _memory(self) -> nn.ModuleDict:
        config = self.config
        names = [f"down{level}" for level in config.memory.levels_down] + [f"up{level}" for level in config.memory.levels_up]
        return nn.ModuleDict({
            name: MemoryAttention(config.widths[int(name.lstrip("downup"))], config.memory, config.groups) for name in names})

    def _residual(self, inputs: int, outputs: int, separable: bool) -> ResidualBlock:
        config = self.config
        return ResidualBlock(inputs, outputs, config.time_width, groups=config.groups, act=config.act,
                             separable=separable, time_mode=config.time_mode)

    def _transformer(self, width: int, depth: int, self_attention: bool) -> SpatialTransformer:
        config = self.config
        return SpatialTransformer(
            width, depth, config.head_width(width), config.context_width, groups=config.groups,
            relative_position=config.relative_position, self_attention=self_attention, shared_kv=config.shared_kv,
            attention=config.attention, ff_ratio=config.ff_ratio, ff_act=config.ff_act)

    def _stack(self, level: int, inputs: int, outputs: int, depth: int) -> nn.ModuleDict:
        config = self.config
        stack = nn.ModuleDict({"residual": self._residual(inputs, outputs, config.separable[level])})
        if depth:
            stack["transformer"] = self._transformer(outputs, depth, config.self_attention[level])
        return stack

    def forward(self, sample: Tensor, timestep: Tensor, encoder_hidden_states: Tensor,
                features: list[Tensor] | None = None, logits: list[Tensor] | None = None,
                pointers: list[Pointers] | None = None, added: Sequence[Tensor] | None = None) -> Tensor:
        """sample (B, in_channels, H, W), timestep (B,) or (1,) in [0, 1000], encoder_hidden_states (B, L, D), the last
        `memory_rows` of them a packed memory → (B, out_channels, H, W).

        Appends to `features`, when given, the coarsest feature maps on the way down and before the way up: what the
        layout loss reads; to `logits` what each look into memory was (B, h * w, parts + 1); and to `pointers` where the
        copy of memory points. `added`: see `decode`.
        """
        context, look = self._split(encoder_hidden_states, logits)
        time = self._condition(sample, timestep, context)
        x, skips = self._encode(self._seen(sample, timestep), time, context, look)
        if features is not None:
            features.append(x)
        x = self._middle_of(x, time, context)
        out = self.decode(x, skips, time, encoder_hidden_states, features, logits, pointers, added)
        return self._velocity(out, sample, timestep)

    def decode(self, x: Tensor, skips: list[Tensor], time: Tensor, encoder_hidden_states: Tensor,
               features: list[Tensor] | None = None, logits: list[Tensor] | None = None,
               pointers: list[Pointers] | None = None, added: Sequence[Tensor] | None = None, levels: int | None = None) -> Tensor:
        """The way up, from what `encode` returns and the condition of the residual blocks, to what the last layer predicts.
        `added`: for each block on the way up what is added to its input, the feature map and the skip connection together.
        levels: with fewer than there are, the feature map behind so many and the next look into memory is returned."""
        context, look = self._split(encoder_hidden_states, logits)
        skips, added, first = list(skips), iter(added or ()), True
        for index, level in zip(reversed(range(len(self.up))), self.up):
            x = look(f"up{index}", x)
            if len(self.up) - 1 - index == levels:
                return x
            for stack in level["blocks"]:
                joined = torch.cat([x, skips.pop()], dim=1)
                more = next(added, None)
                x = run_stack(stack, joined if more is None else joined + more.to(joined.dtype), time, context)
            if features is not None and first:
                features.append(x)
            first = False
            if "resample" in level:
                x = level["resample"](x)
        x = self.act_out(self.norm_out(x))
        out = nn.functional.pixel_shuffle(self.conv_out(x), self.config.patch)
        if self.copy is not None:
            out = self.copy(x, self._memory_of(encoder_hidden_states), out, pointers)
        return out

    def condition(self, sample: Tensor, timestep: Tensor, encoder_hidden_states: Tensor) -> Tensor:
        """What the residual blocks take, (B, time_width), activated."""
        return self._condition(sample, timestep, self._split(encoder_hidden_states, None)[0])

    def encode(self, sample: Tensor, timestep: Tensor, encoder_hidden_states: Tensor) -> tuple[Tensor, list[Tensor]]:
        """As `forward`, but to the end of the middle: the feature map there, and the skip connections, finest first."""
        context, look = self._split(encoder_hidden_states, None)
        time = self._condition(sample, timestep, context)
        x, skips = self._encode(self._seen(sample, timestep), time, context, look)
        return self._middle_of(x, time, context), skips

    def _middle_of(self, x: Tensor, time: Tensor, context: Tensor) -> Tensor:
        """The coarsest feature map behind the middle's blocks."""
        x = self.middle_in(x, time)
        for block in self.middle:
            if "transformer" in block:
                x = block["transformer"](x, context)
            x = block["residual"](x, time)
        return x

    def _split(self, states: Tensor, logits: list[Tensor] | None) -> tuple[Tensor, "Look"]:
        """The text states, and what looks into the memory behind them."""
        if self.memory_layers is None:
            return states, lambda name, x: x
        memory = self._memory_of(states)

        def look(name: str, x: Tensor) -> Tensor:
            return self.memory_layers[name](x, memory, logits) if name in self.memory_layers else x

        return states[:, : states.shape[1] - self.config.memory_rows], look

    def _memory_of(self, states: Tensor) -> Tensor:
        """(B, parts, numbers): the memory that is packed behind the text states."""
        return unpack(states[:, states.shape[1] - self.config.memory_rows :], self.config.memory)

    def _seen(self, sample: Tensor, timestep: Tensor) -> Tensor:
        """What the first convolution takes of the sample: patches; zeros of noise alone, if its variates are read."""
        if self.variates is not None:
            sample = sample * _before_the_end(timestep)[:, None, None, None]
        return nn.functional.pixel_unshuffle(sample, self.config.patch)

    def _velocity(self, out: Tensor, sample: Tensor, timestep: Tensor) -> Tensor:
        """The velocity that the last layer's output means."""
        if self.config.predicts == "velocity":
            return out
        return (sample - out.float()) / (timestep / 1000).clamp(min=LEAST_TIME)[:, None, None, None]

    def _condition(self, sample: Tensor, timestep: Tensor, context: Tensor) -> Tensor:
        """→ what the residual blocks take, (B, time_width), activated."""
        time = self.time(sinusoidal(timestep, self.config.sinusoid_width).to(sample.dtype))
        if self.variates is not None:
            time = time + self.variates(sample) * (1 - _before_the_end(timestep))[:, None]
        if self.text_pool is not None:
            time = time + self.text_pool(context.mean(dim=1))
        return nn.functional.silu(time)

    def _encode(self, sample: Tensor, time: Tensor, context: Tensor, look: "Look") -> tuple[Tensor, list[Tensor]]:
        """The way down → the coarsest feature map, and the skip connections, finest first."""
        x = self.conv_in(sample)
        skips = [x] if self.config.all_skips else []
        for index, level in enumerate(self.down):
            for stack in level["blocks"]:
                x = look(f"down{index}", run_stack(stack, x, time, context))
                skips.append(x)
            if "resample" in level:
                x = level["resample"](x)
                if self.config.all_skips:
                    skips.append(x)
        return x, skips


def run_stack(stack: nn.ModuleDict, x: Tensor, time: Tensor, context: Tensor) -> Tensor:
    """A residual block and the transformer stack behind it, if any."""
    x = stack["residual"](x, time)
    return stack["transformer"](x, context) if "transformer" in stack else x


def _before_the_end(timestep: Tensor) -> Tensor:
    """(B,) 1 where a sample holds something of a picture, 0 where it is noise alone."""
    return (timestep < FIRST_STEP).float()
