"""The teacher: a frozen denoiser, with or without classifier-free guidance, as one velocity field."""

import torch
from torch import Tensor, nn

from forge.sampling import draw_latents
from forge.training.run import Machine


class Teacher:
    """`empty`: the text states of the empty prompt, (1, L, D). Guidance 1 is a teacher with its guidance baked in."""

    def __init__(self, unet: nn.Module, empty: Tensor, guidance: float, machine: Machine):
        self.unet, self.empty, self.guidance, self.machine = unet, empty, guidance, machine

    @torch.no_grad()
    def velocity(self, x: Tensor, t: Tensor, states: Tensor) -> Tensor:
        """x (B, 8, h, w), t (B,) in [0, 1], states (B, L, D) → (B, 8, h, w) fp32."""
        with self.machine.mixed_precision():
            if self.guidance == 1:
                return self.unet(x, 1000 * t, states).float()
            both = self.unet(torch.cat([x, x]), 1000 * torch.cat([t, t]),
                             torch.cat([states, self.empty.expand_as(states)])).float()
        conditional, unconditional = both.chunk(2)
        return unconditional + self.guidance * (conditional - unconditional)

    def draw(self, states: Tensor, noise: Tensor, steps: int, shift: float) -> Tensor:
        """The latents (B, 8, h, w) in which the sampler ends."""
        with self.machine.mixed_precision():
            return draw_latents(self.unet, states, self.empty, noise, steps=steps, guidance=self.guidance, shift=shift)
