"""The forge's command line: `python models/forge COMMAND --help`.

From a bare machine to a bundle, in the order of the paper's appendix:

    python models/forge train --minutes 480      # draw, text, vae, denoiser, decoder, checker: all stages
    python models/forge evaluate                 # obedience, Fréchet distance, reconstruction, sheets
    python models/forge export --out models/pocket
"""

import argparse
import os
import sys
from pathlib import Path

PICTURE_SIZES = (128, 256, 512)
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "mobilediffusion"
# glibc returns large tensors to the kernel after every operation and faults them in again: a quarter of a step's time.
MALLOC = "glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=8589934592:glibc.malloc.top_pad=268435456"


def keep_memory() -> None:
    """Restarts this process with an allocator that keeps what it has, where the allocator is glibc's."""
    if sys.platform == "linux" and "GLIBC_TUNABLES" not in os.environ:
        os.environ["GLIBC_TUNABLES"] = MALLOC
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def positive(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {text}")
    return int(text)


def minutes(text: str) -> float:
    if not 0 < float(text) < float("inf"):
        raise argparse.ArgumentTypeError(f"must be above 0, got {text}")
    return float(text)


def guidance(text: str) -> float:
    if not 0 <= float(text) < 100:
        raise argparse.ArgumentTypeError(f"must be in [0, 100), got {text}")
    return float(text)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="forge", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(dest="command", required=True)

    def command(name: str, text: str, training: bool = True) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        if training:
            made.add_argument("--preset", default="pocket", help="pocket (default), tiny, ...")
            made.add_argument("--run", type=Path, help="checkpoints and logs; default: the user's cache folder")
            made.add_argument("--pool", type=Path, help="drawn or imported pictures; default: the user's cache folder")
            made.add_argument("--threads", type=positive, default=os.cpu_count(),
                              help="CPU threads; 1 is faster than 2 where other programs keep the cores busy")
        return made

    draw = command("draw", "Fills the pool with drawn scenes.")
    draw.add_argument("--size", type=int, default=256, choices=PICTURE_SIZES[1:])
    draw.add_argument("--pictures", type=positive, required=True)
    draw.add_argument("--workers", type=positive, default=os.cpu_count())
    draw.add_argument("--held-out", action="store_true")

    own = command("import", "Makes a pool of one's own pictures: a folder of pictures with .txt captions (one per line), "
                            "or a WebDataset tar. `train --pool` then trains on them.", training=False)
    own.add_argument("source", type=Path)
    own.add_argument("--pool", type=Path, required=True, help="the pool's folder: new, or of imported pictures")

    train = command("train", "Trains one stage, or all of them within a budget. Goes on where it stopped.")
    train.add_argument("--stage", default="all", choices=["all", "text", "vae", "denoiser", "decoder", "checker"])
    train.add_argument("--minutes", type=minutes, required=True,
                       help="wall-clock budget of the stage, earlier runs included")
    train.add_argument("--seed", type=int, help="of weights and batches; default: a number of each stage's own")
    train.add_argument("--workers", type=positive, default=os.cpu_count(),
                       help="single-threaded processes that train the denoiser together (CPU only); default: the cores")
    train.add_argument("--compile", action="store_true", help="torch.compile; always on with a GPU")

    evaluate = command("evaluate", "Measures obedience, Fréchet distance, diversity and reconstruction; draws sheets.")
    evaluate.add_argument("--out", type=Path, help="folder for the report and the sheets")
    evaluate.add_argument("--prompts", type=positive, default=96)
    evaluate.add_argument("--steps", type=positive, nargs="+", default=[16])
    evaluate.add_argument("--guidance", type=guidance, default=2.5)
    evaluate.add_argument("--size", type=int, default=512, choices=PICTURE_SIZES)

    export = command("export", "Writes the bundle in the diffusers ONNX layout.")
    export.add_argument("--out", type=Path, required=True)
    export.add_argument("--steps", type=positive, default=16, help="the bundle's default steps")
    export.add_argument("--guidance", type=guidance, default=2.5, help="the bundle's default guidance")

    publish = command("publish", "Copies the run's weights as fp16 shards of at most 15 MB.")
    publish.add_argument("--out", type=Path, required=True)

    adopt = command("adopt", "Starts a run from published weights.")
    adopt.add_argument("source", type=Path)

    count = command("count", "Prints parameters and multiply-adds of a preset.", training=False)
    count.add_argument("preset")
    return top


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    keep_memory()
    import commands
    try:
        commands.COMMANDS[options.command](options, CACHE)
    except (OSError, ValueError) as error:
        print(f"forge: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("forge: stopped; the same command goes on from the last checkpoint", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
