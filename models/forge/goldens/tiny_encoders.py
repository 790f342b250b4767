"""VAE encoders for the tiny bundles, so that they can draw pictures anew; beside what tiny_bundles.py wrote.

tiny-flow  latents themselves, as the forge's encoder gives them
tiny-sd    mean and log-variance in twice the channels, any size, as Hugging Face Optimum exports it
tiny-lcm   the same in float16
"""

import json
import warnings

import torch
from diffusers import AutoencoderKL

from paths import BUNDLES
from tiny_bundles import LATENT, export, manifest, write_json

warnings.filterwarnings("ignore")
PIXELS = 8 * LATENT


def vae_encoder(name: str, channels: int, parameters: bool, half: bool, free: bool) -> None:
    folder = BUNDLES / name
    model = AutoencoderKL(
        latent_channels=channels,
        block_out_channels=(4, 4, 8, 8),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1,
        norm_num_groups=4,
        sample_size=PIXELS,
    )
    sample = torch.rand(1, 3, PIXELS, PIXELS) * 2 - 1
    scaling = json.loads((folder / "vae_decoder/config.json").read_text())["scaling_factor"]
    with torch.no_grad():
        spread = model.encode(sample).latent_dist.mean.std()
        model.quant_conv.weight[:channels].mul_(1 / scaling / spread)  # latents of standard deviation 1, once scaled
        model.quant_conv.weight[channels:].mul_(0.1)
        model.quant_conv.bias[channels:].fill_(-4 - 2 * float(torch.tensor(scaling).log()))
    model = model.half() if half else model
    axes = {"sample": {0: "batch", 2: "height", 3: "width"}, "latent_parameters": {0: "batch"}} if free else {}

    def call(m, pixels):
        found = m.encode(pixels).latent_dist
        return found.parameters if parameters else found.mean

    export(
        folder / "vae_encoder" / "model.onnx",
        model,
        call,
        {"sample": sample.half() if half else sample},
        "latent_parameters" if parameters else "latent_sample",
        axes,
    )
    config = json.loads((folder / "vae_decoder/config.json").read_text())
    write_json(folder / "vae_encoder" / "config.json", config)
    index = json.loads((folder / "model_index.json").read_text())
    write_json(folder / "model_index.json", index | {"vae_encoder": ["diffusers", "OnnxRuntimeModel"]})
    if (folder / "bundle.json").exists():
        content = json.loads((folder / "bundle.json").read_text())
        for key in ["format_version", "name", "files"]:
            del content[key]
        manifest(folder, content)


if __name__ == "__main__":
    torch.manual_seed(4)
    vae_encoder("tiny-flow", 8, parameters=False, half=False, free=False)
    vae_encoder("tiny-sd", 4, parameters=True, half=False, free=True)
    vae_encoder("tiny-lcm", 4, parameters=True, half=True, free=False)
