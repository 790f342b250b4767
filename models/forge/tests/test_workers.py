"""Several processes train one set of weights."""

from functools import partial
from pathlib import Path

import pytest
import torch
from conftest import BUDGET_MINUTES, small_batches, take_steps

from architecture import preset
from training import workers
from training.denoiser_stage import DenoiserTraining
from training.run import Machine


def train_and_dump(run: Path, pool_folder: Path, out: Path, worker) -> None:
    gradients = [torch.full((3,), 1.0 + 2 * worker.rank), torch.full((2, 2), -4.0 * worker.rank)]
    progress = worker.average(gradients, 0.25 + worker.rank)
    with pytest.MonkeyPatch.context() as monkeypatch:
        small_batches(monkeypatch)
        machine = Machine(torch.device("cpu"), compiles=False)
        training = DenoiserTraining(run, pool_folder, preset("tiny"), BUDGET_MINUTES, machine, worker)
        torch.manual_seed(worker.rank)
        take_steps(training, 2)
    torch.save((gradients, progress, training.model.state_dict(), training.samples), out / f"{worker.rank}.pt")


def fails(worker) -> None:
    raise ValueError(f"nothing to do for worker {worker.rank}")


def test_two_processes_average_their_gradients_and_agree_on_the_weights(run, pool_folder, tmp_path):
    workers.run(2, partial(train_and_dump, run, pool_folder, tmp_path))
    weights = []
    for rank in range(2):
        (first, second), progress, model, samples = torch.load(tmp_path / f"{rank}.pt")
        assert torch.equal(first, torch.full((3,), 2.0)) and torch.equal(second, torch.full((2, 2), -2.0))
        assert progress == 0.25  # the first one's
        assert samples == {128: 4 * 4}  # what the run had, and two batches of four
        weights.append(model)
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_one_worker_works_here(tmp_path):
    seen = []
    workers.run(1, seen.append)
    assert (seen[0].rank, seen[0].count, seen[0].average([], 0.5)) == (0, 1, 0.5)


def test_a_workers_error_is_a_sentence(capfd):
    with pytest.raises(ValueError, match=r"worker \d stopped, for the reason above"):
        workers.run(2, fails)
    assert "forge: nothing to do for worker" in capfd.readouterr().err
