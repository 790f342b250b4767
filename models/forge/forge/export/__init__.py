"""Writes trained networks as a bundle: ONNX graphs, tokenizer, scheduler and configs in the diffusers layout.

May use `architecture` and `tokens`, and the `onnx` package; knows nothing of training or scenes.
"""

from .bundle import export_bundle, flow_match_scheduler
from .random_bundle import export_random_bundle

__all__ = ["export_bundle", "export_random_bundle", "flow_match_scheduler"]
