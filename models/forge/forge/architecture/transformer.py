"""Transformer blocks over a feature map: self-attention, cross-attention and a gated feed-forward net, each optional.

The paper's changes 2 to 6 are options here: which attentions a block has (2), one matrix for K and V (3), swish in the
gated net (4), ReLU attention (5), and the expansion of the gated net (6).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .layers import activation

LARGEST_EXPLICIT_KEYS = 256


class Fp32LayerNorm(nn.LayerNorm):
    """Layer norm computed in fp32: PyTorch's bf16 kernel is several times slower on CPUs and less exact everywhere."""

    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(x.float(), self.normalized_shape, self.weight, self.bias, self.eps).to(x.dtype)


class Attention(nn.Module):
    """Multi-head attention of x over itself or over a context.

    `kind` "softmax", or "relu": ReLU(QK^T / sqrt(d)) / L with L the number of keys (arXiv 2309.08586).
    """

    def __init__(self, width: int, head_width: int, context_width: int | None = None, *, shared_kv: bool, kind: str):
        super().__init__()
        if kind not in ("softmax", "relu"):
            raise ValueError(f"attention must be softmax or relu, got {kind!r}")
        if width % head_width:
            raise ValueError(f"width {width} is not a multiple of head_width {head_width}")
        self.head_width, self.kind = head_width, kind
        source = context_width or width
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(source, width, bias=False)
        self.value = None if shared_kv else nn.Linear(source, width, bias=False)
        self.out = nn.Linear(width, width)

    def heads(self, x: Tensor) -> Tensor:
        """(B, N, heads * d) → (B, heads, N, d)."""
        return x.unflatten(-1, (-1, self.head_width)).transpose(1, 2)

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """x (B, N, width), context (B, L, context_width) → (B, N, width)."""
        source = x if context is None else context
        query, key = self.heads(self.query(x)), self.heads(self.key(source))
        value = key if self.value is None else self.heads(self.value(source))
        if self.kind == "relu":
            scores = query @ key.transpose(-1, -2) * self.head_width**-0.5
            mixed = (F.relu(scores) / key.shape[-2]) @ value
        else:
            mixed = softmax_attention(query, key, value)
        return self.out(mixed.transpose(1, 2).flatten(2))


def softmax_attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """softmax(QK^T / sqrt(d)) V over (B, heads, N, d) and (B, heads, L, d) → (B, heads, N, d).

    On CPUs the backward pass of PyTorch's fused kernel took 24 % of a bf16 training step of `pocket`; with few keys the
    three plain products are faster and their scores are small enough to keep.
    """
    few_keys = key.shape[-2] <= LARGEST_EXPLICIT_KEYS
    if few_keys and query.device.type == "cpu" and torch.is_grad_enabled():
        scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
        return scores.softmax(dim=-1) @ value
    return F.scaled_dot_product_attention(query, key, value)


class GatedFeedForward(nn.Module):
    """value * activation(gate), then back to `width`. `ratio` counts both halves: 8 in SD, 6 in the paper."""

    def __init__(self, width: int, ratio: int, act: str):
        super().__init__()
        self.project = nn.Linear(width, ratio * width)
        self.out = nn.Linear(ratio * width // 2, width)
        self.act = activation(act)

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.project(x).chunk(2, dim=-1)
        return self.out(value * self.act(gate))


class TransformerBlock(nn.Module):
    """Pre-norm block; without `self_attention` it is the CA + FFN block of the paper's higher resolutions."""

    def __init__(self, width: int, head_width: int, context_width: int, *, self_attention: bool, shared_kv: bool,
                 attention: str, ff_ratio: int, ff_act: str):
        super().__init__()
        self.norm_self = Fp32LayerNorm(width) if self_attention else None
        self.self_attention = Attention(width, head_width, shared_kv=shared_kv, kind=attention) if self_attention else None
        self.norm_cross = Fp32LayerNorm(width)
        self.cross_attention = Attention(width, head_width, context_width, shared_kv=shared_kv, kind=attention)
        self.norm_ff = Fp32LayerNorm(width)
        self.ff = GatedFeedForward(width, ff_ratio, ff_act)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """x (B, N, width), context (B, L, context_width) → (B, N, width)."""
        if self.self_attention is not None:
            x = x + self.self_attention(self.norm_self(x))
        x = x + self.cross_attention(self.norm_cross(x), context)
        return x + self.ff(self.norm_ff(x))


class RelativePosition(nn.Module):
    """Adds where a cell lies in the picture, in fractions of it, so that a position means the same at every size."""

    FREQUENCIES = (1.0, 2.0, 4.0, 8.0)

    def __init__(self, width: int):
        super().__init__()
        self.project = nn.Linear(4 * len(self.FREQUENCIES), width)

    def forward(self, height: int, columns: int, like: Tensor) -> Tensor:
        """→ (1, height * columns, width)."""
        y = (torch.arange(height, device=like.device, dtype=torch.float32) + 0.5) / height
        x = (torch.arange(columns, device=like.device, dtype=torch.float32) + 0.5) / columns
        waves = []
        for frequency in self.FREQUENCIES:
            for axis in (y[:, None].expand(height, columns), x[None, :].expand(height, columns)):
                waves += [torch.sin(axis * frequency * torch.pi), torch.cos(axis * frequency * torch.pi)]
        return self.project(torch.stack(waves, dim=-1).reshape(1, height * columns, -1))


class SpatialTransformer(nn.Module):
    """A stack of transformer blocks over the cells of a feature map, around a shortcut."""

    def __init__(self, width: int, depth: int, head_width: int, context_width: int, *, groups: int,
                 relative_position: bool, **block_options):
        super().__init__()
        self.norm = nn.GroupNorm(groups, width, eps=1e-6)
        self.project_in = nn.Conv2d(width, width, 1)
        self.position = RelativePosition(width) if relative_position else None
        self.blocks = nn.ModuleList(
            TransformerBlock(width, head_width, context_width, **block_options) for _ in range(depth))
        self.project_out = nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """x (B, width, H, W), context (B, L, context_width) → (B, width, H, W)."""
        height, columns = x.shape[-2:]
        tokens = self.project_in(self.norm(x)).flatten(2).transpose(1, 2)
        if self.position is not None:
            tokens = tokens + self.position(height, columns, tokens)
        for block in self.blocks:
            tokens = block(tokens, context)
        return x + self.project_out(tokens.transpose(1, 2).unflatten(2, (height, columns)))
