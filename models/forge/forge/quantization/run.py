"""`python models/forge quantize` and `compare`: from a bundle to a smaller one, and what that cost."""

import json
import shutil
import tempfile
from argparse import Namespace
from pathlib import Path

import numpy as np

from forge.export.bundle import replace_folder, write_json

from . import sensitive
from .drawing import Painter, session
from .folder import ENCODER, check, check_not_quantized, copy_but_networks, manifest, model_file, networks, read_json, sha256
from .graphs import layers, load_single, save
from .judge import Judge
from .kinds import KINDS, Feeds, Job, int8_static
from .measuring import Settings, Source, compare, draw, signal_to_noise
from .prompts import Prompts
from .tables import table

CALIBRATION_CALLS = 32  # of the UNet, spread over all timesteps


def quantize(options: Namespace) -> dict:
    """Writes the bundle to `options.out`, all or nothing, and the report beside it; returns the report."""
    source, out, kind = options.bundle.absolute(), options.out.absolute(), KINDS[options.kind]
    chosen = tuple(options.networks)
    check(source)
    check_not_quantized(source, chosen)
    if out == source or source in out.parents:
        raise ValueError(f"--out must be another folder than the bundle, got {options.out}")
    known = manifest(source)
    prompts = Prompts.choose(known, options.prompt_file, options.calibration, options.prompts)
    settings = settings_of(options)
    feeds = calibration(source, prompts, settings) if kind.calibrated else {}
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        partial.chmod(0o755)
        copy_but_networks(source, partial, chosen)
        if kind.sees_all and "vae_decoder" in chosen:
            forget_bands(partial)
        kept = {name: write_network(source, partial, name, options, feeds.get(name, [])) for name in chosen}
        report = {"kind": options.kind, "of": {"name": known.get("name", source.name), "networks": {
            name: sha256(model_file(source, name)) for name in chosen}}, "kept_layers": kept}
        if kind.calibrated:
            report["calibration"] = f"{len(prompts.calibration)} prompts, {prompts.source}"
        report |= compare(Source(source, prompts, settings), partial)
        write_manifest(source, partial, known, report)
        replace_folder(out, partial)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    write_json(out.with_name(f"{out.name}.quantization.json"), report)
    print(table({options.kind: report}), end="")
    return report


def forget_bands(bundle: Path) -> None:
    """A decoder that takes its ranges from everything it sees decodes a band otherwise than the whole picture."""
    config = read_json(bundle, "vae_decoder/config.json")
    if config.pop("receptive_rows", None) is not None:
        write_json(bundle / "vae_decoder/config.json", config)


