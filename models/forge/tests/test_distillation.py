"""The stages after the denoiser: they learn, go on where they stopped, keep their best, and refuse what does not fit."""

import json
from dataclasses import replace
from functools import partial

import pytest
import torch

from conftest import BUDGET_MINUTES
from forge.distillation import eight_step as eight_step_stage
from forge.distillation import one_step as one_step_stage
from forge.distillation import preflight
from forge.distillation.eight_step import EightStepTraining
from forge.distillation.one_step import OneStepTraining
from forge.distillation.options import Options
from forge.distillation.polish import Polish
from forge.distillation.prune import Pruning, levels, load_vae, take_over
from forge.distillation.students import identity, latest, load_unet
from forge.stages import DENOISERS
from forge.training import checkpoint, workers
from forge.training.run import Clock, Machine
from test_stages import Constant

pytestmark = pytest.mark.usefixtures("batches_small")
QUICK = Options(largest=128, teacher_steps=2)


def eight_steps(run, pool_folder, tiny, machine, options=QUICK, minutes=BUDGET_MINUTES, **more):
    return EightStepTraining(run, pool_folder, tiny, minutes, machine, options, **more)


def one_step(run, pool_folder, tiny, machine, options=QUICK, minutes=BUDGET_MINUTES, **more):
    return OneStepTraining(run, pool_folder, tiny, minutes, machine, options, **more)


def steps(training, *progresses: float) -> None:
    for progress in progresses:
        training._step(progress)


def everything(training) -> dict[str, torch.Tensor]:
    kept = training.resumable
    tensors = {f"model.{name}": tensor for name, tensor in kept.module.state_dict().items()}
    tensors |= {f"average.{name}": tensor for name, tensor in kept.average.weights.items()}
    for index, entry in kept.optimizer.state_dict()["state"].items():
        tensors |= {f"{kept.names[index]}.{key}": value for key, value in entry.items()}
    return tensors


def assert_goes_on(training, again) -> None:
    before, after = everything(training), everything(again)
    assert before.keys() == after.keys()
    for name, tensor in before.items():
        assert torch.equal(tensor, after[name]), name
    assert again.step == training.step and again.clock.before > 0


@pytest.fixture
def started(run, pool_folder, tiny, machine):
    """A run whose teacher says something, with an eight-step student of one step."""
    tensors, state = checkpoint.load(run / "denoiser")
    torch.manual_seed(3)
    tensors["unet.conv_out.weight"] += 0.05 * torch.randn_like(tensors["unet.conv_out.weight"])
    checkpoint.save(run / "denoiser", tensors, {key: state[key] for key in state if key != "shards"})
    training = eight_steps(run, pool_folder, tiny, machine)
    steps(training, 0.0)
    training.save()
    return run


def test_eight_steps_bake_guidance_then_halve_and_go_on(started, pool_folder, tiny, machine):
    training = eight_steps(started, pool_folder, tiny, machine)
    assert (training.step, training.round) == (1, 0)
    former = identity(training.module["former"])
    assert former == identity(load_unet(started, "denoiser", tiny)[0])
    steps(training, 0.5, 0.5, 0.7)
    assert training.round == 2 and identity(training.module["former"]) != former
    training.save()
    again = eight_steps(started, pool_folder, tiny, machine)
    assert_goes_on(training, again)
    assert again.round == 2 and identity(again.module["former"]) == identity(training.module["former"])
    assert latest(started) == "eight-step"


def lose_the_way(training) -> None:
    """Puts the student off what it starts with, so that there is something to learn."""
    torch.manual_seed(4)
    with torch.no_grad():
        training.student.conv_out.weight.add_(0.3 * torch.randn_like(training.student.conv_out.weight))


def test_eight_steps_learn_the_guided_velocity_by_heart(started, pool_folder, tiny, machine, monkeypatch):
    training, losses = eight_steps(started, pool_folder, tiny, machine), []
    lose_the_way(training)
    training.losses.add = lambda *_, **parts: losses.append(parts["velocity"])
    monkeypatch.setattr(eight_step_stage, "PEAK", 3e-3)
    training.step = 1000  # beyond the warm-up
    for _ in range(25):
        training.rng, training.random = Constant(3), torch.Generator().manual_seed(3)
        training._step(0.1)
    assert losses[-1] < 0.7 * losses[0]


