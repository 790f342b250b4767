"""Every stage: takes steps, learns a batch by heart, and goes on where it stopped."""

import shutil

import numpy as np
import pytest
import torch

from conftest import BUDGET_MINUTES, take_steps
from forge.training import checkpoint, resumable, vae_stage
from forge.training.checker_stage import CheckerTraining
from forge.training.denoiser_stage import DenoiserTraining, chances, flow_loss, layout_loss, phase_at, phases, sample_times
from forge.training.run import Clock, learning_rate
from forge.training.text_stage import TextTraining, contrastive_loss
from forge.training.vae_stage import VaeTraining, psnr

pytestmark = pytest.mark.usefixtures("batches_small")


def text_stage(run, pool_folder, tiny, machine, minutes=BUDGET_MINUTES):
    return TextTraining(run, pool_folder, tiny, minutes, machine, 1)


def vae_stage_of(run, pool_folder, tiny, machine, minutes=BUDGET_MINUTES, decoder_only=False):
    return VaeTraining(run, pool_folder, tiny, minutes, machine, 2, decoder_only, 1.5e-3)


def denoiser_stage(run, pool_folder, tiny, machine, minutes=BUDGET_MINUTES):
    return DenoiserTraining(run, pool_folder, tiny, minutes, machine)


def checker_stage(run, pool_folder, tiny, machine, minutes=BUDGET_MINUTES):
    return CheckerTraining(run, pool_folder, minutes, machine, 5)


def everything(training) -> dict[str, torch.Tensor]:
    """All that decides how a stage goes on."""
    kept = training.resumable
    state = kept.optimizer.state_dict()["state"]
    tensors = {f"model.{name}": tensor for name, tensor in kept.module.state_dict().items()}
    tensors |= {f"average.{name}": tensor for name, tensor in kept.average.weights.items()}
    for index, entry in state.items():
        tensors |= {f"{kept.names[index]}.{key}": entry[key] for key in ("exp_avg", "exp_avg_sq", "step")}
    return tensors


def assert_same(left, right) -> None:
    first, second = everything(left), everything(right)
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name
    assert (left.step, left.samples) == (right.step, right.samples)
    assert left.average.steps == right.average.steps


def step(training) -> None:
    if isinstance(training, DenoiserTraining):
        take_steps(training, 1)
    elif isinstance(training, VaeTraining):
        training._step(training.vae.encoder, training.vae.decoder)
    elif isinstance(training, TextTraining):
        training._step(0.1)
    else:
        training._step()


@pytest.mark.parametrize("stage", [text_stage, vae_stage_of, denoiser_stage, checker_stage])
def test_stage_goes_on_from_the_same_state(run, pool_folder, tiny, machine, stage):
    training = stage(run, pool_folder, tiny, machine)
    before = training.step
    step(training)
    assert training.step == before + 1
    training.save()
    spent = training.clock.spent()
    again = stage(run, pool_folder, tiny, machine)
    assert_same(training, again)
    assert spent <= again.clock.spent() + 1 and again.clock.before > 0
    step(again)
    assert again.step == before + 2


@pytest.mark.parametrize("stage", [text_stage, vae_stage_of, denoiser_stage, checker_stage])
def test_stage_stops_when_its_budget_is_spent_and_a_longer_one_goes_on(run, pool_folder, tiny, machine, stage, monkeypatch):
    monkeypatch.setattr(resumable, "SAVE_SECONDS", -1.0)  # saves after every step
    training = stage(run, pool_folder, tiny, machine, minutes=0.002)
    first = training.step
    training.clock = Clock(0.002)
    training.train()
    assert training.step > first and training.clock.progress() == 1
    folder = run / training.resumable.folder.name.removesuffix("-training")
    assert checkpoint.read_state(folder)["step"] == training.step
    if stage is not vae_stage_of:  # whose runs have budgets of their own
        again = stage(run, pool_folder, tiny, machine, minutes=0.002)
        assert again.step == training.step and again.clock.progress() == 1


def test_text_stage_learns_pictures_later(run, pool_folder, tiny, machine):
    """Weights that no loss has reached yet have no moments, and get them after going on."""
    for name in ("text", "text-training"):
        checkpoint.remove(run / name)
    training = text_stage(run, pool_folder, tiny, machine)
    training._step(0.1)
    training.save()
    again = text_stage(run, pool_folder, tiny, machine)
    assert_same(training, again)
    assert not any(name.startswith("pictures") and name.endswith("exp_avg") for name in everything(again))
    again.step = 4  # a step with pictures
    again._step(0.9)
    moments = everything(again)
    assert moments["pictures.net.0.weight.step"] == 1 and moments["text.tower.token.weight.step"] == 2


