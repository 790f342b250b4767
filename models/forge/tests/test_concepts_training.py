"""The stages of an open vocabulary, from assets to a bundle, on preset tiny-pocket and eight things."""

import json
import shutil

import numpy as np
import onnxruntime
import pytest
import torch

from concept_assets import THINGS, write_assets
from forge import __main__ as main
from forge import evaluate_concepts, eye
from forge.architecture import MemoryConfig, preset
from forge.concepts import Corpus, ring
from forge.concepts.compose import THING
from forge.concepts.targets import NOWHERE, things, true_parts, where_things_are
from forge.distillation import concept_polish
from forge.training import checkpoint, concept_checker, concept_stage, memory_table
from forge.training.concept_losses import part_loss, what_loss
from forge.training.concept_stage import ConceptTraining, Part
from forge.training.denoiser_stage import Frozen


@pytest.fixture(scope="module")
def assets(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        return write_assets(tmp_path_factory.mktemp("assets"), patch)


@pytest.fixture
def small(monkeypatch):
    """The stages as they are, with few pictures."""
    monkeypatch.setattr(ring, "PICTURES", 8)
    monkeypatch.setattr(ring, "BATCH", 8)
    for name, value in (("PICTURES", 8), ("CAPTIONS", 300), ("LANDSCAPES", 8), ("FIRST_SHARDS", 1), ("SHARDS", 2), ("USES", 1),
                        ("BATCHES", {128: 4, 256: 2}), ("PARTS", (Part(1.0, (128, 256), concept_stage.FIRST),))):
        monkeypatch.setattr(concept_stage, name, value)
    for name, value in (("BATCH", 4), ("NEW", 2), ("KEPT", 16), ("LANDSCAPES", 8)):
        monkeypatch.setattr(concept_checker, name, value)
    for name, value in (("LANDSCAPES", 8), ("TOGETHER", 2), ("SHELF", 4), ("MEASURED", 2), ("CROPS", 4), ("OWN", 1)):
        monkeypatch.setattr(concept_polish, name, value)
    monkeypatch.setattr(evaluate_concepts, "LANDSCAPES", 8)
    monkeypatch.setattr(evaluate_concepts, "DIVERSITY_PROMPTS", 1)


@pytest.fixture
def fresh(tmp_path, trained):
    """A run with an autoencoder and nothing else."""
    shutil.copytree(trained / "vae", tmp_path / "run/vae")
    return tmp_path / "run"


def training(run, assets, machine, tmp_path, minutes=100.0) -> ConceptTraining:
    return ConceptTraining(run, assets, tmp_path / "rings", preset("tiny-pocket"), minutes, machine, 4)


def test_steps_learn_and_a_stopped_run_goes_on(fresh, assets, machine, tmp_path, small, monkeypatch):
    monkeypatch.setattr(concept_stage.os, "setpriority", lambda *_: None)
    first = training(fresh, assets, machine, tmp_path)
    for _ in range(3):
        first._step(first.model, 0.1)
    first.save()
    again = training(fresh, assets, machine, tmp_path)
    assert again.step == 3 and again.samples == {128: 8, 256: 2}
    for name, tensor in first.model.state_dict().items():
        assert torch.equal(tensor, again.model.state_dict()[name])
    shards = sorted(path.name for path in (tmp_path / "rings/128-first").iterdir())
    assert shards[0] in ("000000.npz", "000001.npz") and len(shards) <= 2
    assert not torch.equal(first.model.unet.memory_layers["up0"].query.weight,
                           concept_stage.ConceptModel(preset("tiny-pocket"), 8).unet.memory_layers["up0"].query.weight)


def test_published_weights_are_gone_on_from(fresh, assets, machine, tmp_path, small):
    first = training(fresh, assets, machine, tmp_path)
    first._step(first.model, 0.1)
    first.save()
    checkpoint.remove(fresh / "concepts-training")
    again = training(fresh, assets, machine, tmp_path)
    assert again.step == again.warm_from == 1 and again.clock.spent() < 5 and again.earlier > 0
    for name, tensor in again.model.unet.state_dict().items():
        assert torch.equal(tensor, first.average.weights[f"unet.{name}"])


def test_memory_holds_the_things_own_pictures(fresh, assets, machine, tmp_path, small):
    made = training(fresh, assets, machine, tmp_path)
    assert made.recall.table.shape == (len(THINGS), 256, 36)
    frozen_things = [made.recall.things(made.tokenizer.encode(text, 48)) for text in ("a red house", "two cats", "a hound beside a tree")]
    assert frozen_things == [[5], [0], [1, 7]]
    with pytest.raises(ValueError, match="was made of other assets"):
        state = json.loads((fresh / "memory/state.json").read_text())
        (fresh / "memory/state.json").write_text(json.dumps(state | {"sprites_sha256": "0"}))
        memory_table.make(fresh, assets, preset("tiny-pocket"), made.vae, made.tokenizer)


def test_presets_without_memory_and_missing_parts_are_named(fresh, assets, machine, tmp_path, small):
    with pytest.raises(ValueError, match="is for presets with a memory"):
        ConceptTraining(fresh, assets, tmp_path, preset("tiny"), 1.0, machine, 4)
    with pytest.raises(FileNotFoundError, match="no checkpoint at .*/vae"):
        training(tmp_path / "nothing", assets, machine, tmp_path)
    with pytest.raises(FileNotFoundError, match="no assets in"):
        training(fresh, tmp_path, machine, tmp_path)


def slots(*rows) -> torch.Tensor:
    made = torch.full((1, 3, 7), -1.0)
    for position, row in enumerate(rows):
        made[0, position] = torch.tensor(row)
    return made


def square(x: float, bottom: float, span: float, cells: int) -> torch.Tensor:
    """Coverage (cells, cells) of a square."""
    middle = (torch.arange(cells) + 0.5) / cells
    inside = ((middle - x).abs() < span / 2)[None, :] & ((middle < bottom) & (middle > bottom - span))[:, None]
    return inside.float()


def test_targets_say_which_part_of_which_thing_a_cell_shows():
    config, cells = MemoryConfig(), 16
    two = slots([5, 0, 0.25, 0.75, 0.375, -1, -1], [2, 0, 0.75, 0.75, 0.375, -1, -1])
    coverage = torch.stack([square(0.25, 0.75, 0.375, cells), square(0.75, 0.75, 0.375, cells), torch.zeros(cells, cells)])[None]
    assert things(two).tolist() == [[5, 2]] and things(slots([5] * 7, [5] * 7)).tolist() == [[5, NOWHERE]]
    where = where_things_are(two, coverage, 8)
    assert set(where.unique().tolist()) == {5, 2, NOWHERE} and where[0, 4, 2] == 5 and where[0, 4, 6] == 2
    parts = true_parts(two, coverage, cells, config)
    assert parts[0, 0, 0] == config.parts
    left, right = parts[0, 9, 4], parts[0, 9, 12]
    assert left < 256 <= right < 512 and right - 256 == left  # the same place in both squares
    row, column = left // 16, left % 16
    assert (row - (((9.5 / 16 - 0.75) + 0.1875) / (0.375 / THING) + 0.5) * 16).abs() < 1 and 7 <= column <= 9


def test_losses_count_only_what_is_known():
    logits = torch.zeros(2, 4, 5)
    logits[0, :, 2] = 50.0
    truth = torch.full((2, 2, 2), 2)
    assert part_loss(logits, truth, torch.tensor([True, False]), 4) < 1e-3
    assert part_loss(logits, truth, torch.tensor([False, True]), 4) == pytest.approx(np.log(5), abs=1e-4)
    assert part_loss(logits, truth, torch.tensor([False, False]), 4) == 0
    heads = [torch.zeros(1, 3, 2, 2)]
    assert what_loss(heads, torch.full((1, 8, 8), 1)) == pytest.approx(np.log(3), abs=1e-4)
    assert what_loss(heads, torch.full((1, 8, 8), NOWHERE)) == 0


@pytest.fixture
def forge(monkeypatch, capsys):
    monkeypatch.setattr(main, "keep_memory", lambda: None)
    monkeypatch.setattr(concept_stage.os, "setpriority", lambda *_: None)

    def call(*arguments) -> tuple[int, str, str]:
        code = main.main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()
    return call


def test_commands_from_an_adopted_autoencoder_to_a_bundle(forge, assets, trained, tmp_path, small):
    options = ("--preset", "tiny-pocket", "--run", tmp_path / "run", "--pool", tmp_path / "pool")
    assert forge("adopt", trained, *options, "--stages", "vae")[0] == 0
    assert not (tmp_path / "run/text").exists() and not (tmp_path / "run/tokenizer").exists()
    few = ("--assets", assets, "--minutes", 0.03, "--threads", 1)
    for stage in ("concepts", "concepts-checker"):
        code, out, err = forge("train", *options, "--stage", stage, *few)
        assert (code, err) == (0, "")
    assert list((tmp_path / "run/sheets").glob("concepts-0*.png"))
    before = checkpoint.load(tmp_path / "run/vae")[0]
    code, out, err = forge("train", *options, "--stage", "concepts-polish", *few)
    assert (code, err) == (0, "") and "drawn_psnr" in out
    after = checkpoint.load(tmp_path / "run/vae")[0]
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    assert changed and all(name.startswith("decoder") for name in changed)  # drawn latents keep their meaning
    code, out, err = forge("evaluate", *options, "--assets", assets, "--steps", 1, "--size", 128, "--prompts", 6, "--threads", 1,
                           "--out", tmp_path / "report")
    assert (code, err) == (0, "")
    report = json.loads((tmp_path / "report/report.json").read_text())
    assert {"thing", "thing_top5", "colour"} <= set(report["drawn"]) and {"thing", "frechet", "diversity"} <= set(report["generated"]["1"])

    assert forge("publish", *options, "--out", tmp_path / "published")[0] == 0
    adopted = ("--preset", "tiny-pocket", "--run", tmp_path / "adopted", "--assets", assets)
    assert forge("adopt", tmp_path / "published", "--preset", "tiny-pocket", "--run", tmp_path / "adopted")[0] == 0
    code, out, err = forge("export", *adopted, "--out", tmp_path / "again")
    assert (code, err) == (0, "")
    assert forge("export", *options, "--out", tmp_path / "bundle")[0] == 0
    manifest = json.loads((tmp_path / "bundle/bundle.json").read_text())
    again = json.loads((tmp_path / "again/bundle.json").read_text())
    assert (again["words"], again["groups"], again["steps_range"]) == (manifest["words"], manifest["groups"], [1, 1])
    assert "house" in manifest["groups"]["places and travel"] and {"hound", "hounds", "house", "🐈", "dots", "cartoon"} <= set(manifest["words"])
    text, unet = (onnxruntime.InferenceSession(tmp_path / f"bundle/{name}/model.onnx") for name in ("text_encoder", "unet"))
    frozen = Frozen(tmp_path / "run", preset("tiny-pocket"), concept_stage.Machine(torch.device("cpu"), False))
    prompt = "a cat on top of a house"
    ids = np.array([frozen.tokenizer.encode(prompt, 48)])
    states = text.run(None, {"input_ids": ids})[0]
    assert np.abs(states - frozen.states([prompt]).numpy()).max() < 0.15  # bfloat16 and 8 bits
    sample = np.zeros((1, 8, 64, 64), np.float32)
    assert unet.run(None, {"sample": sample, "timestep": np.array([500.0], np.float32), "encoder_hidden_states": states})[0].shape == sample.shape


def test_stages_of_the_other_vocabulary_are_refused(forge, assets, tmp_path):
    options = ("--run", tmp_path / "run", "--pool", tmp_path / "pool", "--minutes", 1, "--assets", assets)
    for chosen, stage, complaint in (("tiny-pocket", "denoiser", "is of an open vocabulary"), ("tiny", "concepts", "is of scenes"),
                                     ("tiny-pocket", "all", "starts from an autoencoder")):
        code, _, err = forge("train", "--preset", chosen, "--stage", stage, *options)
        assert code == 1 and complaint in err and err.count("\n") == 1


def test_checker_reads_what_plans_say(assets, machine, tmp_path, small):
    source = concept_checker.Reservoir(assets, 3, first=False)
    source.add(20)
    pictures, truth = source.batch(4)
    assert len(source.plans) == 16 and pictures.shape == (4, 3, 256, 256)
    model = concept_checker.ConceptChecker(8)
    logits, features = model(pictures)
    assert features.shape == (4, 256) and all(len(logits[name]) == 4 and truth[name].max() < logits[name].shape[1] for name in truth)
    stage = concept_checker.ConceptCheckerTraining(tmp_path, assets, 100.0, machine, 1)
    stage.source.add(8)
    stage._step(0.1)
    stage.save()
    assert concept_checker.load(tmp_path, assets, machine).things == 8
    assert checkpoint.read_state(tmp_path / "concepts-checker")["step"] == 1


def test_a_judge_sees_pictures_and_names_and_is_counted(forge, fresh, assets, tmp_path, small, machine, monkeypatch):
    made = training(fresh, assets, machine, tmp_path, 0.001)
    made.train()
    monkeypatch.setattr(eye, "prompts", lambda: [("cat", "a cat"), ("dog", "🐶"), ("house", "a hut, 4k")])
    monkeypatch.setattr(eye, "words", lambda _: frozenset(concept.name for concept in Corpus(assets).concepts))
    monkeypatch.setattr(eye, "NAMES", 4)
    options = ("--preset", "tiny-pocket", "--run", fresh, "--assets", assets, "--out", tmp_path / "eye", "--threads", 1)
    assert forge("eye", *options)[0] == 0
    assert (tmp_path / "eye/sheet-0.png").exists()
    answers = json.loads((tmp_path / "eye/answers.json").read_text())
    questions = (tmp_path / "eye/questions.txt").read_text().splitlines()
    assert all(f"{answer['letter']} {answer['thing']}" in line for answer, line in zip(answers, questions, strict=True))
    picks = tmp_path / "picks.txt"
    picks.write_text(f"0: {answers[0]['letter']}\n1: -\n2: {answers[2]['letter']}\n")
    code, out, _ = forge("eye", *options, "--picks", picks)
    assert code == 0 and out == f"2 of 3 recognized; not: 1 ({answers[1]['prompt']})\n"
    for text, complaint in (("0: a\n1: b\n", "says nothing of picture 2"), ("0: z\n", "got '0: z'")):
        picks.write_text(text)
        code, _, err = forge("eye", *options, "--picks", picks)
        assert code == 1 and complaint in err
