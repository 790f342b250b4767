"""Which layers keep their precision."""

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from onnx import ModelProto

from .graphs import layers


def kept_layers(model: ModelProto, patterns: Iterable[str] = (), of_bytes: bool = False) -> set[str]:
    """Names of the layers that are not quantized, by the default rule and the patterns of `--keep`.

    The rule, which follows from `measure` on pocket (docs/performance.md): layers that read inputs of the network with no
    other layer between, layers behind which none follows, and layers that see the timestep but not the picture. The first
    see raw noise, the second are the result, the third steer everything; together they are a small part of the work.
    With `of_bytes` the inputs are a picture's own bytes, which lose nothing as integers, so that the first are quantized.
    """
    names = {node.name for node in layers(model)}
    inputs = {value.name for value in model.graph.input}
    reads = {value: {value} for value in inputs}  # value → inputs that it was computed from
    layered = dict.fromkeys(inputs, False)  # value → whether a layer lies between it and an input
    kept = set()
    for node in model.graph.node:
        sources = [name for name in node.input if name in reads]
        seen = set().union(*(reads[name] for name in sources))
        behind = any(layered[name] for name in sources)
        if node.name in names and (not behind and not of_bytes or seen and "timestep" in seen and "sample" not in seen):
            kept.add(node.name)
        for output in node.output:
            if sources:
                reads[output], layered[output] = seen, behind or node.name in names
    followed = {value.name: False for value in model.graph.output}  # value → whether a layer follows it
    for node in reversed(model.graph.node):
        states = [followed[name] for name in node.output if name in followed]
        last = node.name in names and states and not any(states)
        if last:
            kept.add(node.name)
        for name in node.input:
            if states:
                followed[name] = followed.get(name, False) or any(states) or node.name in names
    return kept | {name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)}


def measure(model: ModelProto, quantize_only: Callable[[str, Path], None], signal: Callable[[Path], float],
            folder: Path) -> dict[str, float]:
    """Signal-to-noise ratio in dB of the network's output with one layer at a time quantized, the worst layer first."""
    found = {}
    for node in layers(model):
        path = folder / "one.onnx"
        quantize_only(node.name, path)
        found[node.name] = signal(path)
    return dict(sorted(found.items(), key=lambda entry: entry[1]))
