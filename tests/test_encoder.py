"""The recipe: weighted files, soft labels, averaged weights, stages and seeds; runs that are stopped."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, learnable, make_bert, make_decision, write_jsonl
from typer.testing import CliRunner

from gongbao.errors import GongbaoError
from gongbao.examples import read_examples
from gongbao.labels import POLICY_DOMAINS
from train.best import average
from train.config import Config, Model, Soft, Tfidf, read_config
from train.encoder import _done, check_place, make_encoder, mean, read_recipe, ship
from train.resume import last_checkpoint
from train.run import run
from train.soft import SAVED, out_of_fold, save_answers, soft_targets


def weights(folder):
    from safetensors.torch import load_file

    return load_file(Path(folder) / "model.safetensors")


def equal(one, two):
    return all(np.array_equal(one[name].numpy(), two[name].numpy()) for name in one)


@pytest.mark.usefixtures("place")
def test_a_file_that_weighs_nothing_teaches_nothing():
    short = ["trainer.num_train_epochs=1", "trainer.weight_decay=0.0", "model.dropout=0.0"]
    idle, _ = run("run.toml", overrides=[*short, 'data.weights={"train.jsonl" = 0.0}'])
    assert equal(weights(idle), weights("start"))
    learnt, _ = run("run.toml", overrides=[*short, 'data.weights={"train.jsonl" = 0.5}'])
    assert not equal(weights(learnt), weights("start"))


def test_weights_for_a_file_that_is_not_trained_on_are_refused(place):
    with pytest.raises(GongbaoError, match=r"data: weights names tran.jsonl, .*nearest: 'train.jsonl'"):
        read_config(place / "run.toml", ['data.weights={"tran.jsonl" = 1.0}'])


def test_soft_targets_by_hand(tmp_path):
    # Logits of 0 are probabilities of 0.5: with share 0.5 a 1 becomes 0.75 and a 0 becomes 0.25.
    from safetensors.numpy import save_file

    examples = read_examples(write_jsonl(tmp_path / "x.jsonl", learnable(1, 2)), POLICY_DOMAINS)
    logits = np.zeros((4, 8), np.float32)
    save_file({"labelled": logits, "unlabelled": logits[:2]}, tmp_path / SAVED)
    first, second = soft_targets(0.5, POLICY_DOMAINS, examples, [], tmp_path)
    talent, reform = POLICY_DOMAINS.ids.index("talent"), POLICY_DOMAINS.ids.index("reform")
    assert first[0, talent] == 0.75 and first[1, reform] == 0.75 and second[1, reform] == 0.25
    assert np.isclose(np.concatenate([first, second]), 0.25).sum() == 4 * 8 - 3
    # Without labels of its own a paragraph learns what the teachers say, whatever the share.
    own, _, alone = soft_targets(0.0, POLICY_DOMAINS, examples, examples[1:], tmp_path)
    assert (alone == 0.5).all() and set(own.ravel()) == {0.0, 1.0}
    save_file({"labelled": np.zeros((5, 8), np.float32)}, tmp_path / SAVED)
    with pytest.raises(GongbaoError, match="other examples"):
        soft_targets(0.5, POLICY_DOMAINS, examples, [], tmp_path)


def test_no_document_is_answered_by_a_baseline_that_saw_its_labels(tmp_path):
    from safetensors.numpy import load_file

    scheme = two_labels(tmp_path)
    rows = learnable(0, 48)
    config = Config(name="x", soft=Soft(share=1, tfidf=1.0, folds=3), tfidf=Tfidf(min_df=1, ngram_range=(1, 2)))

    def answers(name):
        (tmp_path / name).mkdir()
        examples = read_examples(write_jsonl(tmp_path / name / "x.jsonl", rows), scheme)
        save_answers(config, scheme, examples, examples[:4], tmp_path / name)
        return load_file(tmp_path / name / SAVED)

    before = answers("a")
    # The labels of one document, d0, are turned round: what it is answered must not change.
    for row in rows[:4]:
        for sentence in row["sentences"]:
            sentence["labels"] = sorted({"talent", "reform"} - set(sentence["labels"]))
    after = answers("b")
    assert np.array_equal(before["labelled"][:8], after["labelled"][:8])
    assert not np.array_equal(before["labelled"][8:], after["labelled"][8:])
    # The same text without labels is answered by one that saw all labels, d0's too.
    assert not np.array_equal(before["unlabelled"], after["unlabelled"])


def test_what_a_run_starts_from_can_be_its_teacher(tiny, tmp_path):
    from safetensors.numpy import load_file

    examples = read_examples(write_jsonl(tmp_path / "x.jsonl", learnable(0, 4)), POLICY_DOMAINS)
    found = []
    for name, soft in (("a", Soft(start=2.0)), ("b", Soft(models={str(tiny): 1.0}))):
        (tmp_path / name).mkdir()
        config = Config(name="x", model=Model(checkpoint=str(tiny)), soft=soft)
        save_answers(config, POLICY_DOMAINS, examples, examples, tmp_path / name)
        found.append(load_file(tmp_path / name / SAVED)["unlabelled"])
    assert found[0].shape == (8, 8) and np.array_equal(*found)


def two_labels(folder):
    """The two labels that the invented paragraphs carry: a baseline cannot learn a label that is on none."""
    from gongbao.labels import Scheme

    (folder / "two.toml").write_text('name = "two"\n[[label]]\nid = "talent"\n[[label]]\nid = "reform"\n')
    return Scheme.load(folder / "two.toml")


def test_folds_keep_documents_whole(tmp_path):
    examples = read_examples(write_jsonl(tmp_path / "x.jsonl", learnable(0, 40)), POLICY_DOMAINS)
    folds = out_of_fold(examples, 4, seed=0)
    assert len({(e.document, fold) for e, fold in zip(examples, folds, strict=True)}) == 10
    assert set(folds) == {0, 1, 2, 3}
    with pytest.raises(GongbaoError, match="10 documents"):
        out_of_fold(examples, 11, seed=0)


@pytest.mark.usefixtures("place")
def test_a_run_with_teachers_learns_what_they_answer():
    # The teacher is trained first; then its answers alone (share 1) teach a fresh model the same labels.
    teacher, _ = run("run.toml", overrides=["name=teacher"])
    make_bert(Path("other"), seed=5)
    soft = ["soft.share=1.0", f'soft.models={{"{teacher}" = 1.0}}', "model.checkpoint=other", "name=pupil"]
    folder, scores = run("run.toml", overrides=soft)
    assert scores[-1]["macro_f1"] > scores[0]["macro_f1"]
    assert json.loads((folder / "record.json").read_text())["config"]["soft"]["share"] == 1.0
    # Text without labels teaches too: here nothing else does, for the labelled file weighs nothing.
    Path("plain.txt").write_text("引进人才。\n改革开放；\n会议指出。\n全省强化。\n引进改革。\n", encoding="utf-8")
    plain = [
        'unlabelled.text=[{ file = "plain.txt" }]',
        "unlabelled.shortest=3",
        'data.weights={"train.jsonl" = 0.0}',
        "soft.share=0.0",
    ]
    taught, better = run("run.toml", overrides=[*soft, *plain, "name=plain", "trainer.num_train_epochs=8"])
    assert max(row["macro_f1"] for row in better[1:]) > better[0]["macro_f1"]
    assert json.loads((taught / "record.json").read_text())["data"]["unlabelled"]["paragraphs"] == 5
    with pytest.raises(GongbaoError, match="unlabelled text wants a teacher"):
        read_config("run.toml", plain)
    with pytest.raises(GongbaoError, match="no model folder at nowhere"):
        run("run.toml", overrides=["soft.share=1.0", 'soft.models={"nowhere" = 1.0}'])
    with pytest.raises(GongbaoError, match="soft: a share above 0 wants a teacher"):
        run("run.toml", overrides=["soft.share=0.5"])


def test_the_mean_of_the_last_scorings_by_hand(tmp_path):
    # Scored weights 1, 2, 4 and the mean of the last two: 1, (1 + 2) / 2, (2 + 4) / 2.
    import torch

    found = []
    # A run that goes on from a checkpoint between the first and the second scoring makes the later two again.
    for step, value in [(10, 1.0), (20, 2.0), (30, 4.0), (20, 2.0), (30, 4.0)]:
        model = torch.nn.Linear(1, 1, bias=False)
        model.weight.data.fill_(value)
        average(model, tmp_path / "scored", step, 2)
        found.append(model.weight.item())
    assert found == [1.0, 1.5, 3.0, 1.5, 3.0]


def test_layers_learn_at_decaying_rates(place):
    from train.checkpoint import open_model, rate_groups

    model = open_model(read_config(place / "run.toml"), POLICY_DOMAINS, seed=1)
    groups = rate_groups(model, 1.0, 0.1, 0.5)
    rates = {id(p): (group["lr"], group["weight_decay"]) for group in groups for p in group["params"]}
    named = {name: rates[id(p)] for name, p in model.named_parameters()}
    assert len(named) == len(rates)
    assert named["classifier.weight"] == (1.0, 0.1)
    assert named["classifier.bias"] == (1.0, 0.0)
    assert named["bert.encoder.layer.1.output.dense.weight"] == (0.5, 0.1)
    assert named["bert.encoder.layer.0.output.LayerNorm.weight"] == (0.25, 0.0)
    assert named["bert.embeddings.word_embeddings.weight"] == (0.125, 0.1)
    slow, _ = run("run.toml", overrides=["model.layer_decay=0.5", "trainer.num_train_epochs=1"])
    assert not equal(weights(slow), weights("start"))


def test_a_checkpoint_that_was_cut_short_is_passed_over(tmp_path):
    from safetensors.numpy import save_file

    def checkpoint(step, state="{}"):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        save_file({"x": np.zeros(100)}, folder / "model.safetensors")
        if state is not None:
            (folder / "trainer_state.json").write_text(state)
        return folder

    assert last_checkpoint(tmp_path) is None
    good, cut = checkpoint(9), checkpoint(10)
    checkpoint(11, None), checkpoint(12, '{"half')
    (cut / "model.safetensors").write_bytes((cut / "model.safetensors").read_bytes()[:-8])
    (checkpoint(13) / "optimizer.pt").write_bytes(b"PK\3\4half")
    assert last_checkpoint(tmp_path) == str(good)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-9"]


def test_a_full_disk_is_one_line_and_keeps_the_checkpoints_before_it(place):
    # A limit on a file's size stands for the disk: the optimizer's state is the first file that passes it.
    command = [sys.executable, "-m", "train", "run.toml", "--no-report", "--set", "trainer.save_steps=1"]
    size = (place / "start" / "model.safetensors").stat().st_size
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    failed = subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3 * size, 3 * size)),
    )
    assert failed.returncode == 1
    (line,) = [line for line in failed.stderr.splitlines() if "error" in line.lower()]
    assert line.startswith("error: cannot read or write models/.") and "no checkpoint was written yet" in line
    assert "Traceback" not in failed.stderr
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0


def recipe(place, text=""):
    (place / "recipe.toml").write_text(
        'name = "enc"\n[data]\ntrain = ["train.jsonl"]\ndev = "dev.jsonl"\n'
        '[model]\ncheckpoint = "start"\ntokens_per_batch = 256\n'
        "[trainer]\nnum_train_epochs = 1\nlearning_rate = 5e-3\nbf16 = false\nsave_steps = 2\n"
        "[[stage]]\n[[stage]]\nseeds = [3, 4]\ntrainer = { learning_rate = 1e-3 }\n" + text
    )
    return place / "recipe.toml"


def test_a_recipe_goes_through_its_stages_and_ends_in_the_mean_of_its_seeds(place, capsys):
    file = recipe(place)
    first, second = read_recipe(file)
    assert [config.name for config in (*first, *second)] == ["enc-1-s7", "enc-2-s3", "enc-2-s4"]
    assert [config.trainer["learning_rate"] for config in (*first, *second)] == [5e-3, 1e-3, 1e-3]
    assert [config.trainer["seed"] for config in (*first, *second)] == [7, 3, 4]
    folder = make_encoder(file)
    runs = {path.name[16:]: path for path in Path("models").iterdir()}
    assert set(runs) == {"enc-1-s7", "enc-2-s3", "enc-2-s4", "enc-2"} and folder == runs["enc-2"]
    record = json.loads((runs["enc-2-s4"] / "record.json").read_text())
    assert record["config"]["model"]["checkpoint"] == str(runs["enc-1-s7"])
    assert json.loads((folder / "record.json").read_text())["mean_of"] == [
        runs[n].name for n in ("enc-2-s3", "enc-2-s4")
    ]
    one, two, both = (weights(runs[name]) for name in ("enc-2-s3", "enc-2-s4", "enc-2"))
    for name in both:
        assert np.allclose(both[name].float(), (one[name].float() + two[name].float()) / 2, atol=1e-3)
    capsys.readouterr()
    # With another seed in the place of one, it is another mean.
    file.write_text(file.read_text().replace("seeds = [3, 4]", "seeds = [3, 5]"))
    other = json.loads((make_encoder(file, resume=True) / "record.json").read_text())
    assert [name[16:] for name in other["mean_of"]] == ["enc-2-s3", "enc-2-s5"]
    file.write_text(file.read_text().replace("seeds = [3, 5]", "seeds = [3, 4]"))
    capsys.readouterr()
    # Done once, nothing is trained again.
    assert make_encoder(file, resume=True) == folder
    assert capsys.readouterr().err.count("complete, in") == 4
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "as the records of those runs say" in card and "seed" not in card
    # With other examples in the same files, it is.
    dev = (place / "dev.jsonl").read_text(encoding="utf-8")
    write_jsonl(place / "dev.jsonl", learnable(60, 12))
    assert _done(first[0], resume=True) is None
    (place / "dev.jsonl").write_text(dev, encoding="utf-8")
    assert _done(first[0], resume=True) == runs["enc-1-s7"]
    write_jsonl(place / "train.jsonl", learnable(0, 40))
    assert make_encoder(file, resume=True) != folder
    (place / "out").mkdir()
    (place / "out" / "README.md").write_text("a card")
    ship(folder, place / "out")
    assert (place / "out" / "README.md").read_text() == "a card"
    assert (place / "out" / "model.safetensors").read_bytes() == (folder / "model.safetensors").read_bytes()
    from gongbao import Labeler

    assert Labeler.load(place / "out").label("引进人才。")[0].scores


def test_the_second_stage_keeps_the_head_of_the_first(place, monkeypatch):
    from train import encoder

    seen = []
    monkeypatch.setattr(encoder, "soup", lambda *_: place)
    monkeypatch.setattr(encoder, "train", lambda config, resume: (seen.append(config.model), (place / "run", []))[1])
    file = recipe(place, "")
    make_encoder(file, overrides=["model.init=fresh-head"])
    found = [(model.init, Path(model.checkpoint).name) for model in seen]
    assert found == [("fresh-head", "start"), ("keep", "run"), ("keep", "run")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[stage]]\ntrainer = { learning_rat = 1 }\n", "unknown key trainer.learning_rat"),
        ("[[stage]]\nmodle = 1\n", "unknown key modle"),
        ("[[stage]]\nseeds = [1, 1]\n", "stage 3 names a seed twice"),
        ("[[stage]]\nseeds = []\n", "seeds: "),
        ("[soft]\nshare = 2\n", "soft.share"),
        ("[[stage]]\ntrainer = { data_seed = -1 }\n", "trainer.data_seed: a whole number"),
    ],
)
def test_a_bad_recipe_is_one_line(place, text, message):
    with pytest.raises(GongbaoError, match=message) as caught:
        read_recipe(recipe(place, text))
    assert "\n" not in str(caught.value)


def test_models_of_different_shapes_have_no_mean(place):
    make_bert(place / "a")
    from safetensors.torch import load_file, save_file

    changed = load_file(place / "a" / "model.safetensors")
    changed.pop("classifier.bias")
    (place / "b").mkdir()
    save_file(changed, place / "b" / "model.safetensors")
    with pytest.raises(GongbaoError, match="not of one shape"):
        mean([place / "a", place / "b"], place)


def test_where_a_model_is_to_go_is_looked_at_before_anything_is_trained(place):
    check_place(place / "new" / "folder")
    assert (place / "new" / "folder").is_dir() and not list((place / "new" / "folder").iterdir())
    with pytest.raises(GongbaoError, match="is a file: name a folder"):
        check_place(place / "train.jsonl")
    with pytest.raises(GongbaoError, match="holds other files than a model's"):
        check_place(place)
    check_place(place / "start")


def test_a_model_that_cannot_be_put_in_its_place_leaves_no_drafts(place, monkeypatch):
    folder = place / "run"
    make_bert(folder)
    make_decision().save(folder)
    (folder / "record.json").write_text("{}")
    (folder / "README.md").write_text("card")
    real = shutil.copyfile

    def full(source, target):
        if Path(source).name == "model.safetensors":
            raise OSError(28, "No space left on device", str(source))
        return real(source, target)

    monkeypatch.setattr("train.encoder.shutil.copyfile", full)
    with pytest.raises(GongbaoError, match=r"cannot write to .*out: No space left on device; the model is in .*run"):
        (place / "out").mkdir()
        ship(folder, place / "out")
    assert not list((place / "out").iterdir())


def test_the_command_says_a_mendable_error_in_one_line(place):
    import typer

    from train.encoder import main

    app = typer.Typer()
    app.command()(main)
    result = CliRunner().invoke(app, [str(recipe(place)), "--set", "model.checkpoint=nowhere"])
    assert result.exit_code == 1
    assert "error: cannot get nowhere" in result.output


def test_the_recipe_that_ships_is_read():
    assert list(read_recipe(ROOT / "configs" / "encoder.toml"))
