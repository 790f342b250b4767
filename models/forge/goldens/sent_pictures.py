"""Pictures of every kind that people send, for the runtime's reader: the same 24x16 scene each time.

A red quarter on the left, a green one, a blue one and a grey one, all brighter downwards.
"""

import numpy
from PIL import Image

from paths import RESOURCES

FOLDER = RESOURCES / "pictures"
WIDTH, HEIGHT = 24, 16
COLOURS = numpy.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0.5, 0.5]])


def scene() -> numpy.ndarray:
    brightness = numpy.linspace(0.4, 1, HEIGHT)[:, None, None]
    return (numpy.repeat(COLOURS, WIDTH // 4, axis=0)[None] * brightness * 255).round().astype(numpy.uint8)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(scene())
    alpha = Image.fromarray(numpy.where(numpy.arange(WIDTH)[None] < WIDTH // 4, 0, 255).repeat(HEIGHT, 0).astype(numpy.uint8))
    transparent = picture.copy()
    transparent.putalpha(alpha)
    grey = picture.convert("L")
    files = {
        "plain.png": picture,
        "transparent.png": transparent,
        "palette.png": picture.quantize(255),
        "grey.png": grey,
        "bits.png": grey.point(lambda value: 255 if value > 60 else 0).convert("1"),
        "grey-16-bit.png": Image.fromarray(numpy.asarray(grey).astype(numpy.uint16) * 257),
        "grey-alpha.png": Image.merge("LA", (grey, alpha)),
    }
    for name, file in files.items():
        file.save(FOLDER / name, optimize=True)
    picture.save(FOLDER / "plain.jpg", quality=95, subsampling=0)
    grey.save(FOLDER / "grey.jpg", quality=95)
    picture.save(FOLDER / "progressive.jpg", quality=95, subsampling=0, progressive=True)
    picture.convert("CMYK").save(FOLDER / "cmyk.jpg", quality=95)
    picture.save(FOLDER / "lossless.webp", lossless=True)
    transparent.save(FOLDER / "transparent.webp", lossless=True)
    picture.save(FOLDER / "lossy.webp", quality=95)
    turns = {1: [], 2: [Image.Transpose.FLIP_LEFT_RIGHT], 3: [Image.Transpose.ROTATE_180], 4: [Image.Transpose.FLIP_TOP_BOTTOM],
             5: [Image.Transpose.TRANSPOSE], 6: [Image.Transpose.ROTATE_90], 7: [Image.Transpose.TRANSVERSE], 8: [Image.Transpose.ROTATE_270]}
    for code, turn in turns.items():  # as a camera held so stores it
        exif = Image.Exif()
        exif[274] = code
        stored = picture
        for one in turn:
            stored = stored.transpose(one)
        stored.save(FOLDER / f"turned-{code}.jpg", quality=95, subsampling=0, exif=exif)
    stored.save(FOLDER / "turned-8.png", exif=exif)
    stored.save(FOLDER / "turned-8.webp", lossless=True, exif=exif)


if __name__ == "__main__":
    main()
