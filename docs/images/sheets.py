#!/usr/bin/env python3
"""Draws the sheets of this folder with the shipped model: the same seed for all, nothing chosen.

    docs/images/sheets.py everyday|image-to-image|in-painting [--command "./mobilediffusion"] [--seed 7] [--out FILE.jpg]

Needs Pillow.
"""

import argparse
import shlex
import subprocess
import tempfile
from functools import partial
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

HERE = Path(__file__).resolve().parent
SIDE, CAPTION = 256, 28
STRENGTHS = (0.3, 0.6, 0.9)

# What is drawn first, and what it is asked to become
CHANGES = [
    ("a red house", "a red house in the snow"), ("a cat", "a fox"), ("a boat on the sea", "a boat on the sea at night"),
    ("an apple", "a green apple"), ("a blue car", "a yellow car"), ("a dog in a meadow", "a dog in the desert"),
    ("a tree", "a cactus"), ("a birthday cake", "a pizza"), ("a castle", "a castle at sunset"), ("a rocket", "a red rocket"),
    ("a sunflower", "a rose"), ("a penguin", "a penguin in the snow"),
]

# What is drawn first, an ellipse of it in 512x512 (left, top, right, bottom), and what is drawn there
PLACES = [
    ("a cat in a meadow", (96, 96, 416, 448), "a dog in a meadow"), ("a red house by the sea", (96, 96, 416, 416), "a castle by the sea"),
    ("a boat on the sea", (300, 40, 460, 200), "the moon on the sea"), ("an apple", (96, 96, 416, 416), "a lemon"),
    ("a blue car in the desert", (32, 32, 224, 224), "a sun in the desert"), ("a dog", (330, 330, 500, 500), "a ball"),
    ("a tree in a meadow", (20, 280, 180, 470), "a rabbit in a meadow"), ("a birthday cake", (96, 60, 416, 300), "a birthday cake at night"),
    ("a castle in the mountains", (20, 20, 230, 190), "a balloon in the mountains"), ("a rocket", (96, 64, 416, 448), "a green rocket"),
    ("a sunflower", (96, 96, 416, 416), "a rose"), ("a penguin in the snow", (330, 260, 500, 470), "a penguin in the snow"),
]


def generate(command, seed, prompt, out, *more):
    subprocess.run([*shlex.split(command), "generate", prompt, "--seed", str(seed), "--out", str(out), *map(str, more)],
                   check=True, stdout=subprocess.DEVNULL)
    return out


def everyday(draw, folder):
    prompts = (HERE / "everyday-prompts.txt").read_text().splitlines()
    return 4, [(draw(prompt, folder / f"{index}.png"), prompt) for index, prompt in enumerate(prompts)]


def image_to_image(draw, folder):
    cells = []
    for index, (before, after) in enumerate(CHANGES):
        source = draw(before, folder / f"{index}.png")
        cells += [(source, before), *((draw(after, folder / f"{index}-{strength}.png", "--image", source, "--strength", strength),
                                       f"{after}, {strength}") for strength in STRENGTHS)]
    return 4, cells


def in_painting(draw, folder):
    cells = []
    for index, (before, place, after) in enumerate(PLACES):
        source, mask, marked = draw(before, folder / f"{index}.png"), folder / f"{index}-mask.png", folder / f"{index}-marked.png"
        picture, mark = Image.open(source).convert("RGB"), Image.new("L", (512, 512))
        ImageDraw.Draw(mark).ellipse(place, fill=255)
        mark.save(mask)
        ImageDraw.Draw(picture).ellipse(place, outline="magenta", width=4)
        picture.save(marked)
        cells += [(marked, before), (draw(after, folder / f"{index}-after.png", "--image", source, "--mask", mask), after)]
    return 6, cells


SHEETS = {"everyday": everyday, "image-to-image": image_to_image, "in-painting": in_painting}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sheet", choices=SHEETS)
    parser.add_argument("--command", default="./mobilediffusion")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        columns, cells = SHEETS[arguments.sheet](partial(generate, arguments.command, arguments.seed), Path(folder))
        sheet = Image.new("RGB", (columns * SIDE, -(-len(cells) // columns) * (SIDE + CAPTION)), "white")
        text, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
        for index, (file, caption) in enumerate(cells):
            x, y = index % columns * SIDE, index // columns * (SIDE + CAPTION)
            sheet.paste(Image.open(file).resize((SIDE, SIDE), Image.Resampling.LANCZOS), (x, y))
            text.text((x + 6, y + SIDE + 5), caption, fill="black", font=font)
    sheet.save(arguments.out or HERE / f"{arguments.sheet}.jpg", quality=85)


if __name__ == "__main__":
    main()
