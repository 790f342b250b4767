"""From npm packages to sprites, and what is said when a package, an SVG or npm is not as it should be."""

import base64
import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from concept_assets import archive, iconify, webp, write_assets
from forge.concepts import assets, icons, own, packages
from forge.concepts.corpus import Corpus
from forge.concepts.english import plural, with_article
from forge.concepts.lexicon import Lexicon
from forge.concepts.lists import lines, table, words
from forge.concepts.selection import is_concept, names_of
from forge.concepts.sprites import Sprites, pack

SQUARE = '<path fill="#f00" d="M4 4h24v24H4z"/>'
EMOJI = [
    {"label": "dog", "hexcode": "1F415", "emoji": "🐕", "group": 3}, {"label": "red apple", "hexcode": "1F34E", "emoji": "🍎", "group": 4},
    {"label": "green apple", "hexcode": "1F34F", "emoji": "🍏", "group": 4}, {"label": "two o’clock", "hexcode": "1F551", "emoji": "🕑", "group": 5},
    {"label": "cat", "hexcode": "1F408", "emoji": "🐈", "group": 3}]
NOUNS = """  1 a line of the licence
00000001 05 n 02 dog 0 domestic_dog 0 002 ~ 00000002 n 0000 @ 00000009 n 0000 | the animal
00000002 05 n 03 poodle 0 Poodle 0 white_poodle 0 001 @ 00000001 n 0000 | one of them
00000003 18 n 01 dog 0 000 | a bad man
"""
INDEX = "  1 a line of the licence\ndog n 2 1 ~ 2 0 00000003 00000001  \n"


