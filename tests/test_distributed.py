"""Training by several processes, started by torchrun and by accelerate: two on the CPU, over gloo."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import typer
from conftest import ROOT, learnable, write_jsonl

from gongbao import Labeler
from gongbao.errors import GongbaoError
from gongbao.windows import Tokenizer
from train import command
from train.dataset import even_out
from train.resume import last_checkpoint, stoppable
from train.run import run

TORCHRUN = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
# The launcher of several GPUs: without MPI that of CPUs starts one process, whatever number is asked for.
ACCELERATE = ["accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--main_process_port", "0"]
EPOCHS = 12
NOTING = """
import json
import os

from train import finetune
from train.__main__ import app

label_loss = finetune.label_loss


def noting(model, inputs, smoothing=0.0):
    with open(f"seen-{os.environ['RANK']}.jsonl", "a") as file:
        print(json.dumps(inputs["input_ids"].tolist()), file=file)
    return label_loss(model, inputs, smoothing)


finetune.label_loss = noting
app()
"""
"""Trains as `python -m train` does, and notes what each process learns from, a line a step."""


def start(launcher, *words):
    # Threads change the order in which numbers are added up; a config of accelerate's own on this machine is not asked.
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "HF_HOME": str(Path("hub").absolute())}
    return subprocess.Popen(
        [sys.executable, "-m", *launcher, *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(process):
    """The folder that a run says it has made."""
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err[-3000:]
    assert "Traceback" not in err and "Warning" not in err, err[-3000:]
    return Path(out.strip())


def test_two_processes_train_one_run_and_go_on_with_one_that_was_stopped(place):
    rows = learnable(0, 47)
    for number, row in enumerate(rows):
        # A number apiece tells them apart.
        row["sentences"][0]["text"] = f"{number}{row['sentences'][0]['text']}"
    write_jsonl(place / "train.jsonl", rows)
    with (place / "run.toml").open("a") as file:
        file.write("use_cpu = true\n")
    (place / "noting.py").write_text(NOTING)
    options = ["run.toml", "--set", f"trainer.num_train_epochs={EPOCHS}"]

    straight = finished(start(ACCELERATE, "noting.py", *options, "--set", "name=straight"))
    one, _ = run(Path("run.toml"), overrides=["trainer.max_steps=1", "name=one"])
    assert set(Path("models").iterdir()) == {straight, one}
    record = json.loads((straight / "record.json").read_text())
    assert sorted(path.name for path in straight.iterdir()) == record["files"]
    assert record["files"] == json.loads((one / "record.json").read_text())["files"]
    assert record["machine"]["processes"] == 2
    scores = record["dev_scores"]
    assert [row["epoch"] for row in scores] == list(range(EPOCHS + 1))
    assert max(row["macro_f1"] for row in scores) > scores[0]["macro_f1"]
    assert Labeler.load(straight, device="cpu").label("引进人才。改革开放；")[0].labels == ("reform", "talent")

    # Three batches of at most 256 tokens, one of them halved: two steps an epoch, and no row of 47 twice.
    padding = Tokenizer(straight).padding
    steps = [[json.loads(line) for line in Path(f"seen-{rank}.jsonl").read_text().splitlines()] for rank in (0, 1)]
    assert [len(each) for each in steps] == [2 * EPOCHS, 2 * EPOCHS]
    for epoch in range(EPOCHS):
        both = [batch for each in steps for batch in each[2 * epoch : 2 * epoch + 2]]
        seen = Counter(tuple(piece for piece in window if piece != padding) for batch in both for window in batch)
        assert len(seen) == 47 and set(seen.values()) == {1}

    stopped = start(TORCHRUN, "-m", "train", *options)
    deadline = time.monotonic() + 120
    # Complete with what the second process writes, which may come after what the first one writes last.
    ends = ("trainer_state.json", "rng_state_1.pth")
    while not all(list(Path("models").glob(f".*-tiny.partial/checkpoint-*/{name}")) for name in ends):
        assert time.monotonic() < deadline and stopped.poll() is None
        time.sleep(0.005)
    stopped.send_signal(signal.SIGTERM)
    stopped.communicate(timeout=60)
    assert stopped.returncode != 0
    assert not list(Path("models").glob("*-tiny")), "stopped too late to show anything"
    with pytest.raises(GongbaoError, match=r"started with other settings \(processes\)"):
        run(Path("run.toml"), resume=True, overrides=[options[-1]])
    resumed = finished(start(TORCHRUN, "-m", "train", *options, "--resume"))
    assert (resumed / "model.safetensors").read_bytes() == (straight / "model.safetensors").read_bytes()
    assert json.loads((resumed / "record.json").read_text())["dev_scores"] == scores
    assert not list(Path("models").glob(".*"))


def test_a_checkpoint_lacking_what_another_process_writes_is_not_complete(monkeypatch, tmp_path):
    import torch

    for step, states in ((2, 2), (4, 1)):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        (folder / "trainer_state.json").write_text("{}")
        for rank in range(states):
            torch.save({"cpu": torch.random.get_rng_state()}, folder / f"rng_state_{rank}.pth")
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    assert last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-2") and (tmp_path / "checkpoint-4").exists()
    monkeypatch.setenv("RANK", "0")
    assert last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-2")
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-2"]


def test_an_error_ends_both_processes_and_is_said_once(place):
    failed = start(TORCHRUN, "-m", "train", "run.toml", "--set", "trainer.learning_rat=1")
    out, err = failed.communicate(timeout=120)
    assert failed.returncode != 0 and not out
    assert err.count("error: run.toml: unknown key trainer.learning_rat (nearest: 'learning_rate')") == 1
    assert not Path("models").exists()


def test_what_only_another_process_meets_with_is_said_after_a_while(monkeypatch, capsys):
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setattr(command, "PATIENCE", 0.2)
    began = time.monotonic()
    with pytest.raises(typer.Exit) as caught, command.one_line():
        raise GongbaoError("no such file here")
    assert caught.value.exit_code == 1 and time.monotonic() - began >= 0.2
    assert capsys.readouterr().err == "error: no such file here\n"


def test_the_loss_of_another_process_is_one_line(monkeypatch, tmp_path):
    gone = RuntimeError("[pair.cc:553] Connection closed by peer [127.0.0.1]:3984. This is typically …")
    with pytest.raises(RuntimeError, match="closed by peer"), stoppable(tmp_path / "run"):
        raise gone
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(GongbaoError, match="another of the 2 processes ended; no checkpoint"), stoppable(tmp_path):
        raise gone


@pytest.mark.parametrize("shares", [1, 2, 3, 8])
def test_batches_are_as_many_for_each_process(shares):
    sizes = np.random.default_rng(0).integers(1, 9, 13).tolist()
    ends = np.cumsum(sizes)
    groups = [list(range(end - size, end)) for end, size in zip(ends, sizes, strict=True)]
    found = even_out(groups, shares)
    assert len(found) % shares == 0 and len(found) - len(groups) < shares
    assert [row for group in found for row in group] == list(range(ends[-1]))
    assert max(map(len, found)) <= max(sizes) and min(map(len, found)) > 0


def test_fewer_paragraphs_than_processes_stay_as_they_are():
    assert even_out([[0, 1]], 4) == [[0], [1]]
