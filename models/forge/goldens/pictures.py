"""Pictures of the tiny bundles: diffusers' schedulers around ONNX Runtime's Python sessions, PNGs for the runtime to match.

The loop is the one of diffusers' StableDiffusionPipeline: latents from torch's CPU generator, guidance as
negative + scale * (positive - negative) in a batch of two, the same generator for schedulers that add noise.
"""

import json
import sys

import diffusers
import numpy
import onnxruntime
import torch
from PIL import Image
from transformers import CLIPTokenizer

from paths import BUNDLES, GOLDENS
from weights import tokens, weighted

CASES = [
    # name, bundle, scheduler changes, prompt, negative prompt, seed, steps, guidance scale
    ("flow", "tiny-flow", {}, "a red house by the sea at sunset", "", 7, 4, 1.0),
    ("flow-one-step", "tiny-flow", {}, "two blue fish", "", 123456789, 1, 1.0),
    ("flow-eight-steps", "tiny-flow", {}, "a black cat and a brown dog in the city", "", 2**31 + 9, 8, 1.0),
    ("euler-guided", "tiny-sd", {}, "a big yellow hot-air balloon on the left!", "snow", 42, 6, 7.5),
    (
        "ddim-velocity",
        "tiny-sd",
        {
            "_class_name": "DDIMScheduler",
            "prediction_type": "v_prediction",
            "rescale_betas_zero_snr": True,
            "timestep_spacing": "trailing",
            "clip_sample": False,
            "set_alpha_to_one": False,
            "steps_offset": 1,
        },
        "a small green tree in the meadow at dawn",
        "",
        2**33 + 5,
        8,
        3.0,
    ),
    ("weighted-guided", "tiny-sd", {}, "a (red:1.6) house [by the sea] ((at sunset))", "(snow:1.4) \\(night\\)", 11, 6, 7.5),
    ("lcm-half", "tiny-lcm", {}, "three white flowers", "", 5, 4, 8.0),
]
CASES += [
    (name, "tiny-sd", changes, "a black cat", "a dog", 3, 10, 7.5)
    for name, changes in [
        ("pndm-guided", {"_class_name": "PNDMScheduler", "skip_prk_steps": True, "set_alpha_to_one": False}),
        ("sde-guided", {"_class_name": "DPMSolverMultistepScheduler", "algorithm_type": "sde-dpmsolver++", "lambda_min_clipped": -float("inf")}),
        ("unipc-guided", {"_class_name": "UniPCMultistepScheduler"}),
        ("heun-guided", {"_class_name": "HeunDiscreteScheduler"}),
        ("dpm2-ancestral-guided", {"_class_name": "KDPM2AncestralDiscreteScheduler"}),
        ("lms-guided", {"_class_name": "LMSDiscreteScheduler"}),
        ("deis-guided", {"_class_name": "DEISMultistepScheduler"}),
        ("ddpm-guided", {"_class_name": "DDPMScheduler", "clip_sample": False}),
    ]
]


def session(path) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def run(network: onnxruntime.InferenceSession, **inputs) -> numpy.ndarray:
    types = {"tensor(float)": numpy.float32, "tensor(float16)": numpy.float16, "tensor(int64)": numpy.int64, "tensor(int32)": numpy.int32}
    feed = {}
    for declared in network.get_inputs():
        array = numpy.asarray(inputs[declared.name]).astype(types[declared.type])
        feed[declared.name] = array.reshape(()) if not declared.shape else array
    return network.run(None, feed)[0].astype(numpy.float32)


def guidance_embedding(scale: float, width: int) -> numpy.ndarray:
    pipeline = diffusers.LatentConsistencyModelPipeline
    return pipeline.get_guidance_scale_embedding(None, torch.tensor([scale - 1.0]), width).numpy()


def picture(bundle, changes, prompt, negative, seed, steps, scale) -> numpy.ndarray:
    read = lambda name: json.loads((bundle / name).read_text(encoding="utf-8"))
    tokenizer = CLIPTokenizer.from_pretrained(bundle / "tokenizer")
    encoder, unet, decoder = (session(bundle / part / "model.onnx") for part in ("text_encoder", "unet", "vae_decoder"))
    config = read("scheduler/scheduler_config.json") | changes
    scheduler = getattr(diffusers, config["_class_name"]).from_config(config)

    def embed(text: str) -> numpy.ndarray:
        ids, weights = tokens(tokenizer, text)
        return weighted(torch.from_numpy(run(encoder, input_ids=[ids])), torch.tensor(weights)).numpy()

    width = read("unet/config.json").get("time_cond_proj_dim")
    guided = scale > 1 and not width
    states = numpy.concatenate([embed(negative), embed(prompt)]) if guided else embed(prompt)
    extra = {"timestep_cond": guidance_embedding(scale, width)} if width else {}

    generator = torch.Generator("cpu").manual_seed(seed)
    size, channels = read("unet/config.json")["sample_size"], read("unet/config.json")["in_channels"]
    scheduler.set_timesteps(steps)
    latents = torch.randn((1, channels, size, size), generator=generator) * getattr(scheduler, "init_noise_sigma", 1.0)
    for timestep in scheduler.timesteps:
        scaled = scheduler.scale_model_input(latents, timestep) if hasattr(scheduler, "scale_model_input") else latents
        batch = torch.cat([scaled] * 2) if guided else scaled
        predicted = run(unet, sample=batch.numpy(), timestep=[timestep.item()], encoder_hidden_states=states, **extra)
        if guided:
            predicted = predicted[:1] + scale * (predicted[1:] - predicted[:1])
        noisy = "generator" in scheduler.step.__code__.co_varnames[: scheduler.step.__code__.co_argcount]
        options = {"generator": generator} if noisy else {}
        latents = scheduler.step(torch.from_numpy(predicted), timestep, latents, **options).prev_sample

    vae = read("vae_decoder/config.json")
    sample = latents.numpy() * per_channel(vae.get("latents_std"), 1) / vae["scaling_factor"]
    sample = sample + per_channel(vae.get("latents_mean"), 0) + vae.get("shift_factor", 0)
    decoded = run(decoder, latent_sample=sample)[0].transpose(1, 2, 0)
    return (numpy.clip(decoded / 2 + 0.5, 0, 1) * 255).round().astype(numpy.uint8)


def per_channel(values, absent: float) -> numpy.ndarray:
    return numpy.asarray(values or [absent], numpy.float32).reshape(1, -1, 1, 1)


if __name__ == "__main__":
    folder = GOLDENS / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    described = []
    for name, bundle, changes, prompt, negative, seed, steps, scale in CASES:
        pixels = picture(BUNDLES / bundle, changes, prompt, negative, seed, steps, scale)
        Image.fromarray(pixels).save(folder / f"{name}.png", optimize=True)
        described.append(
            {
                "name": name,
                "bundle": bundle,
                "scheduler": changes,
                "prompt": prompt,
                "negative_prompt": negative,
                "seed": seed,
                "steps": steps,
                "guidance_scale": scale,
            }
        )
        print(f"{name}: mean {pixels.mean():.1f}, standard deviation {pixels.std():.1f}", file=sys.stderr)
    (folder / "cases.json").write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
