"""What prompts with weights, `a (red:1.3) house`, come to: ids and weights of their tokens, and the weighted vectors.

Weights are worked out the other way round than in the runtime: first every bracket's reach, then for every character the
product of the factors of the brackets around it.
"""

import json
import re

import torch
from transformers import CLIPTokenizer

from paths import BUNDLES, GOLDENS

BUNDLE = "tiny-sd"
WIDTH = 2  # of the vectors below
OFFSET = 0.3  # their mean, so that restoring it shows

PROMPTS = [
    "a red house by the sea at sunset",
    "a (red) house",
    "a [red] house",
    "a (red:1.3) house",
    "((a)) (((red))) ((house:1.2) by (the:0.5) sea:1.5)",
    "[a (red:2) [house]] at (sunset)",
    "a (red house",
    "a (red [house at (sunset:0)",
    "a red) house] at:1.3) sunset",
    r"a \(red\) \[house\] \\ at \sunset",
    r"(a \(red:1.3\) house:1.2)",
    "(a: red: 1.3 )house",
    "(a red:.5)(house:+2.)(sea:-1)",
    "(red:1.1)(house)",
    "([red)house]",
    "() [] (:1.2) a ( ) house",
    "(red:1.2.3) (a: b) (at:) :: house",
    "(two blue fish in the sea at night:1.2)" * 9,
    "",
]


def brackets(prompt: str):
    """The characters that are text, each with its place, and the reach (from, to, factor) of every bracket."""
    text, reaches, still_open = [], [], {"(": [], "[": []}
    factors, closes = {"(": 1.1, "[": 1 / 1.1}, {")": "(", "]": "["}
    at = 0
    while at < len(prompt):
        here = prompt[at]
        number = re.match(r":\s*([+-]?(\d+(\.\d*)?|\.\d+))\s*\)", prompt[at:])
        if here == "\\":
            at += 1
            if prompt[at : at + 1] and prompt[at] in "()[]\\":
                text.append((at, prompt[at]))
                at += 1
            continue
        if here in still_open:
            still_open[here].append(at)
        elif number and still_open["("]:
            reaches.append((still_open["("].pop(), at, float(number[1])))
            at += len(number[0])
            continue
        elif here in closes and still_open[closes[here]]:
            reaches.append((still_open[closes[here]].pop(), at, factors[closes[here]]))
        else:
            text.append((at, here))
        at += 1
    reaches += [(begin, len(prompt), factors[kind]) for kind, begins in still_open.items() for begin in begins]
    return text, reaches


def pieces(prompt: str) -> list[tuple[str, float]]:
    text, reaches = brackets(prompt)
    result: list[tuple[str, float]] = []
    for at, character in text:
        weight = 1.0
        for begin, end, factor in reaches:
            weight *= factor if begin < at < end else 1.0
        if result and abs(result[-1][1] - weight) < 1e-9:
            result[-1] = (result[-1][0] + character, weight)
        else:
            result.append((character, weight))
    return result


def tokens(tokenizer, prompt: str) -> tuple[list[int], list[float]]:
    """Ids and weights, padded and truncated to the tokenizer's length."""
    ids, weights = [], []
    for text, weight in pieces(prompt):
        found = tokenizer(text, add_special_tokens=False).input_ids
        ids += found
        weights += [weight] * len(found)
    room = tokenizer.model_max_length - 2
    padding = room - len(ids[:room])
    ids = [tokenizer.bos_token_id] + ids[:room] + [tokenizer.eos_token_id] + [tokenizer.pad_token_id] * padding
    return ids, [1.0] + weights[:room] + [1.0] * (1 + padding)


def weighted(states: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """(1, L, D) vectors times (L) weights, with the mean that they had, where they had one."""
    if (weights == 1).all():
        return states
    result = states * weights.reshape(1, -1, 1)
    least = 0.01 * states.abs().mean()
    if states.mean().abs() < least or result.mean().abs() < least:
        return result
    return result * (states.mean() / result.mean())


def case(tokenizer, index: int, prompt: str) -> dict:
    ids, weights = tokens(tokenizer, prompt)
    generator = torch.Generator("cpu").manual_seed(index)
    states = torch.randn((1, len(ids), WIDTH), generator=generator) + OFFSET
    return {
        "prompt": prompt,
        "ids": ids,
        "weights": [round(weight, 7) for weight in weights],
        "states": [round(value, 6) for value in weighted(states, torch.tensor(weights)).flatten().tolist()],
    }


if __name__ == "__main__":
    tokenizer = CLIPTokenizer.from_pretrained(BUNDLES / BUNDLE / "tokenizer")
    lines = [json.dumps(case(tokenizer, index, prompt)) for index, prompt in enumerate(PROMPTS)]
    (GOLDENS / "weights.json").write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
    print(f"{len(lines)} prompts")
