"""What each term of the one-step stage is worth: variants that start from one regressed generator and train for the same
minutes, measured on the same held-out prompts.

The regressed generator learns pairs from the eight-step student's weights (the teacher's where there is none). Each
variant then has one adversarial part of one picture size; "more-regression" is what the minutes alone are worth.
"""

import json
from dataclasses import replace
from pathlib import Path

from torch import Tensor, nn

from forge.architecture import Preset, UNet
from forge.comparison import row
from forge.evaluate import Generator
from forge.report import Judge, Reference, Settings, measure
from forge.training.denoiser_stage import SHIFT
from forge.training.run import Clock, Losses, Machine

from .one_step import OneStepTraining, Part, parts
from .options import Options

MORE_REGRESSION, NO_REGRESSION = "more-regression", "no-regression"
# What each variant changes of: heads on the frozen teacher, beside pairs, from the regressed generator.
VARIANTS: dict[str, dict] = {
    MORE_REGRESSION: {}, "heads": {}, NO_REGRESSION: {}, "no-mismatched": {"mismatched": 0.0},
    "whole-unet": {"discriminator": "unet"}, "feature-matching": {"feature_matching": 0.1},
    "distribution-matching": {"distribution_matching": 0.3}, "low-rank": {"tune": "lora"}}
REPORTED = ("place", "time", "side", "kind", "colour", "size", "all", "clip", "frechet", "diversity")


class Variant(OneStepTraining):
    """The stage with one part, from weights of one's choice; it leaves no checkpoint."""

    stage = "ablation"

    def __init__(self, run: Path, pool_folder: Path, preset: Preset, machine: Machine, options: Options, part: Part,
                 begin: dict[str, Tensor] | None = None):
        self.begin = begin
        super().__init__(run, pool_folder, preset, 1.0, machine, options)
        self.parts = [part]

    def _start(self) -> dict[str, Tensor]:
        own = super()._start()
        return own if self.begin is None else self.begin

    def pairs_folder(self, size: int) -> Path:
        """Not the stage's own, which may be made with other settings."""
        return self.run / f"ablation/pairs-{size}"

    def spend(self, minutes: float, log: Path) -> UNet:
        """Trains for that long, or one iteration where making pairs took longer, and returns the averaged generator."""
        self._channels(self.parts[0].size)  # encodes the pool's pictures, which is no training
        self.losses, self.clock = Losses(log, 20), Clock(minutes)
        while self.progress() < 1 or self.step == 0:
            self._step(self.progress())
        return self.averaged_unet()


class Ablation:
    """All variants of one run at one picture size."""

    def __init__(self, run: Path, pool_folder: Path, preset: Preset, machine: Machine, options: Options, prompts: int):
        self.run, self.pool_folder, self.preset, self.machine = run, pool_folder, preset, machine
        self.size = options.largest
        self.options = replace(options, discriminator="heads")
        self.judge = Judge(run, preset, machine, Reference.drawn(Settings(self.size, prompts, (1,), 1.0)))
        self.out = run / "ablation"

    def train(self, minutes: float, names: list[str]) -> dict[str, dict]:
        """Rows of the table by name, written after each variant: a stopped run has what it measured."""
        rows: dict[str, dict] = {}
        start = self._variant(False, {})
        rows["as it starts"] = self._measure(start.averaged_unet(), start, 0)
        regressed = start.spend(minutes, self.out / "regression.csv")
        rows["regression"] = self._measure(regressed, start, start.step)
        self._write(rows)
        for name in names:
            begin = None if name == NO_REGRESSION else regressed.state_dict()
            variant = self._variant(name != MORE_REGRESSION, VARIANTS[name], begin)
            rows[name] = self._measure(variant.spend(minutes, self.out / f"{name}.csv"), variant, variant.step)
            self._write(rows)
        return rows

    def _variant(self, adversarial: bool, changes: dict, begin: dict[str, Tensor] | None = None) -> Variant:
        part = next(part for part in parts(self.size, self.size) if part.adversarial == adversarial)
        return Variant(self.run, self.pool_folder, self.preset, self.machine, replace(self.options, **changes),
                       replace(part, share=1.0), begin)

    def _measure(self, unet: nn.Module, variant: Variant, steps: int) -> dict:
        generator = Generator(variant.frozen, unet, self.preset, self.machine, steps=1, guidance=1.0,
                              shift=SHIFT[self.size], size=self.size)
        return {"iterations": steps} | measure(self.judge, generator)

    def _write(self, rows: dict[str, dict]) -> None:
        self.out.mkdir(parents=True, exist_ok=True)
        (self.out / "report.json").write_text(json.dumps(rows, indent=2) + "\n")
        (self.out / "table.md").write_text(markdown(rows))


def markdown(rows: dict[str, dict]) -> str:
    """The table, a row per variant."""
    names = [name for name in REPORTED if all(name in entry for entry in rows.values())]
    lines = [row(["", "iterations", *names]), row(["---"] * (len(names) + 2))]
    for title, entry in rows.items():
        cells = [f"{entry[name]:.1%}" if name not in ("clip", "frechet", "diversity") else f"{entry[name]:.4g}" for name in names]
        lines.append(row([title, str(entry["iterations"]), *cells]))
    return "\n".join(lines) + "\n"
