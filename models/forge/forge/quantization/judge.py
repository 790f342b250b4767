"""What the checker of a run says about pictures."""

from pathlib import Path

import numpy as np
import torch

from forge.evaluate import obedience
from forge.training import checkpoint
from forge.training.picture_tower import PictureTower
from forge.training.run import Machine


class Judge:
    """The checker in `run`/checker, a run's folder or one of published weights. FileNotFoundError where there is none."""

    def __init__(self, run: Path):
        if not checkpoint.exists(run / "checker"):
            raise FileNotFoundError(f"no checker at {run / 'checker'}: name a run or published weights that hold one")
        self.machine = Machine(torch.device("cpu"), compiles=False)
        self.tower = self.machine.place(PictureTower()).eval()
        checkpoint.load_into(self.tower, checkpoint.load(run / "checker")[0], run / "checker")

    def obedience(self, pictures: np.ndarray, records: list[dict]) -> dict[str, float]:
        """Shares in [0, 1] of pictures (N, H, W, 3) whose attributes are those of the scenes."""
        return {name: round(share, 4) for name, share in obedience(self.tower, pictures, records, self.machine).items()}