def test_one_step_starts_from_eight_steps_and_goes_on(started, pool_folder, tiny, machine):
    training = one_step(started, pool_folder, tiny, machine)
    assert identity(training.student) == identity(load_unet(started, "eight-step", tiny)[0])
    steps(training, 0.0, 0.3, 0.7)  # makes pairs, regresses, adversarial
    assert training.step == 2 and len(training.pairs) == 4
    training.save()
    again = one_step(started, pool_folder, tiny, machine)
    assert_goes_on(training, again)
    steps(again, 0.8)
    assert again.step == 3
    state = checkpoint.read_state(started / "one-step")
    assert state["start"] != state["teacher"] and state["best"]["step"] == 2 and state["teacher_scores"]["128"]
    assert latest(started) == "one-step"


@pytest.mark.parametrize("tune", ["full", "lora"])
def test_students_start_warm_from_published_weights(started, pool_folder, tiny, machine, tune):
    options = replace(QUICK, tune=tune, rank=4)
    training = one_step(started, pool_folder, tiny, machine, options)
    steps(training, 0.0, 0.3, 0.3)
    training.save()
    published = identity(load_unet(started, "one-step", tiny)[0])
    checkpoint.remove(started / "one-step-training")
    again = one_step(started, pool_folder, tiny, machine, options)
    assert identity(again.averaged_unet()) == published != identity(load_unet(started, "eight-step", tiny)[0])
    assert (again.step, again.best, again.warm_from) == (2, training.best, 2)
    assert again.clock.progress() < 1e-3 and again.earlier > 0
    steps(again, 0.3)
    assert again.optimizer.param_groups[0]["lr"] <= again.peaks[False]["student"] / 50
    again.best["mark"] = 0.0
    again.save()
    assert_goes_on(again, one_step(started, pool_folder, tiny, machine, options))
    assert checkpoint.read_state(started / "one-step")["seconds"] > again.earlier


@pytest.mark.parametrize("options", [
    replace(QUICK, tune="lora", rank=4), replace(QUICK, discriminator="heads", mismatched=0.0),
    replace(QUICK, feature_matching=0.5, distribution_matching=0.5)], ids=["lora", "heads", "matching"])
def test_one_step_of_the_teacher_alone_with_every_option(started, pool_folder, tiny, machine, options):
    checkpoint.remove(started / "eight-step")
    training = one_step(started, pool_folder, tiny, machine, options)
    before = {name: tensor.clone() for name, tensor in training.module.state_dict().items()}
    seen = []
    training.losses.add = lambda *_, **parts: seen.append(parts)
    steps(training, 0.0, 0.3, 0.7, 0.8)
    adversarial = seen[-1]
    assert all(adversarial[name] == adversarial[name] for name in ("judge", "adversarial", "reconstruction", "pairs"))
    for name, wanted in (("features", options.feature_matching), ("matching", options.distribution_matching)):
        assert (adversarial[name] == adversarial[name]) == bool(wanted)  # else not a number
    changed = {name for name, tensor in training.module.state_dict().items() if not torch.equal(tensor, before[name])}
    assert {name.split(".")[0] for name in changed} == set(training.module)
    if options.tune == "lora":
        assert not any(name.startswith("student.network") for name in changed)
    if options.discriminator == "heads":
        assert not any(name.startswith("judge.unet") for name in changed)
    training.save()
    assert_goes_on(training, one_step(started, pool_folder, tiny, machine, options))
    load_unet(started, "one-step", tiny)  # low-rank changes are merged: it is a plain denoiser


def test_one_step_learns_its_pairs_by_heart(started, pool_folder, tiny, machine):
    training, losses = one_step(started, pool_folder, tiny, machine), []
    steps(training, 0.0)
    lose_the_way(training)
    training.losses.add = lambda *_, **parts: losses.append(parts["pairs"])
    training.step, training.peaks[False]["student"] = 1000, 3e-3
    for _ in range(30):
        training.rng, training.random = Constant(3), torch.Generator().manual_seed(3)
        training._step(0.39)
    assert losses[-1] < 0.85 * losses[0]


