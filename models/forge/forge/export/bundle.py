"""The bundle's folder: which file holds what, written all or nothing."""

import hashlib
import json
import shutil
import tempfile
from pathlib import Path

from forge.architecture import Preset, TextTower, UNet, Vae
from forge.architecture.recall import Recall

from .text import text_graph
from .unet import unet_graph
from .vae import decoder_graph, encoder_graph, receptive_rows

FORMAT_VERSION = 1
MANIFEST = "bundle.json"
TOKENIZER_FILES = ("vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json")
EXTERNAL_FROM_BYTES = 256 << 20  # larger models keep their weights beside the graph, where they can be memory-mapped
DIFFUSERS_VERSION = "0.38.0"  # whose layout and scheduler configs these are


def flow_match_scheduler(shift: float) -> dict:
    """scheduler_config.json of rectified flow; `shift` > 1 spends more of the steps at high noise."""
    if not shift > 0:
        raise ValueError(f"shift must be above 0, got {shift}")
    return {"_class_name": "FlowMatchEulerDiscreteScheduler", "_diffusers_version": DIFFUSERS_VERSION,
            "num_train_timesteps": 1000, "shift": shift, "use_dynamic_shifting": False}


def export_bundle(folder: Path, preset: Preset, text: TextTower, unet: UNet, vae: Vae,
                  tokenizer_files: dict[str, str], scheduler: dict, card: dict, half: bool = True,
                  encoder: bool = False, external_from_bytes: int = EXTERNAL_FROM_BYTES,
                  recall: Recall | None = None) -> None:
    """Writes the bundle; `folder` appears, or is replaced, only when all of it is written.

    tokenizer_files: texts of vocab.json, merges.txt, tokenizer_config.json and special_tokens_map.json. scheduler:
    scheduler_config.json. card: default_steps, default_guidance_scale, guidance_baked_in, licence and words, perhaps
    name (the preset's otherwise), steps_range (fewest, most), groups (names of things by group), read_as and drawn_as (what is
    written, what is said instead), and under made_by whatever tells people where the weights are from. half stores weights as
    fp16; encoder adds vae_encoder/. recall: the memory of a preset that has one.
    ValueError names what is missing.
    """
    if (recall is None) != (preset.unet.memory is None):
        raise ValueError(f"preset {preset.name} has {'no' if preset.unet.memory is None else 'a'} memory: recall must be given for "
                         "a preset with memory, and only for one")
    manifest = _manifest(card, preset, text, unet, vae)
    missing = [name for name in TOKENIZER_FILES if name not in tokenizer_files]
    if missing:
        raise ValueError(f"tokenizer_files must hold {', '.join(TOKENIZER_FILES)}, lacks {', '.join(missing)}")
    if "_class_name" not in scheduler:
        raise ValueError(f"scheduler must name its _class_name, got {scheduler}")
    folder = folder.absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        partial.chmod(0o755)
        _write_configs(partial, preset, scheduler, encoder)
        for name in TOKENIZER_FILES:
            _write(partial / "tokenizer" / name, tokenizer_files[name])
        side, tokens = preset.unet.sample_size, preset.text.tokens
        # One after the other, so that one network's weights are held twice at a time.
        text_graph(text, half, recall).save(_model(partial, "text_encoder"), external_from_bytes)
        unet_graph(unet, side, tokens, half).save(_model(partial, "unet"), external_from_bytes)
        decoder_graph(vae, side, half).save(_model(partial, "vae_decoder"), external_from_bytes)
        if encoder:
            encoder_graph(vae, preset.pixels, half).save(_model(partial, "vae_encoder"), external_from_bytes)
        write_json(partial / MANIFEST, manifest | {"files": hashes(partial)})
        replace_folder(folder, partial)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _manifest(card: dict, preset: Preset, text: TextTower, unet: UNet, vae: Vae) -> dict:
    required = ("default_steps", "default_guidance_scale", "guidance_baked_in", "licence", "words")
    optional = ("name", "steps_range", "made_by", "groups", "read_as", "drawn_as")
    missing, unknown = [key for key in required if key not in card], set(card) - {*required, *optional}
    if missing or unknown:
        raise ValueError(f"card must have {', '.join(required)} and may have {', '.join(optional)}, "
                         f"got {', '.join(card)}")
    parameters = sum(weight.numel() for network in (text, unet, vae.decoder) for weight in network.parameters())
    return {"format_version": FORMAT_VERSION, "name": preset.name} | card | {
        "width": preset.pixels, "height": preset.pixels, "parameters": parameters, "words": sorted(set(card["words"]))}


