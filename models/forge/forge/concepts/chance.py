"""Small choices from a random generator."""

from collections.abc import Sequence

import numpy as np


class Chance:
    """What planners and captions ask of a generator."""

    def __init__(self, rng: np.random.Generator):
        self.rng = rng

    def happens(self, share: float) -> bool:
        return self.rng.random() < share

    def pick(self, options: Sequence):
        return options[int(self.rng.integers(len(options)))]

    def between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))
