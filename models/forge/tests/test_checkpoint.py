"""Checkpoints survive being written, cut, mixed up and killed."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from torch import nn

from forge.training import checkpoint

TENSORS = {
    "a": torch.arange(6, dtype=torch.float32).reshape(2, 3), "b": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
    "c": torch.tensor(7), "d": torch.tensor([1, 255], dtype=torch.uint8)}


def test_round_trip_keeps_tensors_and_state(tmp_path):
    checkpoint.save(tmp_path / "x", TENSORS, {"step": 3})
    tensors, state = checkpoint.load(tmp_path / "x")
    assert state["step"] == 3
    assert set(tensors) == set(TENSORS)
    for name, tensor in TENSORS.items():
        assert tensors[name].dtype == tensor.dtype and torch.equal(tensors[name], tensor)
    assert checkpoint.shapes(tmp_path / "x") == {name: tuple(tensor.shape) for name, tensor in TENSORS.items()}


def test_file_is_as_safetensors_describes_it(tmp_path):
    checkpoint.write_safetensors(tmp_path / "x", {"a": TENSORS["a"]})
    data = (tmp_path / "x").read_bytes()
    length = int.from_bytes(data[:8], "little")
    assert length % 8 == 0 and len(data) == 8 + length + 24
    assert json.loads(data[8 : 8 + length]) == {"a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}
    assert data[8 + length :] == TENSORS["a"].numpy().tobytes()


def test_half_stores_floats_in_two_bytes_and_reads_them_as_fp32(tmp_path):
    checkpoint.save(tmp_path / "x", {"a": torch.tensor([0.1]), "c": torch.tensor(7)}, {}, half=True)
    tensors, _ = checkpoint.load(tmp_path / "x")
    assert tensors["a"].dtype == torch.float32 and torch.equal(tensors["a"], torch.tensor([0.1]).half().float())
    assert tensors["c"].dtype == torch.int64


def test_shards_are_at_most_15_mb_with_their_headers(tmp_path):
    tensors = {f"block.{index}.weight": torch.full((1_000_000,), float(index)) for index in range(9)}
    checkpoint.save(tmp_path / "x", tensors, {})
    shards = sorted((tmp_path / "x").glob("*.safetensors"))
    assert len(shards) == 3
    assert all(shard.stat().st_size <= 15_000_000 for shard in shards)
    loaded, _ = checkpoint.load(tmp_path / "x")
    assert all(torch.equal(loaded[name], tensors[name]) for name in tensors)


def test_many_small_tensors_leave_room_for_the_header(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "SHARD_BYTES", 50_000)
    checkpoint.save(tmp_path / "x", {f"a.rather.long.name.of.a.weight.{index}": torch.ones(8) for index in range(500)}, {})
    shards = list((tmp_path / "x").glob("*.safetensors"))
    assert len(shards) > 1 and max(shard.stat().st_size for shard in shards) <= 50_000


@pytest.mark.parametrize("kept", [0, 5, 60, -1])
def test_truncated_file_is_named(tmp_path, kept):
    checkpoint.save(tmp_path / "x", TENSORS, {})
    shard = tmp_path / "x/0000.safetensors"
    shard.write_bytes(shard.read_bytes()[:kept])
    for read in (checkpoint.load, checkpoint.shapes):
        with pytest.raises(ValueError, match=f"{shard} is cut short"):
            read(tmp_path / "x")


@pytest.mark.parametrize("header", [
    b"nonsense", b"[]", b'{"a": 3}', b'{"a": {"dtype": "F99", "shape": [1], "data_offsets": [0, 4]}}',
    b'{"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 4]}}'])
def test_file_with_a_strange_header_is_named(tmp_path, header):
    checkpoint.save(tmp_path / "x", {"a": torch.ones(1)}, {})
    shard = tmp_path / "x/0000.safetensors"
    shard.write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    with pytest.raises(ValueError, match=f"{shard} is cut short or no safetensors file"):
        checkpoint.load(tmp_path / "x")


def test_missing_parts_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=f"no checkpoint at {tmp_path / 'x'}: run the stage"):
        checkpoint.load(tmp_path / "x")
    checkpoint.save(tmp_path / "x", TENSORS, {})
    (tmp_path / "x/0000.safetensors").unlink()
    with pytest.raises(ValueError, match="0000.safetensors is missing"):
        checkpoint.load(tmp_path / "x")
    (tmp_path / "x/state.json").write_text('{"step": ')
    with pytest.raises(ValueError, match="state.json is damaged"):
        checkpoint.load(tmp_path / "x")


@pytest.mark.parametrize("tensors, complaint", [
    ({"weight": torch.ones(2, 3)}, "has no bias"),
    ({"weight": torch.ones(5, 3), "bias": torch.ones(2)}, r"weight has shape \(5, 3\), wanted \(2, 3\)"),
    ({"weight": torch.ones(2, 3), "bias": torch.ones(2), "scale": torch.ones(1)}, "nothing here is called scale")])
def test_wrong_architecture_is_named(tensors, complaint):
    module = nn.Linear(3, 2)
    before = module.weight.detach().clone()
    with pytest.raises(ValueError, match=f"run/vae is of another architecture: .*{complaint}"):
        checkpoint.load_into(module, tensors, Path("run/vae"))
    assert torch.equal(module.weight, before)


class Killed(Exception):
    pass


def test_kill_while_writing_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    checkpoint.save(tmp_path / "x", {"a": torch.zeros(1)}, {"step": 1})

    def killed(*_):
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(checkpoint, "write_safetensors", killed)
        checkpoint.save(tmp_path / "x", {"a": torch.ones(1)}, {"step": 2})
    assert checkpoint.load(tmp_path / "x")[1]["step"] == 1


@pytest.mark.parametrize("renames", [0, 1])
def test_kill_between_write_and_rename_leaves_the_old_checkpoint(tmp_path, monkeypatch, renames):
    checkpoint.save(tmp_path / "x", {"a": torch.zeros(1)}, {"step": 1})
    rename, done = Path.rename, []

    def killed(self, target):
        if len(done) == renames:
            raise Killed
        done.append(target)
        return rename(self, target)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Path, "rename", killed)
        checkpoint.save(tmp_path / "x", {"a": torch.ones(1)}, {"step": 2})
    tensors, state = checkpoint.load(tmp_path / "x")
    assert state["step"] == 1 and tensors["a"] == 0
    checkpoint.save(tmp_path / "x", {"a": torch.ones(1)}, {"step": 3})
    assert checkpoint.load(tmp_path / "x")[1]["step"] == 3
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_kill_before_the_new_one_stands_never_loses_both(tmp_path, monkeypatch):
    """Killed between the renames, started again, and killed at the same place once more."""
    checkpoint.save(tmp_path / "x", {"a": torch.zeros(1)}, {"step": 1})
    (tmp_path / "x").rename(checkpoint.previous(tmp_path / "x"))

    def killed(*_):
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Path, "rename", killed)
        checkpoint.save(tmp_path / "x", {"a": torch.ones(1)}, {"step": 2})
    assert checkpoint.load(tmp_path / "x")[1]["step"] == 1


def test_removed_checkpoint_is_gone_with_its_leftovers(tmp_path):
    checkpoint.save(tmp_path / "x", TENSORS, {})
    shutil.copytree(tmp_path / "x", checkpoint.previous(tmp_path / "x"))
    checkpoint.remove(tmp_path / "x")
    assert not checkpoint.exists(tmp_path / "x") and not list(tmp_path.iterdir())
