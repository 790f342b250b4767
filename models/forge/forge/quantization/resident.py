"""Resident memory of a process that has loaded a bundle's networks and run each once: `python resident.py FOLDER THREADS`.

A process of its own, with NumPy and ONNX Runtime only. Prints megabytes: before loading, and at the end.
"""

import sys
from pathlib import Path

import numpy as np
import onnxruntime

TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(int64)": np.int64, "tensor(int32)": np.int32}


def resident() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * 4096 / 1e6


def main(folder: Path, threads: int, cells: int) -> None:
    before, sessions = resident(), []
    for network in ("text_encoder", "unet", "vae_decoder"):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        loaded = onnxruntime.InferenceSession(str(folder / network / "model.onnx"), options, providers=["CPUExecutionProvider"])
        free = {"input_ids": [1, 77], "encoder_hidden_states": [1, 77, 768], "sample": [1, 4, cells, cells],
                "latent_sample": [1, 4, cells, cells]}
        feed = {}
        for declared in loaded.get_inputs():
            usual = free.get(declared.name, [1] * len(declared.shape))
            shape = [size if isinstance(size, int) else usual[axis] for axis, size in enumerate(declared.shape)]
            feed[declared.name] = np.ones(shape, TYPES[declared.type])
        loaded.run(None, feed)
        sessions.append(loaded)
    print(f"{before:.1f} {resident():.1f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
