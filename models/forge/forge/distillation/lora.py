"""Low-rank changes of a frozen network's weights (LoRA, arXiv 2106.09685), which are merged into it when it is saved."""

from collections.abc import Collection

import torch
from torch import Tensor, nn
from torch.func import functional_call


class LowRank(nn.Module):
    """`network` with W + up @ down in place of every weight matrix or kernel W, or of the `chosen` ones; `up` starts at
    zero."""

    def __init__(self, network: nn.Module, rank: int, chosen: Collection[str] | None = None):
        super().__init__()
        self.network = network.requires_grad_(False)
        self.names = [name for name, weight in network.named_parameters()
                      if weight.dim() >= 2 and min(weight.shape[0], weight[0].numel()) > rank and (chosen is None or name in chosen)]
        if not self.names:
            raise ValueError(f"rank {rank} leaves nothing to train: no weight of the network is larger")
        weights = dict(network.named_parameters())
        self.down, self.up = nn.ParameterList(), nn.ParameterList()
        for name in self.names:
            rows, columns = weights[name].shape[0], weights[name][0].numel()
            self.down.append(torch.randn(rank, columns) * columns**-0.5)
            self.up.append(torch.zeros(rows, rank))

    def forward(self, *inputs) -> Tensor:
        return functional_call(self.network, self._changed(), inputs)

    def factors(self) -> dict[str, tuple[Tensor, Tensor]]:
        """By weight: down (rank, in, k, k) or (rank, in), and up (out, rank, 1, 1) or (out, rank)."""
        weights = dict(self.network.named_parameters())
        return {name: (down.detach().view(len(down), *weights[name].shape[1:]),
                       up.detach().view(*up.shape, *[1] * (weights[name].dim() - 2)))
                for name, up, down in zip(self.names, self.up, self.down)}

    def _changed(self) -> dict[str, Tensor]:
        weights = dict(self.network.named_parameters())
        return {name: weights[name] + (up @ down).view_as(weights[name])
                for name, up, down in zip(self.names, self.up, self.down)}


def merged(student: nn.Module, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The plain network's weights of a student's state dict, with low-rank changes added if there are any."""
    if not isinstance(student, LowRank):
        return dict(weights)
    plain = {name.removeprefix("network."): tensor.clone() for name, tensor in weights.items()
             if name.startswith("network.")}
    for index, name in enumerate(student.names):
        change = weights[f"up.{index}"] @ weights[f"down.{index}"]
        plain[name] += change.view_as(plain[name])
    return plain
