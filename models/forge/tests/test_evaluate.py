"""The measures, on pictures and features whose score is known."""

import numpy as np
import pytest
import torch

from forge.evaluate import Clip, Prompts, diversity, drawn_pictures, frechet, obedience, read
from forge.scenes import is_held_out
from forge.training.attributes import HEADS, labels
from forge.training.picture_tower import PictureTower
from forge.training.pool import record_scene


def features(count: int, seed: int) -> torch.Tensor:
    return torch.randn(count, 6, generator=torch.Generator().manual_seed(seed)) @ torch.diag(torch.arange(1.0, 7))


def test_frechet_distance_of_equal_sets_is_zero():
    assert frechet(features(300, 1), features(300, 1)) == pytest.approx(0, abs=1e-4)


def test_frechet_distance_of_shifted_sets_is_the_square_of_the_shift():
    shift = torch.tensor([3.0, 0, 0, 4.0, 0, 0])
    assert frechet(features(300, 1), features(300, 1) + shift) == pytest.approx(25, abs=1e-3)


def test_frechet_distance_of_scaled_sets_is_the_squared_difference_of_deviations():
    left = features(2000, 1)
    left = left - left.mean(dim=0)
    spread = torch.cov(left.T).trace()
    assert frechet(left, 3 * left) == pytest.approx(float(4 * spread), rel=1e-4)


def test_frechet_distance_needs_two_pictures_a_side():
    with pytest.raises(ValueError, match="at least 2 pictures on each side, got 5 and 1"):
        frechet(features(5, 1), features(1, 2))


def test_diversity_of_identical_pictures_is_zero():
    assert diversity(features(3, 1).repeat_interleave(4, dim=0), 4) == pytest.approx(0, abs=1e-3)


def test_diversity_is_the_mean_distance_within_a_prompt():
    # Two prompts of two seeds, 5 and 1 apart; the distance between prompts does not count.
    spread = torch.tensor([[0.0, 0], [3, 4], [100, 100], [100, 101]])
    assert diversity(spread, 2) == pytest.approx(3)


class KnowingTower(torch.nn.Module):
    """A fake checker that recognizes the pictures it was shown and knows their records, but for the given mistakes."""

    def __init__(self, pixels: np.ndarray, records: list[dict], mistakes: tuple[str, ...] = ()):
        super().__init__()
        self.keys = [self.key(torch.from_numpy(picture).permute(2, 0, 1).float() / 127.5 - 1) for picture in pixels]
        self.truth = labels(records)
        for name in mistakes:  # the first picture's
            self.truth[name][0] = (self.truth[name][0] + 1) % len(HEADS[name])

    def key(self, picture: torch.Tensor) -> float:
        return round(float(picture.double().sum()), 1)

    def features(self, pictures: torch.Tensor) -> torch.Tensor:
        return torch.tensor([[float(self.keys.index(self.key(picture)))] for picture in pictures])

    def attributes(self, features: torch.Tensor) -> dict[str, torch.Tensor]:
        rows = features[:, 0].long()
        return {name: torch.nn.functional.one_hot(self.truth[name][rows], len(choices) + 1).float()
                for name, choices in HEADS.items()}


def test_drawn_pictures_obey_their_prompts_in_a_checkers_eyes_that_knows_them(machine):
    pixels, records, texts = drawn_pictures(3, 4, 128)
    assert pixels.shape == (4, 128, 128, 3) and len(records) == len(texts) == 4
    scores = obedience(KnowingTower(pixels, records), pixels, records, machine)
    assert scores == dict.fromkeys(("place", "time", "kind", "colour", "size", "side", "all"), 1.0)


def test_a_wrong_attribute_counts_for_itself_and_for_all(machine):
    pixels, records, _ = drawn_pictures(3, 4, 128)
    scores = obedience(KnowingTower(pixels, records, ("kind", "colour")), pixels, records, machine)
    assert (scores["kind"], scores["colour"], scores["all"], scores["place"]) == (0.75, 0.75, 0.75, 1.0)


def test_prompts_are_of_single_held_out_subjects_and_say_all(machine):
    prompts = Prompts.sample(20, seed=1)
    assert prompts == Prompts.sample(20, seed=1) != Prompts.sample(20, seed=2)
    scenes = [record_scene(record) for record in prompts.records]
    assert all(is_held_out(scene) and len(scene.subjects) == 1 for scene in scenes)
    assert all(scene.subjects[0].count == 1 for scene in scenes)
    assert len(prompts.texts) == 20


def test_towers_read_every_size_alike(machine):
    torch.manual_seed(2)
    tower = PictureTower().eval()
    small = np.random.default_rng(0).integers(0, 255, (3, 128, 128, 3), np.uint8)
    logits, seen = read(tower, small.repeat(4, axis=1).repeat(4, axis=2), machine)
    _, expected = read(tower, small, machine)
    assert logits["kind"].shape == (3, len(HEADS["kind"]) + 1) and seen.shape == (3, 256)
    torch.testing.assert_close(seen, expected, atol=1e-4, rtol=1e-4)


def test_clip_score_is_the_cosine_of_caption_and_picture(trained, tiny, machine):
    clip = Clip(trained, tiny, machine)
    pixels, _, texts = drawn_pictures(3, 3, 128)
    score = clip.score(texts, pixels)
    assert score == pytest.approx(np.mean([clip.score([text], pixels[index : index + 1]) for index, text in
                                           enumerate(texts)]), abs=1e-5)
    assert -1 <= score <= 1
    with torch.no_grad():  # a picture half that agrees with every caption
        direction = clip.text.joint(clip.text.pooled(torch.tensor([clip.tokenizer.encode(texts[0], 48)])))
        clip.pictures.joint.weight.copy_(direction.T @ torch.ones(1, 256) / 256)
        clip.pictures.net[-1].weight.zero_()
        clip.pictures.net[-1].bias.fill_(1.0)
    assert clip.score(texts[:1], pixels[:1]) == pytest.approx(1, abs=1e-5)
