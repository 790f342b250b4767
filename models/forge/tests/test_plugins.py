"""The small files beside a model: upscaler, control adapter and LoRA, on preset tiny-pocket and eight things."""

import json
import shutil
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnxruntime.quantization import quantize_dynamic
from PIL import Image
from safetensors.torch import load_file

from concept_assets import write_assets
from forge import __main__ as main
from forge.architecture import UNet, preset
from forge.architecture.control import ControlAdapter
from forge.concepts import ring
from forge.concepts.lines import drawn, edges
from forge.concepts.neon import neon
from forge.export import control as control_file
from forge.export import lora as lora_file
from forge.export.unet import unet_graph
from forge.plugins import control, control_examples, lora, lora_examples, upscaler
from forge.training import checkpoint, concept_stage
from forge.training.concept_stage import ConceptTraining, Part

TINY = replace(preset("tiny-pocket"), unet=replace(preset("tiny-pocket").unet, sample_size=16), pixels=128)


@pytest.fixture(scope="module")
def assets(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        return write_assets(tmp_path_factory.mktemp("assets"), patch)


@pytest.fixture
def small(monkeypatch):
    for name, value in (("CAPTIONS", 300), ("LANDSCAPES", 4), ("FIRST_SHARDS", 1), ("SHARDS", 1), ("PICTURES", 4),
                        ("BATCHES", {128: 2}), ("PARTS", (Part(1.0, (128,), concept_stage.FIRST),))):
        monkeypatch.setattr(concept_stage, name, value)
    for name, value in (("PICTURES", 4), ("BATCH", 4)):
        monkeypatch.setattr(ring, name, value)
    for module in (upscaler, control_examples, lora_examples):
        monkeypatch.setattr(module, "LANDSCAPES", 4)
    for name, value in (("SIZE", 128), ("CROP", 32), ("BATCH", 2), ("TOGETHER", 2), ("SHELF", 4), ("MEASURED", 2), ("HELD_OUT_EVERY", 4)):
        monkeypatch.setattr(upscaler, name, value)
    for name, value in (("TOGETHER", 2), ("SHELF", 4), ("BEGIN", 2), ("BATCH", 2)):
        monkeypatch.setattr(control, name, value)
    for name, value in (("MADE", 4), ("BATCH", 2), ("CANDIDATES", 4), ("KEPT", 2)):
        monkeypatch.setattr(lora_examples, name, value)
    monkeypatch.setattr(concept_stage.os, "setpriority", lambda *_: None)


@pytest.fixture
def drawing(tmp_path, trained, assets, machine, small):
    """A run of which the denoiser has learned a step."""
    shutil.copytree(trained / "vae", tmp_path / "run/vae")
    stage = ConceptTraining(tmp_path / "run", assets, tmp_path / "rings", TINY, 100.0, machine, 4)
    stage._step(stage.model, 0.1)
    for weight in stage.average.weights.values():  # last layers are still zero, and would pass nothing on
        if weight.is_floating_point():
            weight += 0.02 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(1))
    stage.save()
    return tmp_path / "run"


def run_graph(path, **inputs):
    return onnxruntime.InferenceSession(path if isinstance(path, bytes) else str(path)).run(None, inputs)


