"""Writes flow_sigmas.json: the noise levels of diffusers' FlowMatchEulerDiscreteScheduler, which the forge samples with.

    python3 -m venv venv && venv/bin/pip install -r models/forge/goldens/requirements.txt
    venv/bin/python models/forge/tests/goldens/flow_sigmas.py
"""

import json
from pathlib import Path

import diffusers

STEPS, SHIFTS = (1, 2, 4, 8, 16, 20), (1.0, 1.6, 2.5)


def sigmas(steps: int, shift: float) -> list[float]:
    scheduler = diffusers.FlowMatchEulerDiscreteScheduler(
        num_train_timesteps=1000, shift=shift, use_dynamic_shifting=False)
    scheduler.set_timesteps(steps)
    return scheduler.sigmas.tolist()


if __name__ == "__main__":
    cases = [{"steps": steps, "shift": shift, "sigmas": sigmas(steps, shift)} for steps in STEPS for shift in SHIFTS]
    target = Path(__file__).with_suffix(".json")
    target.write_text(json.dumps({"diffusers": diffusers.__version__, "cases": cases}, indent=1) + "\n")
