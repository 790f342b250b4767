"""Latents of a pool, and what the layout loss is told about where subjects stand."""

import numpy as np
import pytest
import torch

from architecture import Vae
from scenes import COLOURS, KINDS, Split
from training.latents import LAYOUT_CHANNELS, LatentPool, layout_target
from training.pool import Pool


@pytest.fixture(scope="module")
def vae(tiny):
    torch.manual_seed(0)
    made = Vae(tiny.vae).eval()
    made.mean.fill_(0.5)
    made.deviation.fill_(2.0)
    return made


@pytest.mark.parametrize("size", [128, 256])
def test_latents_are_the_encoders_of_the_reduced_picture(pool_folder, vae, machine, size):
    pictures = Pool(pool_folder, 256, Split.TRAIN)
    latents = LatentPool(pictures, size, vae, machine)
    batch = latents.batch(np.array([3, 1, 3]))
    assert batch.shape == (3, 8, size // 8, size // 8) and batch.dtype == torch.float32
    assert torch.equal(batch[0], batch[2])
    picture = torch.from_numpy(pictures.batch(np.array([1]))).permute(0, 3, 1, 2) / 127.5 - 1
    reduced = torch.nn.functional.avg_pool2d(picture, 256 // size)
    with torch.no_grad():
        torch.testing.assert_close(batch[1:2], vae.encode(reduced), atol=0.05, rtol=0.05)


def test_a_picture_is_encoded_once(pool_folder, vae, machine, monkeypatch):
    latents = LatentPool(Pool(pool_folder, 256, Split.TRAIN), 128, vae, machine)
    latents.batch(np.array([0, 2]))
    monkeypatch.setattr(latents.pool, "batch", lambda indices: encoded.extend(indices) or Pool.batch(latents.pool, indices))
    encoded: list[int] = []
    latents.batch(np.array([0, 2]))
    assert encoded == []
    latents.batch(np.array([0, 5, 2, 5]))
    assert encoded == [5]


def test_size_must_divide_the_pools(pool_folder, vae, machine):
    with pytest.raises(ValueError, match="size must divide the pool's 256, got 100"):
        LatentPool(Pool(pool_folder, 256, Split.TRAIN), 100, vae, machine)


def test_coverage_is_a_share_of_each_cell(pool_folder, vae, machine):
    pictures = Pool(pool_folder, 256, Split.TRAIN)
    whole = LatentPool(pictures, 256, vae, machine).coverage(np.array([0, 1]))
    half = LatentPool(pictures, 128, vae, machine).coverage(np.array([0, 1]))
    assert whole.shape == (2, 2, 32, 32) and half.shape == (2, 2, 16, 16)
    assert 0 <= float(whole.min()) and float(whole.max()) <= 1
    torch.testing.assert_close(half.mean(dim=(2, 3)), whole.mean(dim=(2, 3)))


def test_layout_target_says_which_kind_and_colour_is_where():
    coverage = torch.zeros(2, 2, 16, 16)
    coverage[0, 0, :, :4] = 1.0  # a red boat in the leftmost quarter
    coverage[0, 1, 8:, 8:] = 0.5  # a red cat, half covering, in the lower right
    records = [{"subjects": [{"kind": "boat", "colour": "red"}, {"kind": "cat", "colour": "red"}]}, {"captions": ["x"]}]
    target = layout_target(coverage, records)
    assert target.shape == (2, LAYOUT_CHANNELS, 4, 4)
    boat, cat, red = KINDS.index("boat"), KINDS.index("cat"), len(KINDS) + COLOURS.index("red")
    assert torch.equal(target[0, boat], torch.tensor([[1.0, 0, 0, 0]] * 4))
    assert torch.equal(target[0, cat, 2:, 2:], torch.full((2, 2), 0.5)) and target[0, cat].sum() == 2
    assert torch.equal(target[0, red], torch.maximum(target[0, boat], target[0, cat]))
    others = [channel for channel in range(LAYOUT_CHANNELS) if channel not in (boat, cat, red)]
    assert target[0, others].sum() == 0
    assert target[1].sum() == 0
