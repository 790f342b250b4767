#!/usr/bin/env python3
"""Draws the sheet of prompts that people write, with the shipped model: one seed each, the same for all, nothing chosen.

    docs/images/everyday_sheet.py [--command "./mobilediffusion"] [--seed 7] [--out docs/images/everyday.jpg]

Needs Pillow.
"""

import argparse
import shlex
import subprocess
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

HERE = Path(__file__).resolve().parent
COLUMNS, SIDE, CAPTION = 4, 256, 28


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", default="./mobilediffusion")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", default=str(HERE / "everyday.jpg"))
    arguments = parser.parse_args()
    prompts = (HERE / "everyday-prompts.txt").read_text().splitlines()
    rows = -(-len(prompts) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * SIDE, rows * (SIDE + CAPTION)), "white")
    text = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(15)
    with tempfile.TemporaryDirectory() as folder:
        for index, prompt in enumerate(prompts):
            file = Path(folder) / f"{index}.png"
            command = [*shlex.split(arguments.command), "generate", prompt, "--seed", str(arguments.seed), "--out", str(file)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            x, y = index % COLUMNS * SIDE, index // COLUMNS * (SIDE + CAPTION)
            sheet.paste(Image.open(file).resize((SIDE, SIDE), Image.Resampling.LANCZOS), (x, y))
            text.text((x + 6, y + SIDE + 5), prompt, fill="black", font=font)
    sheet.save(arguments.out, quality=88)


if __name__ == "__main__":
    main()