def test_a_new_discriminator_is_listened_to_by_and_by(started, pool_folder, tiny, machine, monkeypatch):
    heard = []
    for progress in (0.4, 0.43, 0.7):  # 0, 5 and 50 % of the adversarial part
        training = one_step(started, pool_folder, tiny, machine)
        opinion = torch.zeros(1, requires_grad=True)
        monkeypatch.setattr(training, "_please_judge", lambda *_, opinion=opinion: opinion.sum())
        steps(training, 0.0, progress)
        heard.append(0.0 if opinion.grad is None else float(opinion.grad))
    assert heard == pytest.approx([0.0, 0.5, 1.0])


def test_the_better_checkpoint_is_kept(started, pool_folder, tiny, machine, monkeypatch):
    training = one_step(started, pool_folder, tiny, machine)
    steps(training, 0.0, 0.3)
    marks = iter((0.5, 0.4, 0.6))
    monkeypatch.setattr(training, "_examine", lambda unet, size: {"mark": next(marks), "follows": 0.0, "frechet": 0.0})
    kept = []
    for _ in range(3):
        training.save()
        kept.append(checkpoint.read_state(started / "one-step")["step"])
        steps(training, 0.3)
    assert kept == [1, 1, 3] and training.best["mark"] == 0.6
    assert checkpoint.read_state(started / "one-step-training")["step"] == 3


def test_one_step_stays_below_ten_thousand_iterations(started, pool_folder, tiny, machine):
    training = one_step(started, pool_folder, tiny, machine)
    training.step = one_step_stage.STEPS
    assert training.progress() == 1
    training.step = one_step_stage.LIMIT
    with pytest.raises(AssertionError, match="must stay below 10000"):
        training.save()


@pytest.mark.parametrize("stage", [eight_steps, one_step])
def test_stage_stops_when_its_budget_is_spent(started, pool_folder, tiny, machine, stage, capsys):
    training = stage(started, pool_folder, tiny, machine, minutes=0.03)
    sheets = []
    training.clock = Clock(0.03)
    training.train(on_save=lambda training: sheets.append(training.step))
    assert training.step > 0 and sheets[-1] == training.step and training.clock.progress() == 1
    assert "best at step" in capsys.readouterr().out
    again = stage(started, pool_folder, tiny, machine, minutes=0.03)
    again.train(on_save=sheets.append)
    assert again.step == training.step and sheets[-1] == training.step  # nothing left to do


def in_two_processes(run, pool_folder, tiny, out, worker) -> None:
    from conftest import small_batches
    with pytest.MonkeyPatch.context() as monkeypatch:
        small_batches(monkeypatch)
        training = one_step(run, pool_folder, tiny, Machine(torch.device("cpu"), compiles=False), worker=worker)
        steps(training, 0.0, 0.3, 0.3 if worker.rank else 0.7)
        training.join()
        torch.save((training.step, training.samples, training.module.state_dict()), out / f"{worker.rank}.pt")


def test_two_processes_make_pairs_and_train_one_student(started, pool_folder, tiny, tmp_path):
    workers.run(2, partial(in_two_processes, started, pool_folder, tiny, tmp_path))
    left, right = (torch.load(tmp_path / f"{rank}.pt") for rank in range(2))
    assert left[:2] == right[:2] == (4, 16)
    for name, tensor in left[2].items():
        assert torch.equal(tensor, right[2][name]), name
    assert sorted(path.name for path in (started / "pairs-128").glob("0*")) == ["00000", "00001"]


def test_pairs_can_come_from_the_eight_step_student(started, pool_folder, tiny, machine, monkeypatch):
    drawn = []
    monkeypatch.setattr("forge.distillation.teacher.draw_latents", lambda unet, states, empty, noise, **how: drawn.append(
        (identity(unet), how["steps"], how["guidance"])) or noise)
    training = one_step(started, pool_folder, tiny, machine, replace(QUICK, pairs_from="eight-step"))
    steps(training, 0.0)
    assert set(drawn) == {(identity(load_unet(started, "eight-step", tiny)[0]), 8, 1.0)}
    made = json.loads((started / "pairs-128/settings.json").read_text())
    assert made == {"teacher": drawn[0][0], "guidance": 1.0, "steps": 8, "size": 128}
    preflight.check_students(started, tiny, pool_folder, replace(QUICK, pairs_from="eight-step"), None, "one-step")
    with pytest.raises(ValueError, match="pairs-128 holds pairs made with teacher = .*, this run has .*: delete the folder"):
        preflight.check_students(started, tiny, pool_folder, QUICK, None, "one-step")


