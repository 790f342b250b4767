"""Byte-pair encoding as CLIP has it (lower case, `</w>` ends a word, two special tokens at the end of the vocabulary)."""

import json
import re
from collections import Counter
from functools import lru_cache

START, END = "<|startoftext|>", "<|endoftext|>"
# CLIP's pattern in the terms of `re`: contractions, runs of letters, single digits, runs of anything else.
WORDS = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d|[^\W\d_]+|\d|(?:[^\s\w]|_)+")


@lru_cache
def byte_symbols() -> tuple[str, ...]:
    """A printable character for each byte 0..255, GPT-2's choice: printable Latin-1 stands for itself."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    symbols, extra = {}, 0
    for byte in range(256):
        if byte in printable:
            symbols[byte] = chr(byte)
        else:
            symbols[byte] = chr(256 + extra)
            extra += 1
    return tuple(symbols[byte] for byte in range(256))


def base_symbols() -> list[str]:
    """The 512 tokens before any merge, in CLIP's order: printable bytes first, then the same ending a word."""
    symbols = sorted(byte_symbols(), key=lambda symbol: (ord(symbol) >= 256, ord(symbol)))
    return symbols + [symbol + "</w>" for symbol in symbols]


def split_words(text: str) -> list[str]:
    return WORDS.findall(re.sub(r"\s+", " ", text).strip().lower())


def spell(word: str) -> tuple[str, ...]:
    """A word as byte symbols, the last one marked."""
    symbols = [byte_symbols()[byte] for byte in word.encode("utf-8")]
    return (*symbols[:-1], symbols[-1] + "</w>")


def join_pair(parts: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    joined, index = [], 0
    while index < len(parts):
        if parts[index : index + 2] == pair:
            joined.append(pair[0] + pair[1])
            index += 2
        else:
            joined.append(parts[index])
            index += 1
    return tuple(joined)


def learn(texts: list[str], size: int) -> "Tokenizer":
    """Learns merges from `texts` until the vocabulary holds `size` tokens, or every word is one token.

    Vocabularies that run out of merges are padded with unused tokens, so that `size` is what the text tower embeds.
    """
    base = base_symbols()
    wanted = size - len(base) - 2
    if wanted < 0:
        raise ValueError(f"vocabulary size must be at least {len(base) + 2}, got {size}")
    words = Counter(word for text in texts for word in split_words(text))
    spellings = {word: spell(word) for word in words}
    merges: list[tuple[str, str]] = []
    while len(merges) < wanted:
        pairs: Counter = Counter()
        for word, parts in spellings.items():
            for pair in zip(parts, parts[1:]):
                pairs[pair] += words[word]
        if not pairs:
            break
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append(best)
        spellings = {word: join_pair(parts, best) for word, parts in spellings.items()}
    tokens = base + [left + right for left, right in merges]
    tokens += [f"<|unused{index}|>" for index in range(size - 2 - len(tokens))]
    tokens += [START, END]
    return Tokenizer({token: index for index, token in enumerate(tokens)}, merges)


class Tokenizer:
    """Prompts to ids, as transformers' CLIPTokenizer with the same files; the end token also pads."""

    def __init__(self, vocabulary: dict[str, int], merges: list[tuple[str, str]]):
        self.vocabulary, self.merges = vocabulary, merges
        self.ranks = {pair: rank for rank, pair in enumerate(merges)}
        self.words: dict[str, list[int]] = {}

    def word_ids(self, word: str) -> list[int]:
        if word not in self.words:
            parts = spell(word)
            while len(parts) > 1:
                pair = min(zip(parts, parts[1:]), key=lambda pair: self.ranks.get(pair, len(self.ranks)))
                if pair not in self.ranks:
                    break
                parts = join_pair(parts, pair)
            self.words[word] = [self.vocabulary[part] for part in parts]
        return self.words[word]

    def encode(self, text: str, tokens: int) -> list[int]:
        """Exactly `tokens` ids: start, the text cut to fit, end, and end again as padding."""
        ids = [token for word in split_words(text) for token in self.word_ids(word)][: tokens - 2]
        end = self.vocabulary[END]
        return [self.vocabulary[START], *ids, end] + [end] * (tokens - 2 - len(ids))

    def files(self, tokens: int) -> dict[str, str]:
        """The four files of a `tokenizer/` folder, by name."""
        special = {"bos_token": START, "eos_token": END, "pad_token": END, "unk_token": END}
        config = special | {
            "tokenizer_class": "CLIPTokenizer", "model_max_length": tokens, "do_lower_case": True,
            "add_prefix_space": False, "errors": "replace"}
        merges = "#version: 0.2\n" + "".join(f"{left} {right}\n" for left, right in self.merges)
        return {
            "vocab.json": json.dumps(self.vocabulary, ensure_ascii=False), "merges.txt": merges,
            "tokenizer_config.json": json.dumps(config, indent=2) + "\n",
            "special_tokens_map.json": json.dumps(special, indent=2) + "\n"}

    @staticmethod
    def read(vocabulary: str, merges: str) -> "Tokenizer":
        """The inverse of `files`, from the texts of vocab.json and merges.txt."""
        pairs = [tuple(line.split(" ")) for line in merges.splitlines()[1:] if line]
        return Tokenizer(json.loads(vocabulary), pairs)
