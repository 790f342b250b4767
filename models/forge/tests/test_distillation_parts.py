"""The pieces that the distillation stages are made of, on values whose result is known."""

import json

import numpy as np
import pytest
import torch

from forge.architecture import UNet, preset
from forge.comparison import markdown, ratios
from forge.distillation import pairs
from forge.distillation.discriminator import discriminator
from forge.distillation.eight_step import ROUNDS, at, phases
from forge.distillation.exam import MOST, mark
from forge.distillation.grid import Grid, shifted, two_steps, unshifted
from forge.distillation.lora import LowRank, merged
from forge.distillation.losses import (
    clean_estimate,
    discriminator_loss,
    feature_distance,
    generator_loss,
    judged_time,
    matching_loss,
    noised,
    pseudo_huber,
)
from forge.distillation.one_step import LIMIT, STEPS, parts
from forge.distillation.options import Options
from forge.distillation.pairs import Pairs
from forge.distillation.teacher import Teacher
from forge.sampling import sigmas
from forge.training.denoiser_stage import Frozen


@pytest.mark.parametrize("wrong, sentence", [
    ({"tune": "half"}, "tune must be one of full, lora, got 'half'"),
    ({"discriminator": "cnn"}, "discriminator must be one of unet, heads, got 'cnn'"),
    ({"largest": 300}, "largest must be one of 128, 256, 512, got 300"),
    ({"pairs_from": "nobody"}, "pairs_from must be one of teacher, eight-step, got 'nobody'"),
    ({"smallest": 512, "largest": 256}, "smallest must be at most largest, 256, got 512"),
    ({"adversarial": -1}, r"adversarial must be in \[0, 100\), got -1"),
    ({"distribution_matching": float("nan")}, r"distribution_matching must be in \[0, 100\), got nan"),
    ({"guidance": 0.5}, r"guidance to bake in must be in \[1, 100\), got 0.5"),
    ({"teacher_steps": 0}, r"teacher_steps must be in \[1, 100\], got 0"), ({"rank": 0}, r"rank must be in \[1, 256\], got 0")])
