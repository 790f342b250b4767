"""Visual memory: recall of things by phrases, the UNet that looks at them, and both as ONNX graphs."""

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from forge.architecture import MemoryConfig, Pointers, TextTower, UNet, preset
from forge.architecture.copying import MemoryCopy
from forge.architecture.memory import MemoryAttention, pack, unpack
from forge.architecture.recall import NOTHING, TURNED, Recall
from forge.concepts.targets import true_places
from forge.export.recall import quantized
from forge.export.text import text_graph
from forge.export.unet import unet_graph
from forge.scenes import words
from forge.tokens import learn
from forge.tokens.bpe import split_words
from forge.training.concept_losses import pointer_loss

NAMES = ("cat", "ice cream", "ice cream cone", "desert island", "car")
TOKENS = 48


@pytest.fixture(scope="module")
def tokenizer():
    return learn(["a cat in the desert on top of a red car with ice cream cones on an island under a moon"] * 3, 1024)


@pytest.fixture(scope="module")
def recall(tokenizer):
    def ids(text):
        return tuple(token for word in split_words(text) for token in tokenizer.word_ids(word))[:5]
    phrases = {ids(name): number for number, name in enumerate(NAMES)}
    phrases |= {ids("on top of"): TURNED, ids("in the desert"): NOTHING, ids("a desert"): NOTHING}
    ends = torch.zeros(1024, dtype=torch.bool)
    for token, number in tokenizer.vocabulary.items():
        ends[number] = token.endswith("</w>")
    config = MemoryConfig(width=16)
    table = torch.randn(len(NAMES), config.side**2, config.numbers, generator=torch.Generator().manual_seed(3))
    return Recall(phrases, table, ends, config)


PROMPTS = {
    "a cat": [0], "a red car and a cat": [4, 0], "a cat on top of a car": [4, 0], "on top of a car": [4], "": [],
    "ice cream": [1], "an ice cream cone": [2], "a desert island": [3], "a cat in the desert": [0],
    "a cat, a cat and a car": [0, 4], "cat car ice cream": [0, 4], "a scat in the xcar": [], "moon " * 60: []}


@pytest.mark.parametrize("prompt", PROMPTS)
def test_things_are_recalled_by_their_phrases(recall, tokenizer, prompt):
    assert recall.things(tokenizer.encode(prompt, TOKENS)) == PROMPTS[prompt]


def test_graph_recalls_what_the_program_does(recall, tokenizer, tmp_path):
    config = preset("tiny").text
    tower = TextTower(config).eval()
    text_graph(tower, False, recall).save(tmp_path / "text.onnx", 1 << 30)
    session = onnxruntime.InferenceSession(tmp_path / "text.onnx")
    rng = np.random.default_rng(5)
    vocabulary = [*words.TIME_TAGS["dawn"], "a", "cat", "car", "on", "top", "of", "ice", "cream", "cone", "desert", "island", "in", "the"]
    prompts = [*PROMPTS, *(" ".join(rng.choice(vocabulary, 12)) for _ in range(60))]
    ids = torch.tensor([tokenizer.encode(prompt, TOKENS) for prompt in prompts])
    got = session.run(None, {"input_ids": ids.numpy()})[0]
    with torch.no_grad():
        wanted = tower(ids)
    assert got.shape == (len(prompts), TOKENS + recall.config.rows(config.width), config.width)
    assert np.allclose(got[:, :TOKENS], wanted.numpy(), atol=1e-4)
    memory = unpack(torch.from_numpy(got[:, TOKENS:]), recall.config)
    step = quantized(recall.table.numpy())[1].max()
    assert (memory - recall.memory(ids)).abs().max() <= 0.51 * step


def test_wrong_tables_and_phrases_are_named(recall):
    with pytest.raises(ValueError, match=r"table must have shape \(things, 256, 36\), got \(2, 3, 4\)"):
        Recall({}, torch.zeros(2, 3, 4), recall.word_ends, recall.config)
    with pytest.raises(ValueError, match=r"phrases must mean rows in \[0, 5\)"):
        Recall({(1,): 5}, recall.table, recall.word_ends, recall.config)


@pytest.mark.parametrize("width", [32, 256, 500])
def test_packing_goes_both_ways(width):
    config = MemoryConfig()
    memory = torch.randn(2, config.parts, config.numbers)
    rows = pack(memory, width)
    assert rows.shape == (2, config.rows(width), width) and torch.equal(unpack(rows, config), memory)


def test_unet_of_a_new_memory_draws_as_without_it():
    """The last layer starts at zero, so a trained plain network goes on from where it is."""
    torch.manual_seed(1)
    entry = preset("tiny-pocket")
    unet = UNet(entry.unet).eval()
    nn.init.normal_(unet.conv_out.weight, std=0.1)
    states = torch.randn(2, TOKENS + entry.unet.memory_rows, entry.text.width)
    other = states.clone()
    other[:, TOKENS:] += 1
    with torch.no_grad():
        made = [unet(torch.ones(2, 8, 16, 16), torch.tensor([500.0]), each) for each in (states, other)]
    assert torch.equal(*made)


