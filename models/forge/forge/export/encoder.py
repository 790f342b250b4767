"""Adds the VAE's encoder to a bundle that was exported without it; no other network changes."""

import json
from pathlib import Path

from forge.architecture import Preset, Vae

from .bundle import EXTERNAL_FROM_BYTES, MANIFEST, hashes, write_json
from .vae import encoder_graph


def add_encoder(folder: Path, preset: Preset, vae: Vae, half: bool = True) -> None:
    """Writes vae_encoder/ and names it in model_index.json and bundle.json; ValueError when the bundle is another's."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    config = json.loads((folder / "vae_decoder/config.json").read_text(encoding="utf-8"))
    if (manifest["width"], config["latent_channels"]) != (preset.pixels, preset.vae.latent_channels):
        raise ValueError(f"{folder} is no bundle of the preset {preset.name}: it has {manifest['width']} pixels "
                         f"and {config['latent_channels']} latent channels")
    (folder / "vae_encoder").mkdir(exist_ok=True)
    encoder_graph(vae, preset.pixels, half).save(folder / "vae_encoder" / "model.onnx", EXTERNAL_FROM_BYTES)
    config.pop("receptive_rows", None)  # the decoder's
    write_json(folder / "vae_encoder" / "config.json", config)
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    write_json(folder / "model_index.json", index | {"vae_encoder": ["diffusers", "OnnxRuntimeModel"]})
    files = {path: digest for path, digest in hashes(folder).items() if path != MANIFEST}
    write_json(folder / MANIFEST, manifest | {"files": files})
