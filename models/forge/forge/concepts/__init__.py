"""Concepts: pictures of a thousand things from openly licensed emoji sets, on plain grounds and in the landscapes of
`scenes`, with captions. `assets` fetches and packs them outside of the tree; nothing of them is committed.

May use `scenes` and `tokens`; NumPy, Pillow, and PyTorch where pictures are composed.
"""

from .corpus import Corpus
from .plans import Planner

__all__ = ["Corpus", "Planner"]
