"""The benchmark of several runtimes on the same files, as far as ONNX Runtime's Python package can be asked."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "goldens/other_runtimes.py"
BUNDLES = Path(__file__).parents[3] / "runtime/src/test/resources/bundles"


def measured(tmp_path: Path, *arguments: str | Path) -> tuple[str, list[dict]]:
    """The table, and the rows as JSON."""
    said = subprocess.run(
        [sys.executable, str(SCRIPT), *map(str, arguments), "--runtimes", "onnxruntime", "--threads", "1", "--json",
         str(tmp_path / "rows.json")], capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    return said.stdout, json.loads((tmp_path / "rows.json").read_text())


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
def test_every_bundle_gets_its_turns_and_a_process_of_its_own(tmp_path):
    """Free sizes, float16, a scalar timestep and guidance as an input are among these."""
    names = ["tiny-flow", "tiny-sd", "tiny-lcm"]
    table, rows = measured(tmp_path, *(BUNDLES / name for name in names), "--steps", "3", "--rounds", "2", "--pictures", "2")
    assert [row["bundle"] for row in rows] == names
    for row in rows:
        assert len(row["all_pictures_ms"]) == 4
        assert all(value > 0 for value in row["ms"].values())
        assert 0 < row["resident_mb"] <= row["most_mb"]
    assert table.splitlines()[1].split()[:2] == ["tiny-flow", "onnxruntime"]
    assert "1.000" in table.splitlines()[1]


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
def test_only_the_networks_that_were_named_are_called(tmp_path):
    _, [row] = measured(tmp_path, BUNDLES / "tiny-sd", "--networks", "unet", "--rounds", "1")
    assert set(row["ms"]) == {"unet", "picture"}


def test_a_bundle_that_does_not_load_is_named(tmp_path):
    said = subprocess.run([sys.executable, str(SCRIPT), str(tmp_path / "missing"), "--runtimes", "onnxruntime"],
                          capture_output=True, text=True)
    assert said.returncode == 1
    assert f"onnxruntime did not load {tmp_path / 'missing'}" in said.stderr
