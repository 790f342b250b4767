"""Assets without a network: things that `scenes` can draw, in the form that `assets` writes."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image

from forge.concepts import assets, own, sprites
from forge.concepts.selection import ANIMALS, FOOD, PLACES

# kind of scenes: its names, kin, group, flying
THINGS = {
    "cat": (["cat", "kitty"], ["tabby"], ANIMALS, False), "dog": (["dog"], ["puppy", "hound"], ANIMALS, False),
    "fish": (["fish"], ["salmon"], ANIMALS, False), "bird": (["bird"], [], ANIMALS, True),
    "apple": (["apple"], [], FOOD, False), "house": (["house", "home"], ["cottage"], PLACES, False),
    "car": (["car"], [], PLACES, False), "tree": (["tree", "oak tree"], [], PLACES, False)}


def write_assets(folder: Path, monkeypatch) -> Path:
    """Eight things in three equal styles."""
    monkeypatch.setattr(own, "KINDS", {kind: (names, group, "red", flying) for kind, (names, _, group, flying) in THINGS.items()})
    concepts = [{"names": names, "kin": kin, "group": group, "emoji": emoji, "flying": flying, "code": kind}
                for (kind, (names, kin, group, flying)), emoji in zip(THINGS.items(), "🐈🐕🐟🐦🍎🏠🚗🌳")]
    folder.mkdir(parents=True, exist_ok=True)
    assets.write(folder, concepts, [[sprites.pack(own.picture(kind, 256))] * 3 for kind in THINGS])
    return folder


def webp(colour: tuple[int, int, int]) -> bytes:
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[16:56, 8:56] = (*colour, 255)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", lossless=True)
    return buffer.getvalue()


def archive(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


def iconify(bodies: dict[str, str]) -> dict[str, bytes]:
    """An Iconify set: SVG bodies by code."""
    return {"icons.json": json.dumps({"width": 32, "height": 32, "icons": {
                f"icon-{code}": {"body": body} for code, body in bodies.items()}}).encode(),
            "chars.json": json.dumps({code: f"icon-{code}" for code in bodies}).encode()}
