"""The picture half of the forge's CLIP: it teaches the text tower, checks attributes and measures distances."""

from torch import Tensor, nn
from torch.nn import functional as F

from .attributes import AttributeHeads

PIXELS = 128  # pictures are reduced to this size first
FEATURES = 256
JOINT = 128


class PreNormBlock(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.net = nn.Sequential(
            nn.GroupNorm(8, width), nn.Hardswish(), nn.Conv2d(width, width, 3, padding=1),
            nn.GroupNorm(8, width), nn.Hardswish(), nn.Conv2d(width, width, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.net(x)


class PictureTower(nn.Module):
    """A small residual network; its features keep a 4x4 grid until the last layer, so sides and counts stay visible."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(3, 32, 3, stride=2, padding=1), nn.Hardswish(),
            nn.Conv2d(32, 64, 3, stride=2, padding=1), PreNormBlock(64),
            nn.Conv2d(64, 128, 3, stride=2, padding=1), PreNormBlock(128),
            nn.Conv2d(128, 192, 3, stride=2, padding=1), PreNormBlock(192),
            nn.Conv2d(192, 64, 1), nn.Flatten(), nn.Hardswish(), nn.Linear(64 * 64, FEATURES), nn.LayerNorm(FEATURES))
        self.attributes = AttributeHeads(FEATURES)
        self.joint = nn.Linear(FEATURES, JOINT, bias=False)

    def features(self, pictures: Tensor) -> Tensor:
        """pictures (B, 3, H, W) in [-1, 1], H and W multiples of 128 → (B, 256)."""
        if pictures.shape[-1] != PIXELS:
            pictures = F.avg_pool2d(pictures, pictures.shape[-1] // PIXELS)
        return self.net(pictures)
