"""The text tower: CLIP's transformer over the tokens of a prompt."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .config import TextConfig


class QuickGelu(nn.Module):
    """x * sigmoid(1.702 x), the approximation that CLIP was trained with."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(1.702 * x)


class TextLayer(nn.Module):
    """Pre-norm self-attention and feed-forward."""

    def __init__(self, config: TextConfig):
        super().__init__()
        width = config.width
        self.heads, self.causal = config.heads, config.causal
        self.norm1 = nn.LayerNorm(width)
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.out = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.ff = nn.Sequential(
            nn.Linear(width, config.ff_ratio * width),
            QuickGelu() if config.act == "quick_gelu" else nn.GELU(),
            nn.Linear(config.ff_ratio * width, width))

    def forward(self, x: Tensor) -> Tensor:
        """x (B, L, width) → (B, L, width)."""
        h = self.norm1(x)
        query, key, value = (
            project(h).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, heads, L, d)
            for project in (self.query, self.key, self.value))
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=self.causal)
        x = x + self.out(mixed.transpose(1, 2).flatten(2))
        return x + self.ff(self.norm2(x))


class TextTower(nn.Module):
    """Token ids to one state per token: what the UNet attends to."""

    def __init__(self, config: TextConfig):
        super().__init__()
        self.config = config
        self.token = nn.Embedding(config.vocabulary, config.width)
        self.position = nn.Embedding(config.tokens, config.width)
        nn.init.normal_(self.token.weight, std=0.02)
        nn.init.normal_(self.position.weight, std=0.01)
        self.layers = nn.ModuleList(TextLayer(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)

    def forward(self, input_ids: Tensor) -> Tensor:
        """input_ids (B, tokens) int64 → last_hidden_state (B, tokens, width)."""
        x = self.token(input_ids) + self.position.weight[None]
        for layer in self.layers:
            x = layer(x)
        return self.norm(x)
