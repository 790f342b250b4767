"""The ablation: every variant starts from the same weights, is told apart by what it changes, and is measured."""

import json

import pytest
import torch

from forge import report
from forge.distillation.ablation import MORE_REGRESSION, NO_REGRESSION, VARIANTS, Ablation, Variant, markdown
from forge.distillation.discriminator import HeadsDiscriminator, UNetDiscriminator
from forge.distillation.lora import LowRank
from forge.distillation.one_step import Part
from forge.distillation.options import Options
from test_distillation import eight_steps, started, steps  # noqa: F401

pytestmark = pytest.mark.usefixtures("batches_small")
WISHES = Options(smallest=128, largest=128, pairs_from="eight-step")


@pytest.fixture
def ablation(started, pool_folder, tiny, machine, monkeypatch):  # noqa: F811
    monkeypatch.setattr(report, "DIVERSITY_PROMPTS", 1)
    return Ablation(started, pool_folder, tiny, machine, WISHES, 3)


def test_every_variant_is_trained_and_measured(ablation):
    before = sorted(path.name for path in ablation.run.iterdir())
    rows = ablation.train(0.03, list(VARIANTS))
    assert list(rows) == ["as it starts", "regression", *VARIANTS]
    assert rows["as it starts"]["iterations"] == 0 and all(rows[name]["iterations"] > 0 for name in VARIANTS)
    assert all({"kind", "colour", "frechet", "diversity"} <= entry.keys() for entry in rows.values())
    assert json.loads((ablation.out / "report.json").read_text()) == rows
    assert (ablation.out / "table.md").read_text() == markdown(rows)
    assert sorted(path.name for path in ablation.run.iterdir()) == sorted([*before, "ablation"])


def test_variants_differ_in_what_they_say(ablation):
    made = {name: ablation._variant(name != MORE_REGRESSION, changes) for name, changes in VARIANTS.items()}
    assert isinstance(made["whole-unet"].module["judge"], UNetDiscriminator)
    assert all(isinstance(made[name].module["judge"], HeadsDiscriminator) for name in made if name != "whole-unet")
    assert [name for name in made if isinstance(made[name].module["student"], LowRank)] == ["low-rank"]
    assert [name for name in made if "own" in made[name].module] == ["distribution-matching"]
    assert [name for name in made if made[name].options.feature_matching] == ["feature-matching"]
    assert [name for name in made if not made[name].options.mismatched] == ["no-mismatched"]
    assert [name for name in made if not made[name].parts[0].adversarial] == [MORE_REGRESSION]


def test_variants_start_from_the_weights_that_they_are_given(ablation):
    own = ablation._variant(True, {}).student.state_dict()
    given = {name: tensor + 1 for name, tensor in own.items()}
    variant = ablation._variant(True, VARIANTS["heads"], given)
    assert all(torch.equal(tensor, given[name]) for name, tensor in variant.student.state_dict().items())
    assert NO_REGRESSION in VARIANTS and all(
        torch.equal(tensor, own[name]) for name, tensor in variant.held.unet.state_dict().items())


def test_a_variant_leaves_the_runs_own_student_alone(ablation, tmp_path):
    folder = ablation.run / "one-step"
    variant = Variant(ablation.run, ablation.pool_folder, ablation.preset, ablation.machine, ablation.options,
                      Part(128, 1.0, 4, False))
    variant.spend(0.01, tmp_path / "log.csv")
    assert variant.step > 0 and not folder.exists()
