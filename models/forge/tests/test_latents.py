"""Latents of a pool, and what the layout loss is told about where subjects stand."""

import shutil

import numpy as np
import pytest
import torch

from forge.architecture import Vae
from forge.scenes import COLOURS, KINDS, Split
from forge.training.latents import LAYOUT_CHANNELS, LatentPool, layout_target
from forge.training.pool import Pool


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


def test_latents_are_found_again_by_the_next_run_but_not_by_another_encoder(pool_folder, tiny, vae, machine, monkeypatch):
    pictures = Pool(pool_folder, 256, Split.TRAIN)
    first = LatentPool(pictures, 256, vae, machine).batch(np.array([4, 5]))
    batch, encoded = Pool.batch, []
    monkeypatch.setattr(Pool, "batch", lambda self, indices: encoded.extend(indices) or batch(self, indices))
    again = LatentPool(Pool(pool_folder, 256, Split.TRAIN), 256, vae, machine)
    assert torch.equal(again.batch(np.array([4, 5])), first) and encoded == []
    other = LatentPool(pictures, 256, Vae(tiny.vae).eval(), machine).batch(np.array([4]))
    assert encoded == [4] and not torch.equal(other, first[:1])


def test_latents_of_pictures_that_changed_are_thrown_away(pool_folder, vae, machine, tmp_path):
    folder = tmp_path / "pool"
    shutil.copytree(next(iter(sorted(pool_folder.glob("256-train-*")))), folder / "256-train-00000")
    older = LatentPool(Pool(folder, 256, Split.TRAIN), 256, vae, machine)
    older.batch(np.array([0]))
    shutil.copytree(folder / "256-train-00000", folder / "256-train-00001")
    newer = LatentPool(Pool(folder, 256, Split.TRAIN), 256, vae, machine)
    assert not newer.known.any() and len(newer.known) == 2 * len(older)
    assert len(list(folder.glob("latents-*"))) == 1


def test_channels_weigh_what_they_show(pool_folder, tiny, machine):
    vae = Vae(tiny.vae).eval()
    with torch.no_grad():  # the rest of a new decoder adds nothing yet
        vae.decoder.patches.weight.normal_(generator=torch.Generator().manual_seed(2))
        vae.decoder.patches.weight[:, 3] = 0
        vae.decoder.patches.weight[:, 5] *= 3
    weights = LatentPool(Pool(pool_folder, 256, Split.TRAIN), 256, vae, machine).channel_weights()
    assert weights.shape == (8,) and float(weights.mean()) == pytest.approx(1)
    assert int(weights.argmin()) == 3 and float(weights[3]) == pytest.approx(0, abs=1e-4)
    assert int(weights.argmax()) == 5


def test_size_must_divide_the_pools(pool_folder, vae, machine):
    with pytest.raises(ValueError, match="size must divide the pool's 256, got 100"):
        LatentPool(Pool(pool_folder, 256, Split.TRAIN), 100, vae, machine)


def test_coverage_is_a_share_of_each_cell(pool_folder, vae, machine):
    pictures = Pool(pool_folder, 256, Split.TRAIN)
    whole = LatentPool(pictures, 256, vae, machine).coverage(np.array([0, 1]))
    half = LatentPool(pictures, 128, vae, machine).coverage(np.array([0, 1]))
    assert whole.shape == (2, 2, 32, 32) and half.shape == (2, 2, 16, 16)
    assert float(whole.min()) >= 0 and float(whole.max()) <= 1
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
