"""Pictures that follow control images: diffusers' own ControlNet pipeline in PyTorch, its networks exported three ways.

Beside tiny-sd's other parts, under goldens/control:

merged      a UNet with two ControlNets inside, as diffusers' convert_stable_diffusion_controlnet_to_onnx.py exports it
two-graphs  a ControlNet of its own, and a UNet that takes what it computes
adapter     tiny-flow's UNet as it is, and control/lines/model.onnx, whose outputs the runtime adds inside
"""

import json
import shutil

import cv2
import diffusers
import numpy
import onnx
import onnxruntime
import torch
from diffusers import ControlNetModel, UNet2DConditionModel
from onnx import helper
from PIL import Image
from torch import nn
from transformers import CLIPTokenizer

from image_to_image import NEGATIVE, PROMPT, SD, SEED, Vae, source
from paths import BUNDLES, GOLDENS
from pictures import run, session
from tiny_bundles import HIDDEN, LATENT, Named, scale_output, shorten_names, write_json
from weights import tokens, weighted

FOLDER = GOLDENS / "control"
PIXELS = 8 * LATENT
FLOW = "tiny-flow"
CONFIG = dict(in_channels=4, layers_per_block=1, block_out_channels=(8, 16), down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), cross_attention_dim=HIDDEN, attention_head_dim=2, norm_num_groups=4)
CASES = [  # name, layout, scales of the two ControlNets (one for an adapter), guidance scale
    ("merged-first", "merged", [0.8, 0.0], 5.0),
    ("merged-second", "merged", [0.0, 1.5], 1.0),
    ("merged-none", "merged", [0.0, 0.0], 5.0),
    ("two-graphs", "two-graphs", [1.0], 5.0),
    ("two-graphs-weak", "two-graphs", [0.3], 1.0),
    ("two-graphs-none", "two-graphs", [0.0], 5.0),
    ("adapter", "adapter", [1.0], 1.0),
    ("adapter-strong", "adapter", [2.0], 1.0),
    ("adapter-none", "adapter", [0.0], 1.0),
]


def unet() -> UNet2DConditionModel:
    torch.manual_seed(2)
    model = UNet2DConditionModel(sample_size=LATENT, out_channels=4, up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), **CONFIG)
    scale_output(model, model.conv_out, torch.randn(1, 4, LATENT, LATENT), torch.tensor([500]), torch.randn(1, 77, HIDDEN), 1.0)
    return model.eval()


def controlnet(seed: int) -> ControlNetModel:
    """Its last layers begin as zeros; random ones make it matter."""
    torch.manual_seed(seed)
    model = ControlNetModel(conditioning_embedding_out_channels=(4, 8, 8, 8), **CONFIG)
    for layer in [*model.controlnet_down_blocks, model.controlnet_mid_block, model.controlnet_cond_embedding.conv_out]:
        nn.init.normal_(layer.weight, std=0.5)
    return model.eval()


class Merged(nn.Module):
    """What the script's UNet2DConditionControlNetModel computes."""

    def __init__(self, network: UNet2DConditionModel, controlnets: list[ControlNetModel]) -> None:
        super().__init__()
        self.unet, self.controlnets = network, nn.ModuleList(controlnets)

    def forward(self, sample, timestep, states, conds, scales):
        found = [net(sample, timestep, states, cond, scale, return_dict=False) for cond, scale, net in zip(conds, scales, self.controlnets)]
        down = [sum(parts) for parts in zip(*(each[0] for each in found))]
        return self.unet(sample, timestep, states, down_block_additional_residuals=down, mid_block_additional_residual=sum(each[1] for each in found), return_dict=False)[0]


