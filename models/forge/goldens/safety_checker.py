"""Pictures that a safety checker flags: diffusers' own pipeline with a random StableDiffusionSafetyChecker in PyTorch.

Beside tiny-sd's other parts, under goldens/safety: the checker as diffusers' convert_stable_diffusion_checkpoint_to_onnx.py
exports it, its thresholds set so that it flags about half of what tiny-sd draws; and what transformers' feature
extractor makes of pictures, as float32, planes after planes.
"""

import json
import shutil

import diffusers
import numpy
import onnx
import torch
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker, cosine_distance
from PIL import Image
from transformers import CLIPConfig, CLIPImageProcessorPil

from control import embedded, scheduler
from image_to_image import NEGATIVE, PROMPT, SD, Unet, Vae, source
from paths import BUNDLES, GOLDENS
from tiny_bundles import LATENT, shorten_names, write_json

FOLDER = GOLDENS / "safety"
PIXELS = 8 * LATENT
SEEDS = range(12)
EXTRACTORS = {  # as configs in the wild have them
    "edge": {"crop_size": 32, "do_center_crop": True, "do_normalize": True, "do_resize": True, "resample": 3, "size": 32, "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711], "feature_extractor_type": "CLIPFeatureExtractor"},
    "objects": {"crop_size": {"height": 32, "width": 24}, "do_center_crop": True, "do_convert_rgb": True, "do_normalize": True, "do_rescale": True, "do_resize": True, "image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.3, 0.4], "resample": 2, "rescale_factor": 0.00392156862745098, "size": {"shortest_edge": 40}},
    "sides": {"do_center_crop": False, "do_normalize": False, "resample": 1, "size": {"height": 72, "width": 72}},
}


def checker() -> StableDiffusionSafetyChecker:
    torch.manual_seed(11)
    vision = dict(hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=32, patch_size=8, projection_dim=12)
    model = StableDiffusionSafetyChecker(CLIPConfig(vision_config=vision, projection_dim=12, attn_implementation="eager")).eval()
    for parameter in model.parameters():
        if parameter.ndim > 1:
            parameter.data = torch.randn_like(parameter) * 0.5
    model.requires_grad_(False)
    model.concept_embeds_weights.fill_(2)  # beyond any cosine: nothing is flagged
    model.special_care_embeds_weights.fill_(2)
    return model


def between(values: torch.Tensor) -> float:
    """In the widest gap of the middle third, so that the last bits of a float decide nothing."""
    ordered = values.sort().values
    gaps = [(float(ordered[i + 1] - ordered[i]), i) for i in range(len(ordered) // 3, 2 * len(ordered) // 3)]
    width, at = max(gaps)
    assert width > 0.002, width
    return float(ordered[at] + ordered[at + 1]) / 2


def set_thresholds(model, extractor, pictures: list[Image.Image]) -> None:
    embeds = torch.cat([model.visual_projection(model.vision_model(extractor(picture, return_tensors="pt").pixel_values)[1]) for picture in pictures])
    cosines = cosine_distance(embeds, model.concept_embeds)
    model.concept_embeds_weights[3] = between(cosines[:, 3])
    model.special_care_embeds_weights[1] = between(cosine_distance(embeds, model.special_care_embeds)[:, 1])


def export(model) -> None:
    path = FOLDER / "safety_checker/model.onnx"
    path.parent.mkdir(parents=True)
    model.forward = model.forward_onnx
    torch.onnx.export(
        model,
        (torch.randn(1, 3, 32, 32), torch.randn(1, PIXELS, PIXELS, 3)),
        str(path),
        input_names=["clip_input", "images"],
        output_names=["out_images", "has_nsfw_concepts"],
        dynamic_axes={"clip_input": {0: "batch", 1: "channels", 2: "height", 3: "width"}, "images": {0: "batch", 1: "height", 2: "width", 3: "channels"}},
        opset_version=17,
        dynamo=False,
    )
    graph = onnx.load(str(path))
    shorten_names(graph.graph)
    onnx.save(graph, str(path))
    write_json(path.with_name("config.json"), {"_class_name": "StableDiffusionSafetyChecker"})
    index = json.loads((BUNDLES / SD / "model_index.json").read_text())
    write_json(FOLDER / "model_index.json", index | {"safety_checker": ["diffusers", "OnnxRuntimeModel"], "feature_extractor": ["transformers", "CLIPImageProcessor"]})
    write_json(FOLDER / "feature_extractor/preprocessor_config.json", EXTRACTORS["edge"])


def draw(model, extractor, seed: int) -> tuple[Image.Image, bool]:
    pipeline = diffusers.StableDiffusionPipeline(vae=Vae(BUNDLES / SD), text_encoder=None, tokenizer=None, unet=Unet(BUNDLES / SD, "unet"), scheduler=scheduler(SD), safety_checker=model, feature_extractor=extractor)
    pipeline.set_progress_bar_config(disable=True)
    found = pipeline(
        prompt_embeds=embedded(SD, PROMPT),
        negative_prompt_embeds=embedded(SD, NEGATIVE),
        num_inference_steps=4,
        guidance_scale=5.0,
        generator=torch.Generator("cpu").manual_seed(seed),
        height=PIXELS,
        width=PIXELS,
    )
    return found.images[0], found.nsfw_content_detected[0]


def features() -> None:
    wide = source().resize((97, 61), Image.Resampling.NEAREST)
    for name, picture in {"square": source(), "wide": wide, "high": wide.transpose(Image.Transpose.ROTATE_90)}.items():
        picture.save(FOLDER / f"{name}.png", optimize=True)
        for kind, config in EXTRACTORS.items():
            if kind == "sides" and name != "square":
                continue  # where shapes change, newer Pillows may resize rows first
            values = CLIPImageProcessorPil(**config)(picture, return_tensors="np").pixel_values[0]
            values.astype("<f4").tofile(FOLDER / f"{name}-{kind}.f32")
    write_json(FOLDER / "extractors.json", EXTRACTORS)


if __name__ == "__main__":
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    model, extractor = checker(), CLIPImageProcessorPil(**EXTRACTORS["edge"])
    set_thresholds(model, extractor, [draw(model, extractor, seed)[0] for seed in SEEDS])
    described = []
    for seed in SEEDS:
        picture, flagged = draw(model, extractor, seed)
        assert flagged == (numpy.asarray(picture).max() == 0)
        described.append({"seed": seed, "flagged": flagged})
        if not flagged and seed < 5:
            picture.save(FOLDER / f"seed-{seed}.png", optimize=True)
    write_json(FOLDER / "cases.json", {"prompt": PROMPT, "negative_prompt": NEGATIVE, "steps": 4, "guidance_scale": 5.0, "pictures": described})
    print(described)
    export(model)
    features()
