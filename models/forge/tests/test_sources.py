"""Importing one's own pictures: what becomes of them, and what is refused before anything is written."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forge.scenes import Split
from forge.training import pool
from forge.training.pool import Pool, data, draw_shard, fill
from forge.training.sources import add, read_picture


def encoded(image: Image.Image, form: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def plain(colour, size=(40, 30), mode="RGB") -> Image.Image:
    return Image.new(mode, size, colour)


FILES = {
    "a.png": encoded(plain("red"), "PNG"), "a.txt": b"a red wall\n\n  the   wall \r\n",
    "b.jpg": encoded(plain("lime", (30, 40)), "JPEG", quality=95), "b.txt": b"\xef\xbb\xbfgreen\n",
    "c.jpeg": encoded(plain("blue"), "JPEG", quality=95), "c.txt": "blau und schön".encode(),
    "d.webp": encoded(plain("white"), "WEBP", lossless=True), "d.txt": b"white",
}


def folder_of(files: dict[str, bytes], path: Path) -> Path:
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def tar_of(files: dict[str, bytes], path: Path, mode: str = "w") -> Path:
    with tarfile.open(path, mode) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def contents(folder: Path) -> dict[tuple[str, ...], list[int]]:
    """The mean colour of every picture at 256 pixels, by its captions."""
    found = {}
    for split in (Split.TRAIN, Split.HELD_OUT):
        pictures = Pool(folder, 256, split)
        for index, record in enumerate(pictures.records):
            found[tuple(record["captions"])] = [round(float(x)) for x in pictures.pixels(index).mean(axis=(0, 1))]
    return found


EXPECTED = {("a red wall", "the wall"): [255, 0, 0], ("green",): [0, 255, 0], ("blau und schön",): [0, 0, 255],
            ("white",): [255, 255, 255]}


def near(found: dict, expected: dict) -> bool:
    return found.keys() == expected.keys() and all(
        max(abs(a - b) for a, b in zip(found[key], expected[key])) <= 2 for key in expected)


@pytest.mark.parametrize("kind", ["folder", "tar", "tar.gz"])
def test_pictures_and_captions_arrive_in_both_sizes(tmp_path, kind):
    files = FILES | {"notes.md": b"x", ".DS_Store": b"x", "lonely.txt": b"x"}
    source = folder_of(files, tmp_path / "in") if kind == "folder" else tar_of(
        files, tmp_path / f"in.{kind}", "w:gz" if kind == "tar.gz" else "w")
    found = add(source, tmp_path / "pool")
    assert (found.train, found.held_out, found.unused) == (3, 1, ["lonely.txt", "notes.md"])
    assert near(contents(tmp_path / "pool"), EXPECTED)
    for size in (256, 512):
        train, held_out = (Pool(tmp_path / "pool", size, split) for split in (Split.TRAIN, Split.HELD_OUT))
        assert (len(train), len(held_out), train.data) == (3, 1, "own")
        assert train.pixels(0).shape == (size, size, 3) and not train.masks.any()
        assert [r["captions"] for r in train.records] == [r["captions"] for r in Pool(tmp_path / "pool", 256,
                                                                                     Split.TRAIN).records]


def test_folder_and_tar_of_the_same_pictures_are_the_same_import(tmp_path, monkeypatch):
    add(folder_of(FILES, tmp_path / "in"), tmp_path / "pool")
    before = sorted(path.name for path in tmp_path.joinpath("pool").iterdir())
    add(tar_of(FILES, tmp_path / "in.tar"), tmp_path / "pool")
    assert sorted(path.name for path in tmp_path.joinpath("pool").iterdir()) == before


def test_further_pictures_join_the_pool_and_folders_may_be_nested(tmp_path):
    add(folder_of(FILES, tmp_path / "in"), tmp_path / "pool")
    more = {f"trip/{name}": content for name, content in FILES.items() if name[0] in "ab"}
    assert add(folder_of(more | {"trip/a.txt": b"again"}, tmp_path / "more"), tmp_path / "pool").train == 1
    assert len(Pool(tmp_path / "pool", 256, Split.TRAIN)) == 4
    assert len(Pool(tmp_path / "pool", 512, Split.HELD_OUT)) == 2


def test_stopped_import_goes_on(tmp_path, monkeypatch):
    source = folder_of(FILES, tmp_path / "in")
    add(source, tmp_path / "whole")
    write = pool.write_shard
    done = []

    class Killed(Exception):
        pass

    def killed(*arguments):
        if len(done) == 2:
            raise Killed
        done.append(arguments[0])
        write(*arguments)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr("forge.training.sources.write_shard", killed)
        add(source, tmp_path / "pool")
    add(source, tmp_path / "pool")
    for path in tmp_path.joinpath("whole").rglob("*.*"):
        assert (tmp_path / "pool" / path.relative_to(tmp_path / "whole")).read_bytes() == path.read_bytes()


def test_picture_is_cut_to_its_middle_and_turned_upright():
    stripes = np.zeros((40, 120, 3), np.uint8)
    stripes[:, :40], stripes[:, 40:80], stripes[:, 80:] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its side
    picture = read_picture(encoded(Image.fromarray(stripes), "PNG", exif=exif))
    assert picture.size == (40, 120)
    assert picture.getpixel((20, 60)) == (0, 255, 0)


def test_middle_of_the_longer_side_is_kept(tmp_path):
    stripes = np.zeros((40, 120, 3), np.uint8)
    stripes[:, 40:80] = (0, 255, 0)
    wide, high = (encoded(Image.fromarray(a), "PNG") for a in (stripes, stripes.transpose(1, 0, 2).copy()))
    add(folder_of({"a.png": wide, "a.txt": b"wide", "b.png": high, "b.txt": b"high"}, tmp_path / "in"), tmp_path / "pool")
    assert near(contents(tmp_path / "pool"), {("wide",): [0, 255, 0], ("high",): [0, 255, 0]})


@pytest.mark.parametrize("image, colour", [
    (plain((200, 0, 0, 0), mode="RGBA"), (255, 255, 255)), (plain(99, mode="L"), (99, 99, 99)),
    (Image.fromarray(np.full((8, 8), 257 * 130, np.uint16)), (130, 130, 130)), (plain(1, mode="1"), (255, 255, 255))],
    ids=["transparent", "grey", "16 bits", "1 bit"])
def test_every_kind_of_picture_becomes_rgb(image, colour):
    picture = read_picture(encoded(image, "PNG"))
    assert picture.mode == "RGB" and picture.getpixel((3, 3)) == colour


def without(*names: str, **changed: bytes) -> dict[str, bytes]:
    return {name: content for name, content in FILES.items() if name not in names} | {
        name.replace("_", "."): content for name, content in changed.items()}


@pytest.mark.parametrize("files, complaint", [
    (without("b.txt"), "1 of 4 pictures .*b.jpg has no caption: b.txt is missing"),
    (without(b_txt=b" \n\n"), "b.txt holds no caption"),
    (without(b_txt=b"\xff\xfe"), "b.txt is not UTF-8: .* at byte 0"),
    (without(c_jpeg=b"no picture"), "c.jpeg is no picture that can be read"),
    (without(a_png=FILES["a.png"][:-30]), "a.png cannot be read: "),
    (without("b.txt", a_png=b"", d_txt=b""), "3 of 4 pictures .*a.png is no .*; b.jpg has no .*; d.txt holds no"),
    ({}, "holds no pictures"), ({"a.txt": b"x"}, "holds no pictures"),
    (without("b.jpg", "b.txt", "c.jpeg", "c.txt", "d.webp", "d.txt"), "holds one picture: at least 2")])
@pytest.mark.parametrize("kind", ["folder", "tar"])
def test_what_is_wrong_is_named_and_nothing_is_written(tmp_path, files, complaint, kind):
    (tmp_path / "in").mkdir()
    source = folder_of(files, tmp_path / "in") if kind == "folder" else tar_of(files, tmp_path / "in.tar")
    with pytest.raises(ValueError, match=complaint) as error:
        add(source, tmp_path / "pool")
    assert str(source) in str(error.value) and "\n" not in str(error.value)
    assert not (tmp_path / "pool").exists()


def test_only_the_first_ten_problems_are_named(tmp_path):
    files = {f"{letter}.png": FILES["a.png"] for letter in "abcdefghijklmn"}
    with pytest.raises(ValueError, match="14 of 14 pictures .*; and 4 more$"):
        add(folder_of(files, tmp_path / "in"), tmp_path / "pool")


def test_sources_that_are_no_sources_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere does not exist"):
        add(tmp_path / "nowhere", tmp_path / "pool")
    (tmp_path / "x.tar").write_bytes(b"no tar")
    with pytest.raises(ValueError, match="x.tar is neither a folder nor a whole tar"):
        add(tmp_path / "x.tar", tmp_path / "pool")
    tar = tar_of(FILES, tmp_path / "cut.tar")
    tar.write_bytes(tar.read_bytes()[:3000])
    with pytest.raises(ValueError, match="cut.tar is neither a folder nor a whole tar"):
        add(tar, tmp_path / "pool")
    assert not (tmp_path / "pool").exists()


def test_drawn_and_imported_pictures_do_not_mix(tmp_path):
    source = folder_of(FILES, tmp_path / "in")
    draw_shard(tmp_path / "drawn", 256, Split.TRAIN, 0, count=1)
    with pytest.raises(ValueError, match="drawn holds drawn scenes: import into another folder with --pool"):
        add(source, tmp_path / "drawn")
    add(source, tmp_path / "own")
    with pytest.raises(ValueError, match="own holds imported pictures: draw into another folder with --pool"):
        fill(tmp_path / "own", 256, Split.TRAIN, 1, workers=0)
    assert (data(tmp_path / "drawn"), data(tmp_path / "own")) == ("drawn", "own")


def test_records_are_captions_alone(tmp_path):
    add(folder_of(FILES, tmp_path / "in"), tmp_path / "pool")
    for path in tmp_path.joinpath("pool").rglob("records.json"):
        assert all(set(record) == {"captions"} for record in json.loads(path.read_text()))
