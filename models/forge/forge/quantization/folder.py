"""A bundle in the diffusers ONNX layout: what is in it, and writing another from it."""

import hashlib
import json
import shutil
from pathlib import Path

from .graphs import external_files, is_quantized, read_structure

NETWORKS = ("text_encoder", "unet", "vae_decoder")  # those that draw; every bundle has them
ENCODER = "vae_encoder"  # reads pictures; a bundle may lack it


def model_file(folder: Path, network: str) -> Path:
    return folder / network / "model.onnx"


def networks(folder: Path) -> tuple[str, ...]:
    """Those that the bundle has."""
    return (*NETWORKS, ENCODER) if model_file(folder, ENCODER).is_file() else NETWORKS


def read_json(folder: Path, name: str) -> dict:
    """FileNotFoundError and ValueError name the file."""
    path = folder / name
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: a bundle has the diffusers ONNX layout")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} must hold an object, got {type(content).__name__}")
    return content


def manifest(folder: Path) -> dict:
    """bundle.json; empty for bundles without one, which public ones are."""
    return read_json(folder, "bundle.json") if (folder / "bundle.json").exists() else {}


def check(folder: Path) -> None:
    """FileNotFoundError or ValueError when something of a bundle is missing or damaged."""
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder: name a bundle in the diffusers ONNX layout")
    for name in ("model_index.json", "scheduler/scheduler_config.json", "unet/config.json", "vae_decoder/config.json"):
        read_json(folder, name)
    for name in ("tokenizer/vocab.json", "tokenizer/merges.txt", *(f"{network}/model.onnx" for network in NETWORKS)):
        if not (folder / name).is_file():
            raise FileNotFoundError(f"{folder / name} is missing: a bundle has the diffusers ONNX layout")
    for network in networks(folder):
        read_structure(model_file(folder, network))
    promised = manifest(folder).get("files", {})
    for name, expected in promised.items():
        if not (folder / name).is_file():
            raise FileNotFoundError(f"{folder / name} is missing, and bundle.json lists it")
        if sha256(folder / name) != expected:
            raise ValueError(f"{folder / name} is altered or incomplete: its sha256 is not the one in bundle.json")


def check_not_quantized(folder: Path, chosen: tuple[str, ...]) -> None:
    for network in chosen:
        if network not in networks(folder):
            raise ValueError(f"{folder} has no {network}: name other --networks")
        if is_quantized(model_file(folder, network)):
            raise ValueError(f"{model_file(folder, network)} is quantized already: start from the bundle that it was "
                             "made of, or name other --networks")


def copy_but_networks(source: Path, target: Path, chosen: tuple[str, ...]) -> None:
    """Everything of a bundle except the models of `chosen`, the files that hold their weights, and bundle.json."""
    left = {source / "bundle.json"}
    for network in chosen:
        left |= {model_file(source, network), *external_files(model_file(source, network))}
    for path in sorted(source.rglob("*")):
        within = path.relative_to(source)
        if path.is_file() and path not in left and not any(part.startswith(".") for part in within.parts):
            (target / within).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target / within)


def network_bytes(folder: Path, network: str) -> int:
    """Of the model and of what lies beside it."""
    path = model_file(folder, network)
    return sum(file.stat().st_size for file in {path, *external_files(path)})


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
