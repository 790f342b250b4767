"""What a caption leaves open, chosen by numbers that the noise holds.

A caption says what is in a picture, and leaves open where exactly a thing stands, how large "a cat" is, which beach and
which pastel. When all of that follows from the noise, a picture is one function of noise and caption, and one network
evaluation can learn it directly: nothing is averaged, and there is no teacher to distil. The noise stays standard normal,
since the numbers are the standard normal coordinates of its longest waves (`architecture/variates.py`). Choosing the
coupling of noise and data is known from arXiv 2302.00482 and 2310.03725.
"""

from collections.abc import Sequence

import numpy as np

# In the order of the variates
NAMES = ("landscape", "pattern", "shade", "x0", "x1", "x2", "bottom0", "bottom1", "bottom2", "span0", "span1", "offset")
VARIATES = 24  # three waves of eight channels: more than NAMES needs


class Choices:
    """Choices by `variates` (VARIATES,), each uniform in [0, 1)."""

    def __init__(self, variates: np.ndarray):
        if len(variates) != VARIATES:
            raise ValueError(f"variates must be {VARIATES} numbers, got {len(variates)}")
        self.by_name = dict(zip(NAMES, variates.tolist()))

    def between(self, name: str, low: float, high: float) -> float:
        return low + (high - low) * self.by_name[name]

    def pick(self, name: str, options: Sequence):
        return options[min(int(self.by_name[name] * len(options)), len(options) - 1)]
