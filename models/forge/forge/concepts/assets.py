"""What `assets` does: packages in, concepts and sprites out, in a folder outside of the tree.

    packages/       the archives as npm packs them, checked against pinned hashes
    concepts.json   by concept: names (the first is its own), kin, group, emoji, flying, code
    sprites.*       see `sprites`
    assets.json     packages with versions, hashes and licences, and the hash of the sprites: written last
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from PIL import Image

from . import own, packages, sprites
from .icons import IconifySet, WebpSet, find_renderer
from .lexicon import Lexicon
from .selection import is_concept, is_flying, names_of

STYLES = ("3d", "flat", "cartoon")
FORMAT = 1
MADE = ("concepts.json", "sprites.bin", "sprites.json", "assets.json")


def build(folder: Path, workers: int) -> dict:
    """Fetches, renders and packs; returns what assets.json says. Existing assets stay until the new ones are whole."""
    archives = folder / "packages"
    renderer = find_renderer()
    packages.fetch_all(archives)
    entries = [entry for entry in emoji(archives) if is_concept(entry)]
    sets = (WebpSet(packages.FLUENT_3D, archives), IconifySet(packages.FLUENT_FLAT, archives, renderer),
            IconifySet(packages.NOTO, archives, renderer))
    print(f"{len(entries)} emoji to render with {Path(renderer).name}", flush=True)
    with ThreadPoolExecutor(workers) as pool:
        made = list(pool.map(lambda entry: row_of([each.picture(entry["hexcode"]) for each in sets]), entries))
    concepts = [concept_of(entry) for entry, row in zip(entries, made) if row] + [
        {"names": names, "group": group, "emoji": "", "flying": flying, "code": kind}
        for kind, (names, group, _, flying) in own.KINDS.items()]
    rows = [row for row in made if row] + [row_of([own.picture(kind)] * len(STYLES)) for kind in own.KINDS]
    add_kin(concepts, archives)
    return write(folder, concepts, rows)


def emoji(archives: Path) -> list[dict]:
    """Emojibase's records of all emoji."""
    found = packages.read(packages.EMOJIBASE, archives, lambda path: path == "en/data.json")
    if not found:
        raise ValueError(f"{packages.EMOJIBASE.name} {packages.EMOJIBASE.version} holds no en/data.json")
    return json.loads(found["en/data.json"])


def row_of(pictures: list[Image.Image | None]) -> list[sprites.Sprite] | None:
    """A sprite of each style; None when a style has no picture of the thing."""
    if any(picture is None for picture in pictures):
        return None
    row = [sprites.pack(picture) for picture in pictures]
    return None if any(sprite is None for sprite in row) else row


def concept_of(entry: dict) -> dict:
    return {"names": names_of(entry["label"]), "group": entry["group"], "emoji": entry["emoji"],
            "flying": is_flying(entry["label"]), "code": entry["hexcode"]}


def add_kin(concepts: list[dict], archives: Path) -> None:
    nouns = {"dict/data.noun", "dict/index.noun"}
    found = packages.read(packages.WORDNET, archives, lambda path: path in nouns)
    missing = nouns - set(found)
    if missing:
        raise ValueError(f"{packages.WORDNET.name} {packages.WORDNET.version} holds no {min(missing)}")
    lexicon = Lexicon(*(found[name].decode() for name in sorted(nouns)))
    taken = {name for concept in concepts for name in concept["names"]}
    for concept in concepts:
        drawn_here = concept["code"] in own.KINDS  # "ball" has too many meanings to take its kin
        concept["kin"] = [] if drawn_here else lexicon.kin(concept["names"], concept["group"], taken)


def write(folder: Path, concepts: list[dict], rows: list[list[sprites.Sprite]]) -> dict:
    partial = Path(tempfile.mkdtemp(prefix=".assets-", dir=folder))
    try:
        sprites.write(partial, rows)
        (partial / "concepts.json").write_text(json.dumps(concepts, ensure_ascii=False, indent=0))
        told = {"format": FORMAT, "concepts": len(concepts), "styles": list(STYLES),
                "sprites_sha256": sha256(partial / "sprites.bin"),
                "packages": [asdict(package) for package in packages.PACKAGES]}
        (partial / "assets.json").write_text(json.dumps(told, indent=2) + "\n")
        (folder / "assets.json").unlink(missing_ok=True)  # whoever reads between the renames finds no assets
        for name in MADE:
            (partial / name).replace(folder / name)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return told


def check(folder: Path, digest: Callable[[Path], str] | None = None) -> dict:
    """What assets.json says; FileNotFoundError says how to make assets, ValueError names what is altered."""
    if not (folder / "assets.json").exists():
        raise FileNotFoundError(f"no assets in {folder}: run `python -m forge assets` first")
    try:
        told = json.loads((folder / "assets.json").read_text())
        styles, made = told["styles"], told["format"]
    except (ValueError, KeyError) as error:
        raise ValueError(f"{folder / 'assets.json'} is damaged: {error!r}") from error
    if made != FORMAT or styles != list(STYLES):
        raise ValueError(f"{folder} was made by another version of the forge: run `python -m forge assets` again")
    if (digest or sha256)(folder / "sprites.bin") != told["sprites_sha256"]:
        raise ValueError(f"{folder / 'sprites.bin'} is not the file that assets.json describes: run `python -m forge assets` again")
    return told


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