def test_denoiser_starts_warm_from_published_weights(run, pool_folder, tiny, machine):
    checkpoint.remove(run / "denoiser-training")
    tensors, state = checkpoint.load(run / "denoiser")
    checkpoint.save(run / "denoiser", tensors, {key: state[key] for key in state if key != "shards"}, half=True)
    training = denoiser_stage(run, pool_folder, tiny, machine)
    assert (training.step, training.warm_from) == (state["step"], state["step"])
    for name, tensor in training.model.state_dict().items():
        torch.testing.assert_close(tensor, tensors[name], atol=1e-3, rtol=1e-3)
        assert torch.equal(training.average.weights[name], tensor)
    take_steps(training, 1)
    assert training.optimizer.param_groups[0]["lr"] < 1e-5


def test_decoder_stage_leaves_latents_as_they_are(run, pool_folder, tiny, machine):
    before, state = checkpoint.load(run / "vae")
    training = vae_stage_of(run, pool_folder, tiny, machine, decoder_only=True)
    step(training)
    training.save()
    again = vae_stage_of(run, pool_folder, tiny, machine, decoder_only=True)
    assert_same(training, again)
    again.finish()
    after, _ = checkpoint.load(run / "vae")
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed and all(name.startswith("decoder") for name in changed)
    history = checkpoint.read_state(run / "vae")["history"]
    assert [entry["decoder_only"] for entry in history] == [False, True]
    assert not checkpoint.exists(run / "vae-training")


def test_unfinished_autoencoder_is_finished_before_its_decoder(run, pool_folder, tiny, machine):
    training = vae_stage_of(run, pool_folder, tiny, machine)
    step(training)
    training.save()
    with pytest.raises(ValueError, match="vae-training is a stage `vae` that was stopped: finish that first"):
        vae_stage_of(run, pool_folder, tiny, machine, decoder_only=True)


def test_decoder_alone_needs_an_autoencoder(tmp_path, pool_folder, tiny, machine):
    with pytest.raises(FileNotFoundError, match="train the whole autoencoder first"):
        vae_stage_of(tmp_path, pool_folder, tiny, machine, decoder_only=True)


class Constant:
    """A random generator that always draws the same: every batch is the same batch."""

    def __init__(self, seed: int):
        self.seed = seed

    def __getattr__(self, name):
        return getattr(np.random.default_rng(self.seed), name)


def test_text_stage_learns_a_batch_by_heart(tmp_path, pool_folder, tiny, machine):
    training = text_stage(tmp_path, pool_folder, tiny, machine)
    losses = []
    training.rng = Constant(3)
    training.losses.add = lambda *_, **parts: losses.append(parts)
    for _ in range(20):
        training.step = 200 * 4  # beyond the warm-up, a step with pictures
        training._step(0.5)
    for name in ("text", "clip", "picture"):
        assert losses[-1][name] < 0.8 * losses[0][name], name


def test_checker_learns_a_batch_by_heart(run, pool_folder, tiny, machine):
    training = checker_stage(run, pool_folder, tiny, machine)
    losses = []
    training.rng = Constant(3)
    training.losses.add = lambda *_, **parts: losses.append(parts["loss"])
    for _ in range(8):
        training.first = training.step - 200
        training._step()
    assert losses[-1] < 0.8 * losses[0]


def test_denoiser_learns_a_batch_by_heart(run, pool_folder, tiny, machine, monkeypatch):
    training = denoiser_stage(run, pool_folder, tiny, machine)
    losses = []
    training.losses.add = lambda *_, **parts: losses.append(parts)
    training.warm_from = -1000  # beyond the warm-up
    monkeypatch.setattr("forge.training.denoiser_stage.PEAK", 3e-3)
    for _ in range(30):
        training._step(training.model, 0.1, Constant(2), torch.Generator().manual_seed(2))
    assert losses[-1]["flow"] < 0.8 * losses[0]["flow"]
    assert losses[-1]["layout"] < 0.5 * losses[0]["layout"]


def test_autoencoder_learns_a_batch_by_heart(tmp_path, pool_folder, tiny, machine):
    training = vae_stage_of(tmp_path, pool_folder, tiny, machine)
    losses = []
    training.rng = Constant(5)
    training.first = -200  # beyond the warm-up
    training.losses.add = lambda *_, **parts: losses.append(parts)
    for _ in range(80):
        step(training)
    assert losses[-1]["loss"] < 0.85 * losses[0]["loss"]
    assert losses[-1]["psnr"] > losses[0]["psnr"] + 0.5


def test_finished_autoencoder_has_standardised_latents_and_knows_its_quality(trained, pool_folder, tiny, machine):
    from forge.architecture import Vae
    from forge.scenes import Split
    from forge.training.pool import Pool
    from forge.training.text_stage import to_pictures
    vae = Vae(tiny.vae)
    tensors, state = checkpoint.load(trained / "vae")
    checkpoint.load_into(vae, tensors, trained / "vae")
    with torch.no_grad():
        latents = vae.encode(to_pictures(Pool(pool_folder, 512, Split.TRAIN).batch(np.arange(3)), machine))
    torch.testing.assert_close(latents.mean(dim=(0, 2, 3)), torch.zeros(8), atol=1e-3, rtol=0)
    torch.testing.assert_close(latents.std(dim=(0, 2, 3)), torch.ones(8), atol=1e-3, rtol=0)
    quality = state["history"][0]["psnr_512"]
    assert quality > 20
    assert quality == pytest.approx(vae_stage.measure(vae, Pool(pool_folder, 512, Split.HELD_OUT), machine), abs=0.01)


