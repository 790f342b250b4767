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
PATTERN = torch.tensor([[1, -1, 0.5, -0.5, 0.25, 2, -2, 0.125]])  # (1, 8): some schedulers want a batch
STABLE_DIFFUSION = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
SPACINGS = ["linspace", "leading", "trailing"]
PREDICTIONS = ["epsilon", "v_prediction", "sample"]
SPACED = [  # every scheduler that chooses its timesteps by timestep_spacing
    "EulerDiscreteScheduler",
    "EulerAncestralDiscreteScheduler",
    "HeunDiscreteScheduler",
    "KDPM2DiscreteScheduler",
    "KDPM2AncestralDiscreteScheduler",
    "LMSDiscreteScheduler",
    "DDIMScheduler",
    "DDPMScheduler",
    "PNDMScheduler",
    "DPMSolverMultistepScheduler",
    "UniPCMultistepScheduler",
    "DEISMultistepScheduler",
]
ZERO_SNR = ["EulerDiscreteScheduler", "EulerAncestralDiscreteScheduler", "DDIMScheduler", "DDPMScheduler", "DPMSolverMultistepScheduler", "UniPCMultistepScheduler"]
NO_SAMPLE = ["EulerAncestralDiscreteScheduler", "KDPM2DiscreteScheduler", "KDPM2AncestralDiscreteScheduler", "PNDMScheduler"]


def cases():
    for shift, steps in [(1.0, 1), (1.0, 5), (2.5, 1), (2.5, 4), (2.5, 8), (3.0, 20)]:
        yield "FlowMatchEulerDiscreteScheduler", steps, {"num_train_timesteps": 1000, "shift": shift}
    for name in SPACED:
        for spacing in SPACINGS:
            for prediction in PREDICTIONS:
                for zero_snr in [False, True]:
                    if prediction == "sample" and name in NO_SAMPLE:
                        continue  # not defined there
                    if zero_snr and (name not in ZERO_SNR or (name in ["DDIMScheduler", "DDPMScheduler"] and prediction == "epsilon")):
                        continue  # not an option there; divides by zero there
                    config = STABLE_DIFFUSION | {"timestep_spacing": spacing, "prediction_type": prediction}
                    if name == "PNDMScheduler":
                        config["skip_prk_steps"] = True
                    elif name in ZERO_SNR:
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
    for option in [{"lambda_min_clipped": -2.5}, {"lambda_min_clipped": -2.5, "timestep_spacing": "trailing"}, {"lambda_min_clipped": -float("inf")}, {"solver_order": 3}]:
        yield "DPMSolverMultistepScheduler", 7, STABLE_DIFFUSION | option
    yield "DPMSolverMultistepScheduler", 16, STABLE_DIFFUSION | {"solver_order": 3}
    for option in [{}, {"solver_order": 1}, {"solver_order": 3}, {"solver_type": "heun"}, {"final_sigmas_type": "sigma_min"}, {"use_karras_sigmas": True}]:
        for steps in [1, 7, 16]:
            yield "DPMSolverMultistepScheduler", steps, STABLE_DIFFUSION | {"algorithm_type": "sde-dpmsolver++"} | option
    for name in ["HeunDiscreteScheduler", "KDPM2DiscreteScheduler", "KDPM2AncestralDiscreteScheduler", "LMSDiscreteScheduler"]:
        for option in [{}, {"use_karras_sigmas": True}, {"use_exponential_sigmas": True}]:
            yield name, 7, STABLE_DIFFUSION | option
        for steps in [2, 3, 12]:
            yield name, steps, {}
    for name in ["HeunDiscreteScheduler", "LMSDiscreteScheduler"]:
        yield name, 1, STABLE_DIFFUSION
    yield "HeunDiscreteScheduler", 5, STABLE_DIFFUSION | {"clip_sample": True, "clip_sample_range": 2.0}
    for variance in ["fixed_small", "fixed_small_log", "fixed_large"]:
        yield "DDPMScheduler", 5, STABLE_DIFFUSION | {"variance_type": variance, "clip_sample": False, "steps_offset": 1}
    for steps in [1, 12]:
        yield "DDPMScheduler", steps, {"clip_sample_range": 2.0}
    for name in ["UniPCMultistepScheduler", "DEISMultistepScheduler"]:
        for option in [{}, {"solver_order": 1}, {"solver_order": 3}, {"use_karras_sigmas": True}, {"use_exponential_sigmas": True}, {"lower_order_final": False}]:
            if name == "UniPCMultistepScheduler" and "lower_order_final" in option:
                option = option | {"final_sigmas_type": "sigma_min"}  # divides by zero else
            for steps in [1, 2, 7, 16]:
                yield name, steps, STABLE_DIFFUSION | option
    for option in [{"solver_type": "bh1", "final_sigmas_type": "sigma_min"}, {"final_sigmas_type": "sigma_min", "use_karras_sigmas": True}, {"disable_corrector": [0, 2], "solver_order": 3}]:
        yield "UniPCMultistepScheduler", 7, STABLE_DIFFUSION | option
    for prediction in PREDICTIONS:
        for steps in [1, 3, 8]:
            yield "LCMScheduler", steps, {"prediction_type": prediction}
            yield "TCDScheduler", steps, {"prediction_type": prediction}
    yield "TCDScheduler", 4, {"original_inference_steps": 20, "rescale_betas_zero_snr": True, "prediction_type": "v_prediction", "beta_schedule": "linear"}
    yield "LCMScheduler", 4, {"original_inference_steps": 20, "clip_sample": True, "rescale_betas_zero_snr": True, "prediction_type": "v_prediction", "timestep_scaling": 5.0}


