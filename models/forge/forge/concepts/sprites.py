"""The file of sprites: WebP pictures one after another, found by offset.

    sprites.bin   WebP pictures of SIDE x SIDE pixels with alpha, each thing in its tight box, standing on the floor
    sprites.json  by concept, by style: [offset, bytes, width, height], sizes as shares of the sprite's side
"""

import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from .icons import SIDE

MARGIN = 4  # pixels of nothing around the thing
FAINT = 12  # of 255: alpha that does not count as part of the thing


@dataclass(frozen=True)
class Sprite:
    """A packed picture, and how much of its side the thing takes."""

    webp: bytes
    width: float
    height: float


def pack(image: Image.Image) -> Sprite | None:
    """The thing's tight box, fitted into SIDE x SIDE; None for an empty picture."""
    box = image.getchannel("A").point(lambda alpha: 255 if alpha > FAINT else 0).getbbox()
    if box is None:
        return None
    image = image.crop(box)
    scale = (SIDE - 2 * MARGIN) / max(image.size)
    image = image.resize(tuple(max(1, round(side * scale)) for side in image.size), Image.Resampling.LANCZOS)
    sheet = Image.new("RGBA", (SIDE, SIDE))
    sheet.paste(image, ((SIDE - image.width) // 2, SIDE - MARGIN - image.height))
    buffer = io.BytesIO()
    sheet.save(buffer, "WEBP", quality=88, alpha_quality=95, method=4)
    return Sprite(buffer.getvalue(), image.width / SIDE, image.height / SIDE)


def write(folder: Path, rows: list[list[Sprite]]) -> None:
    """rows: by concept, a sprite of each style."""
    where, position = [], 0
    with (folder / "sprites.bin").open("wb") as file:
        for row in rows:
            where.append([])
            for sprite in row:
                where[-1].append([position, len(sprite.webp), round(sprite.width, 4), round(sprite.height, 4)])
                position += file.write(sprite.webp)
    (folder / "sprites.json").write_text(json.dumps(where))


class Sprites:
    """Reads single sprites from the file, which stays on disk."""

    def __init__(self, folder: Path):
        self.where = json.loads((folder / "sprites.json").read_text())
        self.data = np.memmap(folder / "sprites.bin", np.uint8, "r")
        if self.where and len(self.data) < max(offset + size for row in self.where for offset, size, _, _ in row):
            raise ValueError(f"{folder / 'sprites.bin'} is cut short: run `assets` again")

    def __len__(self) -> int:
        return len(self.where)

    def read(self, concept: int, style: int) -> np.ndarray:
        """(SIDE, SIDE, 4) uint8, RGBA."""
        offset, size = self.where[concept][style][:2]
        return np.asarray(Image.open(io.BytesIO(self.data[offset : offset + size].tobytes())).convert("RGBA"))
