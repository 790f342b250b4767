"""Checkpoints as safetensors shards of at most 15 MB, so that they travel by git and by mail.

    NAME/state.json        what the stage wants to remember, and the list of shards
    NAME/0000.safetensors  https://huggingface.co/docs/safetensors: 8 bytes length, JSON header, raw tensors

Written to a temporary folder and renamed: a killed run leaves the previous checkpoint whole.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import torch

SHARD_BYTES = 15_000_000
DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64, "U8": torch.uint8}
NAMES = {dtype: name for name, dtype in DTYPES.items()}


def write_safetensors(path: Path, tensors: dict[str, torch.Tensor]) -> None:
    header, position = {}, 0
    for name, tensor in tensors.items():
        size = tensor.numel() * tensor.element_size()
        header[name] = {"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape),
                        "data_offsets": [position, position + size]}
        position += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for tensor in tensors.values():
            file.write(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())


def read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    """ValueError names the file when it is cut short or no safetensors file."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or len(data) < 8 + length:
        raise ValueError(f"{path} is cut short: {len(data)} bytes")
    try:
        header = json.loads(data[8 : 8 + length])
    except ValueError as error:
        raise ValueError(f"{path} is not a safetensors file: {error}") from error
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        if end > len(data):
            raise ValueError(f"{path} is cut short: {name} ends at byte {end} of {len(data)}")
        raw = torch.from_numpy(np.frombuffer(data, np.uint8, end - begin, begin).copy())
        tensors[name] = raw.view(DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors


def save(folder: Path, tensors: dict[str, torch.Tensor], state: dict, half: bool = False) -> None:
    """Writes the checkpoint `folder`; `half` stores floating tensors as fp16."""
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    shard, size, names = {}, 0, []

    def flush():
        nonlocal shard, size
        if shard:
            names.append(f"{len(names):04d}.safetensors")
            write_safetensors(partial / names[-1], shard)
        shard, size = {}, 0

    for name, tensor in tensors.items():
        if half and tensor.is_floating_point():
            tensor = tensor.half()
        bytes_ = tensor.numel() * tensor.element_size()
        if shard and size + bytes_ > SHARD_BYTES:
            flush()
        shard[name] = tensor
        size += bytes_
    flush()
    (partial / "state.json").write_text(json.dumps(state | {"shards": names}, indent=1))
    previous = folder.with_name(f".{folder.name}.previous")
    shutil.rmtree(previous, ignore_errors=True)
    if folder.exists():
        folder.rename(previous)
    partial.rename(folder)
    shutil.rmtree(previous, ignore_errors=True)


def exists(folder: Path) -> bool:
    return (folder / "state.json").exists()


def load(folder: Path) -> tuple[dict[str, torch.Tensor], dict]:
    """Tensors (fp16 ones as fp32) and state of the checkpoint `folder`; FileNotFoundError says how to make one."""
    if not exists(folder):
        raise FileNotFoundError(f"no checkpoint at {folder}: run the stage that makes it first")
    state = json.loads((folder / "state.json").read_text())
    tensors = {}
    for name in state["shards"]:
        for key, tensor in read_safetensors(folder / name).items():
            tensors[key] = tensor.float() if tensor.dtype == torch.float16 else tensor
    return tensors, state


def load_into(module: torch.nn.Module, tensors: dict[str, torch.Tensor], source: Path) -> None:
    """ValueError names the file and the first tensor that does not fit the module's architecture."""
    expected = module.state_dict()
    for name, tensor in expected.items():
        if name not in tensors:
            raise ValueError(f"{source} is of another architecture: it has no {name}")
        if tensors[name].shape != tensor.shape:
            raise ValueError(f"{source} is of another architecture: {name} has shape {tuple(tensors[name].shape)}, "
                             f"wanted {tuple(tensor.shape)}")
    unknown = sorted(set(tensors) - set(expected))
    if unknown:
        raise ValueError(f"{source} is of another architecture: nothing here is called {unknown[0]}")
    module.load_state_dict(tensors)


def prefixed(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def part(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name[len(prefix) + 1 :]: tensor for name, tensor in tensors.items() if name.startswith(prefix + ".")}
