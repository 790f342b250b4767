"""One runtime that draws a bundle's pictures when it is told to: `python runtime_process.py RUNTIME FOLDER THREADS STEPS NETWORK…`.

Says `ready` once it has loaded, then answers every line of its input with a line of JSON: milliseconds of each network (of
the UNet per step) and of the whole picture. A process of its own, which imports no more than its runtime needs, so that its
memory is that runtime's. One evaluation a step, without guidance.
"""

import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy

NETWORKS = ("text_encoder", "unet", "vae_decoder")
TYPES = {"tensor(float)": numpy.float32, "tensor(float16)": numpy.float16, "tensor(int64)": numpy.int64,
         "tensor(int32)": numpy.int32}
TOKENS = 77  # where the export leaves it free
FLOW = "FlowMatchEulerDiscreteScheduler"
Times = dict[str, float]


def settings(folder: Path, name: str) -> dict:
    return json.loads((folder / name).read_text(encoding="utf-8"))


def sizes(folder: Path, name: str, declared: list) -> list[int]:
    """A batch of one, and usual sizes where the export leaves them free."""
    unet = settings(folder, "unet/config.json")
    latents = [1, unet["in_channels"], unet["sample_size"], unet["sample_size"]]
    usual = {"sample": latents, "latent_sample": latents, "input_ids": [1, TOKENS],
             "encoder_hidden_states": [1, TOKENS, unet["cross_attention_dim"]]}.get(name, [1] * len(declared))
    return [size if isinstance(size, int) and size > 0 else usual[axis] for axis, size in enumerate(declared)]


def values(name: str, shape: list[int], dtype) -> numpy.ndarray:
    """Noise for pictures and states, since calculating with zeros or denormal numbers may take another time."""
    if numpy.issubdtype(dtype, numpy.integer) or name == "timestep":
        return numpy.full(shape, 1, dtype)
    return numpy.random.default_rng(0).standard_normal(shape).astype(dtype)


def onnxruntime_options(threads: int):
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return options


def onnxruntime_call(folder: Path, network: str, threads: int) -> Callable[[], object]:
    import onnxruntime

    session = onnxruntime.InferenceSession(
        str(folder / network / "model.onnx"), onnxruntime_options(threads), providers=["CPUExecutionProvider"])
    feed = {each.name: values(each.name, sizes(folder, each.name, each.shape), TYPES[each.type])
            for each in session.get_inputs()}
    return lambda: session.run(None, feed)


def openvino_call(folder: Path, network: str, threads: int) -> Callable[[], object]:
    """Without bf16 and fp16, which OpenVINO else takes where the processor has them: ONNX Runtime computes in float32."""
    import openvino

    core = openvino.Core()
    model = core.read_model(folder / network / "model.onnx")
    feed = {}
    for each in model.inputs:
        declared = [size.get_length() if size.is_static else -1 for size in each.partial_shape]
        shape = sizes(folder, each.any_name, declared)
        feed[each.any_name] = values(each.any_name, shape, each.element_type.to_dtype())
    model.reshape({name: list(array.shape) for name, array in feed.items()})
    compiled = core.compile_model(model, "CPU", {
        "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"})
    request = compiled.create_infer_request()
    return lambda: request.infer(feed)


def networks_alone(load: Callable, folder: Path, threads: int, steps: int, networks: list[str]) -> Callable[[], Times]:
    """The networks' calls of one picture, with nothing between them."""
    calls = {name: load(folder, name, threads) for name in networks}

    def draw() -> Times:
        times = {}
        for name, call in calls.items():
            count = steps if name == "unet" else 1
            begin = time.perf_counter()
            for _ in range(count):
                call()
            times[name] = 1000 * (time.perf_counter() - begin) / count
        return times | {"picture": sum(each * (steps if name == "unet" else 1) for name, each in times.items())}
    return draw


