"""What a person may choose of the distillation stages, checked before anything is loaded."""

from dataclasses import asdict, dataclass

SIZES = (128, 256, 512)
TUNES, DISCRIMINATORS, SOURCES = ("full", "lora"), ("unet", "heads"), ("teacher", "eight-step")


@dataclass(frozen=True)
class Options:
    """guidance: classifier-free guidance that is baked in. teacher_steps: steps of the teacher for one pair.
    pairs_from: who draws the pairs, the guided teacher or its eight-step student, at a quarter of the calls. smallest,
    largest: sizes of the first and last phase in pixels. tune, rank: all of the generator's weights, or low-rank changes of them.
    discriminator: a whole UNet, or heads on the frozen teacher's features. The other four are weights of losses."""

    guidance: float = 2.5
    teacher_steps: int = 16
    pairs_from: str = "teacher"
    smallest: int = 128
    largest: int = 512
    tune: str = "full"
    rank: int = 16
    discriminator: str = "unet"
    adversarial: float = 0.3
    mismatched: float = 0.5
    feature_matching: float = 0.0
    distribution_matching: float = 0.0

    def __post_init__(self):
        for name, choices in (("tune", TUNES), ("discriminator", DISCRIMINATORS), ("pairs_from", SOURCES),
                              ("smallest", SIZES), ("largest", SIZES)):
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} must be one of {', '.join(map(str, choices))}, got {getattr(self, name)!r}")
        for name in ("adversarial", "mismatched", "feature_matching", "distribution_matching"):
            if not 0 <= getattr(self, name) < 100:
                raise ValueError(f"{name} must be in [0, 100), got {getattr(self, name)}")
        if self.smallest > self.largest:
            raise ValueError(f"smallest must be at most largest, {self.largest}, got {self.smallest}")
        if not 1 <= self.guidance < 100:
            raise ValueError(f"guidance to bake in must be in [1, 100), got {self.guidance}")
        if not 1 <= self.teacher_steps <= 100:
            raise ValueError(f"teacher_steps must be in [1, 100], got {self.teacher_steps}")
        if not 1 <= self.rank <= 256:
            raise ValueError(f"rank must be in [1, 256], got {self.rank}")

    def of_eight_steps(self) -> dict:
        """What decides the eight-step student."""
        return {"guidance": self.guidance, "largest": self.largest}

    def of_one_step(self) -> dict:
        """What decides the one-step student, and what a resumed run must share: all but where it begins."""
        return {name: value for name, value in asdict(self).items() if name != "smallest"}
