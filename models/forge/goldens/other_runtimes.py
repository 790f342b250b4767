"""A bundle's networks in OpenVINO and in ONNX Runtime's Python package: `python other_runtimes.py FOLDER [THREADS]`.

Prints the median of each network's calls in milliseconds, and the process's resident memory, for comparing with
`mobilediffusion bench`. One process per runtime, so that memory is its own.
"""

import subprocess
import sys
import time
from pathlib import Path

import numpy

NETWORKS = ["text_encoder", "unet", "vae_decoder"]
RUNS = 7
TYPES = {"float32": numpy.float32, "float16": numpy.float16, "int64": numpy.int64, "int32": numpy.int32}
SIZES = {"sample": [1, None, 64, 64], "latent_sample": [1, None, 64, 64]}  # what exports may leave free


def resident_megabytes() -> int:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmRSS:")[1].split()[0]) // 1024


def filled(name: str, shape: list, dtype) -> numpy.ndarray:
    """Small constants; batches, and picture sizes where the export leaves them free, as pocket's."""
    free = SIZES.get(name, [1] * len(shape))
    sizes = [size if isinstance(size, int) and size > 0 else (free[axis] or 4) for axis, size in enumerate(shape)]
    if name in ("input_ids", "encoder_hidden_states") and not (isinstance(shape[1], int) and shape[1] > 0):
        sizes[1] = 77
    return numpy.full(sizes, 1, dtype)


def onnxruntime_call(path: Path, threads: int):
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(int64)": "int64", "tensor(int32)": "int32"}
    feed = {i.name: filled(i.name, i.shape, TYPES[names[i.type]]) for i in session.get_inputs()}
    return lambda: session.run(None, feed)


def openvino_call(path: Path, threads: int):
    import openvino

    core = openvino.Core()
    model = core.read_model(path)
    feed = {}
    for declared in model.inputs:
        shape = [d.get_length() if d.is_static else -1 for d in declared.partial_shape]
        feed[declared.any_name] = filled(declared.any_name, shape, declared.element_type.to_dtype())
    model.reshape({name: list(array.shape) for name, array in feed.items()})
    compiled = core.compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"})
    request = compiled.create_infer_request()
    return lambda: request.infer(feed)


def measure(runtime: str, folder: Path, threads: int) -> None:
    calls = {name: (onnxruntime_call if runtime == "onnxruntime" else openvino_call)(folder / name / "model.onnx", threads)
             for name in NETWORKS}
    for name, call in calls.items():
        call()
        times = []
        for _ in range(RUNS):
            begin = time.perf_counter()
            call()
            times.append(time.perf_counter() - begin)
        print(f"{runtime:12} {name:14} {1000 * sorted(times)[RUNS // 2]:8.1f} ms", flush=True)
    print(f"{runtime:12} resident       {resident_megabytes():8} MB", flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 4:
        measure(sys.argv[3], Path(sys.argv[1]), int(sys.argv[2]))
    else:
        threads = sys.argv[2] if len(sys.argv) > 2 else "2"
        for runtime in ["onnxruntime", "openvino"]:
            subprocess.run([sys.executable, __file__, sys.argv[1], threads, runtime], check=True)