def contents() -> dict[packages.Package, dict[str, bytes]]:
    drawn = {"1f415": SQUARE, "1f34e": SQUARE}
    return {packages.FLUENT_3D: {f"assets/{code}.webp": webp((200, 40, 40)) for code in drawn},
            packages.FLUENT_FLAT: iconify(drawn), packages.NOTO: iconify(drawn),
            packages.EMOJIBASE: {"en/data.json": json.dumps(EMOJI).encode()},
            packages.WORDNET: {"dict/data.noun": NOUNS.encode(), "dict/index.noun": INDEX.encode()}}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The five packages as small archives, pinned as they are."""
    put(tmp_path, monkeypatch, contents())
    return tmp_path


def put(folder, monkeypatch, files) -> None:
    (folder / "packages").mkdir(exist_ok=True)
    pinned = []
    for package, content in files.items():
        path = folder / "packages" / package.archive
        archive(path, content)
        pinned.append(replace(package, integrity=base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()))
    monkeypatch.setattr(packages, "PACKAGES", tuple(pinned))


def test_packages_become_concepts_with_a_sprite_of_each_style(folder):
    told = assets.build(folder, 1)
    assert told["concepts"] == 2 + len(own.KINDS) and {each["licence"] for each in told["packages"]} >= {"MIT", "Apache-2.0"}
    concepts = json.loads((folder / "concepts.json").read_text())
    assert [each["names"][0] for each in concepts] == ["dog", "apple", *(names[0] for names, *_ in own.KINDS.values())]
    assert "poodle" in concepts[0]["kin"] and "white poodle" not in concepts[0]["kin"]
    corpus, read = Corpus(folder), Sprites(folder)
    assert len(corpus) == len(read) == told["concepts"]
    for style in range(3):
        pixels = read.read(0, style)
        assert pixels.shape == (icons.SIDE, icons.SIDE, 4) and pixels[..., 3].max() == 255
        middle = pixels[icons.SIDE // 2 + 30, icons.SIDE // 2, :3].astype(int)
        assert middle[0] > 150 > middle[1]


def test_altered_package_is_named_before_it_is_read(folder):
    path = folder / "packages" / packages.NOTO.archive
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ValueError, match=r"noto-1.2.9.tgz is not @iconify-json/noto 1.2.9 as pinned: its SHA-512 is .* delete it"):
        assets.build(folder, 1)
    assert not (folder / "assets.json").exists()


def test_missing_package_without_npm_is_named(folder, monkeypatch):
    (folder / "packages" / packages.EMOJIBASE.archive).unlink()
    monkeypatch.setattr("forge.concepts.packages.shutil.which", lambda name: None)
    with pytest.raises(OSError, match=r"emojibase-data-17.0.0.tgz is missing and there is no npm to fetch it with: install Node.js"):
        packages.fetch_all(folder / "packages")


def test_npm_that_fails_is_quoted(folder, monkeypatch, tmp_path):
    (folder / "packages" / packages.EMOJIBASE.archive).unlink()
    program = tmp_path / "npm"
    program.write_text("#!/bin/sh\necho 'npm error code ENOTFOUND' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr("forge.concepts.packages.shutil.which", lambda name: str(program))
    with pytest.raises(OSError, match="npm could not fetch emojibase-data 17.0.0: npm error code ENOTFOUND"):
        packages.fetch_all(folder / "packages")


def test_svg_that_does_not_render_is_named(folder, monkeypatch):
    files = contents()
    files[packages.NOTO] = iconify({"1f415": "<path", "1f34e": SQUARE})
    put(folder, monkeypatch, files)
    with pytest.raises(ValueError, match="the SVG of 1F415 of @iconify-json/noto does not render: "):
        assets.build(folder, 1)


def test_no_renderer_is_named(monkeypatch):
    monkeypatch.setattr("forge.concepts.icons.shutil.which", lambda name: None)
    with pytest.raises(OSError, match="install rsvg-convert"):
        icons.find_renderer()


@pytest.mark.parametrize("package, file", [(packages.NOTO, "chars.json"), (packages.EMOJIBASE, "en/data.json"),
                                           (packages.WORDNET, "dict/data.noun")])
def test_package_without_a_file_is_named(folder, monkeypatch, package, file):
    files = contents()
    del files[package][file]
    put(folder, monkeypatch, files)
    with pytest.raises(ValueError, match=f"{package.name} {package.version} holds no {file}"):
        assets.build(folder, 1)


def test_missing_and_altered_assets_are_named(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="no assets in .*: run `python -m forge assets` first"):
        Corpus(tmp_path)
    write_assets(tmp_path, monkeypatch)
    assert assets.check(tmp_path)["concepts"] == 8
    data = (tmp_path / "sprites.bin").read_bytes()
    (tmp_path / "sprites.bin").write_bytes(data[:-1])
    with pytest.raises(ValueError, match="sprites.bin is not the file that assets.json describes"):
        Corpus(tmp_path)
    (tmp_path / "assets.json").write_text("{")
    with pytest.raises(ValueError, match="assets.json is damaged"):
        Corpus(tmp_path)


def test_which_emoji_are_concepts_and_how_they_are_called():
    kept = [entry["label"] for entry in EMOJI if is_concept(entry)]
    assert kept == ["dog", "red apple", "cat"]
    assert names_of("red apple") == ["apple"] and names_of("Statue of Liberty") == ["statue of liberty"]
    assert not is_concept({"label": "man cook", "group": 1}) and is_concept({"label": "cook", "group": 1})


def test_lists_are_read_whole():
    assert len(words("tier1")) == 250 and "dog" in words("tier1")
    assert table("names")["house"] == ("house", "home")
    assert all(lines(name) for name in ("dropped", "symbols", "people", "flying", "uncounted", "landscapes"))
    assert table("kin")["dog"][0] == "puppy" and table("plurals")["mouse"] == ("mice",)


def test_kin_descends_from_the_meaning_of_the_group():
    lexicon = Lexicon(NOUNS, INDEX)
    assert {"domestic dog", "poodle"} <= set(lexicon.kin(["dog"], 3, {"dog"}))
    assert "poodle" not in lexicon.kin(["dog"], 3, {"dog", "poodle"})  # another concept's name


@pytest.mark.parametrize("one, many", [("dog", "dogs"), ("box", "boxes"), ("baby", "babies"), ("snowman", "snowmen"),
                                       ("cup of coffee", "cups of coffee"), ("fish", "fish"), ("monkey", "monkeys"), ("bread", "bread")])
def test_plurals(one, many):
    assert plural(one) == many


def test_articles():
    assert (with_article("apple"), with_article("red apple")) == ("an apple", "a red apple")


@pytest.mark.parametrize("kind", own.KINDS)
def test_own_drawings_have_clear_edges_and_solid_middles(kind):
    picture = own.picture(kind, 256)
    alpha = np.asarray(picture)[..., 3]
    assert alpha[0, 0] == 0 and alpha.max() == 255
    sprite = pack(picture)
    assert max(sprite.width, sprite.height) == pytest.approx(248 / 256)
