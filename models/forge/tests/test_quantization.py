"""Quantized bundles: whole, near their source, smaller, with the layers kept that are said to be kept."""

import hashlib
import json
import shutil
from argparse import Namespace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from forge.quantization import measuring, run
from forge.quantization.drawing import session
from forge.quantization.folder import NETWORKS
from forge.quantization.graphs import is_quantized, layers, load_single, weights
from forge.quantization.kinds import KINDS
from forge.quantization.measuring import psnr, signal_to_noise
from forge.quantization.prompts import Prompts
from forge.quantization.sensitive import kept_layers

BUNDLES = Path(__file__).parents[3] / "runtime/src/test/resources/bundles"
FLOW, STABLE_DIFFUSION, LCM = (BUNDLES / name for name in ("tiny-flow", "tiny-sd", "tiny-lcm"))
POCKET = Path(__file__).parents[2] / "pocket"
# At least so many dB in the worst picture. Random weights round worse than trained ones, in small networks most of all.
NEAR = {"int8-dynamic": 30, "int8-mixed": 30, "int8-static": 22, "fp16": 30, "fp16-weights": 55, "int8-weights": 40}


def options(bundle: Path, out: Path, kind: str = "int8-weights", **changes) -> Namespace:
    usual = {"networks": list(NETWORKS), "keep": [], "calibration": 2, "prompts": 1, "seeds": 1, "steps": 2, "guidance": None,
             "prompt_file": None, "checker": None, "threads": 1, "rounds": 1, "sensitivity": None}
    return Namespace(bundle=bundle, out=out, kind=kind, **(usual | changes))


@pytest.fixture(autouse=True)
def memory_is_not_measured(monkeypatch):
    """Which takes processes of its own; one test does."""
    monkeypatch.setattr(measuring, "resident", lambda *_: 0.0)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_writes_a_whole_bundle_near_its_source(tmp_path, kind):
    report = run.quantize(options(FLOW, tmp_path / "out", kind))
    out = tmp_path / "out"
    told = json.loads((out / "bundle.json").read_text())
    source = json.loads((FLOW / "bundle.json").read_text())
    assert told["files"] == {path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
                             for path in out.rglob("*") if path.is_file() and path.name != "bundle.json"}
    changed = {name for name, hash in told["files"].items() if source["files"].get(name) != hash}
    assert changed == {f"{network}/model.onnx" for network in NETWORKS}
    assert {key: told[key] for key in source if key not in ("files", "made_by")} == {
        key: source[key] for key in source if key not in ("files", "made_by")}
    assert told["made_by"]["script"] == source["made_by"]["script"]
    assert told["made_by"]["quantization"] == [report] == [json.loads((tmp_path / "out.quantization.json").read_text())]
    assert NEAR[kind] < report["psnr_db"]["worst"] < 100
    assert report["networks"]["unet"]["mb"] < report["networks"]["unet"]["source_mb"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "out.quantization.json"]


@pytest.mark.parametrize("bundle", [STABLE_DIFFUSION, LCM], ids=lambda bundle: bundle.name)
def test_bundles_of_others_can_be_quantized(tmp_path, bundle):
    """Free batches and sizes, whole-number timesteps; float16 with weights beside the graph."""
    report = run.quantize(options(bundle, tmp_path / "out", "int8-static", calibration=1))
    assert 20 < report["psnr_db"]["worst"] < 100
    assert "random letters" in report["calibration"]
    assert not list((tmp_path / "out").rglob("*_data"))
    assert json.loads((tmp_path / "out/bundle.json").read_text())["name"] == bundle.name
    assert all(is_quantized(tmp_path / "out" / network / "model.onnx") for network in NETWORKS)


def stored(path: Path) -> set[str]:
    """Names of weights that the model holds as int8."""
    return {tensor.name for tensor in onnx.load(path).graph.initializer if tensor.data_type == TensorProto.INT8}