def test_psnr_is_of_pictures_in_minus_one_to_one():
    target = torch.zeros(2, 3, 8, 8)
    assert psnr(target + 0.02, target) == pytest.approx(40, abs=1e-3)  # 0.01 of the range
    assert psnr(target, target) == pytest.approx(100, abs=1e-3)


def test_flow_loss_weighs_subjects_four_times():
    target, coverage = torch.zeros(1, 8, 2, 2), torch.zeros(1, 2, 2, 2)
    coverage[0, 1, 0, 0] = 1.0
    wrong = torch.zeros(1, 8, 2, 2)
    wrong[..., 0, 0] = 1.0
    assert flow_loss(wrong, target, coverage) == pytest.approx(4 / 7)
    assert flow_loss(wrong, target, torch.zeros_like(coverage)) == pytest.approx(1 / 4)


def test_layout_loss_prefers_the_right_cells():
    target = torch.zeros(1, 31, 4, 4)
    target[0, 5, :2] = 1.0
    assert layout_loss(20 * (2 * target - 1), target) < 1e-3 < layout_loss(torch.zeros_like(target), target)


def test_contrastive_loss_lets_equal_captions_share():
    ids = torch.tensor([[1, 2], [1, 2], [1, 3]])
    together = 50 * torch.tensor([[1.0, 1, 0], [1, 1, 0], [0, 0, 1]])
    assert contrastive_loss(together, ids) == pytest.approx(2 / 3 * np.log(2), abs=1e-4)
    assert contrastive_loss(together, ids) < contrastive_loss(50 * torch.eye(3), ids)


def test_flow_loss_weighs_channels():
    target, coverage, channels = torch.zeros(1, 2, 4, 4), torch.zeros(1, 2, 4, 4), torch.tensor([0.5, 1.5])
    wrong = torch.zeros(1, 2, 4, 4)
    wrong[:, 1] = 1.0
    assert flow_loss(wrong, target, coverage, channels) == pytest.approx(1.5 / 2)
    assert flow_loss(1 - wrong, target, coverage, channels) == pytest.approx(0.5 / 2)


def test_phases_follow_one_another():
    kept = phases(128)
    assert [phase_at(progress, kept).sizes for progress in (0.0, 0.49, 0.5, 0.74, 0.76, 1.0)] == [
        (128,), (128,), (256,), (256,), (256, 512), (256, 512)]


@pytest.mark.parametrize("smallest, first", [(128, (128,)), (256, (256,)), (512, (512,))])
def test_phases_of_larger_pictures_alone_fill_the_budget(smallest, first):
    kept = phases(smallest)
    assert kept[0].sizes == first and min(size for phase in kept for size in phase.sizes) == smallest
    assert sum(phase.share for phase in kept) == pytest.approx(1)


def test_pictures_with_big_subjects_are_drawn_twice_as_often():
    small, big = {"subjects": [{"size": "small"}]}, {"subjects": [{"size": "plain"}, {"size": "big"}]}
    assert chances([small, big, {"captions": ["x"]}]) == pytest.approx([0.25, 0.75, 1.0])


@pytest.mark.parametrize("smallest, sizes", [(128, {128, 256, 512}), (512, {512})])
def test_the_denoiser_trains_at_the_sizes_of_its_phases(run, pool_folder, tiny, machine, smallest, sizes):
    shutil.rmtree(run / "denoiser")
    shutil.rmtree(run / "denoiser-training")
    training = DenoiserTraining(run, pool_folder, tiny, BUDGET_MINUTES, machine, smallest=smallest)
    for progress in np.linspace(0, 1, 16):
        take_steps(training, 1, float(progress), seed=int(100 * progress))
    assert {size for size, count in training.samples.items() if count} == sizes


@pytest.mark.parametrize("size", [128, 512])
def test_times_lie_within_the_unit_and_grow_with_size(size):
    times = sample_times(4000, size, torch.Generator().manual_seed(1), high_noise=False)
    assert float(times.min()) > 0 and float(times.max()) < 1
    assert float(times.median()) == pytest.approx({128: 0.5, 512: 2.5 / 3.5}[size], abs=0.03)


def test_learning_rate_warms_up_stays_and_decays():
    rates = [learning_rate(step, progress, 1.0) for step, progress in
             ((0, 0.0), (99, 0.1), (200, 0.3), (500, 0.6), (900, 0.8), (999, 1.0))]
    assert rates == pytest.approx([1 / 200, 0.5, 1, 1, 0.525, 0.05])


def test_clock_counts_what_earlier_runs_spent():
    assert Clock(1, spent=30).progress() == pytest.approx(0.5, abs=0.01)
    assert Clock(1, spent=90).progress() == 1
