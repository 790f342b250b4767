"""A bundle with a visual memory and an encoder, of random weights, for the runtime's tests: `tiny-memory`, and two of its pictures.

Two of its prompts name things; their pictures are what the forge draws of them, in PyTorch. A third names a thing that the
bundle does not know; its picture is what the forge draws with a row of it in the memory, as `concepts add` makes one.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from paths import BUNDLES, GOLDENS

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from forge.architecture import TextTower, UNet, Vae, preset  # noqa: E402
from forge.architecture.memory import pack  # noqa: E402
from forge.architecture.recall import LONGEST, NOTHING, TURNED, Recall  # noqa: E402
from forge.evaluate import to_bytes  # noqa: E402
from forge.export import export_bundle, flow_match_scheduler  # noqa: E402
from forge.export.recall import LEVELS, quantized  # noqa: E402
from forge.sampling import draw_latents, initial_noise  # noqa: E402
from forge.tokens import learn  # noqa: E402
from forge.tokens.bpe import split_words  # noqa: E402
from forge.training.memory_table import encoded  # noqa: E402

NAME, SEED, STEPS, SHIFT, CELLS = "tiny-memory", 7, 2, 2.5, 16
PROMPTS = {"memory-one": "a cat in the desert", "memory-two": "a cat on top of a car"}
TAUGHT, TAUGHT_PROMPT = "zorb", "a zorb on top of a car"


def zorb() -> Image.Image:
    """A thing of one's own in its square, standing on the floor, with the margin that the forge leaves."""
    side, margin = 8 * CELLS, 8 * CELLS // 64
    image = Image.new("RGBA", (side, side))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle([24, margin, 103, side - margin - 1], 36, fill=(140, 70, 210, 255))
    draw.ellipse([40, 24, 87, 71], fill=(255, 255, 255, 255))
    draw.ellipse([56, 40, 75, 59], fill=(20, 20, 40, 255))
    draw.rectangle([40, 88, 87, 99], fill=(255, 210, 40, 160))
    return image


def networks(entry):
    """The three networks, in which the memory weighs much."""
    torch.manual_seed(5)
    text, unet, vae = TextTower(entry.text).eval(), UNet(entry.unet).eval(), Vae(entry.vae).eval()
    torch.nn.init.normal_(unet.conv_out.weight, std=0.15)
    for layer in unet.memory_layers.values():
        torch.nn.init.normal_(layer.out.weight, std=0.5)
    torch.nn.init.normal_(unet.copy.out.weight, std=0.5)
    for name, parameter in vae.encoder.named_parameters():
        if name.startswith(("patches", "net.8")):
            parameter.data *= 12  # so that latents are as large as a trained encoder's
    torch.nn.init.normal_(vae.decoder.patches.weight, std=0.25)
    for network in (text, unet, vae):
        for parameter in network.parameters():
            parameter.data = parameter.data.half().float()  # as the bundle stores them
    return text, unet, vae


def recall_of(entry, tokenizer) -> Recall:
    def ids(phrase):
        return tuple(token for word in split_words(phrase) for token in tokenizer.word_ids(word))[:5]
    spelt = dict.fromkeys(("xy", "vxy", "wvxy", "zwvxy"), NOTHING)  # a phrase of every length, as a large bundle has
    meanings = {"cat": 0, "car": 1, "on top of": TURNED, "in the desert": NOTHING, **spelt}
    ends = torch.zeros(entry.text.vocabulary, dtype=torch.bool)
    for token, number in tokenizer.vocabulary.items():
        ends[number] = token.endswith("</w>")
    config = entry.unet.memory
    # A mean of its own for each thing, since random attention sees little but the mean
    random = torch.Generator().manual_seed(6)
    table = torch.randn(2, config.side**2, config.numbers, generator=random) + 3 * torch.randn(2, 1, config.numbers, generator=random)
    table, scale = quantized(table.numpy())
    table = torch.from_numpy(table.astype(np.float32) * scale)  # as the bundle stores it
    return Recall({ids(phrase): meaning for phrase, meaning in meanings.items()}, table, ends, config)


def main() -> None:
    tiny = preset("tiny-pocket")
    entry = replace(tiny, name=NAME, pixels=8 * CELLS, text=replace(tiny.text, vocabulary=600),
                    unet=replace(tiny.unet, sample_size=CELLS, memory=replace(tiny.unet.memory, side=CELLS // 2)))
    tokenizer = learn([*PROMPTS.values()] * 3, entry.text.vocabulary)
    text, unet, vae = networks(entry)
    recall = recall_of(entry, tokenizer)
    card = {"name": NAME, "default_steps": STEPS, "default_guidance_scale": 1.0, "guidance_baked_in": True, "licence": "Apache-2.0",
            "words": ["cat", "car", "desert"], "groups": {"animals": ["cat"], "places": ["car"]},
            "made_by": {"script": "models/forge/goldens/memory_bundle.py"}}
    export_bundle(BUNDLES / NAME, entry, text, unet, vae, tokenizer.files(entry.text.tokens), flow_match_scheduler(SHIFT), card,
                  recall=recall, encoder=True)
    own = zorb()
    own.save(GOLDENS / "pictures" / f"{TAUGHT}.png", optimize=True)
    row = encoded(np.array(own)[None], vae, entry.unet.memory)
    _, scale = quantized(recall.table.numpy())
    row = torch.from_numpy((np.clip(np.round(row.numpy() / scale), -LEVELS, LEVELS) * scale).astype(np.float32))
    ids = tuple(token for word in split_words(TAUGHT) for token in tokenizer.word_ids(word))[:LONGEST]
    taught = replace(recall, table=torch.cat([recall.table, row]), phrases={**recall.phrases, ids: len(recall.table)})
    for name, prompt, known in [*((*each, recall) for each in PROMPTS.items()), ("memory-taught", TAUGHT_PROMPT, taught)]:
        ids = torch.tensor([tokenizer.encode(prompt, entry.text.tokens)])
        with torch.no_grad():
            states = torch.cat([text(ids), pack(known.memory(ids), entry.text.width)], 1)
            latents = draw_latents(unet, states, states, initial_noise([SEED], 8, CELLS), steps=STEPS, guidance=1.0, shift=SHIFT)
            picture = to_bytes(vae.decode(latents))[0]
        Image.fromarray(picture).save(GOLDENS / "pictures" / f"{name}.png", optimize=True)
    size = sum(path.stat().st_size for path in (BUNDLES / NAME).rglob("*") if path.is_file())
    print(f"{NAME}: {size / 1e3:.0f} KB, pictures of mean {picture.mean():.0f} and deviation {picture.std():.0f}")


if __name__ == "__main__":
    main()
