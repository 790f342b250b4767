"""Pictures drawn anew: diffusers' own image-to-image and in-painting pipelines around ONNX Runtime's Python sessions.

Flow matching has no pipeline with a UNet there; its loop is the one of FluxImg2ImgPipeline.
"""

import json
import sys
from types import SimpleNamespace

import diffusers
import numpy
import torch
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from PIL import Image, ImageDraw
from transformers import CLIPTokenizer

from paths import BUNDLES, GOLDENS
from pictures import per_channel, run, session
from weights import tokens, weighted

FOLDER = GOLDENS / "image-to-image"
PROMPT, NEGATIVE, SEED = "a red house by the sea at sunset", "snow", 21
SD, FLOW, LCM = "tiny-sd", "tiny-flow", "tiny-lcm"
SCHEDULERS = {
    "euler": {},
    "euler-ancestral": {"_class_name": "EulerAncestralDiscreteScheduler"},
    "heun": {"_class_name": "HeunDiscreteScheduler"},
    "dpm2": {"_class_name": "KDPM2DiscreteScheduler"},
    "dpm2-ancestral": {"_class_name": "KDPM2AncestralDiscreteScheduler"},
    "lms": {"_class_name": "LMSDiscreteScheduler"},
    "ddim": {"_class_name": "DDIMScheduler", "clip_sample": False, "set_alpha_to_one": False},
    "ddpm": {"_class_name": "DDPMScheduler", "clip_sample": False},
    "pndm": {"_class_name": "PNDMScheduler", "skip_prk_steps": True},
    "dpm-2m": {"_class_name": "DPMSolverMultistepScheduler"},
    "dpm-2m-sde": {"_class_name": "DPMSolverMultistepScheduler", "algorithm_type": "sde-dpmsolver++"},
    "unipc": {"_class_name": "UniPCMultistepScheduler"},
    "deis": {"_class_name": "DEISMultistepScheduler"},
    "tcd": {"_class_name": "TCDScheduler"},
}
CASES = [  # name, bundle, scheduler changes, steps, guidance scale, strength, masked
    *((name, SD, changes, 8, 5.0, 0.6, False) for name, changes in SCHEDULERS.items()),
    ("euler-whole", SD, {}, 6, 5.0, 1.0, False),
    ("euler-little", SD, {}, 10, 1.0, 0.15, False),
    *((f"{name}-masked", SD, SCHEDULERS[name], 8, 5.0, 0.75, True) for name in ["euler", "euler-ancestral", "ddim", "heun", "dpm-2m", "dpm-2m-sde", "unipc", "deis"]),
    ("euler-masked-whole", SD, {}, 8, 5.0, 1.0, True),
    ("lcm", LCM, {}, 4, 8.0, 0.5, False),
    ("lcm-strong", LCM, {}, 3, 8.0, 0.9, False),
    ("flow", FLOW, {}, 8, 1.0, 0.5, False),
    ("flow-masked", FLOW, {}, 4, 1.0, 0.75, True),
]


def source() -> Image.Image:
    """Slopes of colour with a disc and a bar on them."""
    rows, columns = numpy.mgrid[0:64, 0:64]
    picture = Image.fromarray(numpy.stack([4 * columns, 4 * rows, 255 - 2 * (rows + columns)], -1).clip(0, 255).astype(numpy.uint8))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((8, 12, 34, 38), fill=(220, 40, 30))
    draw.rectangle((40, 4, 52, 60), fill=(250, 250, 240))
    return picture


def mask() -> Image.Image:
    """Whole latents' worth of pixels."""
    picture = Image.new("L", (64, 64), 0)
    ImageDraw.Draw(picture).rectangle((16, 8, 47, 55), fill=255)
    return picture


class Part(torch.nn.Module):
    """A network of the bundle in the place of a model of diffusers."""

    def __init__(self, folder, name: str) -> None:
        super().__init__()
        self.session = session(folder / name / "model.onnx")
        values = json.loads((folder / name / "config.json").read_text(encoding="utf-8"))
        self.config = SimpleNamespace(**({"time_cond_proj_dim": None, "_diffusers_version": "0.42.1", "force_upcast": False} | values))
        self.dtype, self.device = torch.float32, torch.device("cpu")


class Unet(Part):
    def forward(self, sample, timestep, encoder_hidden_states, timestep_cond=None, **_):
        extra = {} if timestep_cond is None else {"timestep_cond": timestep_cond.numpy()}
        found = run(self.session, sample=sample.numpy(), timestep=[timestep.item()], encoder_hidden_states=encoder_hidden_states.numpy(), **extra)
        return (torch.from_numpy(found),)


class Latents:
    """A distribution of latents, or latents, standardised by the config."""

    def __init__(self, found: torch.Tensor, vae: "Vae") -> None:
        self.found, self.vae = found, vae

    def sample(self, generator=None) -> torch.Tensor:
        drawn = self.found.shape[1] == 2 * self.vae.config.latent_channels
        latents = DiagonalGaussianDistribution(self.found).sample(generator) if drawn else self.found
        return (latents - self.vae.mean) / self.vae.std


