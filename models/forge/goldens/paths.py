"""Where the golden values lie in the repository."""

from pathlib import Path

RESOURCES = Path(__file__).resolve().parents[3] / "runtime" / "src" / "test" / "resources"
BUNDLES = RESOURCES / "bundles"
GOLDENS = RESOURCES / "goldens"
NETWORKS = RESOURCES / "networks"
