"""The sampler against diffusers' scheduler and against flows whose end is known."""

import json
from pathlib import Path

import pytest
import torch

from forge.sampling import draw_latents, initial_noise, sigmas

GOLDENS = json.loads((Path(__file__).parent / "goldens/flow_sigmas.json").read_text())


@pytest.mark.parametrize("case", GOLDENS["cases"], ids=lambda case: f"{case['steps']} steps, shift {case['shift']}")
def test_sigmas_are_diffusers_flow_match_euler_schedulers(case):
    assert sigmas(case["steps"], case["shift"]) == pytest.approx(case["sigmas"], abs=1e-6)


def test_noise_is_each_seeds_own():
    noise = initial_noise([5, 6], 8, 4)
    assert noise.shape == (2, 8, 4, 4)
    assert torch.equal(noise[1:], initial_noise([6], 8, 4))
    assert torch.equal(noise[0], torch.randn(1, 8, 4, 4, generator=torch.Generator().manual_seed(5))[0])


class StraightFlow(torch.nn.Module):
    """The exact velocity towards the mean of the text states, and away from nothing."""

    def __init__(self):
        super().__init__()
        self.times: list[float] = []

    def forward(self, sample, timestep, states):
        self.times.append(float(timestep[0]))
        target = states.mean(dim=(1, 2))[:, None, None, None]
        return (sample - target) / (timestep[:, None, None, None] / 1000)


@pytest.mark.parametrize("steps", [1, 4])
def test_straight_flow_arrives_without_guidance(steps):
    flow, states = StraightFlow(), torch.tensor([3.0, -1.0])[:, None, None].expand(2, 5, 4)
    latents = draw_latents(flow, states, torch.zeros(1, 5, 4), initial_noise([1, 2], 8, 2), steps=steps, guidance=1.0,
                           shift=2.5)
    torch.testing.assert_close(latents, torch.tensor([3.0, -1.0])[:, None, None, None].expand(2, 8, 2, 2))
    assert flow.times == pytest.approx([1000 * sigma for sigma in sigmas(steps, 2.5)[:-1]])


def test_guidance_goes_beyond_the_prompt_away_from_the_empty_one():
    states, empty = torch.full((1, 5, 4), 2.0), torch.full((1, 5, 4), 0.5)
    latents = draw_latents(StraightFlow(), states, empty, initial_noise([1], 8, 2), steps=1, guidance=3.0, shift=1.0)
    torch.testing.assert_close(latents, torch.full((1, 8, 2, 2), 0.5 + 3.0 * (2.0 - 0.5)))