class Vae(Part):
    def __init__(self, folder) -> None:
        super().__init__(folder, "vae_decoder")
        self.encoder = session(folder / "vae_encoder" / "model.onnx")
        values = vars(self.config)
        self.mean = torch.from_numpy(per_channel(values.get("latents_mean"), 0)) + values.get("shift_factor", 0)
        self.std = torch.from_numpy(per_channel(values.get("latents_std"), 1))

    def encode(self, pixels):
        return SimpleNamespace(latent_dist=Latents(torch.from_numpy(run(self.encoder, sample=pixels.numpy())), self))

    def decode(self, latents, return_dict=False, generator=None):
        return (torch.from_numpy(run(self.session, latent_sample=(latents * self.std + self.mean).numpy())),)


def picture(bundle: str, changes: dict, steps: int, scale: float, strength: float, masked: bool) -> Image.Image:
    folder = BUNDLES / bundle
    config = json.loads((folder / "scheduler/scheduler_config.json").read_text(encoding="utf-8")) | changes
    scheduler = getattr(diffusers, config["_class_name"]).from_config(config)
    tokenizer, encoder = CLIPTokenizer.from_pretrained(folder / "tokenizer"), session(folder / "text_encoder/model.onnx")

    def embed(text: str) -> torch.Tensor:
        ids, weights = tokens(tokenizer, text)
        return weighted(torch.from_numpy(run(encoder, input_ids=[ids])), torch.tensor(weights))

    generator = torch.Generator("cpu").manual_seed(SEED)
    unet, vae = Unet(folder, "unet"), Vae(folder)
    if bundle == FLOW:
        return flow(unet, vae, scheduler, embed(PROMPT), steps, strength, masked, generator)
    pipelines = {SD: diffusers.StableDiffusionInpaintPipeline if masked else diffusers.StableDiffusionImg2ImgPipeline, LCM: diffusers.LatentConsistencyModelImg2ImgPipeline}
    parts = dict(vae=vae, text_encoder=None, tokenizer=None, unet=unet, scheduler=scheduler, safety_checker=None, feature_extractor=None)
    pipeline = pipelines[bundle](**parts, requires_safety_checker=False)
    pipeline.set_progress_bar_config(disable=True)
    options = dict(mask_image=mask(), height=64, width=64) if masked else {}
    if bundle == SD:
        options |= {"negative_prompt_embeds": embed(NEGATIVE)} | ({"eta": 0.3} if config["_class_name"] == "TCDScheduler" else {})  # gamma, as the runtime has it
    return pipeline(image=source(), prompt_embeds=embed(PROMPT), strength=strength, num_inference_steps=steps, guidance_scale=scale, generator=generator, **options).images[0]


def flow(unet, vae, scheduler, states, steps, strength, masked, generator) -> Image.Image:
    processor = diffusers.image_processor.VaeImageProcessor(vae_scale_factor=8)
    scaling = vae.config.scaling_factor
    image = scaling * vae.encode(processor.preprocess(source())).latent_dist.sample(generator)
    noise = torch.randn(image.shape, generator=generator)
    scheduler.set_timesteps(steps)
    first = int(max(steps - min(steps * strength, steps), 0))
    scheduler.set_begin_index(first)
    timesteps = scheduler.timesteps[first:]
    latents = scheduler.scale_noise(image, timesteps[:1], noise)
    held = torch.from_numpy(numpy.asarray(mask())[::8, ::8] < 128) if masked else torch.zeros(8, 8, dtype=bool)
    for index, timestep in enumerate(timesteps):
        latents = scheduler.step(unet(latents, timestep, states)[0], timestep, latents).prev_sample
        level = scheduler.scale_noise(image, timesteps[index + 1 : index + 2], noise) if index + 1 < len(timesteps) else image
        latents = torch.where(held, level, latents)
    return processor.postprocess(vae.decode(latents / scaling)[0])[0]


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    source().save(FOLDER / "source.png", optimize=True)
    mask().save(FOLDER / "mask.png", optimize=True)
    described = []
    for name, bundle, changes, steps, scale, strength, masked in CASES:
        drawn = picture(bundle, changes, steps, scale, strength, masked)
        drawn.save(FOLDER / f"{name}.png", optimize=True)
        described.append({"name": name, "bundle": bundle, "scheduler": changes, "prompt": PROMPT, "negative_prompt": "" if bundle != SD else NEGATIVE, "seed": SEED, "steps": steps, "guidance_scale": scale, "strength": strength, "masked": masked})
        pixels = numpy.asarray(drawn)
        print(f"{name}: mean {pixels.mean():.1f}, standard deviation {pixels.std():.1f}", file=sys.stderr)
    (FOLDER / "cases.json").write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