def test_pairs_of_a_student_that_is_not_there_are_refused(run, pool_folder, tiny):
    with pytest.raises(FileNotFoundError, match="pairs are to come from the eight-step student, which .* has not"):
        preflight.check_students(run, tiny, pool_folder, replace(QUICK, pairs_from="eight-step"), None, "one-step")


def rewrite_state(folder, **changes) -> None:
    state = json.loads((folder / "state.json").read_text())
    (folder / "state.json").write_text(json.dumps(state | changes))


def test_students_that_do_not_fit_are_named_before_any_work(started, pool_folder, tiny, machine):
    check = partial(preflight.check_students, started, tiny, pool_folder)
    check(QUICK, None, "eight-step")
    check(QUICK, None, "one-step")
    with pytest.raises(ValueError, match="eight-step was made with options.guidance = 2.5, this run has 4.0: give the same"):
        check(replace(QUICK, guidance=4.0), None, "eight-step")
    with pytest.raises(ValueError, match="eight-step was made with options.guidance = 2.5, this run has 4.0"):
        check(replace(QUICK, guidance=4.0), None, "one-step")
    with pytest.raises(ValueError, match="eight-step was made with seed = 6, this run has 1"):
        check(QUICK, 1, "eight-step")
    training = one_step(started, pool_folder, tiny, machine)
    steps(training, 0.0, 0.3)
    training.save()
    check(QUICK, None, "one-step")
    with pytest.raises(ValueError, match="one-step was made with options.tune = full, this run has lora"):
        check(replace(QUICK, tune="lora"), None, "one-step")
    with pytest.raises(ValueError, match="pairs-128 holds pairs made with steps = 2, this run has 3: delete the folder"):
        check(replace(QUICK, teacher_steps=3), None, "one-step")
    rewrite_state(started / "eight-step-training", teacher="0" * 16)
    with pytest.raises(ValueError, match="eight-step-training was made with teacher = 0000000000000000, this run has"):
        check(QUICK, None, "eight-step")


def test_students_of_another_teacher_or_architecture_are_named(started, tiny):
    preflight.check_students_fit(started, tiny)
    tensors, state = checkpoint.load(started / "denoiser")
    tensors["unet.conv_out.bias"] += 1
    checkpoint.save(started / "denoiser", tensors, {key: state[key] for key in state if key != "shards"})
    with pytest.raises(ValueError, match="eight-step was made with teacher = .*, this run has"):
        preflight.check_students_fit(started, tiny)
    wider = replace(tiny, unet=replace(tiny.unet, widths=(16, 32, 32)))
    with pytest.raises(ValueError, match="eight-step is of another architecture"):
        load_unet(started, "eight-step", wider)
    with pytest.raises(FileNotFoundError, match="no checkpoint at .*one-step: run the stage that makes it first"):
        load_unet(started, "one-step", tiny)
    with pytest.raises(ValueError, match="stage must be one of denoiser, eight-step, one-step, got 'text'"):
        load_unet(started, "text", tiny)


def test_what_bundles_say_of_each_denoiser():
    assert [(kind.baked, kind.steps) for kind in DENOISERS.values()] == [(False, 16), (True, 8), (True, 1)]


def test_polish_changes_the_decoder_alone_and_goes_on(started, pool_folder, tiny, machine):
    before, _ = checkpoint.load(started / "vae")
    training = Polish(started, pool_folder, tiny, BUDGET_MINUTES, machine, 8)
    assert training.stage == "eight-step"
    training._step(0.0)
    training._step(0.5)  # with the patch discriminator
    training.resumable.save({"step": training.step, "seconds": 1.0, "start": training.start})
    again = Polish(started, pool_folder, tiny, BUDGET_MINUTES, machine, 8)
    assert_goes_on(training, again)
    again.finish()
    after, state = checkpoint.load(started / "vae")
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed and all(name.startswith("decoder") for name in changed)
    entry = state["history"][-1]
    assert entry["polished_on"] == "eight-step" and entry["before"]["psnr_512"] > 20 and entry["psnr_512"] > 20
    assert {"denoised_psnr", "perceptual"} <= set(entry) and not checkpoint.exists(started / "polish-training")


