"""What `export` does: the run's networks, and what bundle.json says of how they were made."""

import csv
import subprocess
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from forge.architecture import Preset, TextTower, Vae
from forge.concepts import rephrasing
from forge.concepts.phrasebook import grammar_words
from forge.distillation.preflight import check_students_fit
from forge.distillation.prune import load_vae
from forge.distillation.students import latest, load_unet
from forge.export import export_bundle, flow_match_scheduler
from forge.scenes import vocabulary
from forge.stages import DENOISERS, Denoiser, denoiser_of
from forge.training import checkpoint, memory_table
from forge.training.denoiser_stage import SHIFT
from forge.training.preflight import check_frozen
from forge.training.text_stage import load_tokenizer


def export(options: Namespace, run: Path, assets: Path, preset: Preset) -> None:
    """Writes the bundle; `assets` are needed where the preset has a memory and the run's weights were adopted without."""
    stage = options.stage or latest(run)
    kind = denoiser_of(stage, preset.unet.variates)
    vae = Vae(preset.vae)
    checkpoint.load_into(vae, checkpoint.load(run / "vae")[0], run / "vae")
    if preset.unet.memory and not checkpoint.exists(run / "memory"):
        memory_table.make(run, assets, preset, vae, load_tokenizer(run / "tokenizer"))
    check_frozen(run, preset)
    check_students_fit(run, preset, [stage])
    if kind.baked and options.guidance is not None:
        raise ValueError(f"guidance is part of the weights of {run / stage}: leave out --guidance")
    text = TextTower(preset.text)
    unet, state = load_unet(run, stage, preset)
    checkpoint.load_into(text, checkpoint.part("text.tower", checkpoint.load(run / "text")[0]), run / "text")
    if options.decoder:
        vae = load_vae(options.decoder, run)
        preset = replace(preset, vae=vae.config)
    tokenizer = {path.name: path.read_text() for path in (run / "tokenizer").iterdir()}
    recall = memory_table.read(run, preset, load_tokenizer(run / "tokenizer")) if preset.unet.memory else None
    card = {
        "name": options.preset, "default_steps": options.steps or kind.steps, "guidance_baked_in": kind.baked,
        "default_guidance_scale": 1.0 if kind.baked else 2.5 if options.guidance is None else options.guidance,
        "licence": "Apache-2.0", "words": known_words(run, preset), "made_by": made_by(run, stage, preset)}
    if preset.unet.memory:
        card["groups"] = checkpoint.read_state(run / "memory")["groups"]
        card |= rephrasing.phrases()
    if options.decoder:
        decoder = checkpoint.read_state(options.decoder)
        card["made_by"]["pruned_decoder"] = {name: decoder[name] for name in (
            "psnr_512", "psnr_512_whole", "parameters", "parameters_whole")} | spent_on(decoder)
    if kind.baked:
        card["steps_range"] = steps_range(run / stage, state, kind, card["default_steps"])
    export_bundle(options.out, preset, text, unet, vae, tokenizer, flow_match_scheduler(SHIFT[512]), card,
                  recall=recall)
    print(f"wrote {options.out} from {run / stage}: "
          f"{sum(path.stat().st_size for path in options.out.rglob('*')) / 1e6:.1f} MB")


def known_words(run: Path, preset: Preset) -> list[str]:
    """Every word that the captions of the preset's pictures hold."""
    if preset.unet.memory is None:
        return list(vocabulary())
    return sorted({*vocabulary(), *checkpoint.read_state(run / "memory")["words"], *grammar_words()})


def steps_range(folder: Path, state: dict, kind: Denoiser, wanted: int) -> list[int]:
    """Fewest and most steps that the student was made for; ValueError when the default lies outside.

    One step that started from the teacher, and not from eight steps, has learned only one.
    """
    fewest, most = kind.steps_range
    if "teacher" in state and state.get("start") == state["teacher"]:
        most = 1
    if not fewest <= wanted <= most:
        raise ValueError(f"--steps must be in [{fewest}, {most}], which {folder} was made for, got {wanted}")
    return [fewest, most]


def made_by(run: Path, stage: str, preset: Preset) -> dict:
    """Commit, commands, and what each stage had: steps, samples, minutes, the last losses; of students options and marks."""
    state = checkpoint.read_state(run / stage)
    students = [stage] if DENOISERS[stage].baked else []
    if stage == "one-step" and state["start"] != state["teacher"]:
        students = ["eight-step", *students]
    vae = checkpoint.read_state(run / "vae")
    first = f"train --preset {preset.name} --stage concepts" if preset.unet.memory else "train"
    commands = [first, *(f"train --stage {student}" for student in students), "export"]
    made = {"commit": commit(), "command": " && ".join(f"python -m forge {command}" for command in commands),
            "denoiser": spent(run / "denoiser", "samples_by_pixels"), "text": spent(run / "text"),
            "vae": {"steps": vae["step"], "samples": vae["samples"], "history": vae["history"]}}
    for student in students:
        state = checkpoint.read_state(run / student)
        made[student] = spent(run / student) | {"options": state["options"], "best": state["best"]}
    return made | {"last_losses": last_losses(run / "logs")}


def spent(folder: Path, samples: str = "samples") -> dict:
    """Steps, samples (under that name) and minutes of a stage's checkpoint."""
    state = checkpoint.read_state(folder)
    return {samples: state["samples"]} | spent_on(state)


def spent_on(state: dict) -> dict:
    """Steps and minutes of a stage, by what its checkpoint remembers."""
    return {"steps": state["step"], "minutes": round(state["seconds"] / 60, 1)}


def commit() -> str:
    """The commit of the forge's code, with "+" when it has local changes; "unknown" outside a checkout."""
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=Path(__file__).parent, capture_output=True, text=True).stdout.strip()
    return (git("rev-parse", "--short", "HEAD") or "unknown") + ("+" if git("status", "--porcelain", ".") else "")


def last_losses(logs: Path) -> dict[str, dict[str, str]]:
    """The last line of each stage's log."""
    rows = {}
    for path in sorted(logs.glob("*.csv")):
        with path.open() as file:
            rows[path.stem] = list(csv.DictReader(file))[-1]
    return rows
