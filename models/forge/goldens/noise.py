"""Standard normal numbers of torch's CPU generator, for seeds and lengths that take each of its paths.

Bits of float32 as hex, in draws from one generator after the other. Made on x86 with AVX2 or better; torch rounds some
numbers otherwise elsewhere.
"""

import hashlib
import json

import numpy
import torch

from paths import GOLDENS

SEEDS = [0, 1, 7, 42, 123456789, 2**31, 2**32 - 1, 2**32, 2**32 + 7, 2**53 + 1, 2**63 - 1]
DRAWS = [[1], [3, 2], [15, 15], [16], [17], [31], [32, 5, 16], [4 * 8 * 8, 4 * 8 * 8]]


def bits(values: torch.Tensor) -> numpy.ndarray:
    return values.numpy().view(numpy.uint32)


if __name__ == "__main__":
    cases = []
    for index, seed in enumerate(SEEDS):
        for lengths in DRAWS if index < 3 else DRAWS[index % len(DRAWS)::len(DRAWS)]:
            generator = torch.Generator("cpu").manual_seed(seed)
            draws = [" ".join(format(b, "x") for b in bits(torch.randn(length, generator=generator))) for length in lengths]
            cases.append({"seed": seed, "draws": draws})
    latents = []
    for seed in SEEDS:
        drawn = bits(torch.randn((1, 8, 64, 64), generator=torch.Generator("cpu").manual_seed(seed)))
        latents.append({"seed": seed, "sha256": hashlib.sha256(drawn.astype(">u4").tobytes()).hexdigest()})
    GOLDENS.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(case) for case in cases]
    text = '{"draws": [\n' + ",\n".join(lines) + '\n], "latents_1x8x64x64": ' + json.dumps(latents, indent=1) + "}\n"
    (GOLDENS / "noise.json").write_text(text, encoding="utf-8")
