"""One's own pictures as a pool: a folder of pictures with captions beside them, or a WebDataset tar.

    holiday/beach.jpg, holiday/beach.txt    one caption per line
    holiday.tar with beach.jpg, beach.txt   https://github.com/webdataset/webdataset

Everything is read and checked before anything is written. Pictures become squares: the middle of the longer side.
"""

import hashlib
import io
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from forge.scenes import Split

from .pool import SHARD, SUBJECTS, data, write_shard

PICTURES = (".png", ".jpg", ".jpeg", ".webp")
SIZES = (512, 256)
HELD_OUT_SHARE = 0.05
NAMED = 10  # problems that an error names

Files = dict[str, Callable[[], bytes]]


@dataclass(frozen=True)
class Sample:
    """One picture that can be read, with at least one caption; `digest` is of both."""

    name: str
    captions: list[str]
    read: Callable[[], bytes]
    digest: str


def read_picture(content: bytes) -> Image.Image:
    """The picture as RGB, upright, transparent parts white; ValueError says what is wrong with it."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            picture = ImageOps.exif_transpose(image)
            if picture.mode.startswith("I;16"):
                picture = Image.fromarray((np.asarray(picture) // 257).astype(np.uint8))
            if picture.has_transparency_data:
                picture = picture.convert("RGBA")
                picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
            return picture.convert("RGB")
    except UnidentifiedImageError:
        raise ValueError("is no picture that can be read") from None
    except Exception as error:  # decoders raise whatever a damaged file leads them to
        raise ValueError(f"cannot be read: {error}") from error


def read_captions(content: bytes) -> list[str]:
    """One caption per line that is not blank; ValueError says what is wrong with them."""
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8: {error.reason} at byte {error.start}") from error
    captions = [" ".join(line.split()) for line in lines if line.strip()]
    if not captions:
        raise ValueError("holds no caption")
    return captions


@contextmanager
def opened(source: Path) -> Iterator[Files]:
    """The files of a folder or a tar, by name; hidden ones are left out."""
    if source.is_dir():
        paths = sorted(path for path in source.rglob("*") if path.is_file())
        yield {str(path.relative_to(source)): path.read_bytes for path in paths if visible(path.relative_to(source))}
        return
    if not source.exists():
        raise FileNotFoundError(f"{source} does not exist: give a folder of pictures or a tar of them")
    try:
        with tarfile.open(source) as tar:
            members = sorted((member for member in tar if member.isfile()), key=lambda member: member.offset)
            yield {member.name: lambda member=member: tar.extractfile(member).read()
                   for member in members if visible(PurePosixPath(member.name))}
    except (tarfile.TarError, EOFError) as error:
        raise ValueError(f"{source} is neither a folder nor a whole tar file: {error}") from error


def visible(path: Path | PurePosixPath) -> bool:
    return not any(part.startswith(".") and part != "." for part in path.parts)


def samples(source: Path, files: Files) -> list[Sample]:
    """Every picture of the source with its captions; one ValueError names all that is wrong with any of them."""
    names = [name for name in files if name.lower().endswith(PICTURES)]
    if not names:
        raise ValueError(f"{source} holds no pictures ({', '.join(PICTURES)})")
    good, problems = [], []
    for name in names:
        try:
            good.append(sample(name, files))
        except ValueError as error:
            problems.append(str(error))
    if problems:
        more = f"; and {len(problems) - NAMED} more" if len(problems) > NAMED else ""
        raise ValueError(f"{len(problems)} of {len(names)} pictures in {source} cannot be used, nothing was imported: "
                         + "; ".join(problems[:NAMED]) + more)
    if len(good) < 2:
        raise ValueError(f"{source} holds one picture: at least 2 are needed, since some are held out to measure by")
    return good


def caption_name(picture: str) -> str:
    return picture[: picture.rindex(".")] + ".txt"


def sample(name: str, files: Files) -> Sample:
    """ValueError names the picture or its caption, and what is wrong."""
    text = caption_name(name)
    if text not in files:
        raise ValueError(f"{name} has no caption: {text} is missing")
    picture, words = files[name](), files[text]()
    try:
        captions = read_captions(words)
    except ValueError as error:
        raise ValueError(f"{text} {error}") from error
    try:
        read_picture(picture)
    except ValueError as error:
        raise ValueError(f"{name} {error}") from error
    return Sample(name, captions, files[name], hashlib.sha256(hashlib.sha256(picture).digest() + words).hexdigest())


def write(folder: Path, size: int, split: Split, source: str, chosen: list[Sample]) -> None:
    """Shards of at most SHARD pictures; those that an import before this one wrote are left as they are."""
    for index, start in enumerate(range(0, len(chosen), SHARD)):
        part = chosen[start : start + SHARD]
        target = folder / f"{size}-{split.name.lower()}-own-{source}-{index:05d}"
        if target.exists():
            continue
        pixels = np.stack([
            np.asarray(ImageOps.fit(read_picture(entry.read()), (size, size), Image.Resampling.LANCZOS))
            for entry in part])
        masks = np.zeros((len(part), SUBJECTS, size // 8, size // 8), np.uint8)
        write_shard(target, pixels, masks, [{"captions": entry.captions} for entry in part])


@dataclass(frozen=True)
class Imported:
    train: int
    held_out: int
    unused: list[str]  # files that are neither a picture nor its caption


def add(source: Path, folder: Path) -> Imported:
    """Imports `source` into the pool `folder`; which pictures are held out follows from their content.

    A second import of the same pictures adds nothing.
    """
    if folder.exists() and any(folder.glob("[0-9]*-*")) and data(folder) == "drawn":
        raise ValueError(f"{folder} holds drawn scenes: import into another folder with --pool")
    with opened(source) as files:
        found = sorted(samples(source, files), key=lambda entry: entry.digest)
        name = hashlib.sha256("".join(entry.digest for entry in found).encode()).hexdigest()[:12]
        held_out = max(1, round(HELD_OUT_SHARE * len(found)))
        for size in SIZES:
            write(folder, size, Split.HELD_OUT, name, found[:held_out])
            write(folder, size, Split.TRAIN, name, found[held_out:])
        used = {name for entry in found for name in (entry.name, caption_name(entry.name))}
        return Imported(len(found) - held_out, held_out, sorted(set(files) - used))