def trained(entry) -> UNet:
    """A UNet whose memory layers and copy of memory matter."""
    torch.manual_seed(2)
    unet = UNet(entry.unet).eval()
    for parameter in (unet.conv_out.weight, unet.copy.out.weight, *(layer.out.weight for layer in unet.memory_layers.values())):
        nn.init.normal_(parameter, std=0.1)
    return unet


def test_graph_of_the_unet_sees_the_memory(tmp_path):
    entry = preset("tiny-pocket")
    unet = trained(entry)
    unet_graph(unet, 32, TOKENS, False).save(tmp_path / "unet.onnx", 1 << 30)
    session = onnxruntime.InferenceSession(tmp_path / "unet.onnx")
    random = torch.Generator().manual_seed(3)
    sample = torch.randn(2, 8, 32, 32, generator=random)
    memory = pack(torch.randn(2, entry.unet.memory.parts, 36, generator=random), entry.text.width)
    states = torch.cat([torch.randn(2, TOKENS, entry.text.width, generator=random), memory], 1)
    with torch.no_grad():
        wanted, without = (unet(sample, torch.tensor([500.0]), each) for each in (states, states * (torch.arange(
            states.shape[1]) < TOKENS)[:, None]))
    got = session.run(None, {"sample": sample.numpy(), "timestep": np.array([500.0], np.float32),
                             "encoder_hidden_states": states.numpy()})[0]
    assert np.allclose(got, wanted.numpy(), atol=2e-3)
    assert (wanted - without).abs().max() > 0.01


def test_attention_map_can_be_taught_where_a_part_is():
    """What the supervised memory rests on: the map towards the true part falls below a tenth of the loss of guessing."""
    torch.manual_seed(4)
    config = MemoryConfig(side=4, width=32)
    layer = MemoryAttention(16, config, 4)
    truth = torch.arange(64).reshape(8, 8) // 2 % 4 + torch.arange(8)[:, None] // 2 * 4  # part by cell of an 8x8 picture
    optimizer = torch.optim.Adam(layer.parameters(), 1e-2)
    for _ in range(150):
        logits: list[torch.Tensor] = []
        layer(torch.randn(2, 16, 8, 8), torch.zeros(2, config.parts, config.numbers), logits)
        loss = nn.functional.cross_entropy(logits[0].flatten(0, 1), truth.flatten().repeat(2))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.1 * np.log(config.parts + 1)


def test_copy_shows_the_latents_that_it_points_to():
    """Half way between two rows it shows their mean, and the correction that nothing has taught yet is none."""
    config = MemoryConfig(side=4, fine_width=8)
    copy = MemoryCopy(16, config, 2, 8)
    pictures = torch.randn(1, 2, 9, 8, 8)
    memory = nn.functional.pixel_unshuffle(pictures.flatten(0, 1), 2).flatten(2).transpose(1, 2).reshape(1, config.parts, 36)
    rows, columns = (torch.full((1, 2, 4, 4, 8), -1e4) for _ in range(2))
    rows[..., 2:4], columns[..., 5] = 0, 0
    seen = copy._seen(Pointers(torch.zeros(1, 4, 4, 3), rows, columns), copy.fine_pictures(memory))
    assert torch.allclose(seen[:, :, :, 1, 3], pictures[:, :, :, 2:4, 5].mean(3), atol=1e-5)
    latents = torch.randn(1, 8, 4, 4)
    assert torch.equal(copy(torch.randn(1, 16, 2, 2), memory, latents), latents)


def test_pointers_can_be_taught_where_a_latent_is():
    """Two slots of a square that stands in a quarter of the picture, by its row and column and which thing it is."""
    torch.manual_seed(5)
    config = MemoryConfig(side=4, fine_width=16)
    copy = MemoryCopy(8, config, 2, 8)
    slots = torch.tensor([[[3, 0, 0.25, 0.5, 0.45, -1, -1], [1, 0, 0.75, 1.0, 0.45, -1, -1], [-1] * 7]], dtype=torch.float32)
    coverage = torch.zeros(1, 3, 16, 16)
    coverage[0, 0, :8, :8], coverage[0, 1, 8:, 8:] = 1, 1
    which, places = true_places(slots, coverage, 16, config)
    assert which[0, 3, 3] == 0 and which[0, 12, 12] == 1 and which[0, 3, 12] == config.things
    assert 0 < places[0, 0, 2, 4] < places[0, 0, 6, 4] and torch.equal(places[0, :, :8, :8], places[0, :, 8:, 8:])
    optimizer = torch.optim.Adam(copy.parameters(), 1e-2)
    losses = []
    for _ in range(150):
        found: list[Pointers] = []
        copy(torch.ones(1, 8, 8, 8), torch.zeros(1, config.parts, 36), torch.zeros(1, 8, 16, 16), found)
        losses.append(pointer_loss(found[0], which, places, torch.tensor([True])))
        optimizer.zero_grad()
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < 0.4 * losses[0] and pointer_loss(found[0], which, places, torch.tensor([False])) == 0
