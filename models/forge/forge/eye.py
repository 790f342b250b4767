"""Judging by eye: pictures of prompts that people write, shown without the prompts, each to be recognized among ten names.

`make` draws one picture of each prompt of `concepts/lists/eye.txt` and writes what a judge sees (`sheet-0.png`, … of ten
numbered pictures each, and `questions.txt` with ten names for each), and `answers.json`, which the judge must not see.
`score` compares the judge's letters with it.
"""

import json
import string
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from forge.architecture import Preset
from forge.concepts import Corpus
from forge.concepts.lists import lines, words
from forge.concepts.rephrasing import rephrased
from forge.distillation.students import load_unet
from forge.evaluate import Generator
from forge.training.denoiser_stage import SHIFT, Frozen
from forge.training.run import Machine

NAMES, OF_ITS_GROUP = 10, 4  # to choose from; wrong ones of the thing's own group
COLUMNS, SIDE, TITLE = 5, 320, 28
SEED = 100


def prompts() -> list[tuple[str, str]]:
    """Things and the prompts that ask for them."""
    return [tuple(line.split(": ", 1)) for line in lines("eye")]


def choices(thing: str, corpus: Corpus, rng: np.random.Generator) -> list[str]:
    """The thing's name and nine others of tier 1, in a random order."""
    group = corpus.concepts[corpus.numbers[thing]].group
    others = sorted(words("tier1") - {thing})
    near = [name for name in others if corpus.concepts[corpus.numbers[name]].group == group]
    wrong = list(rng.choice(near, min(OF_ITS_GROUP, len(near)), replace=False))
    rest = [name for name in others if name not in wrong]
    wrong += list(rng.choice(rest, NAMES - 1 - len(wrong), replace=False))
    return [str(name) for name in rng.permutation([thing, *wrong])]


def make(run: Path, assets: Path, preset: Preset, machine: Machine, stage: str, out: Path) -> None:
    """Errors as those of `evaluate`."""
    corpus, asked = Corpus(assets), prompts()
    rng = np.random.default_rng(SEED)
    order = [asked[index] for index in rng.permutation(len(asked))]
    generator = Generator(Frozen(run, preset, machine), machine.place(load_unet(run, stage, preset)[0]), preset, machine,
                          steps=1, guidance=1.0, shift=SHIFT[preset.pixels], size=preset.pixels)
    pictures = generator.pictures([rephrased(prompt) for _, prompt in order])
    offered = [choices(thing, corpus, rng) for thing, _ in order]
    out.mkdir(parents=True, exist_ok=True)
    for start in range(0, len(order), 2 * COLUMNS):
        _sheet(pictures[start : start + 2 * COLUMNS], start).save(out / f"sheet-{start // (2 * COLUMNS)}.png")
    (out / "questions.txt").write_text("".join(
        f"{number}: " + ", ".join(f"{letter} {name}" for letter, name in zip(string.ascii_lowercase, names)) + "\n"
        for number, names in enumerate(offered)))
    (out / "answers.json").write_text(json.dumps(
        [{"thing": thing, "prompt": prompt, "letter": string.ascii_lowercase[names.index(thing)]}
         for (thing, prompt), names in zip(order, offered)], indent=1, ensure_ascii=False) + "\n")


def _sheet(pictures: np.ndarray, first: int) -> Image.Image:
    page = Image.new("RGB", (COLUMNS * SIDE, 2 * (SIDE + TITLE)), "white")
    pen = ImageDraw.Draw(page)
    for position, pixels in enumerate(pictures):
        x, y = position % COLUMNS * SIDE, position // COLUMNS * (SIDE + TITLE)
        pen.text((x + 4, y + 4), str(first + position), "black", font_size=18)
        page.paste(Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.LANCZOS), (x, y + TITLE))
    return page


def score(out: Path, picks: Path) -> str:
    """picks: a line `number: letter` for each picture that was recognized, `number: -` for the others.

    ValueError names the first line that is neither, or a picture without a line."""
    answers = json.loads((out / "answers.json").read_text())
    picked: dict[int, str] = {}
    for line in filter(str.strip, picks.read_text().splitlines()):
        number, _, letter = (part.strip() for part in line.partition(":"))
        if not number.isdigit() or int(number) >= len(answers) or letter not in ("-", *string.ascii_lowercase[:NAMES]):
            raise ValueError(f"{picks}: a line must be `number: letter`, number below {len(answers)}, letter a to j or -, got {line!r}")
        picked[int(number)] = letter
    missing = sorted(set(range(len(answers))) - set(picked))
    if missing:
        raise ValueError(f"{picks} says nothing of picture {missing[0]}")
    wrong = [f"{number} ({answer['prompt']})" for number, answer in enumerate(answers) if picked[number] != answer["letter"]]
    return (f"{len(answers) - len(wrong)} of {len(answers)} recognized"
            + (f"; not: {', '.join(wrong)}" if wrong else "")) + "\n"
