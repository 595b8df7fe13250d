"""Distillation: a student of some of the teacher's layers comes to answer like it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, make_bert
from typer.testing import CliRunner

from gongbao import Labeler
from gongbao.engines.torch import TorchEngine
from gongbao.errors import GongbaoError
from train.distil import distance, distil, main, make_student, read_distil
from train.run import run

PLAIN = "\n".join(
    f"{a}{b}。" for a in ("引进人才", "改革开放", "会议指出", "全省") for b in ("强化", "支持企业", "发展")
)


@pytest.fixture
def teacher(place):
    """A teacher that was taught, text without labels, and a config."""
    folder, _ = run("run.toml", overrides=["trainer.num_train_epochs=4"])
    Path("text.txt").write_text(PLAIN, encoding="utf-8")
    Path("distil.toml").write_text(
        f'name = "small"\n[data]\ntrain = ["train.jsonl"]\ndev = "dev.jsonl"\n[student]\nteacher = "{folder}"\n'
        'layers = [1]\n[unlabelled]\ntext = [{ file = "text.txt" }]\nshortest = 3\n'
        "[model]\ntokens_per_batch = 256\ndropout = 0.0\n"
        "[trainer]\nnum_train_epochs = 6\nlearning_rate = 5e-3\nbf16 = false\nseed = 3\n"
    )
    return folder


def answers(folder, sentences):
    return np.concatenate(TorchEngine.load(Path(folder), "cpu").logits([[s] for s in sentences]))


def test_a_student_comes_to_answer_like_its_teacher(teacher):
    folder, scores = distil(read_distil("distil.toml"))
    # On text that nobody labelled: the probabilities must be nearer than those of the layers as they were taken.
    make_student(teacher, [1], Path("untaught"))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (Path("untaught") / name).write_bytes((teacher / name).read_bytes())
    goal, before, after = (answers(each, PLAIN.split("\n")) for each in (teacher, "untaught", folder))
    assert np.abs(after - goal).mean() < 0.5 * np.abs(before - goal).mean()
    assert scores[-1]["macro_f1"] >= scores[0]["macro_f1"]
    config = json.loads((folder / "config.json").read_text())
    assert config["num_hidden_layers"] == 1
    record = json.loads((folder / "record.json").read_text())
    assert record["config"]["student"]["teacher"] == str(teacher)
    assert record["data"]["train"]["paragraphs"] == 48
    assert (
        Labeler.load(folder).label("引进人才。")[0].scores.keys() == Labeler.load(teacher).label("。")[0].scores.keys()
    )


def test_a_student_is_made_of_the_layers_that_were_chosen(tmp_path):
    from safetensors.numpy import load_file

    whole = make_bert(tmp_path / "whole")
    make_student(whole, [1], tmp_path / "part")
    one, two = (load_file(folder / "model.safetensors") for folder in (whole, tmp_path / "part"))
    name = "bert.encoder.layer.{}.output.dense.weight"
    assert np.array_equal(two[name.format(0)], one[name.format(1)].astype(np.float16))
    assert name.format(1) not in two
    assert np.array_equal(two["classifier.weight"], one["classifier.weight"].astype(np.float16))
    with pytest.raises(GongbaoError, match=r"student.layers: .* has layers 0 to 1, not 2"):
        make_student(whole, [0, 2], tmp_path / "none")


def test_the_distance_of_states_by_hand():
    # (1, 3) scaled is (-1, 1), (5, 1) is (1, -1): squared differences 4 and 4, mean 4. The second token is padding.
    import torch

    own = torch.tensor([[[1.0, 3.0], [9.0, 0.0]]])
    other = torch.tensor([[[5.0, 1.0], [0.0, 9.0]]])
    mask = torch.tensor([[1, 0]])
    assert distance(own, other, mask).item() == pytest.approx(4, abs=1e-3)
    # Twice as large and moved: scaled, they are the same.
    assert distance(own, 2 * own + 5, mask).item() == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("student.layers=[5]", "has layers 0 to 1, not 5"),
        ("student.teacher=start", "start is not complete: decision.json is missing"),
        ("student.teacher=nowhere", "no model folder at nowhere"),
        ("student.layers=[1, 1]", "layers names one twice"),
        ("student.hard=inf", "student.hard"),
        ("data.scheme=mine.toml", "a student answers its teacher's labels"),
        ("trainer.learning_rate=nan", "trainer.learning_rate: nan is no learning rate"),
        ("trainer.learning_rate=-1", "trainer.learning_rate: -1 is no learning rate"),
        ('trainer.bf16="yes"', "trainer.bf16: true or false is wanted"),
        ("student.layer=[1]", "unknown key student.layer (nearest: 'layers')"),
        ("model.checkpoint=start", "student.teacher is what a student starts from"),
        ('unlabelled.text=[{ file = "empty.txt" }]', "empty.txt: no text"),
        ('unlabelled.text=[{ name = "x" }]', "unlabelled.text.0"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_leaves_nothing(teacher, override, message):
    import typer

    app = typer.Typer()
    app.command()(main)
    Path("empty.txt").write_text("")
    result = CliRunner().invoke(app, ["distil.toml", "--set", override])
    assert result.exit_code == 1
    (line,) = [line for line in result.output.splitlines() if line.startswith("error: ")]
    assert message in line
    assert not list(Path("models").glob(".*"))


def test_the_config_that_ships_is_read():
    assert read_distil(ROOT / "configs" / "distil.toml").student.layers == [2, 5, 8, 11]