def test_sensitive_layers_and_those_named_keep_their_precision(tmp_path):
    pattern = "Conv_1*"
    report = run.quantize(options(FLOW, tmp_path / "out", "int8-static", networks=["unet"], keep=[pattern]))
    kept = report["kept_layers"]["unet"]
    model = load_single(FLOW / "unet/model.onnx")
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    assert {convolutions[0].name, convolutions[-1].name} <= set(kept)
    assert any(name.startswith("Conv_1") for name in kept)
    names = stored(tmp_path / "out/unet/model.onnx")
    for node in layers(model):
        assert (f"{node.input[1]}_quantized" in names) == (node.name not in kept), node.name


def network(*nodes, inputs=("sample", "timestep")) -> onnx.ModelProto:
    """A graph of the nodes with square weights w, the output being that of the last node."""
    value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4])
    graph = helper.make_graph(list(nodes), "test", [value(name) for name in inputs], [value(nodes[-1].output[0])],
                              [numpy_helper.from_array(np.eye(4, dtype=np.float32), "w")])
    return helper.make_model(graph)


def product(source: str, result: str) -> onnx.NodeProto:
    return helper.make_node("MatMul", [source, "w"], [result], name=result)


def test_the_rule_keeps_first_and_last_layers_and_the_timesteps_own():
    add = helper.make_node("Add", ["b", "t3"], ["c"], name="add")
    model = network(product("sample", "a"), product("a", "b"), product("timestep", "t1"), product("t1", "t2"),
                    product("t2", "t3"), add, product("c", "d"), product("d", "e"))
    assert kept_layers(model) == {"a", "t1", "t2", "t3", "e"}
    assert kept_layers(model, of_bytes=True) == {"t1", "t2", "t3", "e"}
    assert kept_layers(model, ["[bd]"]) == {"a", "b", "t1", "t2", "t3", "d", "e"}


def test_a_shortcut_around_a_layer_does_not_make_the_next_one_the_first_nor_itself_the_last():
    add, sum_ = (helper.make_node("Add", pair, [name], name=name) for pair, name in ((["a", "b"], "c"), (["c", "d"], "e")))
    model = network(product("sample", "a"), product("a", "b"), add, product("c", "d"), sum_, inputs=("sample",))
    assert kept_layers(model) == {"a", "d"}


def test_only_the_named_networks_change(tmp_path):
    run.quantize(options(FLOW, tmp_path / "out", networks=["vae_decoder"]))
    same = [(FLOW / network / "model.onnx").read_bytes() == (tmp_path / "out" / network / "model.onnx").read_bytes()
            for network in NETWORKS]
    assert same == [True, True, False]
    run.quantize(options(tmp_path / "out", tmp_path / "both", "int8-dynamic", networks=["unet"]))
    made_by = json.loads((tmp_path / "both/bundle.json").read_text())["made_by"]
    assert [each["kind"] for each in made_by["quantization"]] == ["int8-weights", "int8-dynamic"]


def test_the_encoder_is_quantized_by_what_was_drawn_and_its_report_stands_beside(tmp_path):
    report = run.quantize(options(FLOW, tmp_path / "out", "int8-static", networks=["vae_encoder"]))
    same = [(FLOW / network / "model.onnx").read_bytes() == (tmp_path / "out" / network / "model.onnx").read_bytes()
            for network in (*NETWORKS, "vae_encoder")]
    assert same == [True, True, True, False]
    assert 20 < report["networks"]["vae_encoder"]["snr_db"] < 100
    assert report["psnr_db"]["worst"] > 100
    assert report["kept_layers"]["vae_encoder"]


def test_a_bundle_without_encoder_says_so(tmp_path):
    with pytest.raises(ValueError, match="has no vae_encoder"):
        run.quantize(options(BUNDLES / "tiny-flow-int8", tmp_path / "out", networks=["vae_encoder"]))
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_quantized_is_named_and_nothing_is_written(tmp_path):
    bundle, out = Path(shutil.copytree(FLOW, tmp_path / "own")), tmp_path / "out"
    with pytest.raises(FileNotFoundError, match="nowhere is not a folder"):
        run.quantize(options(tmp_path / "nowhere", out))
    with pytest.raises(ValueError, match="--out must be another folder"):
        run.quantize(options(bundle, bundle / "inside"))
    (bundle / "unet/model.onnx").write_bytes((bundle / "unet/model.onnx").read_bytes()[:5000])
    with pytest.raises(ValueError, match="unet/model.onnx is truncated or not ONNX"):
        run.quantize(options(bundle, out))
    (bundle / "unet/model.onnx").unlink()
    with pytest.raises(FileNotFoundError, match="unet/model.onnx is missing"):
        run.quantize(options(bundle, out))
    shutil.copy(STABLE_DIFFUSION / "unet/model.onnx", bundle / "unet/model.onnx")
    with pytest.raises(ValueError, match="unet/model.onnx is altered"):
        run.quantize(options(bundle, out))
    assert [path.name for path in tmp_path.iterdir()] == ["own"]