def started_late():
    """Walks that begin in the middle, from a noised picture, as image-to-image at some strength does."""
    yield "FlowMatchEulerDiscreteScheduler", 8, {"num_train_timesteps": 1000, "shift": 2.5}
    for name in SPACED:
        yield name, 8, STABLE_DIFFUSION | ({"skip_prk_steps": True} if name == "PNDMScheduler" else {})
    yield "DPMSolverMultistepScheduler", 8, STABLE_DIFFUSION | {"algorithm_type": "sde-dpmsolver++"}
    for name in ["UniPCMultistepScheduler", "DEISMultistepScheduler"]:
        yield name, 8, STABLE_DIFFUSION | {"solver_order": 3}
    yield "LCMScheduler", 8, {}
    yield "TCDScheduler", 8, {}


def trajectory(name: str, steps: int, config: dict, begin: int = 0) -> dict:
    """A walk through all calls, or from step ``begin`` on, then from PATTERN as the picture that was noised."""
    scheduler = getattr(diffusers, name)(**config)
    scheduler.set_timesteps(steps)
    generator = torch.Generator("cpu").manual_seed(SEED)
    sigma = float(getattr(scheduler, "init_noise_sigma", 1.0))
    noise = torch.randn(PATTERN.shape, generator=generator)
    sample = noise * getattr(scheduler, "init_noise_sigma", 1.0)
    first = begin * scheduler.order
    if begin:
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(first)
        at = scheduler.timesteps[first : first + 1]
        sample = scheduler.scale_noise(PATTERN, at, noise) if name.startswith("FlowMatch") else scheduler.add_noise(PATTERN, noise, at)
    start = floats(sample)
    samples = []
    for timestep in scheduler.timesteps[first:]:
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
        "first_call": first,
        "init_noise_sigma": floats([sigma])[0],
        "timesteps": floats(scheduler.timesteps),
        "start": start,
        "samples": samples,
    }


def floats(values) -> list[float]:
    """Single-precision numbers by their shortest decimal form."""
    return [float(str(numpy.float32(value))) for value in torch.as_tensor(values).flatten()]


if __name__ == "__main__":
    walks = [trajectory(*case) for case in cases()]
    walks += [trajectory(*case, begin=begin) for case in started_late() for begin in [2, 7]]
    lines = [json.dumps(walk) for walk in walks]
    GOLDENS.mkdir(parents=True, exist_ok=True)
    (GOLDENS / "schedulers.json").write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
    print(f"{len(lines)} trajectories")
