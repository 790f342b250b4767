"""Smaller and faster bundles: networks of any bundle in the diffusers ONNX layout in fewer bits, and what that costs.

May use `export` (the bundle's files), `tokens`, `scenes` for prompts, and the packages onnx and onnxruntime, whose
quantizers do the work; knows nothing of training. Only `judge` sees the checker.
"""