def _write_configs(folder: Path, preset: Preset, scheduler: dict, encoder: bool) -> None:
    network = ["diffusers", "OnnxRuntimeModel"]
    write_json(folder / "model_index.json", {
        "_class_name": "OnnxStableDiffusionPipeline", "_diffusers_version": DIFFUSERS_VERSION,
        "feature_extractor": [None, None], "safety_checker": [None, None], "requires_safety_checker": False,
        "scheduler": ["diffusers", scheduler["_class_name"]], "text_encoder": network,
        "tokenizer": ["transformers", "CLIPTokenizer"], "unet": network, "vae_decoder": network,
        "vae_encoder": network if encoder else [None, None]})
    write_json(folder / "scheduler/scheduler_config.json", scheduler)
    text, unet = preset.text, preset.unet
    write_json(folder / "text_encoder/config.json", {
        "_class_name": "CLIPTextModel", "architectures": ["CLIPTextModel"], "model_type": "clip_text_model",
        "hidden_act": text.act, "hidden_size": text.width, "intermediate_size": text.ff_ratio * text.width,
        "max_position_embeddings": text.tokens, "num_attention_heads": text.heads, "num_hidden_layers": text.layers,
        "vocab_size": text.vocabulary})
    write_json(folder / "unet/config.json", {
        "_class_name": "UNet2DConditionModel", "_diffusers_version": DIFFUSERS_VERSION,
        "in_channels": unet.in_channels, "out_channels": unet.out_channels, "sample_size": unet.sample_size,
        "block_out_channels": list(unet.widths), "cross_attention_dim": unet.context_width,
        "norm_num_groups": unet.groups})
    vae = {"_class_name": "AutoencoderKL", "_diffusers_version": DIFFUSERS_VERSION,
           "in_channels": 3, "out_channels": 3, "latent_channels": preset.vae.latent_channels,
           # Diffusers takes the factor from their number, 2 for each but the last; patches name one level less.
           "block_out_channels": _vae_widths(preset), "sample_size": preset.pixels,
           # The graphs take and give standardised latents.
           "scaling_factor": 1.0}
    for part in ("vae_decoder", "vae_encoder") if encoder else ("vae_decoder",):
        write_json(folder / part / "config.json", vae | _bands(preset) if part == "vae_decoder" else vae)


def _bands(preset: Preset) -> dict:
    """What lets a server decode in bands, to save memory; diffusers ignores it."""
    rows = receptive_rows(preset.vae)
    return {} if rows is None else {"receptive_rows": rows}


def _vae_widths(preset: Preset) -> list[int]:
    widths = list(reversed(preset.vae.decoder_widths))
    return widths if preset.vae.form == "convolutional" else [*widths, widths[-1]]


def _model(folder: Path, network: str) -> Path:
    return folder / network / "model.onnx"


def hashes(folder: Path) -> dict[str, str]:
    """sha256 in hex of every file by its path within the folder."""
    hashes = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                hashes[path.relative_to(folder).as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()
    return hashes


def replace_folder(folder: Path, partial: Path) -> None:
    """Puts `partial` where `folder` is; a rename each way, so that no reader meets half a bundle."""
    if not folder.exists():
        partial.rename(folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
    folder.rename(old)  # onto an empty folder
    try:
        partial.rename(folder)
    except OSError:
        old.rename(folder)
        raise
    shutil.rmtree(old)


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def write_json(path: Path, content: dict) -> None:
    _write(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
