"""The forge's command line: `python -m forge COMMAND --help`.

From a bare machine to a bundle, in the order of the paper's appendix:

    python models/forge train --minutes 480      # draw, text, vae, denoiser, decoder, checker
    python models/forge train --stage eight-step --minutes 60
    python models/forge train --stage one-step --minutes 90
    python models/forge ablate                   # what each term of the one-step stage is worth
    python models/forge evaluate                 # obedience, Fréchet distance, reconstruction, sheets
    python models/forge export --out models/pocket
    python models/forge add-encoder models/pocket   # so that it draws pictures anew
    python models/forge quantize models/pocket --kind int8-static --out models/pocket-int8
"""

import argparse
import os
import sys
from pathlib import Path

from forge.stages import DENOISERS, STAGES

PICTURE_SIZES = (128, 256, 512)
VARIANTS = ["more-regression", "heads", "no-regression", "no-mismatched", "whole-unet", "feature-matching",
            "distribution-matching", "low-rank"]
NETWORKS = ["text_encoder", "unet", "vae_decoder"]
KINDS = ["int8-dynamic", "int8-mixed", "int8-static", "fp16", "fp16-weights", "int8-weights"]
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


def weight_of_loss(text: str) -> float:
    if not 0 <= float(text) < 100:
        raise argparse.ArgumentTypeError(f"must be in [0, 100), got {text}")
    return float(text)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="forge", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(dest="command", required=True)

    def command(name: str, text: str, training: bool = True) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        if training:
            made.add_argument("--preset", default="pocket", help="pocket (default), scenes, tiny, ...")
            made.add_argument("--run", type=Path, help="checkpoints and logs; default: the user's cache folder")
            made.add_argument("--pool", type=Path, help="drawn or imported pictures; default: the user's cache folder")
            made.add_argument("--threads", type=positive, default=os.cpu_count(),
                              help="CPU threads; 1 is faster than 2 where other programs keep the cores busy")
        return made

    draw = command("draw", "Fills the pool with drawn scenes.")
    draw.add_argument("--size", type=int, default=256, choices=PICTURE_SIZES[1:])
    draw.add_argument("--pictures", type=positive, required=True)
    draw.add_argument("--workers", type=positive, default=os.cpu_count())
    draw.add_argument("--split", default="train", choices=["train", "held-out", "any"],
                      help="which side of the held-out rule; any: both, for the checker")

    own = command("import", "Makes a pool of one's own pictures: a folder of pictures with .txt captions (one per line), "
                            "or a WebDataset tar. `train --pool` then trains on them.", training=False)
    own.add_argument("source", type=Path)
    own.add_argument("--pool", type=Path, required=True, help="the pool's folder: new, or of imported pictures")

    assets = command("assets", "Fetches the emoji sets that concepts are drawn from (with npm, pinned), renders and packs them.",
                     training=False)
    assets.add_argument("--workers", type=positive, default=os.cpu_count())
    sheet = command("sheet", "Draws a sheet of captioned pictures of concepts: what a model learns from.", training=False)
    sheet.add_argument("--out", type=Path, required=True, help="a .png file")
    sheet.add_argument("--pictures", type=positive, default=200)
    sheet.add_argument("--seed", type=int, default=1)
    sheet.add_argument("--first", action="store_true", help="only the things that people ask for most")
    sheet.add_argument("--held-out", action="store_true", help="only pictures with a pair that training never shows")
    train = command("train", "Trains one stage, or all of them within a budget. Goes on where it stopped.")
    train.add_argument("--stage", default="all", choices=["all", *STAGES])
    train.add_argument("--minutes", type=minutes, required=True,
                       help="wall-clock budget of the stage, earlier runs included")
    train.add_argument("--seed", type=int, help="of weights and batches; default: a number of each stage's own")
    train.add_argument("--workers", type=positive, default=os.cpu_count(),
                       help="single-threaded processes that train the denoiser together (CPU only); default: the cores")
    train.add_argument("--smallest", type=int, default=128, choices=PICTURE_SIZES,
                       help="pixels of the denoiser's or a student's first phase; more than 128 for weights that know small pictures")
    train.add_argument("--compile", action="store_true", help="torch.compile; always on with a GPU")

    train.add_argument("--first", action="store_true", help="stage concepts-checker: only the things that people ask for most")

    low_rank = train.add_argument_group("stage lora")
    low_rank.add_argument("--images", default="neon", help="a folder of 2 to 500 pictures, each with a .txt caption beside it or "
                                                           "named after what it shows; default: the example `neon`, made from nothing")
    low_rank.add_argument("--alpha", type=weight_of_loss, help="default: the rank")
    student = train.add_argument_group("stages eight-step and one-step")
    student.add_argument("--guidance", type=guidance, default=2.5, help="of the teacher, baked into the student")
    student.add_argument("--teacher-steps", type=positive, default=16, help="of the teacher for each pair")
    student.add_argument("--pairs-from", default="teacher", choices=["teacher", "eight-step"],
                         help="one-step: who draws the pairs; the eight-step student takes a quarter of the time")
    student.add_argument("--largest", type=int, default=512, choices=PICTURE_SIZES, help="pixels of the last phase")
    student.add_argument("--tune", default="full", choices=["full", "lora"], help="one-step: all weights, or low-rank changes")
    student.add_argument("--rank", type=positive, default=16, help="of the low-rank changes, also of stage lora")
    student.add_argument("--discriminator", default="unet", choices=["unet", "heads"],
                         help="one-step: a whole UNet, or heads on the frozen teacher's features (half the cost)")
    for name, weight, what in (("adversarial", 0.3, "the discriminator's opinion"),
                               ("mismatched", 0.5, "real pictures under wrong captions as negatives"),
                               ("feature-matching", 0.0, "the discriminator's features of real and made pictures"),
                               ("distribution-matching", 0.0, "the teacher's score against the generator's own (DMD)")):
        student.add_argument(f"--{name}", type=weight_of_loss, default=weight, help=f"one-step: weight of {what}")
    pruned = train.add_argument_group("stage prune")
    pruned.add_argument("--decoder-widths", type=positive, nargs=3, default=[96, 48, 24])
    pruned.add_argument("--decoder-blocks", type=int, nargs=3, default=[1, 1, 1], choices=range(9), metavar="0-8")

    evaluate = command("evaluate", "Measures obedience, Fréchet distance, diversity and reconstruction; draws sheets.")
    evaluate.add_argument("--out", type=Path, help="folder for the report and the sheets")
    evaluate.add_argument("--prompts", type=positive, default=96)
    evaluate.add_argument("--stage", choices=list(DENOISERS), help="whose denoiser; default: the last that the run has")
    evaluate.add_argument("--steps", type=positive, nargs="+", help="default: 16, or what the stage was made for")
    evaluate.add_argument("--guidance", type=guidance, help="of stage denoiser; default 2.5")
    evaluate.add_argument("--teacher-steps", type=positive, default=16, help="of the teacher that students are held against")
    evaluate.add_argument("--sheet-seeds", type=positive, default=3, help="pictures of each of the sheet's 24 prompts")
    evaluate.add_argument("--size", type=int, default=512, choices=PICTURE_SIZES)

    evaluate.add_argument("--first", action="store_true", help="of an open vocabulary: only the things that people ask for most")
    evaluate.add_argument("--simple", action="store_true", help="of an open vocabulary: only the 3D style")
    eye = command("eye", "Of an open vocabulary: draws 100 prompts that people write, for a judge who sees only the pictures.")
    eye.add_argument("--out", type=Path, required=True, help="folder of the sheets, the names to choose from and the answers")
    eye.add_argument("--picks", type=Path, help="instead: a judge's choices, a line `number: letter` each, to be counted")
    ablate = command("ablate", "Measures what each term of the one-step stage is worth: variants from one start, of the same minutes.")
    ablate.add_argument("--minutes", type=minutes, default=5.0, help="of each variant, and of the regression before them")
    ablate.add_argument("--size", type=int, default=256, choices=PICTURE_SIZES)
    ablate.add_argument("--prompts", type=positive, default=200)
    ablate.add_argument("--variants", nargs="+", choices=VARIANTS, default=VARIANTS)

    export = command("export", "Writes the bundle in the diffusers ONNX layout.")
    export.add_argument("--out", type=Path, required=True)
    export.add_argument("--stage", choices=list(DENOISERS), help="whose denoiser; default: the last that the run has")
    export.add_argument("--steps", type=positive, help="the bundle's default steps; default: 16, 8 or 1 by stage")
    export.add_argument("--guidance", type=guidance, help="the bundle's default guidance; stage denoiser only: 2.5")
    export.add_argument("--decoder", type=Path, help="a pruned decoder, as stage prune wrote it; default: the run's vae")
    for each in (assets, sheet, train, evaluate, eye, export):
        each.add_argument("--assets", type=Path, help="folder of the packed sprites of concepts; default: the user's cache folder")

    encoder = command("add-encoder", "Adds the VAE's encoder to an exported or quantized bundle, so that it draws pictures anew.")
    encoder.add_argument("bundle", type=Path, help="folder in the diffusers ONNX layout; its other networks stay as they are")

    control = command("add-control", "Adds the run's control adapter to a bundle, so that its pictures follow drawn lines.")
    control.add_argument("bundle", type=Path, help="folder that `export` or `quantize` wrote; its other networks stay as they are")
    control.add_argument("--name", default="sketch", help="of the adapter in the bundle")

    publish = command("publish", "Copies the run's weights as fp16 shards of at most 15 MB.")
    publish.add_argument("--out", type=Path, required=True)

    adopt = command("adopt", "Starts a run from published weights.")
    adopt.add_argument("source", type=Path)
    adopt.add_argument("--stages", nargs="+", choices=[name for name, stage in STAGES.items() if stage.published],
                       help="only these; default: all that are there, and the tokenizer")

    quantize = command("quantize", "Writes a bundle with networks in fewer bits, and reports what that costs.", training=False)
    quantize.add_argument("bundle", type=Path, help="folder in the diffusers ONNX layout")
    quantize.add_argument("--out", type=Path, help="folder of the new bundle; the report goes beside it")
    quantize.add_argument("--kind", choices=KINDS, help="see models/forge/README.md")
    quantize.add_argument("--networks", nargs="+", choices=[*NETWORKS, "vae_encoder"], default=NETWORKS,
                          help="the others stay as they are; default: those that draw")
    quantize.add_argument("--keep", nargs="+", default=[], metavar="PATTERN",
                          help="layers to keep besides the default rule's, by their names: 'down0/*'")
    quantize.add_argument("--calibration", type=positive, default=8, help="prompts to calibrate int8-static with")
    quantize.add_argument("--sensitivity", type=positive, metavar="N",
                          help="instead: quantize one layer at a time and name the N that hurt most")
    comparing = command("compare", "Measures bundles against the one that they were made of, in one run.", training=False)
    comparing.add_argument("bundle", type=Path, help="the source")
    comparing.add_argument("others", type=Path, nargs="+")
    comparing.add_argument("--json", type=Path, help="file for the reports")
    for each in (quantize, comparing):
        each.add_argument("--prompts", type=positive, default=8, help="held-out prompts to measure with")
        each.add_argument("--seeds", type=positive, default=1, help="pictures of each prompt")
        each.add_argument("--steps", type=positive, help="default: the bundle's, or 8")
        each.add_argument("--guidance", type=guidance, help="default: the bundle's, or 1")
        each.add_argument("--prompt-file", type=Path, help="a prompt per line; default: captions, if the bundle knows them")
        each.add_argument("--checker", type=Path, metavar="RUN", help="a run, or published weights, whose checker judges")
        each.add_argument("--threads", type=positive, default=os.cpu_count())
        each.add_argument("--rounds", type=positive, default=7, help="calls of each network that are timed")

    count = command("count", "Prints parameters and multiply-adds of a preset.", training=False)
    count.add_argument("preset")
    return top


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    keep_memory()
    from forge import commands
    try:
        commands.COMMANDS[options.command](options, CACHE)
    except (OSError, ValueError) as error:
        print(f"forge: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("forge: stopped; the same command goes on from the last checkpoint", file=sys.stderr)
        return 130
    return 0


def run() -> None:
    """The installed command `forge`."""
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
