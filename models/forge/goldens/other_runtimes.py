"""The same files in several runtimes, in turns: `python other_runtimes.py models/pocket`.

    python other_runtimes.py full sd15 --runtimes onnxruntime --networks unet    # one runtime, two bundles
    python other_runtimes.py pocket --steps 4 --rounds 5

Every pair of bundle and runtime is a process of its own, all loaded before the first picture counts. A round gives each a
turn of `--pictures`; medians of all rounds are told, and the process's memory once it has drawn: what is resident, and the
most that was. `ours` is the server, asked over HTTP for a PNG and by its own account of the networks; `diffusers` draws whole
pictures and tells no networks' times; the others call the networks alone. All take one evaluation a step, without guidance.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from runtime_process import NETWORKS, Times

ROOT = Path(__file__).parents[3]
RUNTIMES = ("ours", "diffusers", "onnxruntime", "openvino")
PAUSE_SECONDS = 0.5  # until the threads of the process that drew before have stopped spinning


class Child:
    """`runtime_process.py` with one runtime and one bundle."""

    def __init__(self, runtime: str, folder: Path, options: argparse.Namespace):
        script = Path(__file__).with_name("runtime_process.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script), runtime, str(folder), str(options.threads), str(options.steps), *options.networks],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != "ready":
            raise OSError(f"{runtime} did not load {folder}; see above")

    def draw(self) -> Times:
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise OSError("a runtime stopped; see above")
        return json.loads(line)

    def close(self) -> None:
        self.process.communicate()


class Server:
    """Our server with one bundle, at a free port, with a data folder that goes with it."""

    def __init__(self, folder: Path, options: argparse.Namespace):
        self.steps, self.count, self.folder = options.steps, 0, tempfile.mkdtemp(prefix="other-runtimes-")
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MOBILEDIFFUSION_")}
        self.process = subprocess.Popen(
            [str(ROOT / "mobilediffusion"), "serve", "--host", "127.0.0.1", "--port", "0", "--data", self.folder,
             "--models", str(folder.parent), "--model", folder.name, *options.serve],
            stdout=subprocess.PIPE, text=True, env=clean)
        listening = re.match(r"listening at (\S+),", self.process.stdout.readline())
        if not listening:
            raise OSError(f"our server did not start with {folder}; see above")
        self.url = listening[1].rstrip("/") + "/v1/images/generations"

    def draw(self) -> Times:
        self.count += 1
        body = {"prompt": f"a red house by the sea, number {self.count}", "seed": self.count, "steps": self.steps,
                "guidance_scale": 1}
        request = urllib.request.Request(self.url, json.dumps(body).encode(), {
            "Content-Type": "application/json", "Accept": "image/png"})
        begin = time.perf_counter()
        with urllib.request.urlopen(request) as answer:
            answer.read()
            wall, told = 1000 * (time.perf_counter() - begin), answer.headers["Server-Timing"]
        stages = {name: float(value) for name, value in re.findall(r"(\w+);dur=([0-9.]+)", told) if name in NETWORKS}
        return stages | {"unet": stages["unet"] / self.steps, "picture": wall}

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def resident_megabytes(pid: int) -> dict[str, int]:
    """Now and at most, in 10^6 bytes. Linux only."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return {name: round(int(status.split(f"{key}:")[1].split()[0]) * 1024 / 1e6)
            for name, key in (("resident_mb", "VmRSS"), ("most_mb", "VmHWM"))}


def measure(options: argparse.Namespace) -> list[dict]:
    drawers: dict[tuple[str, str], Child | Server] = {}
    try:
        for folder in options.bundles:
            for runtime in options.runtimes:
                folder = folder.absolute()
                drawers[folder.name, runtime] = (
                    Server(folder, options) if runtime == "ours" else Child(runtime, folder, options))
        times: dict[tuple[str, str], list[Times]] = {key: [] for key in drawers}
        for each in drawers.values():
            each.draw()
        for _ in range(options.rounds):
            for key, each in drawers.items():
                time.sleep(PAUSE_SECONDS)
                times[key] += [each.draw() for _ in range(options.pictures)]
        return [{"bundle": bundle, "runtime": runtime, **resident_megabytes(each.process.pid),
                 "ms": {name: round(statistics.median(every[name] for every in times[bundle, runtime]), 2)
                        for name in times[bundle, runtime][0]},
                 "all_pictures_ms": [round(every["picture"], 1) for every in times[bundle, runtime]]}
                for (bundle, runtime), each in drawers.items()]
    finally:
        for each in drawers.values():
            each.close()


def table(rows: list[dict]) -> str:
    """Milliseconds, and beside each picture its ratio to the first row's."""
    lines = [f"{'bundle':14} {'runtime':12} {'text':>8} {'unet':>9} {'decoder':>9} {'picture':>9} {'ratio':>6} {'MB':>6} {'most':>6}"]
    for row in rows:
        ms = [f"{row['ms'][name]:.1f}" if name in row["ms"] else "" for name in (*NETWORKS, "picture")]
        ratio = row["ms"]["picture"] / rows[0]["ms"]["picture"]
        lines.append(f"{row['bundle']:14} {row['runtime']:12} {ms[0]:>8} {ms[1]:>9} {ms[2]:>9} {ms[3]:>9} {ratio:>6.3f} "
                     f"{row['resident_mb']:>6} {row['most_mb']:>6}")
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundles", nargs="+", type=Path, help="folders in the diffusers ONNX layout")
    parser.add_argument("--runtimes", nargs="+", choices=RUNTIMES, default=RUNTIMES)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=NETWORKS, help="of onnxruntime and openvino")
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pictures", type=int, default=1, help="in each turn")
    parser.add_argument("--serve", nargs="*", default=[], help="more options of our server, with = inside: --serve=--memory=small")
    parser.add_argument("--json", type=Path, help="also writes the rows to this file")
    options = parser.parse_args(arguments)
    rows = measure(options)
    print(table(rows))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