def test_a_quantized_network_is_not_quantized_again(tmp_path):
    run.quantize(options(FLOW, tmp_path / "once", "int8-dynamic"))
    with pytest.raises(ValueError, match="once/text_encoder/model.onnx is quantized already"):
        run.quantize(options(tmp_path / "once", tmp_path / "twice"))
    assert not (tmp_path / "twice").exists()


def test_prompts_come_from_a_file_or_from_the_captions_and_no_prompt_serves_twice(tmp_path):
    file = tmp_path / "prompts.txt"
    file.write_text("a\nb\n\nb\nc\n")
    chosen = Prompts.choose({}, file, 1, 2)
    assert (chosen.calibration, chosen.measured, chosen.records) == (["a"], ["b", "c"], None)
    with pytest.raises(ValueError, match="must hold at least 4 different prompts .* got 3"):
        Prompts.choose({}, file, 2, 2)
    captions = Prompts.choose(json.loads((POCKET / "bundle.json").read_text()), None, 0, 3)
    assert captions.source == "captions of drawn scenes" and len(captions.records) == len(captions.measured) == 3
    captions = Prompts.choose(json.loads((POCKET / "bundle.json").read_text()), None, 3, 3)
    assert not set(captions.calibration) & set(captions.measured)


def test_float16_networks_widen_to_the_same_outputs(tmp_path):
    model = load_single(LCM / "vae_decoder/model.onnx")
    assert {tensor.data_type for tensor in weights(model).values()} <= {TensorProto.FLOAT, TensorProto.INT64}
    onnx.save(model, tmp_path / "single.onnx")
    latents = np.random.default_rng(1).standard_normal((1, 4, 8, 8)).astype(np.float32)
    half = session(LCM / "vae_decoder/model.onnx", 1).run(None, {"latent_sample": latents.astype(np.float16)})[0]
    full = session(tmp_path / "single.onnx", 1).run(None, {"latent_sample": latents})[0]
    assert signal_to_noise(full, half.astype(np.float32)) > 40


def test_decibels():
    black, grey = np.zeros((2, 2, 3), np.uint8), np.full((2, 2, 3), 51, np.uint8)
    assert psnr(black, grey) == pytest.approx(20 * np.log10(5)) and psnr(grey, grey) == measuring.IDENTICAL_DB
    assert signal_to_noise(np.ones(4), np.full(4, 1.1)) == pytest.approx(20)
    assert signal_to_noise(np.ones(4), np.array([1, 1, 1, np.nan])) == -measuring.IDENTICAL_DB


def test_memory_is_that_of_a_process_of_its_own(monkeypatch):
    monkeypatch.undo()
    assert 1 < measuring.resident(FLOW, 1, 8) < 500
    with pytest.raises(OSError, match="measuring the memory of .*nowhere failed"):
        measuring.resident(Path("nowhere"), 1, 8)


@pytest.mark.parametrize("kind, kept", [("int8-dynamic", False), ("int8-weights", True)])
def test_a_decoder_that_sees_all_of_a_picture_is_not_decoded_in_bands(tmp_path, kind, kept):
    source = tmp_path / "source"
    shutil.copytree(FLOW, source)
    (source / "bundle.json").unlink()
    config = json.loads((source / "vae_decoder/config.json").read_text())
    (source / "vae_decoder/config.json").write_text(json.dumps(config | {"receptive_rows": 5}))
    run.quantize(options(source, tmp_path / "out", kind=kind, networks=["vae_decoder"]))
    assert ("receptive_rows" in json.loads((tmp_path / "out/vae_decoder/config.json").read_text())) == kept
