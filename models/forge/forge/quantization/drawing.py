"""A bundle's pictures by ONNX Runtime's Python package: for calibration, and to see what a quantized bundle changed.

Flow-matching bundles are drawn as the server draws them. Others are drawn by DDIM with trailing timesteps whatever
scheduler they name (arXiv 2010.02502): both bundles of a comparison are, and what is compared are networks.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnxruntime

from forge.sampling import initial_noise, sigmas
from forge.tokens.bpe import Tokenizer

from .folder import ENCODER, manifest, model_file, networks, read_json

TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(int64)": np.int64, "tensor(int32)": np.int32}
DEFAULT_STEPS, DEFAULT_GUIDANCE = 8, 1.0  # where no bundle.json tells
CONDITION_GUIDANCE = 8.0  # for networks that take the guidance as an input
Watcher = Callable[[str, dict[str, np.ndarray]], None]


def session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def cast(declared, values: np.ndarray) -> np.ndarray:
    """Values as the type and rank that a network's input declares."""
    values = np.asarray(values).astype(TYPES[declared.type])
    return values.reshape(()) if not declared.shape else values


@dataclass(eq=False)
class Painter:
    """The networks of one bundle. `watch` sees every call: the network's name and what it is fed, float32."""

    folder: Path
    threads: int
    steps: int | None = None
    guidance: float | None = None
    watch: Watcher | None = None
    sessions: dict[str, onnxruntime.InferenceSession] = field(init=False)

    def __post_init__(self) -> None:
        known = manifest(self.folder)
        self.steps = self.steps or known.get("default_steps", DEFAULT_STEPS)
        if self.guidance is None:
            self.guidance = 1.0 if known.get("guidance_baked_in") else known.get("default_guidance_scale", DEFAULT_GUIDANCE)
        self.unet_config, self.vae = (read_json(self.folder, f"{part}/config.json") for part in ("unet", "vae_decoder"))
        self.schedule = read_json(self.folder, "scheduler/scheduler_config.json")
        self.tokenizer = Tokenizer.read(*((self.folder / "tokenizer" / name).read_text(encoding="utf-8")
                                          for name in ("vocab.json", "merges.txt")))
        self.sessions = {name: session(model_file(self.folder, name), self.threads) for name in networks(self.folder)}
        [ids] = self.sessions["text_encoder"].get_inputs()
        length = ids.shape[1]
        if not isinstance(length, int):
            config = read_json(self.folder, "tokenizer/tokenizer_config.json")
            length = min(int(config.get("model_max_length", 77)), 1024)
        self.tokens = length

    def call(self, network: str, **inputs: np.ndarray) -> np.ndarray:
        """The network's first output, float32."""
        if self.watch:
            self.watch(network, inputs)
        feed = self.feed(network, inputs)
        return self.sessions[network].run(None, feed)[0].astype(np.float32)

    def feed(self, network: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {declared.name: cast(declared, inputs[declared.name]) for declared in self.sessions[network].get_inputs()}

    def states(self, ids: list[int]) -> np.ndarray:
        """(1, tokens, D)."""
        return self.call("text_encoder", input_ids=np.array([ids]))

    def picture(self, ids: list[int], seed: int) -> np.ndarray:
        """(H, W, 3) uint8 from token ids (tokens,) and the noise of a seed, as every diffusers pipeline draws it."""
        states = self.states(ids)
        empty = self.states(self.tokenizer.encode("", self.tokens)) if self.guided else None
        channels, cells = self.unet_config["in_channels"], self.unet_config["sample_size"]
        latents = initial_noise([seed], channels, cells).numpy()
        predict = lambda sample, timestep: self.predict(sample, timestep, states, empty)
        flows = self.schedule["_class_name"] == "FlowMatchEulerDiscreteScheduler"
        latents = (self.flow if flows else self.ddim)(latents, predict)
        sample = latents * per_channel(self.vae.get("latents_std"), 1) / self.vae.get("scaling_factor", 0.18215)
        sample = sample + per_channel(self.vae.get("latents_mean"), 0) + (self.vae.get("shift_factor") or 0)
        picture = self.call("vae_decoder", latent_sample=sample.astype(np.float32))[0].transpose(1, 2, 0)
        return (np.clip(picture / 2 + 0.5, 0, 1) * 255).round().astype(np.uint8)

    def latents(self, picture: np.ndarray) -> np.ndarray:
        """(1, channels, H/8, W/8), as the encoder gives them, from (H, W, 3) uint8."""
        return self.call(ENCODER, sample=(picture / 127.5 - 1).astype(np.float32).transpose(2, 0, 1)[None])

    @property
    def guided(self) -> bool:
        return self.guidance > 1 and not self.unet_config.get("time_cond_proj_dim")

    def predict(self, sample: np.ndarray, timestep: float, states: np.ndarray, empty: np.ndarray | None) -> np.ndarray:
        """One prediction, with guidance two; one after the other, for graphs whose batch is 1."""
        width = self.unet_config.get("time_cond_proj_dim")
        more = {"timestep_cond": guidance_embedding(CONDITION_GUIDANCE, width)} if width else {}
        call = lambda context: self.call("unet", sample=sample, timestep=np.array([timestep]),
                                         encoder_hidden_states=context, **more)
        wanted = call(states)
        return wanted if empty is None else (lambda plain: plain + self.guidance * (wanted - plain))(call(empty))

    def flow(self, latents: np.ndarray, predict) -> np.ndarray:
        levels = sigmas(self.steps, self.schedule.get("shift", 1.0))
        for now, following in zip(levels, levels[1:]):
            latents = latents + np.float32(following - now) * predict(latents, 1000 * now)
        return latents

    def ddim(self, latents: np.ndarray, predict) -> np.ndarray:
        products = alphas_cumprod(self.schedule)
        times = np.round(np.arange(len(products), 0, -len(products) / self.steps)).astype(int) - 1
        for time, following in zip(times, [*times[1:], -1]):
            alpha, beta = np.sqrt(products[time]), np.sqrt(1 - products[time])
            said, kind = predict(latents, time), self.schedule.get("prediction_type", "epsilon")
            if kind == "sample":
                clean = said
            elif kind == "v_prediction":
                clean = alpha * latents - beta * said
            else:
                clean = (latents - beta * said) / alpha
            noise = (latents - alpha * clean) / beta
            left = products[following] if following >= 0 else 1.0
            latents = (np.sqrt(left) * clean + np.sqrt(1 - left) * noise).astype(np.float32)
        return latents


def alphas_cumprod(schedule: dict) -> np.ndarray:
    """(T,), the share of the picture's variance that is left at each timestep, in (0, 1)."""
    count, kind = schedule.get("num_train_timesteps", 1000), schedule.get("beta_schedule", "linear")
    first, last = schedule.get("beta_start", 0.0001), schedule.get("beta_end", 0.02)
    if kind == "scaled_linear":
        betas = np.linspace(first**0.5, last**0.5, count) ** 2
    elif kind == "linear":
        betas = np.linspace(first, last, count)
    else:
        raise ValueError(f"scheduler_config.json: beta_schedule must be linear or scaled_linear here, got {kind}")
    return np.cumprod(1 - betas)


def guidance_embedding(scale: float, width: int) -> np.ndarray:
    """(1, width), as diffusers' LatentConsistencyModelPipeline codes the guidance."""
    frequencies = np.exp(np.arange(width // 2) * -np.log(10000) / (width // 2 - 1)) * 1000 * (scale - 1)
    return np.concatenate([np.sin(frequencies), np.cos(frequencies)])[None].astype(np.float32)


def per_channel(values: list[float] | None, absent: float) -> np.ndarray:
    return np.asarray(values or [absent], np.float32).reshape(1, -1, 1, 1)
