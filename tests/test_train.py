"""Training through its command's own function, on a tiny random BERT."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import ROOT, learnable, write_jsonl
from typer.testing import CliRunner

from gongbao import Labeler
from gongbao.errors import GongbaoError
from gongbao.examples import read_examples
from gongbao.labels import POLICY_DOMAINS
from gongbao.models import latest
from gongbao.windows import Tokenizer
from train.__main__ import app
from train.config import read_config
from train.dataset import Batches, Training, batches, collate, encode
from train.finetune import sentence_loss
from train.folder import held, unfinished
from train.run import run


def answers(folder):
    examples = read_examples("dev.jsonl", POLICY_DOMAINS)
    return [p.scores for p in Labeler.load(folder, device="cpu").label([e.text for e in examples])]


def test_a_run_learns_and_leaves_a_complete_folder(place):
    folder, scores = run(Path("run.toml"))
    assert [row["epoch"] for row in scores] == [0, 1, 2, 3]
    assert max(row["macro_f1"] for row in scores[1:]) > scores[0]["macro_f1"]
    assert [path.name for path in Path("models").iterdir()] == [folder.name]
    record = json.loads((folder / "record.json").read_text())
    assert sorted(path.name for path in folder.iterdir()) == record["files"]
    assert record["config"]["trainer"]["learning_rate"] == 5e-3
    assert record["data"]["train"]["paragraphs"] == 48
    assert record["seed"] == 3
    assert record["versions"]["transformers"].startswith("5.")
    assert latest() == folder
    from safetensors.torch import load_file

    weights = load_file(folder / "model.safetensors")
    assert {str(tensor.dtype) for tensor in weights.values()} == {"torch.float16"}
    assert json.loads((folder / "config.json").read_text())["dtype"] == "float16"


def test_a_run_is_a_plain_checkpoint_that_transformers_loads(place):
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    folder, _ = run(Path("run.toml"), overrides=["trainer.max_steps=2"])
    model = AutoModelForTokenClassification.from_pretrained(folder)
    assert tuple(model.config.id2label.values()) == POLICY_DOMAINS.ids
    assert AutoTokenizer.from_pretrained(folder).encode("引进人才。")


@pytest.mark.parametrize("bf16", ["false", "true"])
def test_one_seed_gives_identical_predictions_and_another_does_not(place, bf16):
    settings = ["trainer.num_train_epochs=1", f"trainer.bf16={bf16}", "trainer.use_cpu=true"]
    one, two = (run(Path("run.toml"), overrides=[*settings, f"name={n}"])[0] for n in "ab")
    other, _ = run(Path("run.toml"), overrides=[*settings, "name=c", "trainer.seed=4"])
    assert answers(one) == answers(two)
    assert answers(one) != answers(other)


def test_the_starting_weights_are_epoch_0_and_are_kept_if_they_win(place):
    # A learning rate of 0 changes nothing, and an equal score does not displace an earlier epoch.
    folder, scores = run(Path("run.toml"), overrides=["trainer.learning_rate=0.0", "trainer.num_train_epochs=1"])
    assert scores[0]["macro_f1"] == scores[1]["macro_f1"]
    assert (folder / "model.safetensors").read_bytes() == Path("start/model.safetensors").read_bytes()


def test_a_run_says_so_when_the_starting_weights_win(place):
    arguments = ["run.toml", "--set", "trainer.learning_rate=0.0", "--set", "trainer.num_train_epochs=1"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    assert "the starting weights won" in result.output


def test_a_killed_training_resumes_and_ends_as_if_it_had_not_been(place):
    straight, _ = run(Path("run.toml"), overrides=["name=straight"])
    command = [sys.executable, "-m", "train", "run.toml", "--no-report"]
    # A delay in every step leaves time for the kill; it changes no number.
    killed = subprocess.Popen(command, env=environment(), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list(Path("models").glob(".*-tiny.partial/checkpoint-*/trainer_state.json")):
        assert time.monotonic() < deadline and killed.poll() is None
        time.sleep(0.002)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert not list(Path("models").glob("*-tiny")), "killed too late to show anything"
    with pytest.raises(GongbaoError, match=r"started with other settings \(trainer.weight_decay\)"):
        run(Path("run.toml"), resume=True, overrides=["trainer.weight_decay=0.5"])
    resumed = subprocess.run([*command, "--resume"], env=environment(), capture_output=True, text=True, check=True)
    folder = Path(resumed.stdout.strip().splitlines()[-1])
    assert answers(folder) == answers(straight)
    assert not list(Path("models").glob(".*-tiny.partial"))


def test_two_runs_that_start_at_once_have_a_folder_each(place):
    config, now = read_config("run.toml"), datetime.now(UTC)
    folders = [unfinished(config, now, resume=False) for _ in range(3)]
    assert len(set(folders)) == 3 and all(each.is_dir() for each in folders)


def stopped(*overrides, after=3):
    """Stop a run at one of its steps."""
    from train import finetune

    steps, loss = [], finetune.label_loss

    def stopping(*arguments):
        steps.append(1)
        if len(steps) > after:
            raise KeyboardInterrupt
        return loss(*arguments)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(finetune, "label_loss", stopping)
        run(Path("run.toml"), overrides=overrides)
    (partial,) = Path("models").glob(".*-tiny.partial")
    return partial


def test_a_run_that_is_alive_is_not_gone_on_with(place):
    partial = stopped()
    with held(partial), pytest.raises(GongbaoError, match="another process is training there"):
        run(Path("run.toml"), resume=True)
    assert list(partial.glob("checkpoint-*"))
    run(Path("run.toml"), resume=True)


@pytest.mark.parametrize("name", ["train.jsonl", "dev.jsonl", "start/model.safetensors"])
def test_a_run_does_not_go_on_with_other_files(place, name):
    partial = stopped()
    if name.endswith("jsonl"):
        # The same rows in another order: soft labels are kept by their place.
        lines = Path(name).read_text().splitlines()
        Path(name).write_text("\n".join([*lines[1:], lines[0]]) + "\n")
    else:
        data = Path(name).read_bytes()
        Path(name).write_bytes(data[:-2] + b"\0\0")
    with pytest.raises(GongbaoError, match=rf"other settings \(files\.{re.escape(name)}\)"):
        run(Path("run.toml"), resume=True)
    assert partial.exists()


def test_a_run_stopped_before_it_wrote_anything_starts_from_the_beginning(place, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("train.checkpoint.save_tokenizer", stop)
        run(Path("run.toml"))
    folder, _ = run(Path("run.toml"), resume=True)
    assert [path.name for path in Path("models").iterdir()] == [folder.name]


def test_a_run_of_an_earlier_version_is_gone_on_with(place):
    partial = stopped()
    noted = json.loads((partial / "config.json").read_text())
    del noted["files"], noted["parts"]
    (partial / "config.json").write_text(json.dumps(noted))
    folder, _ = run(Path("run.toml"), resume=True)
    assert folder.name == partial.name[1 : -len(".partial")]


def test_a_place_that_cannot_be_written_to_is_one_line(place):
    Path("models").write_text("")
    with pytest.raises(GongbaoError, match="cannot write to models/: File exists"):
        run(Path("run.toml"))


def test_what_a_kill_left_of_a_complete_run_is_in_nobodys_way(place, monkeypatch):
    def killed(path, *arguments, **options):
        if str(path).endswith(".partial"):
            raise KeyboardInterrupt
        return remove(path, *arguments, **options)

    remove = shutil.rmtree
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("shutil.rmtree", killed)
        run(Path("run.toml"))
    (first,) = Path("models").glob("*-tiny")
    assert list(Path("models").glob(".*-tiny.partial"))
    # And of one that had not begun.
    (Path("models") / ".20300101-000000-tiny.partial").mkdir()
    second, _ = run(Path("run.toml"), resume=True)
    assert second != first and answers(second) == answers(first)
    assert [path.name for path in Path("models").glob(".*")] == [".20300101-000000-tiny.partial"]


@pytest.mark.parametrize("length", ["max_steps=5", "num_train_epochs=1.25"])
def test_a_run_stopped_after_its_last_step_does_no_more(place, monkeypatch, length):
    override = [f"trainer.{length}", "trainer.save_steps=1", "trainer.lr_scheduler_type=constant"]
    straight, scores = run(Path("run.toml"), overrides=[*override, "name=straight"])

    def stopping(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("train.tune.tune", stopping)
        run(Path("run.toml"), overrides=override)
    resumed, again = run(Path("run.toml"), overrides=override, resume=True)
    assert again == scores and answers(resumed) == answers(straight)


def test_the_record_of_a_run_that_was_stopped_has_the_time_of_all_its_parts(place):
    began = time.time()
    partial = stopped()
    first = time.time() - began
    noted = json.loads((partial / "config.json").read_text())
    # As if it had been begun an hour before, and stopped when it last wrote something.
    noted["parts"][0][0] -= 3600
    (partial / "config.json").write_text(json.dumps(noted))
    time.sleep(2)
    began = time.time()
    resumed, _ = run(Path("run.toml"), resume=True)
    record = json.loads((resumed / "record.json").read_text())
    # It is rounded to a tenth.
    assert 3600 < record["seconds"] < 3600 + first + time.time() - began + 0.1
    assert datetime.fromisoformat(record["finished"]) - datetime.fromisoformat(record["started"]) > timedelta(hours=1)


@pytest.mark.parametrize(
    "field",
    ["lr_scheduler_type=cosine_with_min_lr", "lr_scheduler_type=reduce_lr_on_plateau", "adam_beta1=2.0", "optim=lomo"],
)
def test_what_the_trainer_finds_out_late_is_one_line(place, field):
    with pytest.raises(GongbaoError, match="trainer: ") as caught:
        run(Path("run.toml"), overrides=[f"trainer.{field}"])
    assert "\n" not in str(caught.value)
    # Nothing is left but checkpoints.
    assert all(list(partial.glob("checkpoint-*")) for partial in Path("models").iterdir())


def test_too_little_memory_is_one_line(place, monkeypatch):
    import torch

    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    monkeypatch.setattr("train.finetune.label_loss", full)
    with pytest.raises(GongbaoError, match=r"out of memory: lower model\.tokens_per_batch"):
        run(Path("run.toml"))


def test_gold_among_what_is_trained_on_is_said(place, monkeypatch):
    monkeypatch.setattr("train.__main__.subprocess", SimpleNamespace(run=lambda _: SimpleNamespace(returncode=0)))
    for rows, said in ((learnable(0, 5), True), (learnable(300, 5), False)):
        write_jsonl(place / "gold.jsonl", rows)
        result = CliRunner().invoke(app, ["run.toml", "--set", "data.gold=gold.jsonl", "--set", "trainer.max_steps=1"])
        assert result.exit_code == 0
        assert ("2 documents are in train.jsonl and in gold.jsonl (d0, …): its report" in result.output) is said


def test_tuning_says_what_is_wrong_in_one_line(place):
    result = subprocess.run(
        [sys.executable, "-m", "train.tune", "nowhere", "dev.jsonl"], env=environment(), capture_output=True, text=True
    )
    assert (result.returncode, result.stderr) == (1, "error: no model folder at nowhere\n")


def environment():
    return os.environ | {"PYTHONPATH": str(ROOT)}


@pytest.mark.parametrize("save_steps", [2, 1000])
def test_a_run_stopped_while_its_last_epoch_is_scored_scores_it_after_all(place, monkeypatch, save_steps):
    from train import finetune

    override = [f"trainer.save_steps={save_steps}", "trainer.num_train_epochs=2"]
    straight, scores = run(Path("run.toml"), overrides=[*override, "name=straight"])
    keep_best = finetune.keep_best

    def stopping(*arguments):
        if arguments[-1].epoch == 2:
            raise KeyboardInterrupt
        return keep_best(*arguments)

    monkeypatch.setattr(finetune, "keep_best", stopping)
    with pytest.raises(KeyboardInterrupt):
        run(Path("run.toml"), overrides=override)
    monkeypatch.setattr(finetune, "keep_best", keep_best)
    resumed, again = run(Path("run.toml"), overrides=override, resume=True)
    assert again == scores and [row["epoch"] for row in again] == [0, 1, 2]
    assert answers(resumed) == answers(straight)


def test_labels_by_paragraph_only_train_too(place):
    write_jsonl(place / "train.jsonl", learnable(0, 48, by_paragraph=True))
    write_jsonl(place / "dev.jsonl", learnable(100, 24, by_paragraph=True))
    folder, scores = run(Path("run.toml"))
    assert scores[-1]["macro_f1"] > scores[0]["macro_f1"]
    assert Labeler.load(folder).scheme == POLICY_DOMAINS


def test_a_fresh_head_is_never_kept_as_it_was_drawn(place):
    override = ["trainer.learning_rate=0.0", "trainer.num_train_epochs=1"]
    _, scores = run(Path("run.toml"), overrides=override, init="fresh-head")
    assert scores[0]["macro_f1"] == scores[1]["macro_f1"]
    result = CliRunner().invoke(app, ["run.toml", "--init", "fresh-head", *(f"--set={o}" for o in override)])
    assert "the starting weights won" not in result.output


def test_a_start_that_fails_leaves_nothing_behind(place):
    with pytest.raises(GongbaoError):
        run(Path("run.toml"), overrides=["model.freeze_layers=9"])
    with pytest.raises(GongbaoError):
        run(Path("run.toml"), overrides=["model.checkpoint=nowhere"])
    assert not list(Path("models").iterdir())


def test_gold_is_read_before_training(place):
    result = CliRunner().invoke(app, ["run.toml", "--set", "data.gold=nope.jsonl"])
    assert result.exit_code == 1
    assert "cannot read nope.jsonl" in result.output
    assert not Path("models").exists()


def test_documents_in_train_and_dev_are_warned_of(place, capsys):
    run(Path("run.toml"), overrides=["data.dev=train.jsonl", "trainer.max_steps=1"])
    assert "warning: 12 documents are in train and in dev" in capsys.readouterr().err


def test_a_wordpiece_encoder_trains_too(place):
    # The form in which Chinese BERTs lie on a hub: a vocab.txt, WordPiece, [CLS] and [SEP], no head.
    from transformers import BertConfig, BertModel

    folder = place / "hub"
    chars = sorted({char for row in learnable(0, 6) for s in row["sentences"] for char in s["text"]} - {"科"})
    vocab = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *chars, "cls", "[", "]"]
    config = {"vocab_size": len(vocab), "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    BertModel(BertConfig(**config, intermediate_size=64, max_position_embeddings=64)).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(vocab) + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer", "do_lower_case": true}')
    override = ["model.checkpoint=hub", "trainer.num_train_epochs=4"]
    made, scores = run(Path("run.toml"), overrides=override, init="fresh-head")
    assert scores[-1]["macro_f1"] > scores[0]["macro_f1"]
    tokenizer = Tokenizer(made)
    assert tokenizer.encode(["引进人才。"])[0].ids == [vocab.index(char) for char in "引进人才。"]
    assert tokenizer.encode(["[CLS]"])[0].ids == [vocab.index(piece) for piece in ("[", "cls", "]")]
    assert (tokenizer.first, tokenizer.last, tokenizer.padding, tokenizer.unknown) == (2, 3, 0, 1)
    assert Labeler.load(made).engine.unknown(["科。"]) == (1, 2)


def test_a_scheme_of_ones_own_wants_a_fresh_head(place):
    (place / "mine.toml").write_text('name = "mine"\n[[label]]\nid = "talent"\n[[label]]\nid = "reform"\n')
    override = ['data.scheme="mine.toml"', "trainer.num_train_epochs=1"]
    with pytest.raises(GongbaoError, match=r"answers other labels .* --init fresh-head"):
        run(Path("run.toml"), overrides=override)
    folder, _ = run(Path("run.toml"), overrides=override, init="fresh-head")
    labeler = Labeler.load(folder)
    assert labeler.scheme.signature == "mine/1"
    assert set(labeler.label("引进人才。")[0].scores) == {"talent", "reform"}


def test_a_checkpoint_without_a_head_wants_a_fresh_one(place):
    from transformers import AutoModel

    AutoModel.from_pretrained("start").save_pretrained("base")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (place / "base" / name).write_bytes((place / "start" / name).read_bytes())
    override = ["model.checkpoint=base", "trainer.max_steps=1"]
    with pytest.raises(GongbaoError, match="fresh-head"):
        run(Path("run.toml"), overrides=override)
    assert run(Path("run.toml"), overrides=override, init="fresh-head")[0].exists()


def test_frozen_layers_stay_as_they_are(place):
    from safetensors.torch import load_file

    override = ["model.freeze_layers=1", "trainer.num_train_epochs=1"]
    folder, _ = run(Path("run.toml"), overrides=override)
    before, after = load_file("start/model.safetensors"), load_file(folder / "model.safetensors")
    changed = {name for name in before if not np.array_equal(before[name].numpy(), after[name].numpy())}
    assert changed
    assert not [name for name in changed if "embeddings" in name or "layer.0." in name]
    with pytest.raises(GongbaoError, match="freeze_layers = 9: the checkpoint has 2 layers"):
        run(Path("run.toml"), overrides=["model.freeze_layers=9"])


def test_interpolation_goes_a_part_of_the_way(place):
    from safetensors.torch import load_file

    short = ["trainer.num_train_epochs=1"]
    folders = [
        run(Path("run.toml"), overrides=[f"model.interpolation={share}", f"name=i{n}", *short])[0]
        for n, share in enumerate((1.0, 0.25))
    ]
    start = load_file("start/model.safetensors")
    all_the_way, quarter = (load_file(folder / "model.safetensors") for folder in folders)
    assert any(not np.array_equal(start[name].numpy(), all_the_way[name].numpy()) for name in start)
    for name, weights in start.items():
        expected = 0.75 * weights.float() + 0.25 * all_the_way[name].float()
        assert np.allclose(quarter[name].float(), expected, atol=2e-3), name
    # A fresh head starts from nothing worth keeping.
    one, part = (
        run(Path("run.toml"), overrides=[f"model.interpolation={share}", f"name=f{n}", *short], init="fresh-head")[0]
        for n, share in enumerate((1.0, 0.25))
    )
    assert answers(one) == answers(part)


def test_a_hub_name_without_a_hub_is_one_clear_line(place):
    with pytest.raises(GongbaoError, match=r"cannot get nobody/nothing: .*no model hub answers") as caught:
        run(Path("run.toml"), overrides=["model.checkpoint=nobody/nothing"])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "not TOML"),
        ('name = "x"\nmodle = 1', "unknown key modle .nearest: 'model'"),
        ('name = "x"\n[model]\ncheckpont = "y"', "unknown key model.checkpont .nearest: 'checkpoint'"),
        ('name = "x"\n[trainer]\nlearning_rat = 1', "unknown key trainer.learning_rat .nearest: 'learning_rate'"),
        ('name = "x"\n[trainer]\nevaluation_strategy = "no"', "unknown key trainer.evaluation_strategy"),
        ('name = "x"\n[trainer]\noutput_dir = "y"', "trainer.output_dir is not yours to set"),
        ('name = "x"\n[trainer]\nsave_only_model = true', "save_only_model is not yours to set: .* the optimizer"),
        ('name = "x"\n[trainer]\neval_on_start = true', "eval_on_start is not yours to set: .* as epoch 0"),
        ('name = "x"\n[trainer]\nnum_train_epochs = -3', "num_train_epochs: more than 0 is wanted, not -3"),
        ('name = "x"\n[trainer]\ngradient_accumulation_steps = 0', "accumulation_steps: 1 or more is wanted, not 0"),
        ('name = "x"\n[trainer]\nper_device_train_batch_size = 2', "tokens_per_batch says what a batch holds"),
        ('name = "x"\n[trainer]\nlearning_rate = "abc"', "trainer.learning_rate: a number is wanted, not 'abc'"),
        ('name = "x"\n[trainer]\neval_strategy = "no"', "trainer.eval_strategy may not be no"),
        ('name = "x"\n[data]\ntrain = []', "data.train: "),
        ('name = "a/b"', "name: "),
        ('name = "x"\n[model]\ninit = "other"', "model.init: "),
    ],
)
def test_a_bad_config_is_one_line(tmp_path, text, message):
    file = tmp_path / "x.toml"
    file.write_text(text)
    with pytest.raises(GongbaoError, match=message) as caught:
        read_config(file)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["embedded", "macbert", "tfidf"])
def test_the_configs_that_ship_are_read(name):
    assert read_config(ROOT / "configs" / f"{name}.toml").name == name


def test_every_trainer_field_is_usable_by_its_own_name(place):
    from train.arguments import training_arguments

    overrides = ["trainer.lr_scheduler_type=cosine", "trainer.gradient_accumulation_steps=2", "trainer.adam_beta2=0.98"]
    arguments = training_arguments(read_config("run.toml", overrides).trainer, place)
    assert (arguments.gradient_accumulation_steps, arguments.adam_beta2) == (2, 0.98)
    assert arguments.lr_scheduler_type == "cosine"


def test_an_id_in_two_training_files_is_refused(place):
    with pytest.raises(GongbaoError, match=r"dev\.jsonl: id 'r0' is also in train\.jsonl"):
        write_jsonl(place / "dev.jsonl", learnable(0, 4))
        run(Path("run.toml"), overrides=['data.train=["train.jsonl", "dev.jsonl"]'])


def test_batches_hold_every_paragraph_once_under_the_budget():
    rng = np.random.default_rng(0)
    counts, widths = rng.integers(1, 4, 500).tolist(), rng.integers(5, 120, 500).tolist()
    groups = batches(counts, widths, 512, seed=1)
    assert sorted(index for group in groups for index in group) == list(range(500))
    sizes = [sum(counts[i] for i in group) * max(widths[i] for i in group) for group in groups]
    assert all(size <= 512 for size in sizes)
    assert groups == batches(counts, widths, 512, seed=1) != batches(counts, widths, 512, seed=2)
    # Grouped by length, little is padding; shuffled batches of this kind are half padding.
    real = sum(c * w for c, w in zip(counts, widths, strict=True))
    assert real / sum(sizes) > 0.9


def test_the_loss_is_the_mean_over_sentences_and_labels_by_hand():
    # Two sentences, one label. Tokens 1 and 2 are sentence 0 (logits 1 and 3, mean 2, target 1), token 3 is sentence 1
    # (logit -1, target 0). BCE: ln(1 + e^-2) = 0.126928 and ln(1 + e^-1) = 0.313262; mean 0.220095.
    import torch

    inputs = {
        "owner": torch.tensor([[-1, 0, 0, 1, -1]]),
        "answer": torch.tensor([0, 1]),
        "targets": torch.tensor([[1.0], [0.0]]),
        "weight": torch.tensor([1.0, 1.0]),
    }
    logits = torch.tensor([[[9.0], [1.0], [3.0], [-1.0], [9.0]]])
    assert sentence_loss(logits, inputs).item() == pytest.approx(0.220095, abs=1e-6)
    # Labelled as a paragraph (target 1), its largest sentence logit answers: ln(1 + e^-2).
    whole = inputs | {"answer": torch.tensor([0, 0]), "targets": torch.tensor([[1.0]]), "weight": torch.tensor([1.0])}
    assert sentence_loss(logits, whole).item() == pytest.approx(0.126928, abs=1e-6)
    # Smoothing by 0.2 makes the targets 0.9 and 0.1: each adds 0.1 x |logit|, so the mean grows by (0.2 + 0.1) / 2.
    assert sentence_loss(logits, inputs, 0.2).item() == pytest.approx(0.370095, abs=1e-6)
    # Weighing 3 and 1: (3 x 0.126928 + 0.313262) / 2 = 0.347023. Weighing nothing, it teaches nothing.
    weighted = inputs | {"weight": torch.tensor([3.0, 1.0])}
    assert sentence_loss(logits, weighted).item() == pytest.approx(0.347023, abs=1e-6)
    assert sentence_loss(logits, inputs | {"weight": torch.zeros(2)}).item() == 0


def test_training_and_prediction_pool_alike(tiny, tmp_path):
    # The loss's own means, computed from collated batches, against the engine's, over windows, slices and repetition.
    import torch

    from gongbao.engines.torch import TorchEngine

    long = [{"text": "改革开放" * 40 + "。", "labels": []}, {"text": "引进人才。", "labels": []}]
    many = [{"text": "全省强化人才。", "labels": []}] * 30
    rows = [{"id": "a", "document": "a", "sentences": long}, {"id": "b", "document": "b", "sentences": many}]
    file = write_jsonl(tmp_path / "x.jsonl", rows)
    examples = read_examples(file, POLICY_DOMAINS)
    engine = TorchEngine.load(tiny, "cpu")
    training = Training(examples, [1.0, 1.0])
    rows = encode(training, engine.tokenizer, POLICY_DOMAINS, engine.size, "paragraph")
    data = Batches(rows, 10_000, seed=0)
    assert len(data) == 1
    inputs = collate([data[0]], engine.tokenizer.padding)
    with torch.inference_mode():
        logits = engine.model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).logits
    order = data.groups[0]
    expected = np.concatenate([engine.logits([[s.text for s in examples[i].sentences]])[0] for i in order])
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        torch.tensor(expected, dtype=torch.float32), inputs["targets"]
    )
    assert sentence_loss(logits, inputs).item() == pytest.approx(loss.item(), abs=1e-5)


def test_the_tokenizer_of_a_run_is_the_checkpoints_own(place):
    folder, _ = run(Path("run.toml"), overrides=["trainer.max_steps=1"])
    assert (folder / "tokenizer.json").read_bytes() == Path("start/tokenizer.json").read_bytes()
    assert Tokenizer(folder).encode(["全省人才。"])[0].unknown == 0


def test_the_baseline_goes_through_the_same_doors(place):
    (place / "tfidf.toml").write_text(
        'name = "tfidf"\nkind = "tfidf"\n[data]\ntrain = ["train.jsonl"]\ndev = "dev.jsonl"\n'
        'scheme = "two.toml"\n[tfidf]\nngram_range = [1, 2]\nmin_df = 1\n'
    )
    (place / "two.toml").write_text('name = "two"\n[[label]]\nid = "talent"\n[[label]]\nid = "reform"\n')
    folder, _ = run(Path("tfidf.toml"))
    labeler = Labeler.load(folder)
    assert labeler.label("引进人才。改革开放；")[0].labels == ("talent", "reform")
    assert labeler.label("会议指出。")[0].labels == ()
    assert not [path for path in folder.iterdir() if path.suffix not in (".json", ".safetensors", ".md")]
    with pytest.raises(GongbaoError, match="label 'innovation' is on no example"):
        run(Path("tfidf.toml"), overrides=["data.scheme=''"])
