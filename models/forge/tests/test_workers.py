"""Several processes train one set of weights."""

import multiprocessing
import os
import time
from functools import partial
from pathlib import Path

import pytest
import torch

from conftest import BUDGET_MINUTES, small_batches, take_steps
from forge.architecture import preset
from forge.training import workers
from forge.training.denoiser_stage import DenoiserTraining
from forge.training.run import Machine


def train_and_dump(run: Path, pool_folder: Path, out: Path, worker) -> None:
    weights = [torch.full((3,), 1.0 + 2 * worker.rank), torch.full((2, 2), -4.0 * worker.rank)]
    joined = worker.join(weights, 3 if worker.rank else 1, [5, 10 * worker.rank], 0.25 + worker.rank)
    with pytest.MonkeyPatch.context() as monkeypatch:
        small_batches(monkeypatch)
        machine = Machine(torch.device("cpu"), compiles=False)
        training = DenoiserTraining(run, pool_folder, preset("tiny"), BUDGET_MINUTES, machine, worker)
        take_steps(training, 2 + worker.rank, seed=worker.rank)
        apart = {name: tensor.clone() for name, tensor in training.model.state_dict().items()}
        training.join()
    torch.save((weights, joined, apart, training.model.state_dict(), training.samples), out / f"{worker.rank}.pt")


def sleeps(out: Path, worker) -> None:
    (out / f"{worker.rank}.partial").write_text(str(os.getpid()))
    (out / f"{worker.rank}.partial").rename(out / f"{worker.rank}.pid")
    time.sleep(600)


def fails(worker) -> None:
    raise ValueError(f"nothing to do for worker {worker.rank}")


def test_two_processes_train_apart_and_meet_at_the_mean_of_their_weights(run, pool_folder, tmp_path):
    workers.run(2, partial(train_and_dump, run, pool_folder, tmp_path))
    (left, right) = (torch.load(tmp_path / f"{rank}.pt") for rank in range(2))
    for (first, second), joined, _, _, samples in (left, right):
        # 1 and 3 at 1:3 steps; 0 and -4
        assert torch.equal(first, torch.full((3,), 2.5)) and torch.equal(second, torch.full((2, 2), -3.0))
        assert joined == ([10, 10], 0.25)  # everybody's samples, the first one's progress
        assert samples == {128: 2 * 4 + 5 * 4}  # what the run had, and five batches of four
    apart, together = (left[2], right[2]), (left[3], right[3])
    assert any(not torch.equal(apart[0][name], apart[1][name]) for name in apart[0])
    for name in together[0]:
        assert torch.equal(together[0][name], together[1][name])
        assert torch.allclose(together[0][name], 0.4 * apart[0][name] + 0.6 * apart[1][name], atol=1e-6)


def test_workers_are_due_by_the_clock(monkeypatch):
    worker = object.__new__(workers.Worker)
    worker.joined = 100.0
    for now, due in ((100.0, False), (119.9, False), (120.0, True)):
        monkeypatch.setattr(workers.time, "monotonic", lambda now=now: now)
        assert worker.due() is due


def test_one_worker_works_here(tmp_path):
    seen = []
    workers.run(1, seen.append)
    assert (seen[0].rank, seen[0].count, seen[0].due()) == (0, 1, True)
    assert seen[0].join([], 1, [4, 0], 0.5) == ([4, 0], 0.5)


def test_a_workers_error_is_a_sentence(capfd):
    with pytest.raises(ValueError, match=r"worker \d stopped, for the reason above"):
        workers.run(2, fails)
    assert "forge: nothing to do for worker" in capfd.readouterr().err


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def wait_until(holds) -> bool:
    end = time.monotonic() + 120
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)
    return holds()


def test_no_worker_outlives_the_process_that_started_it(tmp_path):
    starter = multiprocessing.get_context("spawn").Process(target=workers.run, args=(2, partial(sleeps, tmp_path)))
    starter.start()
    files = [tmp_path / f"{rank}.pid" for rank in range(2)]
    assert wait_until(lambda: all(file.exists() for file in files))
    pids = [int(file.read_text()) for file in files]
    assert all(is_running(pid) for pid in pids)
    starter.kill()
    starter.join()
    assert wait_until(lambda: not any(is_running(pid) for pid in pids))