def test_wrong_options_are_named(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        Options(**wrong)


@pytest.mark.parametrize("steps, shift", [(8, 2.5), (16, 1.0), (1, 2.5)])
def test_grid_begins_and_ends_where_the_sampler_does(steps, shift):
    now, middle, end = Grid(steps, shift).draw(4000, torch.Generator().manual_seed(1))
    assert bool(((now > middle) & (middle > end) & (end >= 0)).all()) and float(now.max()) <= 1
    levels = sigmas(steps, shift)
    for begin, following in zip(levels, levels[1:]):
        rows = (now - begin).abs() < 1e-6
        assert rows.any() and torch.allclose(end[rows], torch.tensor(following), atol=1e-6)
    if steps > 2:  # and half of the draws lie between
        on_grid = (now[:, None] - torch.tensor(levels)).abs().amin(dim=1) < 1e-6
        assert 0.3 < float(on_grid.float().mean()) < 0.8
    assert float(Grid(8, 2.5).draw(500, torch.Generator().manual_seed(1), first=1)[0].max()) < 1


def test_shift_has_an_inverse():
    level = torch.linspace(0, 1, 11)
    torch.testing.assert_close(unshifted(shifted(level, 2.5), 2.5), level)


def test_two_steps_are_where_two_euler_steps_end():
    x, now, middle, end = torch.ones(2, 8, 2, 2), torch.tensor([1.0, 0.5]), torch.tensor([0.8, 0.3]), torch.tensor([0.6, 0.0])
    velocity = two_steps(lambda sample, t: sample * t[:, None, None, None], x, now, middle, end)
    for row in range(2):
        half = 1 + (middle[row] - now[row]) * now[row]
        whole = half + (end[row] - middle[row]) * middle[row] * half
        torch.testing.assert_close(x[row] + (end[row] - now[row]) * velocity[row], torch.full((8, 2, 2), float(whole)))


def test_clean_estimate_undoes_noising_by_the_true_velocity():
    clean, noise, t = torch.randn(3, 8, 2, 2), torch.randn(3, 8, 2, 2), torch.tensor([0.0, 0.4, 1.0])
    torch.testing.assert_close(clean_estimate(noised(clean, noise, t), noise - clean, t), clean)


def test_judged_time_is_a_quarter_earlier():
    assert judged_time(torch.tensor([1.0, 0.5, 0.1])).tolist() == pytest.approx([0.75, 0.25, 0.0])


def test_pseudo_huber_weighs_channels():
    wrong = torch.zeros(1, 2, 4, 4)
    wrong[:, 0] = 1
    channels = torch.tensor([1.5, 0.5])
    left, right = (pseudo_huber(each, torch.zeros_like(wrong), channels) for each in (wrong, wrong.flip(1)))
    assert left > right
    assert left == pytest.approx(pseudo_huber(wrong * 1.5**0.5, torch.zeros_like(wrong)))


def test_pseudo_huber_is_nearly_the_distance_when_far_and_its_square_when_near():
    zero = torch.zeros(1, 8, 4, 4)
    assert pseudo_huber(zero + 1, zero) == pytest.approx(1.03 - 0.03 - 0.03 + 0.0005, abs=2e-3)
    assert pseudo_huber(zero + 1e-3, zero) == pytest.approx(1e-6 / (2 * 0.03), rel=1e-2)
    assert pseudo_huber(zero, zero) == 0


def test_discriminator_loss_prefers_right_answers_and_stops_beyond_the_limit():
    good, bad = torch.full((2, 4, 4), 3.0), torch.full((2, 4, 4), -3.0)
    assert discriminator_loss(good, bad, None, 0) < discriminator_loss(bad, good, None, 0)
    assert discriminator_loss(good, bad, good, 0.5) > discriminator_loss(good, bad, bad, 0.5)
    logits = torch.full((1, 2, 2), 3.0, requires_grad=True)
    discriminator_loss(logits, -logits, None, 0).backward()
    assert float(logits.grad.abs().sum()) == 0
    assert generator_loss(good) < generator_loss(bad)


def test_feature_distance_is_zero_for_the_same_features_and_scaled_by_the_real():
    real = [torch.full((2, 4, 3, 3), 2.0), torch.full((2, 4, 1, 1), 4.0)]
    assert feature_distance(real, real) == 0
    assert feature_distance(real, [2 * each for each in real]) == pytest.approx(1)


def test_distribution_matching_moves_what_was_made_from_its_own_towards_the_teachers():
    made = torch.zeros(1, 8, 2, 2, requires_grad=True)
    matching_loss(made, torch.ones_like(made), -torch.ones_like(made)).backward()
    assert bool((made.grad < 0).all())  # downhill is towards the teacher's
    same = torch.zeros(1, 8, 2, 2, requires_grad=True)
    matching_loss(same, torch.ones_like(made), torch.ones_like(made)).backward()
    assert float(same.grad.abs().sum()) == 0


def test_low_rank_changes_start_as_nothing_and_merge_into_the_network(tiny):
    torch.manual_seed(1)
    unet = UNet(tiny.unet)
    torch.nn.init.normal_(unet.conv_out.weight)
    inputs = torch.randn(2, 8, 16, 16), torch.tensor([500.0, 900.0]), torch.randn(2, 48, 32)
    with torch.no_grad():
        before = unet(*inputs)
        student = LowRank(unet, 4)
        torch.testing.assert_close(student(*inputs), before)
        for up in student.up:
            torch.nn.init.normal_(up, std=0.1)
        changed = student(*inputs)
        assert not torch.allclose(changed, before, atol=1e-2)
        plain = UNet(tiny.unet)
        plain.load_state_dict(merged(student, student.state_dict()))
        torch.testing.assert_close(plain(*inputs), changed, atol=1e-4, rtol=1e-4)
    trained = sum(weight.numel() for weight in student.parameters() if weight.requires_grad)
    assert 0 < trained < 0.7 * sum(weight.numel() for weight in unet.parameters())
    with pytest.raises(ValueError, match="rank 200 leaves nothing to train"):
        LowRank(UNet(tiny.unet), 200)


@pytest.mark.parametrize("kind", ["unet", "heads"])
def test_discriminators_start_undecided_and_learn(tiny, kind):
    torch.manual_seed(1)
    judge = discriminator(kind, tiny.unet, UNet(tiny.unet).state_dict())
    t, states = torch.tensor([0.75, 0.75]), torch.randn(2, 48, 32)
    real, fake = torch.randn(2, 8, 16, 16) + 1, torch.randn(2, 8, 16, 16) - 1
    logits, features = judge(real, t, states)
    assert logits.shape == (2, 16, 16) and not logits.any() and features
    trained = [weight for weight in judge.parameters() if weight.requires_grad]
    if kind == "heads":
        assert not any(weight.requires_grad for weight in judge.unet.parameters())
    optimizer = torch.optim.AdamW(trained, lr=3e-3)
    for _ in range(15):
        loss = discriminator_loss(judge(real, t, states)[0], judge(fake, t, states)[0], None, 0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 1.3 and judge(real, t, states)[0].mean() > judge(fake, t, states)[0].mean()


def test_heads_want_a_unet_with_as_many_blocks_up_as_down():
    config = preset("sd15").unet
    with torch.device("meta"), pytest.raises(ValueError, match="give discriminator unet"):
        discriminator("heads", config, {})


def test_parts_and_rounds_share_out_the_budget():
    for smallest, largest in ((128, 128), (128, 256), (128, 512), (256, 256), (256, 512), (512, 512)):
        chosen = parts(smallest, largest)
        assert sum(part.share for part in chosen) == pytest.approx(1)
        assert sum(phase.share for phase in phases(smallest, largest)) == pytest.approx(1)
        assert (chosen[0].size, chosen[-1].size, chosen[-1].adversarial) == (smallest, largest, True)
    assert sum(number.share for number in ROUNDS) == pytest.approx(1)
    assert [at(list(ROUNDS), progress)[0] for progress in (0, 0.39, 0.41, 0.66, 1.0)] == [0, 0, 1, 2, 2]
    assert STEPS < LIMIT == 10_000


def test_mark_is_one_for_the_teachers_equal_and_bounded():
    teacher = {"follows": 0.8, "frechet": 50.0}
    assert mark(teacher, teacher) == pytest.approx(1)
    assert mark({"follows": 0.4, "frechet": 100.0}, teacher) == pytest.approx(0.5)
    assert mark({"follows": 9, "frechet": 1e-9}, teacher) == pytest.approx(MOST)
    assert mark({"follows": 0.8, "frechet": 60.0}, teacher) < mark({"follows": 0.9, "frechet": 55.0}, teacher)


@pytest.fixture
def frozen(trained, tiny, machine):
    return Frozen(trained, tiny, machine)


WANTED = {"teacher": "abc", "guidance": 2.5, "steps": 2}


def test_pairs_are_the_teachers_own_pictures_and_stay_on_disk(frozen, tiny, machine, tmp_path, pool_folder, batches_small):
    teacher = Teacher(UNet(tiny.unet), frozen.states([""]), 2.5, machine)
    torch.nn.init.normal_(teacher.unet.conv_out.weight, std=0.1)
    made = Pairs(tmp_path / "pairs", 128, WANTED, pool_folder)
    made.make(0, teacher, frozen)
    made.make(1, teacher, frozen)
    made.load()
    assert len(made) == 2 * pairs.SHARD
    noise, latents, states = made.batch(np.array([1, 6]), frozen)
    assert noise.shape == latents.shape == (2, 8, 16, 16) and not torch.allclose(noise[0], noise[1])
    torch.testing.assert_close(teacher.draw(states, noise, 2, 1.0), latents, atol=0.02, rtol=0.02)
    assert all(entry["prompt"] == "" or len(entry["prompt"]) > 8 for entry in made.entries)

    before = (tmp_path / "pairs/00000/latents.npy").stat().st_mtime_ns
    again = Pairs(tmp_path / "pairs", 128, WANTED, pool_folder)
    again.make(0, teacher, frozen)
    again.load()
    assert (tmp_path / "pairs/00000/latents.npy").stat().st_mtime_ns == before
    assert again.entries == made.entries and np.array_equal(again.latents, made.latents)


def test_pairs_of_another_teacher_are_refused(frozen, tiny, machine, tmp_path, pool_folder, batches_small):
    (tmp_path / "pairs").mkdir()
    (tmp_path / "pairs/settings.json").write_text(json.dumps(WANTED | {"size": 128}))
    with pytest.raises(ValueError, match="pairs holds pairs made with teacher = abc, this run has def: delete the folder"):
        Pairs(tmp_path / "pairs", 128, WANTED | {"teacher": "def"}, pool_folder)
    (tmp_path / "pairs/settings.json").write_text("{")
    with pytest.raises(ValueError, match="settings.json is damaged"):
        Pairs(tmp_path / "pairs", 128, WANTED, pool_folder)


def test_teacher_guides_away_from_the_empty_prompt(machine):
    class Mean(torch.nn.Module):
        def forward(self, sample, timestep, states):
            return states.mean(dim=(1, 2))[:, None, None, None].expand_as(sample) + timestep[:, None, None, None] / 1000

    x, t, states = torch.zeros(1, 8, 2, 2), torch.tensor([0.5]), torch.full((1, 5, 4), 2.0)
    empty = torch.full((1, 5, 4), 0.5)
    guided = Teacher(Mean(), empty, 3.0, machine).velocity(x, t, states)
    torch.testing.assert_close(guided, torch.full_like(x, 1.0 + 3.0 * 1.5), atol=1e-2, rtol=1e-2)
    plain = Teacher(Mean(), empty, 1.0, machine).velocity(x, t, states)
    torch.testing.assert_close(plain, torch.full_like(x, 2.5))


def test_comparison_tells_ratios_and_points():
    teacher = {"place": 1.0, "kind": 0.8, "all": 0.7, "clip": 0.5, "frechet": 40.0, "diversity": 10.0}
    student = {"place": 0.98, "kind": 0.7, "all": 0.6, "clip": 0.4, "frechet": 50.0, "diversity": 9.0}
    table = ratios(student, teacher)
    assert table == pytest.approx(
        {"frechet": 1.25, "diversity": 0.9, "place_points": -2, "kind_points": -10, "all_points": -10})
    report = {"stage": "one-step", "size": 512, "prompts": 96, "reference_pictures": 256, "teacher": teacher,
              "teacher_steps": 16, "teacher_guidance": 2.5, "generated": {"1": student, "8": teacher}}
    lines = markdown(report).splitlines()
    assert "| 1 step | 98.0% | 70.0% | 60.0% | 0.400 | 50.0 | 1.25 | 9.00 | 0.90 |" in lines
    assert "| teacher, 16 steps, guidance 2.5 | 100.0% | 80.0% | 70.0% | 0.500 | 40.0 | 1.00 | 10.00 | 1.00 |" in lines
    assert len({line.count("|") for line in lines[2:]}) == 1
    nameless = {key: teacher[key] for key in ("clip", "frechet", "diversity")}  # of one's own pictures
    lines = markdown(report | {"teacher": nameless, "generated": {"1": nameless}}).splitlines()
    assert "| 1 step | 0.500 | 40.0 | 1.00 | 10.00 | 1.00 |" in lines and len({line.count("|") for line in lines[2:]}) == 1