def test_the_upscaler_learns_goes_on_and_doubles_any_size(drawing, assets, machine):
    first = upscaler.UpscalerTraining(drawing, assets, TINY, 100.0, machine, 12)
    before = {name: weight.clone() for name, weight in first.network.state_dict().items()}
    for _ in range(3):
        first._step(0.1)
    first.save()
    assert all(not torch.equal(before[name], weight) for name, weight in first.network.state_dict().items())
    again = upscaler.UpscalerTraining(drawing, assets, TINY, 100.0, machine, 12)
    assert again.step == 3 and torch.equal(again.network.last.weight, first.network.last.weight)
    again.finish()
    assert set(checkpoint.read_state(drawing / "upscaler")["psnr"]) == {"network", "lanczos", "bicubic"}
    picture = torch.rand(1, 3, 20, 36, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        wanted = again.network(picture).clamp(0, 1)
    made, = run_graph(drawing / upscaler.NETWORK, image=picture.numpy())
    assert made.shape == (1, 3, 40, 72) and np.abs(made - wanted.numpy()).max() < 1e-4
    assert (drawing / upscaler.NETWORK).stat().st_size < 1 << 20


def test_things_that_measure_the_upscaler_never_train_it(assets, machine, small):
    for held_out in (False, True):
        pictures = upscaler.Pictures(assets, np.random.default_rng(1), held_out, machine)
        seen = []
        pictures.composer = lambda batch, seen=seen: (seen.append(batch.slots[:, :, 0]), torch.zeros(len(batch.slots), 3, 8, 8))[::-1]
        pictures.draw(30)
        found = {int(thing) for each in seen for row in each for thing in row if thing >= 0}
        kept = {thing for thing in range(8) if thing % 4 == 1}
        assert found and (found & kept if held_out else not found & kept)


def test_half_sizes_are_means_and_quality_is_in_decibels():
    picture = torch.zeros(1, 3, 8, 8)
    picture[..., ::2] = 1
    assert torch.equal(upscaler.area_reduced(picture), torch.full((1, 3, 4, 4), 0.5))
    assert upscaler.psnr(picture, picture) == pytest.approx(100.0)
    assert upscaler.psnr(torch.zeros(1, 3, 4, 4), torch.full((1, 3, 4, 4), 0.1)) == pytest.approx(20.0, abs=1e-3)


def test_the_upscaler_wants_an_autoencoder_and_assets(tmp_path, drawing, assets, machine):
    with pytest.raises(FileNotFoundError, match="adopt --stages vae"):
        upscaler.UpscalerTraining(tmp_path / "empty", assets, TINY, 1.0, machine, 12)
    with pytest.raises(FileNotFoundError, match="no assets in"):
        upscaler.UpscalerTraining(drawing, tmp_path, TINY, 1.0, machine, 12)


def test_drawings_are_dark_lines_on_white_where_things_are():
    picture = torch.full((1, 3, 128, 128), -1.0)
    picture[..., 32:96, 32:96] = 1
    coverage = torch.zeros(1, 3, 16, 16)
    coverage[:, 0, 4:12, 4:12] = 1
    found = edges(picture)
    assert found[0, 0, 28:36, 64].any() and not found[0, 0, 60:68, 64].any()
    random = torch.Generator().manual_seed(3)
    lines = torch.cat([drawn(found, coverage, random) for _ in range(8)])
    assert lines.amin() >= 0 and lines.amax() <= 1
    assert (lines < 0.5).float().mean() < 0.3 and (lines[:, 0, 20:108, 20:108] < 0.5).any(-1).any(-1).all()
    assert not (lines[:, 0, :8] < 0.5).any()


def test_control_learns_and_goes_on(drawing, assets, machine):
    first = control.ControlTraining(drawing, assets, TINY, 100.0, machine, 14)
    for _ in range(3):
        first._step(0.1)
    first.save()
    assert all(layer.weight.abs().max() > 0 for layer in first.adapter.out)
    again = control.ControlTraining(drawing, assets, TINY, 100.0, machine, 14)
    assert again.step == 3 and torch.equal(again.adapter.out[0].weight, first.adapter.out[0].weight)
    with pytest.raises(ValueError, match="is for presets with a memory"):
        control.ControlTraining(drawing, assets, preset("tiny"), 1.0, machine, 14)


def test_captions_of_controlled_pictures_say_no_place_and_noise_does_not_either(drawing, assets, machine):
    made = control.ControlTraining(drawing, assets, TINY, 100.0, machine, 14).maker
    plans, variates = made.plans(40)
    singles = [plan.slots[0] for plan in plans if len(plan.slots) == 1]
    assert len({slot.x for slot in singles}) > 4 and len({slot.span for slot in singles}) > 2
    assert not any(word in plan.text.split() for plan in plans for word in ("left", "right", "small", "big"))
    for slot in singles:
        width, height = made.corpus.boxes[slot.thing, slot.style]
        assert slot.x - width * slot.span / 2 + 0.04 >= 0 and slot.bottom <= 1 and slot.bottom - height * slot.span > -0.05
    assert variates.shape == (40, 24)


def randomised(adapter: ControlAdapter) -> ControlAdapter:
    for layer in adapter.out:
        torch.nn.init.normal_(layer.weight, std=0.3, generator=torch.Generator().manual_seed(5))
    return adapter


def test_the_exported_adapter_does_to_the_graph_what_it_does_to_the_network(drawing, tmp_path):
    unet, adapter = UNet(TINY.unet), randomised(control.adapter_of(TINY))
    checkpoint.load_into(unet, checkpoint.part("unet", checkpoint.load(drawing / "denoiser")[0]), drawing)
    unet.eval()
    unet_graph(unet, 16, 48, half=False).save(tmp_path / "unet.onnx", 1 << 30)
    control_file.write(tmp_path / "control/model.onnx", adapter, TINY.pixels, tmp_path / "unet.onnx", half=False)
    model = onnx.load(tmp_path / "control/model.onnx")
    properties = {each.key: each.value for each in model.metadata_props}
    assert properties["preprocessor"] == "none" and list(control_file.adds_to(model)) == ["residual_up0", "residual_up1", "residual_up2"]
    random = torch.Generator().manual_seed(6)
    image = (torch.rand(1, 3, 128, 128, generator=random) > 0.1).float()
    made = run_graph(tmp_path / "control/model.onnx", control_image=image.numpy(), conditioning_scale=np.full(1, 0.5, np.float32))
    noise = torch.randn(1, 8, 16, 16, generator=random)
    states = torch.randn(1, 48 + TINY.unet.memory_rows, 32, generator=random)
    fed = {"sample": noise.numpy(), "timestep": np.full(1, 1000, np.float32), "encoder_hidden_states": states.numpy()}
    joined = control_file.controlled(onnx.load(tmp_path / "unet.onnx"), model).SerializeToString()
    with torch.no_grad():
        added = [0.5 * each for each in adapter(image)]
        wanted, plain = (unet(noise, torch.full((1,), 1000.0), states, added=each).numpy() for each in (added, None))
    got, = run_graph(joined, **fed, **dict(zip(control_file.adds_to(model), made)))
    assert np.abs(got - wanted).max() < 1e-3 * np.abs(wanted).max() and np.abs(wanted - plain).max() > 1e-3
    with torch.no_grad():
        assert all(not each.any() for each in adapter(torch.ones(1, 3, 128, 128)))
    nothing, = run_graph(joined, **fed, **{name: np.zeros_like(each) for name, each in zip(control_file.adds_to(model), made)})
    assert np.abs(nothing - plain).max() < 1e-4


def test_a_bundle_gets_the_runs_adapter_and_says_so(drawing, assets, machine, tmp_path):
    control.ControlTraining(drawing, assets, TINY, 100.0, machine, 14).save()
    bundle = tmp_path / "bundle"
    (bundle / "unet").mkdir(parents=True)
    unet_graph(UNet(TINY.unet), 16, 48, half=True).save(bundle / "unet/model.onnx", 1 << 30)
    before = (bundle / "unet/model.onnx").read_bytes()
    (bundle / "bundle.json").write_text(json.dumps({"width": 128, "files": {}}))
    path = control.add_to_bundle(drawing, TINY, bundle, "sketch")
    assert path == bundle / "control/sketch/model.onnx" and (bundle / "unet/model.onnx").read_bytes() == before
    assert set(json.loads((bundle / "bundle.json").read_text())["files"]) == {"control/sketch/model.onnx", "unet/model.onnx"}
    with pytest.raises(ValueError, match="--name must be lower-case letters"):
        control.add_to_bundle(drawing, TINY, bundle, "../x")
    with pytest.raises(ValueError, match="is no bundle of the preset .*: it has 64 pixels"):
        (bundle / "bundle.json").write_text(json.dumps({"width": 64, "files": {}}))
        control.add_to_bundle(drawing, TINY, bundle, "sketch")


def plain_weights(source, target):
    """Weights as float32 initializers in the place of Casts from float16, which a quantizer passes by."""
    model = onnx.load(source)
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in [node for node in model.graph.node if node.op_type == "Cast" and node.input[0] in stored]:
        values = onnx.numpy_helper.to_array(stored[node.input[0]]).astype(np.float32)
        model.graph.initializer.append(onnx.numpy_helper.from_array(values, node.output[0]))
        model.graph.node.remove(node)
    onnx.save(model, target)


def test_the_integer_graph_takes_a_lora_as_the_float_one_does(drawing, tmp_path):
    """Beside a product of integers, and added to a weight that the graph computes."""
    unet = UNet(TINY.unet)
    checkpoint.load_into(unet, checkpoint.part("unet", checkpoint.load(drawing / "denoiser")[0]), drawing)
    names = {name: node for name, node in lora_file.layer_names(unet, TINY).items() if name.endswith(("ff.out.weight", "conv_out.weight"))}
    model = lora.LowRank(unet, 4, names)
    for up in model.up:
        torch.nn.init.normal_(up, std=0.2, generator=torch.Generator().manual_seed(7))
    tensors = lora_file.kohya(model.factors(), names, 4.0)
    random = torch.Generator().manual_seed(8)
    noise, states = torch.randn(1, 8, 16, 16, generator=random), torch.randn(1, 48 + TINY.unet.memory_rows, 32, generator=random)
    fed = {"sample": noise.numpy(), "timestep": np.full(1, 1000, np.float32), "encoder_hidden_states": states.numpy()}
    unet_graph(unet, 16, 48, half=True).save(tmp_path / "half.onnx", 1 << 30)
    plain_weights(tmp_path / "half.onnx", tmp_path / "float.onnx")
    quantize_dynamic(tmp_path / "float.onnx", tmp_path / "integer.onnx", op_types_to_quantize=["MatMul"])
    with torch.no_grad():
        wanted = model(noise, torch.full((1,), 1000.0), states).numpy()
    for file in ("half.onnx", "integer.onnx"):
        graph = onnx.load(tmp_path / file)
        assert any(node.op_type == "MatMulInteger" for node in graph.graph.node) == (file == "integer.onnx")
        changed, = run_graph(lora_file.applied(graph, tensors, 1.0).SerializeToString(), **fed)
        plain, = run_graph(tmp_path / file, **fed)
        assert np.abs(changed - wanted).mean() < 0.3 * np.abs(plain - wanted).mean(), file
    with pytest.raises(ValueError, match="has no layer nowhere"):
        lora_file.applied(onnx.load(tmp_path / "half.onnx"), {"lora_unet_nowhere.lora_down.weight": torch.ones(1, 1),
                          "lora_unet_nowhere.lora_up.weight": torch.ones(1, 1), "lora_unet_nowhere.alpha": torch.tensor(1.0)}, 1.0)


def test_a_grid_that_control_does_not_fit_is_named():
    with pytest.raises(ValueError, match="8 or 16 pixels"):
        ControlAdapter(TINY.unet, 32, (16, 16, 16), 4)


def test_neon_is_dark_with_glowing_edges():
    picture = torch.full((1, 3, 128, 128), 1.0)
    picture[:, 1:, 32:96, 32:96] = -1  # a red square on white
    redrawn = neon(picture)
    assert redrawn.shape == picture.shape and redrawn.amin() >= -1 and redrawn.amax() <= 1
    assert redrawn[0, :, 4, 4].mean() < -0.3 < redrawn[0, :, 30:36, 64].amax()


def own_pictures(folder, count=3):
    folder.mkdir()
    for number in range(count):
        Image.new("RGB", (40, 60), (40 * number, 90, 200)).save(folder / f"a_red-house{number}.png")
    (folder / "a_red-house0.txt").write_text("a cat in the sea\n")
    return folder


def test_own_pictures_come_with_captions_and_noise(tmp_path, drawing, machine):
    folder = own_pictures(tmp_path / "own")
    training = lora.LoraTraining(drawing, tmp_path, TINY, 100.0, machine, 13, str(folder), 4, 2.0)
    assert training.examples.captions == ["a cat in the sea", "a red house", "a red house"]
    assert training.examples.variates.shape == (3, 2, 24) and training.examples.latents.shape == (3, 8, 16, 16)
    for _ in range(2):
        training._step(0.1)
    training.save()
    again = lora.LoraTraining(drawing, tmp_path, TINY, 100.0, machine, 13, str(folder), 4, 2.0)
    assert again.step == 2 and torch.equal(again.model.up[0], training.model.up[0])


def test_the_file_of_a_lora_names_the_layers_of_the_graph(drawing, assets, machine, tmp_path):
    training = lora.LoraTraining(drawing, assets, TINY, 100.0, machine, 13, "neon", 4, 2.0)
    for _ in range(3):
        training._step(0.1)
    training.average.weights = {name: tensor.clone() for name, tensor in training.trained.state_dict().items()}
    training.save()
    tensors = load_file(training.path)
    unet_graph(training.model.network, 16, 48, half=True).save(tmp_path / "unet.onnx", 1 << 30)
    graph = onnx.load(tmp_path / "unet.onnx").graph
    weights = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    casts = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Cast"}
    nodes = {node.name.replace("/", "_"): node for node in graph.node}
    layers = {name.split(".")[0].removeprefix("lora_unet_") for name in tensors}
    assert len(layers) > 10 and layers <= set(nodes) and len(tensors) == 3 * len(layers)
    assert sum(tensor.abs().max() > 0 for name, tensor in tensors.items() if ".lora_up." in name) > 5
    for layer in layers:
        down, up = (tensors[f"lora_unet_{layer}.lora_{each}.weight"] for each in ("down", "up"))
        weight = weights[casts.get(nodes[layer].input[1], nodes[layer].input[1])]
        shape = weight.shape if nodes[layer].op_type == "Conv" else weight.T.shape
        assert (up.shape[0], *down.shape[1:]) == shape and down.shape[0] == up.shape[1] == 4
        assert tensors[f"lora_unet_{layer}.alpha"] == 2.0


def test_what_alpha_and_rank_mean_is_what_was_trained(drawing, assets, machine):
    """The file's change, alpha / rank * up @ down, is the change of the network's weights."""
    training = lora.LoraTraining(drawing, assets, TINY, 100.0, machine, 13, "neon", 4, 2.0)
    training._step(0.1)
    name = training.model.names[0]
    changed = training.model._changed()[name] - dict(training.model.network.named_parameters())[name]
    down, up = training.model.factors()[name]
    file = lora_file.kohya({name: (down, up)}, {name: "a/Conv_1"}, 2.0)
    product = file["lora_unet_a_Conv_1.lora_up.weight"].flatten(1) @ file["lora_unet_a_Conv_1.lora_down.weight"].flatten(1)
    assert torch.allclose(product.view_as(changed) * float(file["lora_unet_a_Conv_1.alpha"]) / 4, changed, atol=1e-6)


@pytest.mark.parametrize(("make", "message"), [
    (lambda folder: folder / "missing", "is no folder"),
    (lambda folder: own_pictures(folder / "one", 1), "must hold 2 to 500 pictures .* and holds 1"),
])
def test_folders_without_enough_pictures_are_named(tmp_path, make, message):
    with pytest.raises((OSError, ValueError), match=message):
        lora_examples.check(str(make(tmp_path)))


def test_pictures_that_say_nothing_are_named(tmp_path):
    folder = own_pictures(tmp_path / "own")
    (folder / "a_red-house1.png").rename(folder / "0001.png")
    with pytest.raises(ValueError, match="0001.png has no caption: write one into 0001.txt"):
        lora_examples.check(str(folder))
    (folder / "0001.png").write_bytes(b"none")
    (folder / "0001.txt").write_text("a cat")
    with pytest.raises(ValueError, match="0001.png is no picture"):
        lora_examples.check(str(folder))


def test_stages_of_an_open_vocabulary_refuse_other_presets(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(main, "keep_memory", lambda: None)
    for stage in ("upscaler", "control", "lora"):
        assert main.main(["train", "--preset", "tiny", "--stage", stage, "--run", str(tmp_path), "--pool", str(tmp_path), "--minutes", "1"]) == 1
        assert f"stage `{stage}` is not for preset tiny" in capsys.readouterr().err
