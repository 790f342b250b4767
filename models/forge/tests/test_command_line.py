"""The command line: what it helps with, what it refuses, and whole runs of preset tiny."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forge import __main__ as main
from forge import commands, report, trainers
from forge.stages import STAGES, parts_of_all
from forge.training import checkpoint, denoiser_stage
from forge.training.denoiser_stage import Phase

FORGE = Path(__file__).parents[1]


@pytest.fixture
def forge(monkeypatch, capsys, tmp_path):
    """Runs the command line in this process: (exit code, standard output, standard error)."""
    monkeypatch.setattr(main, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(main, "keep_memory", lambda: None)  # which starts Python anew

    def call(*arguments) -> tuple[int, str, str]:
        try:
            code = main.main([str(argument) for argument in arguments])
        except SystemExit as error:
            code = error.code
        return code, *capsys.readouterr()

    return call


def test_help_needs_nothing_but_python():
    """Neither PyTorch nor NumPy: isolated from every installed package, and not installed itself."""
    said = subprocess.run([sys.executable, "-I", "-S", str(FORGE), "--help"], capture_output=True, text=True)
    assert said.returncode == 0 and said.stderr == ""
    for command in commands.COMMANDS:
        assert command in said.stdout


def test_module_and_folder_are_the_same_program():
    as_module = subprocess.run([sys.executable, "-m", "forge", "--help"], capture_output=True, text=True, cwd=FORGE)
    as_folder = subprocess.run([sys.executable, str(FORGE), "--help"], capture_output=True, text=True)
    assert as_module.returncode == 0 and as_module.stdout == as_folder.stdout


def test_every_stage_has_a_trainer_and_shares_fit_the_budget():
    assert {stage.trainer for stage in STAGES.values()} == set(trainers.TRAINERS)
    for is_open in (False, True):
        assert 0.9 < sum(STAGES[name].share for name in parts_of_all(is_open)) < 1.0001


@pytest.mark.parametrize("command", commands.COMMANDS)
def test_every_command_has_help(forge, command):
    code, out, _ = forge(command, "--help")
    assert code == 0 and f"usage: forge {command}" in out


@pytest.mark.parametrize("arguments, complaint", [
    ([], "required: command"), (["paint"], "invalid choice: 'paint'"), (["train"], "required: --minutes"),
    (["train", "--minutes", "1", "--stage", "paint"], "argument --stage: invalid choice: 'paint'"),
    (["train", "--minutes", "0"], "argument --minutes: must be above 0, got 0"),
    (["train", "--minutes", "nan"], "argument --minutes: must be above 0, got nan"),
    (["train", "--minutes", "soon"], "argument --minutes: invalid minutes value: 'soon'"),
    (["train", "--minutes", "1", "--workers", "0"], "argument --workers: must be at least 1, got 0"),
    (["train", "--minutes", "1", "--threads", "-2"], "argument --threads: must be at least 1, got -2"),
    (["draw", "--pictures", "0"], "argument --pictures: must be at least 1, got 0"),
    (["draw", "--pictures", "1", "--size", "100"], "argument --size: invalid choice"),
    (["evaluate", "--size", "300"], "argument --size: invalid choice"),
    (["evaluate", "--guidance", "-1"], r"argument --guidance: must be in \[0, 100\), got -1"),
    (["evaluate", "--steps", "0"], "argument --steps: must be at least 1, got 0"),
    (["evaluate", "--stage", "text"], "argument --stage: invalid choice: 'text'"),
    (["ablate", "--variants", "luck"], "argument --variants: invalid choice: 'luck'"),
    (["ablate", "--minutes", "0"], "argument --minutes: must be above 0, got 0"),
    (["train", "--minutes", "1", "--stage", "one-step", "--tune", "half"], "argument --tune: invalid choice: 'half'"),
    (["train", "--minutes", "1", "--stage", "one-step", "--adversarial", "-1"],
     r"argument --adversarial: must be in \[0, 100\), got -1"),
    (["quantize", "here", "--kind", "int2"], "argument --kind: invalid choice: 'int2'"),
    (["quantize", "here", "--prompts", "0"], "argument --prompts: must be at least 1, got 0"),
    (["import", "here"], "required: --pool"), (["export"], "required: --out")])
def test_wrong_usage_is_named_and_exits_2(forge, arguments, complaint):
    code, out, err = forge(*arguments)
    assert (code, out) == (2, "")
    assert re.search(complaint, err) and "Traceback" not in err


def assert_sentence(outcome: tuple[int, str, str], *words: str) -> None:
    code, _, err = outcome
    assert code == 1
    assert err.startswith("forge: ") and err.count("\n") == 1 and "Traceback" not in err
    for word in words:
        assert word in err


def test_errors_are_one_sentence(forge, tmp_path, run):
    nowhere = tmp_path / "nowhere"
    assert_sentence(forge("train", "--minutes", 1, "--preset", "huge"), "preset must be one of scenes", "'huge'")
    assert_sentence(forge("train", "--minutes", 1, "--preset", "sd15"), "preset sd15 has no autoencoder")
    assert_sentence(forge("train", "--minutes", 1, "--stage", "text", "--pool", nowhere, "--run", nowhere, "--preset", "tiny"),
                    str(nowhere), "run `draw` or `import` first")
    assert_sentence(forge("train", "--minutes", 1, "--run", run, "--preset", "scenes"), f"{run}/text was made with preset.text.width")
    assert_sentence(forge("train", "--minutes", 1, "--run", run, "--preset", "tiny", "--seed", 4), "seed = 1, this run has 4")
    assert_sentence(forge("evaluate", "--run", nowhere), f"no {nowhere}/tokenizer/vocab.json: stage `text` makes it")
    assert_sentence(forge("export", "--run", nowhere, "--out", tmp_path / "x"), f"no checkpoint at {nowhere}")
    assert_sentence(forge("import", nowhere, "--pool", tmp_path / "pool"), f"{nowhere} does not exist")
    few = ("train", "--minutes", 1, "--preset", "tiny", "--stage")
    assert_sentence(forge(*few, "one-step", "--run", nowhere), f"no checkpoint at {nowhere}/denoiser")
    assert_sentence(forge(*few, "eight-step", "--run", run, "--guidance", 0.5), "guidance to bake in must be in [1, 100)")
    assert_sentence(forge(*few, "prune", "--run", run, "--decoder-widths", 32, 8, 8), "--decoder-widths must be at most")
    assert_sentence(forge("count", "huge"), "preset must be one of")
    assert_sentence(forge("adopt", nowhere, "--run", run, "--preset", "tiny"), "exists: name another --run")


def test_frozen_stages_are_not_trained_on_under_a_denoiser(forge, run, pool_folder):
    for stage in ("text", "vae"):
        assert_sentence(forge("train", "--stage", stage, "--minutes", 1, "--run", run, "--pool", pool_folder, "--preset",
                              "tiny"), f"{run}/denoiser was trained with {run}/{stage} as it is", "--run")


def test_pictures_that_the_disk_cannot_hold_are_not_begun(forge, tmp_path, monkeypatch):
    monkeypatch.setattr(commands, "DRAWN", ((512, 10**9, 1, 10**12),))
    outcome = forge("train", "--minutes", 1000, "--preset", "tiny", "--run", tmp_path / "run", "--pool", tmp_path / "pool")
    assert_sentence(outcome, f"{tmp_path / 'pool'} needs 786432000.0 GB more", "are free", "fewer --minutes")
    assert not list((tmp_path / "pool").iterdir())


def test_checker_of_own_pictures_is_refused(forge, own_pictures, tmp_path):
    assert forge("import", own_pictures, "--pool", tmp_path / "pool")[0] == 0
    assert_sentence(forge("train", "--stage", "checker", "--minutes", 1, "--pool", tmp_path / "pool", "--run", tmp_path / "new",
                          "--preset", "tiny"), "attributes of drawn scenes", "holds imported pictures")


@pytest.fixture
def own_pictures(tmp_path):
    folder = tmp_path / "own pictures"
    folder.mkdir()
    for index in range(4):
        Image.fromarray(np.full((60, 80, 3), 60 * index, np.uint8)).save(folder / f"{index}.png")
        (folder / f"{index}.txt").write_text(f"grey number {index}\nwall {index}\n")
    return folder


def sheet_size(path: Path) -> tuple[int, int]:
    return Image.open(path).size


def test_own_pictures_from_import_to_evaluation(forge, own_pictures, tmp_path, batches_small):
    """The commands of the README, with seconds in place of hours."""
    pool, run = tmp_path / "my pool", tmp_path / "my run"
    (own_pictures / "notes.md").write_text("x")
    code, out, _ = forge("import", own_pictures, "--pool", pool)
    assert code == 0 and "3 pictures to train on, 1 held out" in out and "left out 1 files" in out and "notes.md" in out
    options = ("--preset", "tiny", "--run", run, "--pool", pool, "--threads", 1)
    code, out, err = forge("train", *options, "--workers", 1, "--minutes", 0.05)
    assert (code, err) == (0, "")
    assert "nothing is drawn, and no checker is trained" in out
    for stage in ("text", "vae", "denoiser"):
        assert checkpoint.exists(run / stage)
    assert not checkpoint.exists(run / "checker")
    assert sorted(path.name for path in pool.iterdir() if "-own-" not in path.name and not path.name.startswith("latents-")) == []
    code, out, err = forge("evaluate", *options, "--steps", 1, "--size", 128, "--prompts", 3, "--out", tmp_path / "report")
    assert (code, err) == (0, "")
    measured = json.loads((tmp_path / "report/report.json").read_text())
    assert set(measured["generated"]["1"]) == {"clip", "frechet", "diversity"} and set(measured["own"]) == {"clip"}
    assert (tmp_path / "report/sheet-prompts.txt").read_text().startswith(("grey number", "wall"))
    code, _, err = forge("train", *options, "--workers", 1, "--minutes", 0.05, "--seed", 9)
    assert code == 1 and "this run has 9" in err


def test_drawn_pictures_from_train_to_published_weights(forge, tmp_path, batches_small, monkeypatch):
    monkeypatch.setattr(commands, "DRAWN", ((512, 1, 2, 3), (256, 1, 2, 3)))
    monkeypatch.setattr(commands, "HELD_OUT_PICTURES", 2)
    monkeypatch.setattr(commands, "CHECKER_PICTURES", (2, 2))
    monkeypatch.setattr("forge.training.pool.SHARD", 3)
    monkeypatch.setattr("forge.training.pool.draw_shard.__defaults__", (3,))
    monkeypatch.setattr(report, "REFERENCE_PICTURES", 6)
    monkeypatch.setattr(denoiser_stage, "PHASES", (Phase(0.5, (128,)), Phase(0.5, (256,))))
    options = ("--preset", "tiny", "--run", tmp_path / "run", "--pool", tmp_path / "pool", "--threads", 1)
    for _ in range(2):  # the second finds everything done
        code, out, err = forge("train", *options, "--workers", 1, "--minutes", 0.02)
        assert (code, err) == (0, "")
    assert "stage" not in out.replace("stages", "")
    sheets = sorted(path.name for path in (tmp_path / "run/sheets").glob("step-*.png"))
    assert sheets and sheet_size(tmp_path / "run/sheets" / sheets[0]) == (6 * 192, 2 * 192)

    code, out, err = forge("evaluate", *options, "--steps", 1, "--size", 128, "--prompts", 4, "--out", tmp_path / "report")
    assert (code, err) == (0, "")
    measured = json.loads((tmp_path / "report/report.json").read_text())
    assert {"kind", "colour", "place", "time", "side", "all", "clip"} <= set(measured["drawn"])
    assert {"frechet", "diversity", "kind", "clip"} <= set(measured["generated"]["1"])
    assert sheet_size(tmp_path / "report/sheet-1-steps.png") == (6 * 256, 4 * 256)
    assert len((tmp_path / "report/sheet-prompts.txt").read_text().splitlines()) == 24

    assert forge("publish", *options[:4], "--out", tmp_path / "weights")[0] == 0
    adopted = ("--preset", "tiny", "--run", tmp_path / "adopted", "--pool", tmp_path / "pool")
    assert forge("adopt", tmp_path / "weights", *adopted)[0] == 0
    code, _, err = forge("train", *adopted, "--stage", "denoiser", "--minutes", 0.03, "--workers", 1, "--threads", 1)
    assert (code, err) == (0, "")
    before, after = (checkpoint.read_state(tmp_path / name / "denoiser") for name in ("run", "adopted"))
    assert after["step"] > before["step"]
    assert after["earlier_seconds"] == before["seconds"]  # and --minutes was the new run's own
    assert after["seconds"] - before["seconds"] >= 60 * 0.03


def test_few_steps_from_train_to_bundle(forge, run, pool_folder, tmp_path, batches_small, monkeypatch):
    monkeypatch.setattr(report, "DIVERSITY_PROMPTS", 1)
    options = ("--preset", "tiny", "--run", run, "--pool", pool_folder, "--threads", 1)
    wishes = ("--largest", 128, "--teacher-steps", 2, "--workers", 1, "--minutes", 0.05)
    for stage in ("eight-step", "one-step"):
        code, out, err = forge("train", *options, "--stage", stage, *wishes)
        assert (code, err) == (0, "") and "best at step" in out
        assert list((run / "sheets").glob(f"{stage}-0*.png")) and (run / f"sheets/{stage}-scores-loss.png").exists()
    assert_sentence(forge("train", *options, "--stage", "one-step", *wishes, "--tune", "lora"),
                    "options.tune = full, this run has lora")

    code, out, err = forge("evaluate", *options, "--steps", 1, 8, "--teacher-steps", 2, "--size", 128, "--prompts", 3,
                           "--sheet-seeds", 2, "--out", tmp_path / "report")
    assert (code, err) == (0, "")
    measured = json.loads((tmp_path / "report/report.json").read_text())
    assert measured["stage"] == "one-step" and set(measured["generated"]) == {"1", "8"} and "frechet" in measured["teacher"]
    table = json.loads((tmp_path / "report/comparison.json").read_text())
    assert table["1"]["frechet"] == pytest.approx(measured["generated"]["1"]["frechet"] / measured["teacher"]["frechet"])
    assert "| 8 steps |" in (tmp_path / "report/comparison.md").read_text()
    for name in ("sheet-1-steps", "sheet-8-steps", "sheet-teacher"):
        assert sheet_size(tmp_path / f"report/{name}.png") == (6 * 256, 4 * 256)
        assert sheet_size(tmp_path / f"report/{name}-seeds.png") == (8 * 160, 6 * 160)
    assert sheet_size(tmp_path / "report/sheet-beside-teacher.png") == (8 * 160, 6 * 160)
    code, out, err = forge("ablate", *options, "--size", 128, "--prompts", 3, "--minutes", 0.01, "--variants", "heads")
    assert (code, err) == (0, "") and "| heads |" in out
    assert_sentence(forge("evaluate", *options, "--guidance", 2), "guidance is part of the weights of", "one-step")

    assert forge("publish", *options[:4], "--out", tmp_path / "weights")[0] == 0
    adopted = ("--preset", "tiny", "--run", tmp_path / "adopted")
    assert forge("adopt", tmp_path / "weights", *adopted)[0] == 0
    code, out, err = forge("export", *adopted, "--out", tmp_path / "bundle")
    assert (code, err) == (0, "") and "one-step" in out
    manifest = json.loads((tmp_path / "bundle/bundle.json").read_text())
    assert (manifest["default_steps"], manifest["steps_range"], manifest["guidance_baked_in"],
            manifest["default_guidance_scale"]) == (1, [1, 8], True, 1.0)
    assert manifest["made_by"]["one-step"]["options"]["guidance"] == 2.5 and manifest["made_by"]["denoiser"]["steps"] == 2
    scheduler = json.loads((tmp_path / "bundle/scheduler/scheduler_config.json").read_text())
    assert (scheduler["_class_name"], scheduler["shift"]) == ("FlowMatchEulerDiscreteScheduler", 2.5)
    assert_sentence(forge("export", *adopted, "--out", tmp_path / "x", "--steps", 20), "--steps must be in [1, 8]", "got 20")
    assert_sentence(forge("export", *adopted, "--out", tmp_path / "x", "--guidance", 2), "guidance is part of the weights")

    code, out, err = forge("train", *options, "--stage", "prune", "--decoder-widths", 8, 8, 4, "--minutes", 0.02)
    assert (code, err) == (0, "") and "dB less than the whole decoder" in out
    code, out, err = forge("export", *options[:4], "--stage", "eight-step", "--decoder", run / "pruned-8-8-4-111", "--out",
                           tmp_path / "small")
    assert (code, err) == (0, "")
    small = json.loads((tmp_path / "small/bundle.json").read_text())
    assert (small["default_steps"], small["steps_range"]) == (8, [4, 16])
    assert small["parameters"] < manifest["parameters"]
    assert small["made_by"]["pruned_decoder"]["parameters"] < small["made_by"]["pruned_decoder"]["parameters_whole"]

    assert forge("publish", *options[:4], "--out", tmp_path / "weights")[0] == 0
    again = ("--preset", "tiny", "--run", tmp_path / "again")
    assert forge("adopt", tmp_path / "weights", *again)[0] == 0
    assert forge("export", *again, "--decoder", tmp_path / "again/pruned-8-8-4-111", "--out", tmp_path / "from-published")[0] == 0


def test_bundle_is_exported_from_the_run(forge, run, tmp_path):
    code, out, err = forge("export", "--preset", "tiny", "--run", run, "--out", tmp_path / "bundle", "--steps", 4)
    assert (code, err) == (0, "")
    manifest = json.loads((tmp_path / "bundle/bundle.json").read_text())
    assert manifest["default_steps"] == 4 and manifest["made_by"]["denoiser"]["steps"] == 2
    assert {"unet/model.onnx", "text_encoder/model.onnx", "vae_decoder/model.onnx", "tokenizer/vocab.json"} <= set(
        manifest["files"])


def test_quantize_and_compare_from_the_command_line(forge, tmp_path):
    source = FORGE.parents[1] / "runtime/src/test/resources/bundles/tiny-flow"
    few = ("--prompts", 1, "--steps", 1, "--rounds", 1, "--threads", 1)
    assert_sentence(forge("quantize", source), "quantize needs --kind and --out")
    assert_sentence(forge("quantize", source, "--kind", "fp16", "--out", tmp_path / "x", "--checker", tmp_path),
                    f"no checker at {tmp_path / 'checker'}")
    code, out, _ = forge("quantize", source, "--kind", "fp16-weights", "--out", tmp_path / "half", *few)
    assert code == 0 and "| fp16-weights | " in out
    code, out, _ = forge("compare", source, tmp_path / "half", *few, "--json", tmp_path / "reports.json")
    assert code == 0 and "| half | " in out
    assert json.loads((tmp_path / "reports.json").read_text())["half"]["psnr_db"]["worst"] > 40
    code, out, _ = forge("quantize", source, "--sensitivity", 2, "--networks", "text_encoder", "--calibration", 1, *few[2:])
    assert code == 0 and out.count(" dB") + out.count("Gemm") + out.count("MatMul") >= 2
