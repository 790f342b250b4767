"""CLIP-format byte-pair encoding: learning a small vocabulary, and turning prompts into ids.

May use the standard library only. The files it writes are those that transformers' CLIPTokenizer reads.
"""

from .bpe import Tokenizer, learn

__all__ = ["Tokenizer", "learn"]
