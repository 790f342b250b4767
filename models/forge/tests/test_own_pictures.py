"""The same stages on imported pictures, of which nobody knows what stands where."""

import numpy as np
import pytest
import torch
from PIL import Image

from conftest import BUDGET_MINUTES, take_steps
from forge.scenes import Split, caption, draw, sample_scene
from forge.training import checkpoint
from forge.training.checker_stage import CheckerTraining
from forge.training.denoiser_stage import DenoiserTraining
from forge.training.sources import add
from forge.training.text_stage import TextTraining
from forge.training.vae_stage import VaeTraining

pytestmark = pytest.mark.usefixtures("batches_small")


@pytest.fixture(scope="session")
def own_pool(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    rng = np.random.default_rng(8)
    (folder / "in").mkdir()
    for index in range(6):
        scene = sample_scene(rng, Split.TRAIN)
        Image.fromarray(draw(scene, 128).pixels).save(folder / f"in/{index}.png")
        (folder / f"in/{index}.txt").write_text(f"Grüße von {index}\n{caption(scene, rng)}\n", encoding="utf-8")
    add(folder / "in", folder / "pool")
    return folder / "pool"


@pytest.fixture(scope="session")
def own_text_and_vae(tmp_path_factory, own_pool, tiny, machine):
    run = tmp_path_factory.mktemp("own-run")
    text = TextTraining(run, own_pool, tiny, BUDGET_MINUTES, machine, 1)
    losses = []
    text.losses.add = lambda *_, **parts: losses.append(parts)
    for _ in range(12):
        text.step = 300  # beyond the warm-up
        text._step(0.0)
    text.save()
    vae = VaeTraining(run, own_pool, tiny, BUDGET_MINUTES, machine, 2, False, 1.5e-3)
    vae._step(vae.vae.encoder, vae.vae.decoder)
    vae.finish()
    return run, losses, text


def test_text_stage_learns_by_contrast_alone(own_text_and_vae):
    _, losses, text = own_text_and_vae
    assert all(set(parts) == {"clip"} for parts in losses)
    assert losses[-1]["clip"] < 0.8 * losses[0]["clip"]
    assert text.teacher.attributes.sky.weight.grad is None


def test_vocabulary_is_learned_from_the_own_captions(own_text_and_vae):
    _, _, text = own_text_and_vae
    assert len(text.tokenizer.word_ids("von")) == 1 and len(text.tokenizer.word_ids("grüße")) == 1


def test_no_more_pictures_are_contrasted_than_there_are(own_text_and_vae):
    _, _, text = own_text_and_vae
    assert len(text.pool) == 5  # one of six is held out, and a batch has eight
    assert text._captions_and_pictures()[2] == 5


def test_autoencoder_does_with_few_pictures(own_text_and_vae):
    run, _, _ = own_text_and_vae
    state = checkpoint.read_state(run / "vae")
    assert state["data"] == "own" and state["history"][0]["psnr_512"] > 15


def test_denoiser_has_no_layout_loss_and_no_foreground_weight(own_text_and_vae, own_pool, tiny, machine):
    run, _, _ = own_text_and_vae
    training = DenoiserTraining(run, own_pool, tiny, BUDGET_MINUTES, machine)
    losses = []
    training.losses.add = lambda *_, **parts: losses.append(parts)
    heads = [head.weight.detach().clone() for head in training.model.layout]
    training.optimizer.param_groups[0]["weight_decay"] = 0.0
    take_steps(training, 2)
    assert not training.pictures[128].latents.coverage(np.arange(5)).any()
    assert all(torch.equal(head.weight, before) for head, before in zip(training.model.layout, heads))
    assert np.isfinite(losses[-1]["flow"])
    training.save()
    again = DenoiserTraining(run, own_pool, tiny, BUDGET_MINUTES, machine)
    assert again.step == 2
    take_steps(again, 1)


def test_more_workers_than_pictures_share_them(own_text_and_vae, own_pool, tiny, machine):
    class Last:
        rank, count = 7, 8

        def due(self):
            return True

        def join(self, weights, steps, samples, progress):
            return samples, progress

    run, _, _ = own_text_and_vae
    training = DenoiserTraining(run, own_pool, tiny, BUDGET_MINUTES, machine, Last(), seed=3)
    before = dict(training.samples)
    take_steps(training, 1)
    assert training.samples[128] - before.get(128, 0) == 4  # a batch of its own, of the five pictures there are


def test_checker_says_that_it_needs_drawn_scenes(own_text_and_vae, own_pool, machine):
    run, _, _ = own_text_and_vae
    with pytest.raises(ValueError, match="stage `checker` learns the attributes of drawn scenes, and .*pool holds imp"):
        CheckerTraining(run, own_pool, BUDGET_MINUTES, machine, 5)