def test_polish_draws_from_pure_noise_for_one_step(started, pool_folder, tiny, machine):
    training = one_step(started, pool_folder, tiny, machine)
    steps(training, 0.0, 0.3)
    training.save()
    polish = Polish(started, pool_folder, tiny, BUDGET_MINUTES, machine, 8)
    seen = []
    polish.losses.add = lambda *_, **parts: seen.append(parts)
    crops = []
    judge = polish._adversarial
    polish._adversarial = lambda made, real: crops.append((len(made), len(real))) or judge(made, real)
    polish._step(0.5)
    assert polish.stage == "one-step" and crops[0][0] > crops[0][1] and seen[0]["judge"] > 0


def test_pruned_decoder_keeps_what_matters_and_says_what_it_loses(started, pool_folder, tiny, machine):
    training = Pruning(started, pool_folder, tiny, BUDGET_MINUTES, machine, (8, 8, 4), (1, 0, 1), 9)
    training._step(0.1)
    training.resumable.save({"step": 1, "seconds": 1.0})
    again = Pruning(started, pool_folder, tiny, BUDGET_MINUTES, machine, (8, 8, 4), (1, 0, 1), 9)
    assert_goes_on(training, again)
    found = again.finish()
    assert found["parameters"] < found["parameters_whole"]
    assert found["loses_db"] == pytest.approx(found["psnr_512_whole"] - found["psnr_512"]) and found["psnr_512"] > 20
    folder = started / "pruned-8-8-4-101"
    assert checkpoint.read_state(folder)["loses_db"] == found["loses_db"]
    assert load_vae(folder, started).config.decoder_widths == (8, 8, 4)
    tensors, state = checkpoint.load(started / "vae")
    tensors["encoder.patches.bias"] += 1
    checkpoint.save(started / "vae", tensors, {key: state[key] for key in state if key != "shards"})
    with pytest.raises(ValueError, match="pruned from another autoencoder than .*: encoder.patches.bias differs"):
        load_vae(folder, started)


def test_pruning_by_nothing_but_dead_channels_loses_nothing(started, pool_folder, tiny, machine):
    training = Pruning(started, pool_folder, tiny, BUDGET_MINUTES, machine, (8, 8, 8), (1, 1, 1), 9)
    whole = training.whole.decoder
    with torch.no_grad():  # what the second half of the first level's channels carry does not reach the next
        for layer, _ in levels(whole.net):
            torch.nn.init.normal_(layer.weight, std=0.1)
        levels(whole.net)[1][0].weight[:, 8:] = 0
        for _, blocks in levels(whole.net)[:1]:
            for block in blocks:
                torch.nn.init.normal_(block.conv2.weight, std=0.1)
                block.conv1.weight[8:] = 0
                block.conv1.weight[:, 8:] = 0
                block.conv1.bias[8:] = 0
        take_over(whole.net, training.vae.decoder.net)
        latents = torch.randn(1, 8, 4, 4)
        torch.testing.assert_close(training.vae.decode(latents), training.whole.decode(latents), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("widths, blocks, sentence", [
    ((32, 8, 8), (1, 1, 1), "--decoder-widths must be at most 16 8 8, got 32 8 8"),
    ((8, 8, 8), (2, 1, 1), "--decoder-blocks must be at most 1 1 1, got 2 1 1"),
    ((16, 8, 8), (1, 1, 1), "nothing to prune")])
def test_decoders_that_would_not_be_smaller_are_refused(started, pool_folder, tiny, machine, widths, blocks, sentence):
    with pytest.raises(ValueError, match=sentence):
        Pruning(started, pool_folder, tiny, BUDGET_MINUTES, machine, widths, blocks, 9)
