"""Pictures by a UNet of nine channels, which sees the mask and what is left of the picture: diffusers' own pipeline.

Beside tiny-sd's other parts, under goldens/inpainting: a random UNet whose in_channels are 9, and what
StableDiffusionInpaintPipeline draws with it around ONNX Runtime's Python session. Words alone, and a picture without a mask, are
a mask that is white all over, as in A1111's web UI; diffusers has no other call for such a model.
"""

import json
import shutil

import diffusers
import numpy
import torch
from diffusers import UNet2DConditionModel
from PIL import Image

from control import CONFIG, embedded, export
from image_to_image import NEGATIVE, PROMPT, SCHEDULERS, SD, SEED, Unet, Vae, mask, source
from paths import BUNDLES, GOLDENS
from tiny_bundles import HIDDEN, LATENT, Named, scale_output, write_json

FOLDER = GOLDENS / "inpainting"
CHANNELS = 9
CASES = [  # name, scheduler changes, steps, guidance scale, strength, kind
    *((name, SCHEDULERS[name], 6, 5.0, 0.75, "masked") for name in ["euler", "euler-ancestral", "ddim", "heun", "dpm-2m", "dpm-2m-sde", "pndm", "unipc"]),
    ("whole", {}, 6, 5.0, 1.0, "masked"),
    ("whole-ancestral", SCHEDULERS["euler-ancestral"], 6, 5.0, 1.0, "masked"),
    ("plain", {}, 6, 1.0, 0.75, "masked"),
    ("plain-whole", SCHEDULERS["ddim"], 6, 1.0, 1.0, "masked"),
    ("words", {}, 6, 5.0, 1.0, "words"),
    ("words-ancestral", SCHEDULERS["euler-ancestral"], 6, 1.0, 1.0, "words"),
    ("picture", {}, 8, 5.0, 0.5, "picture"),
    ("picture-whole", SCHEDULERS["dpm-2m"], 6, 5.0, 1.0, "picture"),
]


def bundle() -> None:
    torch.manual_seed(12)
    config = CONFIG | dict(in_channels=CHANNELS, out_channels=4, sample_size=LATENT, up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"))
    model = UNet2DConditionModel(**config)
    sample = torch.randn(1, CHANNELS, LATENT, LATENT)
    scale_output(model, model.conv_out, sample, torch.tensor([500]), torch.randn(1, 77, HIDDEN), 1.0)
    with torch.no_grad():
        model.conv_in.weight[:, 4:].mul_(2)  # so that mask and picture matter
    inputs = {"sample": torch.randn(2, CHANNELS, LATENT, LATENT), "timestep": torch.tensor([1.0]), "encoder_hidden_states": torch.randn(2, 77, HIDDEN)}
    free = {"sample": {0: "batch", 2: "height", 3: "width"}, "encoder_hidden_states": {0: "batch"}}
    export(FOLDER / "unet/model.onnx", Named(model.eval(), lambda m, *given: m(*given, return_dict=False)[0]), inputs, ["out_sample"], free)
    write_json(FOLDER / "unet/config.json", {"_class_name": "UNet2DConditionModel", **config})
    index = json.loads((BUNDLES / SD / "model_index.json").read_text())
    write_json(FOLDER / "model_index.json", index | {"_class_name": "OnnxStableDiffusionInpaintPipeline"})


def draw(changes: dict, steps: int, scale: float, strength: float, kind: str) -> Image.Image:
    config = json.loads((BUNDLES / SD / "scheduler/scheduler_config.json").read_text()) | changes
    scheduler = getattr(diffusers, config["_class_name"]).from_config(config)
    pipeline = diffusers.StableDiffusionInpaintPipeline(
        vae=Vae(BUNDLES / SD), text_encoder=None, tokenizer=None, unet=Unet(FOLDER, "unet"), scheduler=scheduler, safety_checker=None, feature_extractor=None, requires_safety_checker=False
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline(
        image=source(),
        mask_image=mask() if kind == "masked" else Image.new("L", mask().size, 255),
        prompt_embeds=embedded(SD, PROMPT),
        negative_prompt_embeds=embedded(SD, NEGATIVE),
        strength=strength,
        num_inference_steps=steps,
        guidance_scale=scale,
        generator=torch.Generator("cpu").manual_seed(SEED),
        height=8 * LATENT,
        width=8 * LATENT,
    ).images[0]


if __name__ == "__main__":
    shutil.rmtree(FOLDER, ignore_errors=True)
    bundle()
    described = []
    for name, changes, steps, scale, strength, kind in CASES:
        drawn = draw(changes, steps, scale, strength, kind)
        drawn.save(FOLDER / f"{name}.png", optimize=True)
        described.append({"name": name, "scheduler": changes, "prompt": PROMPT, "negative_prompt": NEGATIVE, "seed": SEED, "steps": steps, "guidance_scale": scale, "strength": strength, "kind": kind})
        print(f"{name}: mean {numpy.asarray(drawn).mean():.1f}, standard deviation {numpy.asarray(drawn).std():.1f}")
    write_json(FOLDER / "cases.json", described)
