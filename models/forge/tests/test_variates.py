"""What captions leave open follows from the noise's longest waves."""

import numpy as np
import pytest
import torch

from concept_assets import write_assets
from forge.architecture import UNet, preset
from forge.architecture.variates import normal_variates, with_variates
from forge.concepts import Corpus, Planner
from forge.concepts.choices import VARIATES, Choices
from forge.concepts.landscapes import landscapes


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        return Corpus(write_assets(tmp_path_factory.mktemp("assets"), patch))


@pytest.mark.parametrize("simple", [True, False])
def test_one_caption_and_one_noise_mean_one_picture(corpus, simple):
    scenery, variates = landscapes(64), np.random.default_rng(5).random(VARIATES)
    planner = Planner(corpus, scenery, np.random.default_rng(8), simple=simple)
    by_text, seen_again = {}, 0
    for plan in (planner.plan(variates) for _ in range(4000)):
        ground = None if plan.ground is None else (plan.ground.pattern, plan.ground.colours.tobytes())
        picture = plan.landscape, ground, plan.slots, plan.effect
        seen_again += plan.text in by_text
        assert by_text.setdefault(plan.text, picture) == picture, plan.text
    assert seen_again > 40


def test_other_noise_means_another_picture(corpus):
    scenery, rng = landscapes(64), np.random.default_rng(6)
    made = [Planner(corpus, scenery, np.random.default_rng(9), simple=True).plan(rng.random(VARIATES)) for _ in range(40)]
    assert len({(plan.landscape, plan.slots, plan.ground and plan.ground.colours.tobytes()) for plan in made}) > 20


@pytest.mark.parametrize("size", [(64, 64), (32, 32), (48, 80)])
def test_variates_of_noise_are_standard_normal_and_can_be_given(size):
    noise = torch.randn(400, 8, *size, generator=torch.Generator().manual_seed(1))
    found = normal_variates(noise)
    assert found.shape == (400, VARIATES)
    assert abs(found.mean()) < 0.03 and abs(found.std() - 1) < 0.03
    wanted = torch.rand(400, VARIATES, generator=torch.Generator().manual_seed(2))
    changed = with_variates(noise, wanted)
    uniform = 0.5 + 0.5 * torch.erf(normal_variates(changed) / 2**0.5)
    assert (uniform - wanted).abs().max() < 1e-3
    assert abs(changed.std() - 1) < 0.01


def test_first_step_reads_only_the_variates_and_later_steps_the_sample():
    unet = UNet(preset("tiny-pocket").unet).eval()
    for weight in unet.parameters():
        torch.nn.init.normal_(weight, std=0.1)
    config = preset("tiny-pocket").unet
    states = torch.randn(1, 48 + config.memory_rows, config.context_width)
    first = torch.randn(1, 8, 64, 64)
    uniform = 0.5 + 0.5 * torch.erf(normal_variates(first) / 2**0.5)
    second = with_variates(torch.randn(1, 8, 64, 64), uniform)
    with torch.no_grad():
        def drawn(sample, time):  # the clean latents that the velocity means
            return sample - time / 1000 * unet(sample, torch.tensor([float(time)]), states)

        torch.testing.assert_close(drawn(first, 1000), drawn(second, 1000), atol=2e-3, rtol=1e-3)
        assert (drawn(first, 900) - drawn(second, 900)).abs().max() > 0.05
        assert (drawn(first, 1000) - drawn(torch.randn(1, 8, 64, 64), 1000)).abs().max() > 0.05


def test_wrong_number_of_variates_is_named():
    with pytest.raises(ValueError, match="must be 24 numbers, got 3"):
        Choices(np.zeros(3))
