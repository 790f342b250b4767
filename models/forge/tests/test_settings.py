"""Runs that do not fit are refused by name, before anything is drawn or trained."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from forge.architecture import preset
from forge.training import checkpoint, settings, text_stage
from forge.training.checker_stage import CheckerTraining
from forge.training.denoiser_stage import DenoiserTraining
from forge.training.preflight import check_frozen, check_run
from forge.training.text_stage import TextTraining
from forge.training.vae_stage import VaeTraining

WIDER = replace(preset("tiny"), unet=replace(preset("tiny").unet, widths=(16, 32, 32)))


def rewrite_state(folder: Path, **changes) -> None:
    state = json.loads((folder / "state.json").read_text())
    (folder / "state.json").write_text(json.dumps(state | changes))


def test_run_that_fits_passes(run, tiny):
    check_run(run, tiny, "drawn", None)
    check_run(run / "not-yet", tiny, "own", 7)


@pytest.mark.parametrize("stage, name", [("text", "text.vocabulary"), ("vae", "vae.encoder_widths"),
                                         ("denoiser", "text.vocabulary")])
def test_other_preset_is_named_with_its_first_difference(run, stage, name):
    with_one = run.parent / "one"
    with_one.mkdir()
    (run / stage).rename(with_one / stage)
    pocket = replace(preset("scenes"), text=replace(preset("scenes").text, vocabulary=2048))
    with pytest.raises(ValueError, match=rf"one/{stage} was made with preset.{name} = .*, this run has .* --run"):
        check_run(with_one, pocket, "drawn", None)


def test_other_seed_and_other_data_are_named(run, tiny):
    with pytest.raises(ValueError, match="run/text was made with seed = 1, this run has 9"):
        check_run(run, tiny, "drawn", 9)
    with pytest.raises(ValueError, match="run/text was made with data = drawn, this run has own"):
        check_run(run, tiny, "own", None)


def test_checkpoints_older_than_a_setting_are_of_drawn_pictures_and_any_seed(run, tiny):
    for stage in ("text", "text-training"):
        state = json.loads((run / stage / "state.json").read_text())
        (run / stage / "state.json").write_text(json.dumps(
            {key: value for key, value in state.items() if key not in ("data", "seed")}))
    check_run(run, tiny, "drawn", None)
    with pytest.raises(ValueError, match="run/text was made with data = drawn, this run has own"):
        check_run(run, tiny, "own", None)


@pytest.mark.parametrize("stage", [
    lambda *run: TextTraining(*run, 9), lambda *run: VaeTraining(*run, 9, False, 1e-3),
    lambda run, pool, tiny, minutes, machine: DenoiserTraining(run, pool, tiny, minutes, machine, seed=9),
    lambda run, pool, tiny, minutes, machine: CheckerTraining(run, pool, minutes, machine, 9)])
def test_stages_themselves_refuse_other_settings(run, pool_folder, tiny, machine, stage):
    with pytest.raises(ValueError, match=r"was made with seed = \d, this run has 9"):
        stage(run, pool_folder, tiny, 1.0, machine)


@pytest.mark.parametrize("stage", ["denoiser", "denoiser-training"])
def test_checkpoint_of_another_architecture_is_named_with_its_tensor(run, stage):
    """Even when its state says nothing of the preset."""
    for name in ("denoiser", "denoiser-training"):
        if name == stage:
            rewrite_state(run / name, preset={})
        else:
            checkpoint.remove(run / name)
    with pytest.raises(ValueError, match=rf"run/{stage} is of another architecture: unet\.\S+ has shape .*, wanted"):
        check_run(run, WIDER, "drawn", None)


def test_damaged_checkpoint_is_named(run, tiny):
    shard = sorted((run / "vae").glob("*.safetensors"))[-1]
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(ValueError, match=f"{shard} is cut short"):
        check_run(run, tiny, "drawn", None)


@pytest.mark.parametrize("source, tensor, part", [("text", "text.tower.norm.bias", "text"), ("vae", "deviation", "encoder")])
def test_denoiser_with_another_teacher_is_refused(run, pool_folder, tiny, machine, source, tensor, part):
    tensors, state = checkpoint.load(run / source)
    tensors[tensor] += 0.1
    checkpoint.save(run / source, tensors, state)
    for ask in (lambda: check_run(run, tiny, "drawn", None), lambda: check_frozen(run, tiny),
                lambda: DenoiserTraining(run, pool_folder, tiny, 1.0, machine)):
        with pytest.raises(ValueError, match=rf"run/denoiser\S* was made with frozen.{part} = \w+, this run has \w+"):
            ask()


def test_decoder_may_go_on_training_beside_the_denoiser(run, tiny):
    tensors, state = checkpoint.load(run / "vae")
    tensors["decoder.patches.bias"] += 0.1
    checkpoint.save(run / "vae", tensors, state)
    check_frozen(run, tiny)


def test_published_weights_fit_what_they_were_published_from(run, tiny):
    for stage in ("text", "vae"):
        tensors, state = checkpoint.load(run / stage)
        checkpoint.save(run / stage, tensors, state, half=True)
    check_frozen(run, tiny)


def test_tokenizer_of_another_size_is_named(run):
    for stage in ("text", "text-training"):
        checkpoint.remove(run / stage)
    smaller = replace(preset("tiny"), text=replace(preset("tiny").text, vocabulary=600))
    with pytest.raises(ValueError, match="run/tokenizer has 1024 tokens, preset tiny wants 600"):
        check_run(run, smaller, "drawn", None)


def test_tokenizer_that_is_damaged_or_not_there_is_named(tmp_path, run, tiny):
    with pytest.raises(FileNotFoundError, match="no .*vocab.json: stage `text` makes it"):
        text_stage.load_tokenizer(tmp_path)
    (run / "tokenizer/vocab.json").write_text("{")
    with pytest.raises(ValueError, match="run/tokenizer holds no tokenizer that can be read"):
        check_run(run, tiny, "drawn", None)


def test_preset_without_an_autoencoder_is_refused(run):
    with pytest.raises(ValueError, match="preset sd15 has no autoencoder"):
        check_run(run, preset("sd15"), "drawn", None)


def test_settings_are_compared_where_both_have_them():
    saved = {"preset": {"unet": {"widths": [1, 2], "act": "gelu", "old": 1}}, "seed": 3}
    same = {"preset": {"unet": {"widths": (1, 2), "new": 5}}, "seed": 3, "frozen": {}}
    settings.check(Path("x"), saved, same)
    with pytest.raises(ValueError, match=r"x was made with preset.unet.widths = \[1, 2\], this run has \[1, 3\]"):
        settings.check(Path("x"), saved, {"preset": {"unet": {"widths": (1, 3)}}})


def test_fingerprint_is_of_names_and_values_as_fp16():
    weights = {"a": torch.tensor([0.1, 0.2]), "b": torch.tensor([1.0])}
    mark = settings.fingerprint(weights)
    assert mark == settings.fingerprint({name: weights[name].half() for name in ("b", "a")})
    assert mark != settings.fingerprint(weights | {"b": torch.tensor([1.001])})
    assert mark != settings.fingerprint({"a": weights["a"], "c": weights["b"]})
