"""What a checkpoint and the run that goes on from it must have in common."""

import hashlib
import json
from pathlib import Path

from torch import Tensor

from . import checkpoint

DATA = ("drawn", "own")  # what a pool holds


def check(source: Path, state: dict, wanted: dict) -> None:
    """ValueError names the checkpoint and the first of the `wanted` settings that it was made with another value of.

    Settings that the checkpoint does not know, because it is older than they are, are not compared; before `data` was
    written down, all pictures were drawn.
    """
    found = difference({"data": "drawn"} | state, json.loads(json.dumps(wanted)), "")
    if found:
        name, saved, given = found
        raise ValueError(f"{source} was made with {name} = {saved}, this run has {given}: give the same settings, or "
                         "another folder with --run")


def difference(saved: dict, given: dict, path: str) -> tuple[str, object, object] | None:
    """The dotted name and both values of the first setting that is in both and differs."""
    for name in given:
        if name not in saved or saved[name] == given[name]:
            continue
        if isinstance(saved[name], dict) and isinstance(given[name], dict):
            found = difference(saved[name], given[name], f"{path}{name}.")
            if found:
                return found
        else:
            return path + name, saved[name], given[name]
    return None


def fingerprint(tensors: dict[str, Tensor]) -> str:
    """A short hash of weights as fp16, so that a checkpoint and its halved copy are the same."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].detach().cpu().half().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def check_checkpoint(folder: Path, wanted: dict) -> None:
    """`check` of a checkpoint that may not exist yet."""
    if checkpoint.exists(folder):
        check(folder, checkpoint.read_state(folder), wanted)
