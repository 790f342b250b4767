"""Scenes, the drawings of them and captions for them: the pictures a small model learns from.

>>> import numpy as np
>>> rng = np.random.default_rng(7)
>>> scene = sample_scene(rng)
>>> pixels, words = draw(scene, 256).pixels, caption(scene, rng)
"""

from .captions import caption, full_caption, vocabulary
from .draw import Box, Drawing, draw
from .sampling import sample_scene, sample_single
from .scene import Scene, Subject
from .split import Split, is_held_out
from .vocabulary import COLOURS, COUNTS, KINDS, PLACES, SIDES, SIZES, SKIES, TIMES

__all__ = [
    "Box", "COLOURS", "COUNTS", "Drawing", "KINDS", "PLACES", "SIDES", "SIZES", "SKIES", "Scene", "Split", "Subject",
    "TIMES", "caption", "draw", "full_caption", "is_held_out", "sample_scene", "sample_single", "vocabulary",
]