def export(path, model, inputs: dict, outputs: list[str], free: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(model, tuple(inputs.values()), str(path), input_names=list(inputs), output_names=outputs, dynamic_axes=free, opset_version=17, dynamo=False)
    graph = onnx.load(str(path))
    shorten_names(graph.graph)
    onnx.save(graph, str(path))


def bundle(layout: str, name: str) -> None:
    """The parts that differ from those of the tiny bundle `name`."""
    index = json.loads((BUNDLES / name / "model_index.json").read_text())
    write_json(FOLDER / layout / "model_index.json", index | ({"controlnet": ["diffusers", "OnnxRuntimeModel"]} if layout == "two-graphs" else {}))


def export_merged(network, nets) -> None:
    bundle("merged", SD)
    inputs = {
        "sample": torch.randn(2, 4, LATENT, LATENT),
        "timestep": torch.tensor([1.0]),
        "encoder_hidden_states": torch.randn(2, 77, HIDDEN),
        "controlnet_conds": torch.rand(len(nets), 2, 3, PIXELS, PIXELS),
        "conditioning_scales": torch.rand(len(nets), 1),
    }
    free = {"sample": {0: "2B", 2: "H", 3: "W"}, "encoder_hidden_states": {0: "2B"}, "controlnet_conds": {1: "2B", 3: "8H", 4: "8W"}}
    export(FOLDER / "merged/unet/model.onnx", Merged(network, nets).eval(), inputs, ["noise_pred"], free)


def export_two_graphs(network, net) -> None:
    bundle("two-graphs", SD)
    sample, time, states = torch.randn(2, 4, LATENT, LATENT), torch.tensor([1.0]), torch.randn(2, 77, HIDDEN)
    down, mid = net(sample, time, states, torch.rand(2, 3, PIXELS, PIXELS), 1.0, return_dict=False)
    shared = {"sample": sample, "timestep": time, "encoder_hidden_states": states}
    batch = {"sample": {0: "batch", 2: "height", 3: "width"}, "encoder_hidden_states": {0: "batch"}}
    outputs = [f"down_block_res_samples_{i}" for i in range(len(down))] + ["mid_block_res_sample"]

    def flat(m, *values):
        found = m(*values, return_dict=False)
        return (*found[0], found[1])

    export(
        FOLDER / "two-graphs/controlnet/model.onnx",
        Named(net, flat).eval(),
        shared | {"controlnet_cond": torch.rand(2, 3, PIXELS, PIXELS), "conditioning_scale": torch.tensor(1.0)},
        outputs,
        batch | {"controlnet_cond": {0: "batch", 2: "image_height", 3: "image_width"}} | {name: {0: "batch"} for name in outputs},
    )
    extra = {f"down_block_additional_residuals_{i}": value for i, value in enumerate(down)} | {"mid_block_additional_residual": mid}

    def call(m, sample, timestep, states, *residuals):
        return m(sample, timestep, states, down_block_additional_residuals=residuals[:-1], mid_block_additional_residual=residuals[-1], return_dict=False)[0]

    export(FOLDER / "two-graphs/unet/model.onnx", Named(network, call).eval(), shared | extra, ["out_sample"], batch | {name: {0: "batch"} for name in extra})


def skips() -> dict[str, list[int]]:
    """The two tensors of tiny-flow's UNet that its last two skip connections join, with their shapes."""
    graph = onnx.load(str(BUNDLES / FLOW / "unet/model.onnx"))
    names = [node.input[1] for node in graph.graph.node if node.op_type == "Concat" and len(node.input) == 2][-2:]
    graph.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    network = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    zeros = {value.name: numpy.zeros(value.shape, numpy.float32) for value in network.get_inputs()}
    return {name: list(found.shape) for name, found in zip(names, network.run(names, zeros))}


class Adapter(nn.Module):
    def __init__(self, shapes: list[list[int]]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(3, shape[1], PIXELS // shape[2], stride=PIXELS // shape[2]) for shape in shapes)
        for layer in self.layers:
            nn.init.normal_(layer.weight, std=0.3)

    def forward(self, control_image, conditioning_scale):
        return tuple(layer(control_image) * conditioning_scale for layer in self.layers)


def export_adapter() -> None:
    torch.manual_seed(9)
    found = skips()
    path = FOLDER / "adapter/control/lines/model.onnx"
    outputs = [f"skip_{i}" for i in range(len(found))]
    export(path, Adapter(list(found.values())).eval(), {"control_image": torch.rand(1, 3, PIXELS, PIXELS), "conditioning_scale": torch.ones(1)}, outputs, {})
    graph = onnx.load(str(path))
    helper.set_model_props(graph, {"adds_to": json.dumps(dict(zip(outputs, found))), "preprocessor": "edges"})
    onnx.save(graph, str(path))


def with_sums() -> onnx.ModelProto:
    """tiny-flow's UNet with the adapter's outputs as inputs, by Python's onnx: what the runtime must do by itself."""
    graph = onnx.load(str(BUNDLES / FLOW / "unet/model.onnx"))
    for i, (name, shape) in enumerate(skips().items()):
        producer = next(index for index, node in enumerate(graph.graph.node) if name in node.output)
        node = graph.graph.node[producer]
        node.output[list(node.output).index(name)] = f"before_{i}"
        graph.graph.node.insert(producer + 1, helper.make_node("Add", [f"before_{i}", f"skip_{i}"], [name]))
        graph.graph.input.append(helper.make_tensor_value_info(f"skip_{i}", onnx.TensorProto.FLOAT, shape))
    return graph


def control_image() -> Image.Image:
    edges = cv2.Canny(numpy.asarray(source()), 100, 200)
    return Image.fromarray(numpy.stack([edges] * 3, -1))


def planes(image: Image.Image) -> torch.Tensor:
    return torch.from_numpy(numpy.asarray(image).astype(numpy.float32).transpose(2, 0, 1)[None] / 255)


class Wrapped(nn.Module):
    """tiny-flow's UNet in ONNX Runtime, with the adapter's residuals."""

    def __init__(self, residuals: dict) -> None:
        super().__init__()
        self.residuals = residuals
        self.session = onnxruntime.InferenceSession(with_sums().SerializeToString(), providers=["CPUExecutionProvider"])

    def forward(self, sample, timestep, states):
        return torch.from_numpy(run(self.session, sample=sample.numpy(), timestep=[timestep.item()], encoder_hidden_states=states.numpy(), **self.residuals))


def embedded(name: str, text: str) -> torch.Tensor:
    tokenizer = CLIPTokenizer.from_pretrained(BUNDLES / name / "tokenizer")
    ids, factors = tokens(tokenizer, text)
    return weighted(torch.from_numpy(run(session(BUNDLES / name / "text_encoder/model.onnx"), input_ids=[ids])), torch.tensor(factors))


def scheduler(name: str):
    config = json.loads((BUNDLES / name / "scheduler/scheduler_config.json").read_text())
    return getattr(diffusers, config["_class_name"]).from_config(config)


def flow(scale: float) -> Image.Image:
    adapter = session(FOLDER / "adapter/control/lines/model.onnx")
    found = adapter.run(None, {"control_image": planes(control_image()).numpy(), "conditioning_scale": numpy.array([scale], numpy.float32)})
    network = Wrapped({f"skip_{i}": value for i, value in enumerate(found)})
    vae, steps, plan = Vae(BUNDLES / FLOW), 4, scheduler(FLOW)
    states = embedded(FLOW, PROMPT)
    latents = torch.randn((1, 8, LATENT, LATENT), generator=torch.Generator("cpu").manual_seed(SEED))
    plan.set_timesteps(steps)
    for time in plan.timesteps:
        latents = plan.step(network(latents, time, states), time, latents).prev_sample
    processor = diffusers.image_processor.VaeImageProcessor(vae_scale_factor=8)
    return processor.postprocess(vae.decode(latents / vae.config.scaling_factor)[0])[0]


def stable_diffusion(network, nets: list, scales: list[float], guidance: float) -> Image.Image:
    pipeline = diffusers.StableDiffusionControlNetPipeline(
        vae=Vae(BUNDLES / SD), text_encoder=None, tokenizer=None, unet=network, controlnet=nets, scheduler=scheduler(SD), safety_checker=None, feature_extractor=None, requires_safety_checker=False
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline(
        image=[control_image()] * len(nets),
        prompt_embeds=embedded(SD, PROMPT),
        negative_prompt_embeds=embedded(SD, NEGATIVE),
        num_inference_steps=6,
        guidance_scale=guidance,
        controlnet_conditioning_scale=scales,
        generator=torch.Generator("cpu").manual_seed(SEED),
        height=PIXELS,
        width=PIXELS,
    ).images[0]


def edges() -> None:
    """OpenCV's edges of noise, slopes and shapes, of odd sizes too."""
    random = numpy.random.default_rng(5)
    smooth = cv2.GaussianBlur(random.integers(0, 256, (61, 83, 3), dtype=numpy.uint8), (0, 0), 2.5)
    stretched = ((smooth.astype(float) - smooth.min()) * 255 / (smooth.max() - smooth.min())).astype(numpy.uint8)
    for name, picture in {"shapes": numpy.asarray(source()), "clouds": stretched}.items():
        Image.fromarray(picture).save(FOLDER / f"edges-{name}-source.png", optimize=True)
        Image.fromarray(cv2.Canny(picture, 100, 200)).save(FOLDER / f"edges-{name}.png", optimize=True)


if __name__ == "__main__":
    shutil.rmtree(FOLDER, ignore_errors=True)
    network, nets = unet(), [controlnet(7), controlnet(8)]
    export_merged(network, nets)
    export_two_graphs(network, nets[0])
    export_adapter()
    edges()
    control_image().save(FOLDER / "control.png", optimize=True)
    described = []
    for name, layout, scales, guidance in CASES:
        drawn = flow(scales[0]) if layout == "adapter" else stable_diffusion(network, nets[: len(scales)], scales, guidance)
        drawn.save(FOLDER / f"{name}.png", optimize=True)
        described.append({"name": name, "layout": layout, "bundle": FLOW if layout == "adapter" else SD, "scales": scales, "guidance_scale": guidance, "prompt": PROMPT, "negative_prompt": NEGATIVE, "seed": SEED, "steps": 4 if layout == "adapter" else 6})
        pixels = numpy.asarray(drawn)
        print(f"{name}: mean {pixels.mean():.1f}, standard deviation {pixels.std():.1f}")
    write_json(FOLDER / "cases.json", described)
