"""A small network that doubles a picture's sides, and what ONNX Runtime makes of a whole picture with it.

The runtime works in tiles; its picture is held against this one. The network is ESPCN's shape (Shi et al. 2016, arXiv
1609.05158) over a nearest-neighbour base, with random weights of which the last are small, so that it draws a picture.
"""

import numpy as np
import onnxruntime
import torch
from PIL import Image
from torch import nn

from paths import GOLDENS, NETWORKS

WIDTH, HEIGHT, SCALE = 250, 180, 2


class Upscaler(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 16, 5, padding=2)
        self.second = nn.Conv2d(16, 16, 3, padding=1)
        self.last = nn.Conv2d(16, 3 * SCALE * SCALE, 3, padding=1)
        nn.init.normal_(self.last.weight, std=0.01)
        nn.init.zeros_(self.last.bias)
        self.shuffle = nn.PixelShuffle(SCALE)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        features = torch.tanh(self.second(torch.tanh(self.first(image))))
        base = nn.functional.interpolate(image, scale_factor=SCALE, mode="nearest")
        return base + self.shuffle(self.last(features))


def picture() -> np.ndarray:
    """Slopes, circles and stripes, so that a tile in the wrong place would show: (H, W, 3) bytes."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    red = 255 * x / (WIDTH - 1)
    green = 127 + 120 * np.sin(np.hypot(x - 90, y - 70) / 6)
    blue = np.where((x + y) // 12 % 2 == 0, 40, 200)
    return np.stack([red, green, blue], axis=-1).astype(np.uint8)


def main() -> None:
    torch.manual_seed(17)
    file = NETWORKS / "double.onnx"
    axes = {"image": {2: "height", 3: "width"}, "larger": {2: "2*height", 3: "2*width"}}
    torch.onnx.export(
        Upscaler().eval(),
        (torch.rand(1, 3, 64, 64),),
        str(file),
        input_names=["image"],
        output_names=["larger"],
        dynamic_axes=axes,
        opset_version=17,
        dynamo=False,
    )
    small = picture()
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    batch = small.transpose(2, 0, 1)[None].astype(np.float32) / 255
    large = session.run(None, {"image": batch})[0][0]
    folder = GOLDENS / "upscaler"
    folder.mkdir(exist_ok=True)
    Image.fromarray(small).save(folder / "small.png")
    Image.fromarray((large.clip(0, 1) * 255).round().astype(np.uint8).transpose(1, 2, 0)).save(folder / "double.png")


if __name__ == "__main__":
    main()
