"""Whole trajectories of diffusers' schedulers, for the runtime's to follow step by step.

The model is a straight line, 0.98 * scaled sample + 0.05 * pattern, so that both sides compute it to the bit; only the
schedulers can differ. Latents are 8 numbers from torch's generator, which also gives the noise of the stochastic ones.
"""

import json
import logging
import warnings

import diffusers
import numpy
import torch

from paths import GOLDENS

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

SEED = 7
PATTERN = torch.tensor([1, -1, 0.5, -0.5, 0.25, 2, -2, 0.125])
STABLE_DIFFUSION = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
SPACINGS = ["linspace", "leading", "trailing"]
PREDICTIONS = ["epsilon", "v_prediction", "sample"]


def cases():
    for shift, steps in [(1.0, 1), (1.0, 5), (2.5, 1), (2.5, 4), (2.5, 8), (3.0, 20)]:
        yield "FlowMatchEulerDiscreteScheduler", steps, {"num_train_timesteps": 1000, "shift": shift}
    for name in ["EulerDiscreteScheduler", "EulerAncestralDiscreteScheduler", "DDIMScheduler", "PNDMScheduler", "DPMSolverMultistepScheduler"]:
        for spacing in SPACINGS:
            for prediction in PREDICTIONS:
                for zero_snr in [False, True]:
                    if prediction == "sample" and name in ["EulerAncestralDiscreteScheduler", "PNDMScheduler"]:
                        continue  # not defined there
                    if zero_snr and (name == "PNDMScheduler" or (name == "DDIMScheduler" and prediction == "epsilon")):
                        continue  # not an option there; divides by zero there
                    config = STABLE_DIFFUSION | {"timestep_spacing": spacing, "prediction_type": prediction}
                    if name == "PNDMScheduler":
                        config["skip_prk_steps"] = True
                    else:
                        config["rescale_betas_zero_snr"] = zero_snr
                    if spacing == "leading":
                        config["steps_offset"] = 1
                    yield name, 6, config
    yield "EulerDiscreteScheduler", 1, STABLE_DIFFUSION | {"timestep_spacing": "trailing"}
    yield "EulerDiscreteScheduler", 4, {}
    yield "EulerDiscreteScheduler", 4, {"beta_schedule": "squaredcos_cap_v2"}
    yield "EulerDiscreteScheduler", 7, STABLE_DIFFUSION | {"use_karras_sigmas": True}
    yield "EulerDiscreteScheduler", 7, STABLE_DIFFUSION | {"use_exponential_sigmas": True}
    yield "EulerDiscreteScheduler", 5, STABLE_DIFFUSION | {"final_sigmas_type": "sigma_min"}
    yield "EulerDiscreteScheduler", 5, STABLE_DIFFUSION | {"timestep_type": "continuous", "prediction_type": "v_prediction", "use_karras_sigmas": True, "sigma_min": 0.002, "sigma_max": 700.0}
    yield "EulerAncestralDiscreteScheduler", 1, STABLE_DIFFUSION
    yield "DDIMScheduler", 1, STABLE_DIFFUSION
    yield "DDIMScheduler", 5, STABLE_DIFFUSION | {"clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1}
    yield "DDIMScheduler", 5, STABLE_DIFFUSION | {"clip_sample_range": 2.0, "beta_schedule": "linear"}
    yield "PNDMScheduler", 1, STABLE_DIFFUSION | {"skip_prk_steps": True}
    yield "PNDMScheduler", 2, STABLE_DIFFUSION | {"skip_prk_steps": True}
    yield "PNDMScheduler", 12, STABLE_DIFFUSION | {"skip_prk_steps": True, "set_alpha_to_one": True, "steps_offset": 1}
    for steps in [1, 2, 16]:
        yield "DPMSolverMultistepScheduler", steps, STABLE_DIFFUSION
    for option in [
        {"solver_order": 1},
        {"solver_type": "heun"},
        {"lower_order_final": False, "final_sigmas_type": "sigma_min"},
        {"final_sigmas_type": "sigma_min"},
        {"euler_at_final": True},
        {"use_karras_sigmas": True},
        {"use_exponential_sigmas": True},
    ]:
        yield "DPMSolverMultistepScheduler", 7, STABLE_DIFFUSION | option
    for prediction in PREDICTIONS:
        for steps in [1, 3, 8]:
            yield "LCMScheduler", steps, {"prediction_type": prediction}
            yield "TCDScheduler", steps, {"prediction_type": prediction}
    yield "TCDScheduler", 4, {"original_inference_steps": 20, "rescale_betas_zero_snr": True, "prediction_type": "v_prediction", "beta_schedule": "linear"}
    yield "LCMScheduler", 4, {"original_inference_steps": 20, "clip_sample": True, "rescale_betas_zero_snr": True, "prediction_type": "v_prediction", "timestep_scaling": 5.0}


def trajectory(name: str, steps: int, config: dict) -> dict:
    scheduler = getattr(diffusers, name)(**config)
    scheduler.set_timesteps(steps)
    generator = torch.Generator("cpu").manual_seed(SEED)
    sigma = float(getattr(scheduler, "init_noise_sigma", 1.0))
    sample = torch.randn(PATTERN.shape, generator=generator) * getattr(scheduler, "init_noise_sigma", 1.0)
    samples = []
    for timestep in scheduler.timesteps:
        scaled = scheduler.scale_model_input(sample, timestep) if hasattr(scheduler, "scale_model_input") else sample
        output = 0.98 * scaled + 0.05 * PATTERN
        code = scheduler.step.__code__
        noisy = "generator" in code.co_varnames[: code.co_argcount]
        sample = scheduler.step(output, timestep, sample, **({"generator": generator} if noisy else {})).prev_sample
        assert sample.isfinite().all(), (name, config)
        samples.append(floats(sample))
    return {
        "config": {"_class_name": name, **config},
        "steps": steps,
        "init_noise_sigma": floats([sigma])[0],
        "timesteps": floats(scheduler.timesteps),
        "samples": samples,
    }


def floats(values) -> list[float]:
    """Single-precision numbers by their shortest decimal form."""
    return [float(str(numpy.float32(value))) for value in values]


if __name__ == "__main__":
    lines = [json.dumps(trajectory(*case)) for case in cases()]
    GOLDENS.mkdir(parents=True, exist_ok=True)
    (GOLDENS / "schedulers.json").write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
    print(f"{len(lines)} trajectories")
