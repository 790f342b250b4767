"""Exported graphs against the networks they came from, in ONNX Runtime; and the bundle's files."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from forge.architecture import TextTower, UNet, Vae, preset
from forge.architecture.layers import ResidualBlock, Upsample
from forge.export import export_bundle, export_random_bundle, flow_match_scheduler
from forge.export.__main__ import main
from forge.export.attention import context_form_is_cheaper
from forge.export.encoder import add_encoder
from forge.export.graph import Graph
from forge.export.text import text_graph
from forge.export.unet import unet_graph
from forge.export.vae import decoder_graph, encoder_graph, receptive_rows
from forge.tokens import bpe

TINY = replace(preset("tiny"), pixels=128, unet=replace(preset("tiny").unet, sample_size=16))
SMALL_CONVOLUTIONAL = replace(
    TINY.vae, form="convolutional", groups=4, encoder_widths=(8, 8, 16, 16), encoder_blocks=(1, 1, 1, 1),
    decoder_widths=(16, 16, 8, 8), decoder_blocks=(1, 1, 1, 1))
CARD = {"default_steps": 8, "default_guidance_scale": 2.5, "guidance_baked_in": False, "licence": "Apache-2.0",
        "words": ["sea", "house", "sea"], "made_by": {"commit": "0123abc"}}


def shaken(network: nn.Module) -> nn.Module:
    """Random everything, so that no weight is 0 or 1 by its initialisation and a forgotten one shows."""
    torch.manual_seed(11)
    with torch.no_grad():
        for parameter in network.parameters():
            fan_in = max(1, parameter[0].numel() if parameter.dim() > 1 else 16)
            parameter.normal_(std=fan_in**-0.5)
        for module in network.modules():
            if isinstance(module, (nn.GroupNorm, nn.LayerNorm)):
                module.weight.add_(1)
            if isinstance(module, Vae):
                module.mean.normal_()
                module.deviation.uniform_(0.5, 2)
    return network.eval()


def run(graph: Graph, folder: Path, **inputs: torch.Tensor) -> torch.Tensor:
    graph.save(folder / "model.onnx", external_from_bytes=1 << 30)
    return run_model(folder / "model.onnx", **inputs)


def run_model(path: Path, **inputs: torch.Tensor) -> torch.Tensor:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    [output] = session.run(None, {name: value.numpy() for name, value in inputs.items()})
    return torch.from_numpy(output)


def unet_inputs(config, batch: int, timesteps: int, tokens: int = 48) -> dict[str, torch.Tensor]:
    torch.manual_seed(12)
    return {"sample": torch.randn(batch, config.in_channels, config.sample_size, config.sample_size),
            "timestep": torch.linspace(900, 100, timesteps),
            "encoder_hidden_states": torch.randn(batch, tokens, config.context_width)}


@pytest.mark.parametrize("change", [{}, {"causal": True, "act": "quick_gelu"}])
def test_text_tower_exports_as_it_is(tmp_path, change):
    tower = shaken(TextTower(replace(TINY.text, **change)))
    ids = torch.randint(0, 1024, (3, 48))
    with torch.no_grad():
        torch.testing.assert_close(run(text_graph(tower, half=False), tmp_path, input_ids=ids), tower(ids),
                                   rtol=0, atol=1e-4)


SD_LIKE = {
    "blocks_down": (1, 1, 1), "blocks_up": (2, 2, 2), "depth_down": (1, 1, 0), "depth_up": (1, 1, 0),
    "self_attention": (True, True, False), "shared_kv": False, "ff_act": "gelu", "act": "swish",
    "separable": (False, False, False), "separable_middle": False, "time_mode": "add", "pooled_text": False,
    "relative_position": False, "upsample": "convolution", "keep_width_when_resampling": True, "heads": 2,
    "head_size": None}
PAPER_LIKE = {
    "attention": "relu", "ff_act": "swish", "act": "swish", "time_mode": "add", "pooled_text": False,
    "relative_position": False, "upsample": "convolution", "keep_width_when_resampling": True}


@pytest.mark.parametrize("change", [{}, SD_LIKE, PAPER_LIKE], ids=["scenes", "sd", "paper"])
@pytest.mark.parametrize("batch, timesteps", [(1, 1), (2, 1), (2, 2)])
def test_unet_exports_as_it_is(tmp_path, change, batch, timesteps):
    unet = shaken(UNet(replace(TINY.unet, **change)))
    inputs = unet_inputs(unet.config, batch, timesteps)
    with torch.no_grad():
        expected = unet(**inputs)
    assert expected.std() > 0.1
    exported = run(unet_graph(unet, 16, 48, half=False), tmp_path, **inputs)
    torch.testing.assert_close(exported, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("kind", ["softmax", "relu"])
@pytest.mark.parametrize("shared_kv", [True, False])
def test_both_forms_of_cross_attention_export_as_it_is(tmp_path, kind, shared_kv):
    for tokens in (4, 48):
        unet = shaken(UNet(replace(TINY.unet, attention=kind, shared_kv=shared_kv)))
        inputs = unet_inputs(unet.config, 2, 1, tokens)
        with torch.no_grad():
            torch.testing.assert_close(run(unet_graph(unet, 16, tokens, half=False), tmp_path, **inputs),
                                       unet(**inputs), rtol=0, atol=1e-4)


def test_few_tokens_take_the_context_form_and_many_do_not():
    with torch.device("meta"):
        pocket, full = (UNet(preset(name).unet) for name in ("scenes", "full"))

    def cross(unet, part):
        return getattr(unet, part)[1]["blocks"][0]["transformer"].blocks[0].cross_attention

    assert context_form_is_cheaper(cross(pocket, "down"), 1024, 48)
    assert not context_form_is_cheaper(cross(full, "down"), 1024, 77)


@pytest.mark.parametrize("config", [TINY.vae, SMALL_CONVOLUTIONAL], ids=["patches", "convolutional"])
def test_both_halves_of_the_vae_export_as_they_are(tmp_path, config):
    vae = shaken(Vae(config))
    latents, picture = torch.randn(2, 8, 16, 16), torch.rand(2, 3, 128, 128) * 2 - 1
    with torch.no_grad():
        torch.testing.assert_close(run(decoder_graph(vae, 16, half=False), tmp_path, latent_sample=latents),
                                   vae.decode(latents), rtol=0, atol=1e-4)
        torch.testing.assert_close(run(encoder_graph(vae, 128, half=False), tmp_path, sample=picture),
                                   vae.encode(picture), rtol=0, atol=1e-4)


@pytest.mark.parametrize("blocks, expected", [((1, 1, 1), 5), ((2, 1, 0), 7), ((0, 0, 1), 2)])
def test_the_decoder_looks_as_far_as_it_says_and_takes_any_height(tmp_path, blocks, expected):
    vae = shaken(Vae(replace(TINY.vae, decoder_blocks=blocks)))
    graph, latents = decoder_graph(vae, 16, half=False), torch.randn(1, 8, 24, 16)
    changed = latents.clone()
    changed[:, :, 12] += 100
    pictures = [run(graph, tmp_path, latent_sample=each) for each in (latents, changed)]
    assert pictures[0].shape == (1, 3, 192, 128)
    rows = (pictures[0] != pictures[1]).any(dim=3).any(dim=1)[0].nonzero().flatten()
    assert receptive_rows(vae.config) == expected
    assert (12 - expected) * 8 <= rows.min() < (13 - expected) * 8
    assert (12 + expected) * 8 <= rows.max() < (13 + expected) * 8


def test_a_decoder_with_norms_does_not_say_how_far_it_looks():
    assert receptive_rows(SMALL_CONVOLUTIONAL) is None


def test_half_weights_halve_the_file_and_stay_near(tmp_path):
    unet = shaken(UNet(preset("tiny").unet))
    sizes, outputs = [], []
    for half in (False, True):
        inputs = unet_inputs(unet.config, 1, 1)
        outputs.append(run(unet_graph(unet, 64, 48, half), tmp_path, **inputs))
        weights = onnx.load(tmp_path / "model.onnx").graph.initializer
        sizes.append(sum(len(weight.raw_data) for weight in weights))
    assert sizes[1] < 0.6 * sizes[0]
    error = (outputs[0] - outputs[1]).square().mean().sqrt() / outputs[0].std()
    assert 0 < error < 0.01


def test_weights_beyond_half_precision_stay_single(tmp_path):
    unet = shaken(UNet(TINY.unet))
    with torch.no_grad():
        unet.conv_out.weight.mul_(1e6)
    inputs = unet_inputs(unet.config, 1, 1)
    assert torch.isfinite(run(unet_graph(unet, 16, 48, half=True), tmp_path, **inputs)).all()


def bundle(folder: Path, **changes) -> tuple[TextTower, UNet, Vae]:
    networks = shaken(TextTower(TINY.text)), shaken(UNet(TINY.unet)), shaken(Vae(TINY.vae))
    arguments = {"tokenizer_files": bpe.learn(["a house by the sea"], 1024).files(48),
                 "scheduler": flow_match_scheduler(2.5), "card": CARD} | changes
    export_bundle(folder, TINY, *networks, **arguments)
    return networks


def test_bundle_has_the_diffusers_onnx_layout_and_a_manifest_of_every_file(tmp_path):
    folder = tmp_path / "models" / "own"
    bundle(folder, encoder=True)
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert files == {
        "bundle.json", "model_index.json", "scheduler/scheduler_config.json", "tokenizer/vocab.json",
        "tokenizer/merges.txt", "tokenizer/tokenizer_config.json", "tokenizer/special_tokens_map.json",
        *(f"{network}/{file}" for network in ("text_encoder", "unet", "vae_decoder", "vae_encoder")
          for file in ("config.json", "model.onnx"))}
    manifest = json.loads((folder / "bundle.json").read_text())
    hashes = manifest.pop("files")
    assert hashes == {name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
                      for name in files - {"bundle.json"}}
    assert manifest == {
        "format_version": 1, "name": "tiny", "default_steps": 8, "default_guidance_scale": 2.5,
        "guidance_baked_in": False, "licence": "Apache-2.0", "words": ["house", "sea"], "width": 128, "height": 128,
        "parameters": manifest["parameters"], "made_by": {"commit": "0123abc"}}
    assert json.loads((folder / "unet/config.json").read_text())["sample_size"] == 16
    vae = json.loads((folder / "vae_decoder/config.json").read_text())
    assert (vae["latent_channels"], vae["scaling_factor"], 2 ** (len(vae["block_out_channels"]) - 1)) == (8, 1.0, 8)
    assert vae["receptive_rows"] == 5 and "receptive_rows" not in json.loads(
        (folder / "vae_encoder/config.json").read_text())
    index = json.loads((folder / "model_index.json").read_text())
    assert index["scheduler"] == ["diffusers", "FlowMatchEulerDiscreteScheduler"]


def test_an_encoder_added_later_is_the_one_exported_at_once(tmp_path):
    torch.manual_seed(5)
    _, _, vae = bundle(tmp_path / "own")
    before = {path: path.read_bytes() for path in (tmp_path / "own").rglob("model.onnx")}
    add_encoder(tmp_path / "own", TINY, vae)
    torch.manual_seed(5)
    bundle(tmp_path / "whole", encoder=True)
    for name in ("bundle.json", "model_index.json", "vae_encoder/config.json", "vae_encoder/model.onnx"):
        assert (tmp_path / "own" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    assert all(path.read_bytes() == content for path, content in before.items())
    with pytest.raises(ValueError, match="is no bundle of the preset scenes"):
        add_encoder(tmp_path / "own", preset("scenes"), vae)


def test_bundle_draws_what_the_networks_draw(tmp_path):
    text, unet, vae = bundle(tmp_path / "own", half=False)
    ids, sample, time = torch.randint(0, 1024, (1, 48)), torch.randn(1, 8, 16, 16), torch.tensor([1000.0])
    states = run_model(tmp_path / "own/text_encoder/model.onnx", input_ids=ids)
    velocity = run_model(tmp_path / "own/unet/model.onnx", sample=sample, timestep=time, encoder_hidden_states=states)
    picture = run_model(tmp_path / "own/vae_decoder/model.onnx", latent_sample=sample - velocity)
    with torch.no_grad():
        torch.testing.assert_close(picture, vae.decode(sample - unet(sample, time, text(ids))), rtol=0, atol=1e-4)


def test_same_weights_give_the_same_bytes(tmp_path):
    for name in ("first", "second"):
        bundle(tmp_path / name)
    first, second = (tmp_path / name / "bundle.json" for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()


def test_weights_beside_the_graph_give_the_same_picture(tmp_path):
    _, _, vae = bundle(tmp_path / "own", half=False, external_from_bytes=0)
    data = tmp_path / "own/vae_decoder/model.onnx_data"
    assert data.stat().st_size > 10_000
    assert "vae_decoder/model.onnx_data" in json.loads((tmp_path / "own/bundle.json").read_text())["files"]
    latents = torch.randn(1, 8, 16, 16)
    with torch.no_grad():
        torch.testing.assert_close(run_model(tmp_path / "own/vae_decoder/model.onnx", latent_sample=latents),
                                   vae.decode(latents), rtol=0, atol=1e-4)


def test_a_bundle_replaces_an_older_one_and_leaves_nothing_beside_it(tmp_path):
    folder = tmp_path / "own"
    bundle(folder)
    (folder / "left-over.txt").write_text("from before")
    bundle(folder, card=CARD | {"default_steps": 1})
    assert json.loads((folder / "bundle.json").read_text())["default_steps"] == 1
    assert not (folder / "left-over.txt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["own"]


@pytest.mark.parametrize("changes, message", [
    ({"card": {"words": []}}, "card must have default_steps, .* got words"),
    ({"card": CARD | {"license": "MIT"}}, "card must have .* got .*license"),
    ({"tokenizer_files": {"vocab.json": "{}"}}, "lacks merges.txt, tokenizer_config.json, special_tokens_map.json"),
    ({"scheduler": {"shift": 1}}, "scheduler must name its _class_name"),
])
def test_what_is_missing_is_named_and_nothing_is_written(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        bundle(tmp_path / "own", **changes)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_midway_leaves_the_older_bundle_as_it_was(tmp_path):
    folder = tmp_path / "own"
    bundle(folder)
    before = (folder / "bundle.json").read_bytes()
    with pytest.raises(TypeError):
        bundle(folder, tokenizer_files=bpe.learn([], 1024).files(48) | {"merges.txt": None})
    assert (folder / "bundle.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["own"]


def test_a_random_bundle_says_that_it_draws_noise_and_is_the_same_for_a_seed(tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        export_random_bundle(tmp_path / name, "tiny", seed)
    a, b, c = (json.loads((tmp_path / name / "bundle.json").read_text()) for name in "abc")
    assert a["name"] == "tiny-random" and "noise" in a["made_by"]["purpose"]
    assert a == b and a["files"]["unet/model.onnx"] != c["files"]["unet/model.onnx"]
    sample = torch.randn(1, 8, 64, 64)
    out = run_model(tmp_path / "a/unet/model.onnx", sample=sample, timestep=torch.tensor([1000.0]),
                    encoder_hidden_states=torch.randn(1, 48, 32))
    assert torch.isfinite(out).all() and out.std() > 0


def test_a_preset_without_a_vae_has_no_random_bundle(tmp_path):
    with pytest.raises(ValueError, match="preset sd15 has no VAE of its own"):
        export_random_bundle(tmp_path / "a", "sd15")


def test_the_command_writes_a_random_bundle_or_says_what_is_wrong(tmp_path, capsys):
    assert main(["tiny", str(tmp_path / "tiny"), "--single"]) == 0
    assert (tmp_path / "tiny/unet/model.onnx").exists() and "draws noise" in capsys.readouterr().out
    assert main(["sd15", str(tmp_path / "sd15")]) == 1
    assert "no VAE" in capsys.readouterr().err and not (tmp_path / "sd15").exists()


def test_flow_match_scheduler_refuses_a_shift_of_nothing():
    with pytest.raises(ValueError, match="shift must be above 0, got 0"):
        flow_match_scheduler(0)


def test_exported_graphs_are_lean(tmp_path):
    graph = unet_graph(shaken(UNet(TINY.unet)), 16, 48, half=False)
    graph.save(tmp_path / "model.onnx", 1 << 30)
    kinds = [node.op_type for node in onnx.load(tmp_path / "model.onnx").graph.node]
    unet = UNet(TINY.unet)
    norms = sum(isinstance(module, nn.GroupNorm) for module in unet.modules())
    blocks = [module for module in unet.modules() if isinstance(module, ResidualBlock)]
    assert kinds.count("InstanceNormalization") == norms
    assert kinds.count("Resize") == sum(isinstance(module, Upsample) for module in unet.modules())
    assert kinds.count("HardSwish") == 2 * len(blocks) + 1 + sum(type(m).__name__ == "GatedFeedForward"
                                                                 for m in unet.modules())
    assert kinds.count("Sin") == kinds.count("Cos") == 1  # of the timestep; positions are constants
    assert not {"Shape", "Gather", "Expand", "Where", "Cast", "Sqrt"} & set(kinds)
