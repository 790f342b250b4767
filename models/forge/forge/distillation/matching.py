"""Distribution matching, an option of the one-step stage: a second denoiser that learns the generator's own pictures."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from forge.architecture import UNet, UNetConfig
from forge.training.run import Machine

from .losses import clean_estimate, matching_loss, noised
from .teacher import Teacher

LEAST_TIME, MOST_TIME = 0.1, 0.95  # between which the two are compared


class OwnPictures(nn.Module):
    """The denoiser of the generator's pictures; begins as the teacher."""

    def __init__(self, config: UNetConfig, weights: dict[str, Tensor]):
        super().__init__()
        self.unet = UNet(config)
        self.unet.load_state_dict(weights)

    def flow_loss(self, made: Tensor, noise: Tensor, t: Tensor, states: Tensor, machine: Machine) -> Tensor:
        """What it learns from: made (B, 8, h, w) without gradients, t (B,)."""
        with machine.mixed_precision():
            velocity = self.unet(noised(made, noise, t), 1000 * t, states)
        return F.mse_loss(velocity.float(), noise - made)

    def matching_loss(self, made: Tensor, noise: Tensor, t: Tensor, states: Tensor, teacher: Teacher) -> Tensor:
        """What the generator learns from: gradients reach `made` alone."""
        with torch.no_grad():
            x = noised(made.detach(), noise, t)
            own = Teacher(self.unet, teacher.empty, 1.0, teacher.machine)
            towards, away = (clean_estimate(x, each.velocity(x, t, states), t) for each in (teacher, own))
        return matching_loss(made, towards, away)


def times(count: int, random: torch.Generator, device: torch.device) -> Tensor:
    return (LEAST_TIME + (MOST_TIME - LEAST_TIME) * torch.rand(count, generator=random)).to(device)
