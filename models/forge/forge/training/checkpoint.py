"""Checkpoints as safetensors shards of at most 15 MB, so that they travel by git and by mail.

    NAME/state.json        what the stage wants to remember, and the list of shards
    NAME/0000.safetensors  tensors by name (https://huggingface.co/docs/safetensors)

Written to a temporary folder and renamed: a killed run leaves the previous checkpoint whole.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

SHARD_BYTES = 15_000_000
HEADER_BYTES = 200  # more than one tensor takes in a shard's header


def write_safetensors(path: Path, tensors: dict[str, torch.Tensor]) -> None:
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, path)


@contextmanager
def opened(path: Path) -> Iterator[safe_open]:
    """The file's tensors by name; ValueError names the file when it is cut short or no safetensors file."""
    try:
        with safe_open(path, "pt") as file:
            yield file
    except SafetensorError as error:
        raise ValueError(f"{path} is cut short or no safetensors file: {error}") from error


def write_shards(folder: Path, tensors: dict[str, torch.Tensor]) -> list[str]:
    """The names of the files that now hold the tensors; only a tensor larger than a shard makes one larger."""
    shard, size, names = {}, 0, []

    def flush():
        nonlocal shard, size
        if shard:
            names.append(f"{len(names):04d}.safetensors")
            write_safetensors(folder / names[-1], shard)
        shard, size = {}, 0

    for name, tensor in tensors.items():
        bytes_ = tensor.numel() * tensor.element_size() + HEADER_BYTES
        if shard and size + bytes_ > SHARD_BYTES:
            flush()
        shard[name] = tensor
        size += bytes_
    flush()
    return names


def save(folder: Path, tensors: dict[str, torch.Tensor], state: dict, half: bool = False) -> None:
    """Writes the checkpoint `folder`; `half` stores floating tensors as fp16."""
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    if half:
        tensors = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}
    names = write_shards(partial, tensors)
    (partial / "state.json").write_text(json.dumps(state | {"shards": names}, indent=1))
    if folder.exists():
        shutil.rmtree(previous(folder), ignore_errors=True)
        folder.rename(previous(folder))
    partial.rename(folder)
    shutil.rmtree(previous(folder), ignore_errors=True)


def remove(folder: Path) -> None:
    """Removes the checkpoint and whatever a killed `save` left of it."""
    for path in (folder, previous(folder), folder.with_name(f".{folder.name}.partial")):
        shutil.rmtree(path, ignore_errors=True)


def previous(folder: Path) -> Path:
    """Where the old checkpoint stands for the moment between the two renames of `save`."""
    return folder.with_name(f".{folder.name}.previous")


def whole(folder: Path) -> Path:
    """The folder that holds the checkpoint: the previous one where a run was killed between the two renames."""
    return folder if (folder / "state.json").exists() else previous(folder)


def exists(folder: Path) -> bool:
    return (whole(folder) / "state.json").exists()


def read_state(folder: Path) -> dict:
    """What the stage remembered; FileNotFoundError says how to make a checkpoint, ValueError names a damaged file."""
    if not exists(folder):
        raise FileNotFoundError(f"no checkpoint at {folder}: run the stage that makes it first")
    file = whole(folder) / "state.json"
    try:
        state = json.loads(file.read_text())
        missing = [name for name in state["shards"] if not (whole(folder) / name).exists()]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{file} is damaged: {error!r}") from error
    if missing:
        raise ValueError(f"{whole(folder) / missing[0]} is missing: state.json beside it lists it")
    return state


def load(folder: Path) -> tuple[dict[str, torch.Tensor], dict]:
    """Tensors (fp16 ones as fp32) and state of the checkpoint `folder`; errors as `read_state`."""
    state = read_state(folder)
    tensors = {}
    for name in state["shards"]:
        with opened(whole(folder) / name) as file:
            for key in file.offset_keys():  # in the order in which they were written
                tensor = file.get_tensor(key)
                tensors[key] = tensor.float() if tensor.dtype == torch.float16 else tensor
    return tensors, state


def shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """The shape of every tensor of the checkpoint, from the headers alone; errors as `read_state`."""
    found = {}
    for shard in read_state(folder)["shards"]:
        with opened(whole(folder) / shard) as file:
            found |= {name: tuple(file.get_slice(name).get_shape()) for name in file.offset_keys()}
    return found


def check_fits(module: torch.nn.Module, given: dict[str, tuple[int, ...]], source: Path) -> None:
    """ValueError names the file and the first tensor that does not fit the module's architecture."""
    expected = module.state_dict()
    for name, tensor in expected.items():
        if name not in given:
            raise ValueError(f"{source} is of another architecture: it has no {name}")
        if tuple(given[name]) != tuple(tensor.shape):
            raise ValueError(f"{source} is of another architecture: {name} has shape {tuple(given[name])}, "
                             f"wanted {tuple(tensor.shape)}")
    unknown = sorted(set(given) - set(expected))
    if unknown:
        raise ValueError(f"{source} is of another architecture: nothing here is called {unknown[0]}")


def load_into(module: torch.nn.Module, tensors: dict[str, torch.Tensor], source: Path) -> None:
    """Errors as `check_fits`."""
    check_fits(module, {name: tensor.shape for name, tensor in tensors.items()}, source)
    module.load_state_dict(tensors)


def prefixed(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def part(prefix: str, tensors: dict) -> dict:
    return {name[len(prefix) + 1 :]: tensor for name, tensor in tensors.items() if name.startswith(prefix + ".")}
