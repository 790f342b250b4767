"""Token ids of transformers' CLIPTokenizer for fuzzed strings: with CLIP's own vocabulary, and with the tiny bundles'.

CLIP's merges come from the open_clip package (OpenAI's file, MIT licence) and are checked in, gzipped, since the tests
need them. The strings are not stored: both sides make them by the generator below, from the table of ranges in the golden
file, which holds what Python's Unicode version assigns. Ids are stored as one sha256 per block of 100 strings; the first
strings of each set are stored with their ids, to have something to look at when a hash differs.
"""

import gzip
import hashlib
import importlib.util
import json
import tempfile
import unicodedata
from pathlib import Path

from tokenizers.normalizers import NFC
from tokenizers.pre_tokenizers import ByteLevel
from transformers import CLIPTokenizer

from paths import BUNDLES, GOLDENS

CLIP_MERGES = 49152 - 256 - 2
BLOCK = 100
SHOWN = 150
SPECIALS = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>", "pad_token": "<|endoftext|>"}

# Joined in any order; what is special to the tokenizer, to normalization, or to people
PIECES = [
    "a", "photo", "of", "the", "Cat", "HOUSE", "beautiful", "photorealistic", "8k", "trending on artstation", "sunset",
    "it's", "I'm", "we'll", "they've", "don't", "'re", "O'D", "’s", "''s", "hot-air", "(masterpiece:1.2)", "[low]", "...",
    "!", "!!", "?", ",", "--", "<lora:x:0.5>", "<|startoftext|>", "<|endoftext|>", "<|ENDOFTEXT|>", "<|", "|>", "</w>",
    "1", "42", "1234567890", "3.14", "½", "Ⅷ", "²", "٣", "é", "e\u0301", "ñ", "n\u0303", "Å", "\u212b", "İ", "ı", "ß", "ẞ",
    "Σ", "ΟΔΟΣ", "ς", "ﬁ", "ǅ", "Ⅷ", "ⓐ", "𝔘", "\u1e9b\u0323", "가", "\u1100\u1161", "日本語", "你好", "नमस्ते", "العربية", "עברית",
    "ไทย", "😀", "👨\u200d👩\u200d👧", "🇫🇷", "❤\ufe0f", "\u00a0", "\u2003", "\u3000", "\u200b", "\t", "\n", "\r\n", "\x0b", "\x1c",
    "\x85", "\u2028", "\ufeff", "\x00", "\x7f", "_", "#", "@user", "http://x.y/z?q=1&r=2", "C:\\dir", "\"quoted\"", "naïve",
]


def assigned_ranges() -> list[list[int]]:
    """First and last of each run of assigned code points, without surrogates and private use."""
    ranges: list[list[int]] = []
    for code in range(0x110000):
        if unicodedata.category(chr(code)) in ("Cn", "Cs", "Co") or not reordered(chr(code)):
            continue
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return ranges


def reordered(mark: str) -> bool:
    """Whether the tokenizers package, whose tables are of Unicode 9, orders a combining mark as Unicode does today."""
    probes = [f"a{other}{mark}" for other in "\u0315\u0334"] + [f"a{mark}{other}" for other in "\u0301\u0334"]
    return all(NFC().normalize_str(probe) == unicodedata.normalize("NFC", probe) for probe in probes)


class Strings:
    """Pseudo-random strings by a generator that is simple enough to be written in every language."""

    def __init__(self, seed: int, ranges: list[list[int]]) -> None:
        self.state = seed
        self.ranges = ranges

    def below(self, bound: int) -> int:
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % bound

    def next(self) -> str:
        text = ""
        for _ in range(1 + self.below(14)):
            kind = self.below(4)
            if kind < 2:
                text += PIECES[self.below(len(PIECES))]
            elif kind == 2:
                first, last = self.ranges[self.below(len(self.ranges))]
                text += chr(first + self.below(last - first + 1))
            else:
                text += "".join(chr(32 + self.below(95)) for _ in range(1 + self.below(8)))
            if self.below(2):
                text += " "
        return text


def clip_files(folder: Path) -> None:
    """CLIP's vocabulary as its original code builds it."""
    # Found without importing it, which would want all of its dependencies
    source = Path(importlib.util.find_spec("open_clip").origin).parent / "bpe_simple_vocab_16e6.txt.gz"
    merges = gzip.open(source, "rt", encoding="utf-8").read().split("\n")[1 : CLIP_MERGES + 1]
    visible = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [chr(256 + index) for index in range(256 - len(visible))]
    symbols = [chr(code) for code in visible] + hidden
    assert set(symbols) == set(ByteLevel.alphabet())
    tokens = symbols + [symbol + "</w>" for symbol in symbols] + [merge.replace(" ", "") for merge in merges]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({token: index for index, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 77, **SPECIALS}))
    packed = gzip.compress("\n".join(merges).encode(), 9, mtime=0)
    (GOLDENS / "clip_merges.txt.gz").write_bytes(packed)


def golden(folder: Path, seed: int, count: int, ranges: list[list[int]]) -> dict:
    tokenizer = CLIPTokenizer.from_pretrained(folder)
    strings = Strings(seed, ranges)
    shown, hashes = [], []
    for _ in range(count // BLOCK):
        digest = hashlib.sha256()
        for _ in range(BLOCK):
            text = strings.next()
            ids = tokenizer(text, padding="max_length", truncation=True, max_length=tokenizer.model_max_length).input_ids
            digest.update((" ".join(map(str, ids)) + "\n").encode())
            if len(shown) < SHOWN:
                shown.append({"text": text, "ids": " ".join(map(str, ids))})
        hashes.append(digest.hexdigest())
    return {"seed": seed, "block": BLOCK, "shown": shown, "sha256": hashes}


if __name__ == "__main__":
    GOLDENS.mkdir(parents=True, exist_ok=True)
    ranges = assigned_ranges()
    content: dict = {"ranges": ranges, "pieces": PIECES}
    with tempfile.TemporaryDirectory() as temporary:
        clip_files(Path(temporary))
        content["clip"] = golden(Path(temporary), 1, 12_000, ranges)
    content["tiny-flow"] = golden(BUNDLES / "tiny-flow" / "tokenizer", 2, 2_000, ranges)
    content["tiny-sd"] = golden(BUNDLES / "tiny-sd" / "tokenizer", 3, 2_000, ranges)
    (GOLDENS / "tokenizer.json").write_text(json.dumps(content, separators=(",", ":")) + "\n", encoding="utf-8")
