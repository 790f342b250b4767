"""tiny-flow on integers, for the runtime's tests: what the forge's `quantize --kind int8-static` makes of it.

Calibrated with six prompts. What it costs is left out of its bundle.json, since times differ from run to run.
"""

import json
import sys
import tempfile
from argparse import Namespace
from pathlib import Path

from paths import BUNDLES

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from forge.quantization.folder import NETWORKS  # noqa: E402
from forge.quantization.run import quantize  # noqa: E402

NAME = "tiny-flow-int8"

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / NAME
        report = quantize(Namespace(
            bundle=BUNDLES / "tiny-flow", out=made, kind="int8-static", networks=NETWORKS, keep=[], calibration=6, prompts=8,
            seeds=1, steps=None, guidance=None, prompt_file=None, checker=None, threads=1, rounds=1))
        told = json.loads((made / "bundle.json").read_text(encoding="utf-8"))
        told |= {"name": NAME, "made_by": {"script": "models/forge/goldens/quantized_bundle.py"} | {
            key: report[key] for key in ("kind", "kept_layers", "calibration")}}
        (made / "bundle.json").write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        for file in made.rglob("*"):
            if file.is_file():
                target = BUNDLES / NAME / file.relative_to(made)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(file.read_bytes())
    size = sum(path.stat().st_size for path in (BUNDLES / NAME).rglob("*") if path.is_file())
    print(f"{NAME}: {size / 1e3:.0f} KB, {report['psnr_db']['worst']} dB from its source at worst")