def write_network(source: Path, target: Path, name: str, options: Namespace, feeds: Feeds) -> list[str]:
    """Returns the layers that keep their precision."""
    model, kind = load_single(model_file(source, name)), KINDS[options.kind]
    kept = sensitive.kept_layers(model, options.keep, of_bytes=name == ENCODER) if kind.keeps_layers else set()
    print(f"{name}: {len(layers(model))} layers, {len(kept)} kept", flush=True)
    path = model_file(target, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    save(kind.run(Job(model, kept, feeds, target)), path)
    return sorted(kept)


def write_manifest(source: Path, target: Path, known: dict, report: dict) -> None:
    """bundle.json: the source's, with new hashes and how the bundle was made."""
    known = known or {"format_version": 1, "name": source.name}
    files = {path.relative_to(target).as_posix(): sha256(path) for path in sorted(target.rglob("*")) if path.is_file()}
    made_by = known.get("made_by", {}) | {"quantization": [*known.get("made_by", {}).get("quantization", []), report]}
    write_json(target / "bundle.json", known | {"made_by": made_by, "files": files})


def settings_of(options: Namespace) -> Settings:
    judge = Judge(options.checker) if options.checker else None
    return Settings(options.threads, options.steps, options.guidance, options.seeds, judge, options.rounds)


def calibration(source: Path, prompts: Prompts, settings: Settings) -> dict[str, Feeds]:
    """What each network was fed while the source drew the calibration's prompts, at the scheduler's own timesteps; the
    encoder is fed what was drawn, and contrasts that only other people's pictures have."""
    seen: dict[str, Feeds] = {name: [] for name in networks(source)}
    painter = Painter(source, settings.threads, settings.steps, settings.guidance)

    def watch(network: str, inputs: dict) -> None:
        seen[network].append({name: values.astype("float32") if values.dtype.kind == "f" else values
                              for name, values in painter.feed(network, inputs).items()})
    painter.watch = watch
    pictures = draw(painter, Prompts([], prompts.calibration, prompts.source), 1)
    if ENCODER in seen:
        for picture in (*pictures, *contrasts(pictures[0].shape)):
            painter.latents(picture)
    stride = max(1, len(seen["unet"]) // CALIBRATION_CALLS)
    if stride > 1 and painter.steps % stride == 0:
        stride += 1  # else every picture would tell of the same timesteps
    return seen | {"unet": seen["unet"][::stride]}


def contrasts(shape: tuple[int, int, int]) -> list[np.ndarray]:
    """(H, W, 3) uint8: black, white, noise, and blocks of 8 pixels that are full or empty in each colour."""
    generator = np.random.default_rng(0)
    height, width, colours = shape
    blocks = generator.integers(0, 2, (-(-height // 8), -(-width // 8), colours)).repeat(8, 0).repeat(8, 1)[:height, :width]
    return [np.zeros(shape, np.uint8), np.full(shape, 255, np.uint8), generator.integers(0, 256, shape, np.uint8),
            (255 * blocks).astype(np.uint8)]


def layer_signals(model, feeds: Feeds, threads: int) -> dict[str, float]:
    """dB of the network's output with one layer quantized, by the layer's name, the worst first."""
    with tempfile.TemporaryDirectory() as folder:
        save(model, Path(folder) / "single.onnx")
        reference = session(Path(folder) / "single.onnx", threads)
        expected = [reference.run(None, feed)[0] for feed in feeds]

        def only(layer: str, path: Path) -> None:
            save(int8_static(Job(model, set(), feeds, path.parent), [layer]), path)

        def signal(path: Path) -> float:
            loaded = session(path, threads)
            return min(signal_to_noise(right, loaded.run(None, feed)[0]) for right, feed in zip(expected, feeds))
        return sensitive.measure(model, only, signal, Path(folder))


def show_sensitivity(options: Namespace) -> dict[str, dict[str, float]]:
    """Prints, for each network, the layers that hurt most when they alone are quantized by int8-static."""
    source = options.bundle.absolute()
    check(source)
    check_not_quantized(source, tuple(options.networks))
    prompts = Prompts.choose(manifest(source), options.prompt_file, options.calibration, 1)
    every, found = calibration(source, prompts, settings_of(options)), {}
    for name in options.networks:
        feeds = every[name][:: max(1, len(every[name]) // 4)]
        found[name] = layer_signals(load_single(model_file(source, name)), feeds, options.threads)
        print(f"{name}: dB of its output with one layer quantized, the {options.sensitivity} worst")
        for layer, decibels in list(found[name].items())[: options.sensitivity]:
            print(f"{decibels:8.1f}  {layer}")
    return found


def compare_bundles(options: Namespace) -> dict[str, dict]:
    """One table of several bundles, measured against one source in one run."""
    for folder in (options.bundle, *options.others):
        check(folder.absolute())
    prompts = Prompts.choose(manifest(options.bundle), options.prompt_file, 0, options.prompts)
    source = Source(options.bundle.absolute(), prompts, settings_of(options))
    reports = {folder.name: compare(source, folder.absolute()) for folder in options.others}
    print(table(reports), end="")
    if options.json:
        options.json.write_text(json.dumps(reports, indent=2) + "\n", encoding="utf-8")
    return reports
