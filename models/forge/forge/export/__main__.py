"""Writes a preset with random weights, for benchmarks: `cd models/forge && python -m forge.export full OUT`. It draws noise."""

import argparse
import sys
from pathlib import Path

from .random_bundle import export_random_bundle


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="export", description=__doc__)
    parser.add_argument("preset", help="full, lite, pocket, scenes or tiny")
    parser.add_argument("out", type=Path, help="folder of the bundle; replaced if it is there")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--single", action="store_true", help="store weights as fp32 instead of fp16")
    options = parser.parse_args(arguments)
    try:
        export_random_bundle(options.out, options.preset, options.seed, half=not options.single)
    except ValueError as error:
        print(f"export: {error}", file=sys.stderr)
        return 1
    print(f"{options.out}: {options.preset} with random weights, seed {options.seed}; it draws noise")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