def diffusers_pictures(folder: Path, threads: int, steps: int) -> Callable[[], Times]:
    """Whole pictures as Python's diffusers draws them with ONNX Runtime, from the prompt to PIL's picture."""
    warnings.filterwarnings("ignore")
    import diffusers

    diffusers.utils.logging.set_verbosity_error()
    diffusers.utils.logging.disable_progress_bar()
    options = onnxruntime_options(threads)
    if settings(folder, "scheduler/scheduler_config.json")["_class_name"] == FLOW:
        picture = flow_picture(folder, options, steps)
    else:
        parts = dict.fromkeys(("vae_encoder", "feature_extractor"))
        pipeline = diffusers.OnnxStableDiffusionPipeline.from_pretrained(
            folder, provider="CPUExecutionProvider", sess_options=options, provider_options=[{}],
            requires_safety_checker=False, **parts)
        # diffusers 0.42.1 fails with Euler's: NumPy's latents times a tensor. One step costs the same by any.
        pipeline.scheduler = diffusers.DDIMScheduler.from_config(pipeline.scheduler.config)
        pipeline.set_progress_bar_config(disable=True)
        side = 8 * settings(folder, "unet/config.json")["sample_size"]
        picture = lambda prompt: pipeline(
            prompt, height=side, width=side, num_inference_steps=steps, guidance_scale=1.0).images[0]
    count = 0

    def draw() -> Times:
        nonlocal count
        count += 1
        begin = time.perf_counter()
        picture(f"a red house by the sea, number {count}")
        return {"picture": 1000 * (time.perf_counter() - begin)}
    return draw


def flow_picture(folder: Path, options, steps: int) -> Callable[[str], object]:
    """What OnnxStableDiffusionPipeline does, from its own parts: itself it cannot take a flow-matching scheduler."""
    import torch
    from diffusers import FlowMatchEulerDiscreteScheduler, OnnxRuntimeModel
    from diffusers.image_processor import VaeImageProcessor
    from transformers import CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    text, unet, decoder = (OnnxRuntimeModel(OnnxRuntimeModel.load_model(
        str(folder / name / "model.onnx"), sess_options=options, provider_options=[{}])) for name in NETWORKS)
    scheduler = FlowMatchEulerDiscreteScheduler.from_pretrained(folder / "scheduler")
    length = text.model.get_inputs()[0].shape[1]
    shape = sizes(folder, "sample", [-1, -1, -1, -1])

    def picture(prompt: str):
        ids = tokenizer(prompt, padding="max_length", max_length=length, truncation=True, return_tensors="np").input_ids
        states = text(input_ids=ids.astype(numpy.int64))[0]
        latents = torch.randn(shape, generator=torch.Generator().manual_seed(1))
        scheduler.set_timesteps(steps)
        for timestep in scheduler.timesteps:
            flow = unet(sample=latents.numpy(), timestep=timestep.reshape(1).numpy(), encoder_hidden_states=states)[0]
            latents = scheduler.step(torch.from_numpy(flow), timestep, latents).prev_sample
        pixels = decoder(latent_sample=latents.numpy())[0]
        return VaeImageProcessor.numpy_to_pil(numpy.clip(pixels / 2 + 0.5, 0, 1).transpose(0, 2, 3, 1))[0]
    return picture


def drawer(runtime: str, folder: Path, threads: int, steps: int, networks: list[str]) -> Callable[[], Times]:
    if runtime == "diffusers":
        return diffusers_pictures(folder, threads, steps)
    load = {"onnxruntime": onnxruntime_call, "openvino": openvino_call}[runtime]
    return networks_alone(load, folder, threads, steps, networks)


def main(runtime: str, folder: str, threads: str, steps: str, *networks: str) -> None:
    draw = drawer(runtime, Path(folder), int(threads), int(steps), list(networks))
    print("ready", flush=True)
    for _ in sys.stdin:
        print(json.dumps(draw()), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
