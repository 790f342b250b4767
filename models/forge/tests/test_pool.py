"""Pools: the same everywhere, whole at any moment, a caption for every picture."""

import numpy as np
import pytest

from forge.scenes import Scene, Split, is_held_out
from forge.training import pool
from forge.training.pool import Pool, draw_shard, fill, record_caption, record_scene, scene_record, write_shard


def test_shard_follows_from_split_size_and_index_alone(tmp_path):
    for folder in ("a", "b"):
        draw_shard(tmp_path / folder, 256, Split.TRAIN, 3, count=2)
    for name in ("pixels.npy", "masks.npy", "records.json"):
        first, second = ((tmp_path / folder / "256-train-00003" / name).read_bytes() for folder in ("a", "b"))
        assert first == second
    draw_shard(tmp_path / "a", 256, Split.TRAIN, 4, count=2)
    shards = Pool(tmp_path / "a", 256, Split.TRAIN)
    assert not np.array_equal(shards.pixels(0), shards.pixels(2))


def test_shard_that_is_there_is_not_drawn_again(tmp_path, monkeypatch):
    draw_shard(tmp_path, 256, Split.TRAIN, 0, count=1)
    monkeypatch.setattr(pool, "draw", lambda *_: pytest.fail("drawn again"))
    draw_shard(tmp_path, 256, Split.TRAIN, 0, count=1)


def test_half_written_shard_is_never_seen(tmp_path, monkeypatch):
    draw_shard(tmp_path, 256, Split.TRAIN, 0, count=1)

    class Killed(Exception):
        pass

    def killed(*_):
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(pool.json, "dumps", killed)  # the last of the shard's files
        draw_shard(tmp_path, 256, Split.TRAIN, 1, count=1)
    assert len(Pool(tmp_path, 256, Split.TRAIN)) == 1
    draw_shard(tmp_path, 256, Split.TRAIN, 1, count=1)
    assert len(Pool(tmp_path, 256, Split.TRAIN)) == 2


def test_fill_draws_whole_shards_until_there_are_enough(tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "draw_shard", lambda folder, size, split, index: drawn.append(index))
    drawn: list[int] = []
    fill(tmp_path, 256, Split.TRAIN, pool.SHARD * 2 + 1, workers=0)
    assert drawn == [0, 1, 2]


def test_records_pictures_and_masks_belong_together(pool_folder):
    pictures = Pool(pool_folder, 256, Split.HELD_OUT)
    assert len(pictures) == len(pictures.records) == len(pictures.masks) == 2
    assert pictures.batch(np.array([1, 0])).shape == (2, 256, 256, 3)
    assert np.array_equal(pictures.batch(np.array([1]))[0], pictures.pixels(1))
    assert pictures.masks.shape == (2, 2, 32, 32) and pictures.masks.max() > 200
    assert pictures.data == "drawn"
    assert all(is_held_out(record_scene(record)) for record in pictures.records)


def test_index_finds_its_shard(tmp_path):
    for number, count in enumerate((2, 1, 3)):
        pixels = np.full((count, 8, 8, 3), 10 * number, np.uint8) + np.arange(count, dtype=np.uint8)[:, None, None, None]
        write_shard(tmp_path / f"8-train-0000{number}", pixels, np.zeros((count, 2, 1, 1), np.uint8),
                    [{"captions": ["x"]}] * count)
    pictures = Pool(tmp_path, 8, Split.TRAIN)
    assert [int(pictures.pixels(index)[0, 0, 0]) for index in range(6)] == [0, 1, 10, 20, 21, 22]


def test_missing_pictures_say_how_to_make_them(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no shard 512-train-.*run `draw` or `import` first"):
        Pool(tmp_path, 512, Split.TRAIN)


def test_every_record_has_a_caption(pool_folder):
    rng = np.random.default_rng(0)
    records = Pool(pool_folder, 256, Split.TRAIN).records
    assert all(isinstance(record_caption(record, rng), str) and record_caption(record, rng) for record in records)
    scene = record_scene(records[0])
    assert isinstance(scene, Scene) and scene_record(scene)["seed"] == records[0]["seed"]
    assert len({record_caption(records[0], rng) for _ in range(20)}) > 5


def test_own_record_gives_each_of_its_captions():
    rng = np.random.default_rng(0)
    assert {record_caption({"captions": ["one", "two"]}, rng) for _ in range(30)} == {"one", "two"}
