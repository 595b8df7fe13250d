"""Adapting to an archive: packing, masking, budgets, resuming, and what cannot be done."""

from __future__ import annotations

import json
import lzma
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, make_bert, write_jsonl  # noqa: F401
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from gongbao.errors import GongbaoError
from gongbao.windows import Tokenizer
from train.adapt import adapt, read_adapt
from train.budget import Budget, Spend, spent
from train.pack import Mask, Packed, mask, pack

WORDS = "改革开放人才全省强化会议指出支持企业发展"


def archive(documents, seed=0):
    """Text in which a character tells the next: what a masked language model can learn."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(documents):
        starts = rng.integers(0, len(WORDS), 12)
        made.append("\n".join("".join(WORDS[(s + k) % len(WORDS)] for k in range(14)) + "。" for s in starts))
    return "\n\n".join(made) + "\n"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working directory with an archive, a tiny encoder and a config whose every step is saved."""
    monkeypatch.chdir(tmp_path)
    Path("text.xz").write_bytes(lzma.compress(archive(40).encode()))
    make_bert(Path("start"))
    Path("adapt.toml").write_text(
        'name = "tiny"\n[data]\ntext = [{ file = "text.xz" }]\nheld_out = 0.1\n'
        '[model]\ncheckpoint = "start"\nwindows_per_batch = 4\n'
        "[budget]\ntokens = 40000\nsave_minutes = 1e-9\n"
        "[trainer]\nlearning_rate = 1e-2\nbf16 = false\nseed = 3\nlogging_steps = 1\n"
    )
    return tmp_path


def weights(folder):
    from safetensors.numpy import load_file

    return load_file(Path(folder) / "model.safetensors")


def test_adapting_lowers_the_loss_on_text_that_was_held_out(place):
    folder, scores = adapt(read_adapt("adapt.toml"))
    assert scores[0]["tokens"] == 0 and scores[-1]["tokens"] >= 40000
    # Who knows which 21 characters there are but not what follows what loses ln(21) = 3.04; the start knows nothing.
    assert scores[-1]["loss"] < 3.3 and scores[0]["loss"] > 5
    record = json.loads((folder / "record.json").read_text())
    assert sorted(path.name for path in folder.iterdir()) == record["files"]
    assert record["held_out"] == scores
    from transformers import AutoModelForTokenClassification

    # The head that the checkpoint had is still there, untouched.
    AutoModelForTokenClassification.from_pretrained(folder)
    assert np.array_equal(
        weights(folder)["classifier.weight"], weights("start")["classifier.weight"].astype(np.float16)
    )
    assert (folder / "tokenizer.json").read_bytes() == Path("start/tokenizer.json").read_bytes()


def test_an_adapted_encoder_does_not_pass_for_a_labeller(place):
    from gongbao import Labeler

    folder, _ = adapt(read_adapt("adapt.toml", ["budget.tokens=2000"]))
    with pytest.raises(GongbaoError, match=r"decision\.json is missing"):
        Labeler.load(folder)


# 17 windows, four a step: an epoch has five steps, of which the last is short.
@pytest.mark.parametrize("stop", [3, 5, 17])
def test_a_stopped_run_goes_on_exactly_and_sees_no_window_twice_in_an_epoch(place, monkeypatch, stop):
    straight, expected = adapt(read_adapt("adapt.toml", ["name=straight"]))
    step_end = Spend.on_step_end

    def stopping(self, args, state, control, **rest):
        step_end(self, args, state, control, **rest)
        if state.global_step == stop + 1:
            # Before the checkpoint of this step is written: the one before it is what is kept.
            raise KeyboardInterrupt

    monkeypatch.setattr(Spend, "on_step_end", stopping)
    with pytest.raises(KeyboardInterrupt):
        adapt(read_adapt("adapt.toml"))
    monkeypatch.setattr(Spend, "on_step_end", step_end)
    (partial,) = Path("models").glob(".*-tiny.partial")
    assert (partial / f"checkpoint-{stop}").exists()
    Path("text.xz").unlink()
    resumed, scores = adapt(read_adapt("adapt.toml"), resume=True)
    assert scores == expected
    assert all(np.array_equal(weights(resumed)[name], weights(straight)[name]) for name in weights(straight))
    one, two = (json.loads((folder / "record.json").read_text())["losses"] for folder in (straight, resumed))
    assert one == two


def test_gradient_accumulation_is_counted(place):
    override = ["budget.tokens=8000", "trainer.gradient_accumulation_steps=2"]
    _, scores = adapt(read_adapt("adapt.toml", override))
    # Two batches of four windows of 64 are 512 tokens a step: 16 steps make 8,192.
    assert [row["tokens"] for row in scores] == [0, 8192]


def test_a_budget_of_minutes_is_what_both_parts_of_a_stopped_run_share(place, monkeypatch):
    step_end = Spend.on_step_end

    def stopping(self, args, state, control, **rest):
        step_end(self, args, state, control, **rest)
        if state.global_step == 4:
            raise KeyboardInterrupt

    text = Path("adapt.toml").read_text().replace("tokens = 40000", "minutes = 0.05")
    Path("adapt.toml").write_text(text)
    monkeypatch.setattr(Spend, "on_step_end", stopping)
    with pytest.raises(KeyboardInterrupt):
        adapt(read_adapt("adapt.toml"))
    monkeypatch.setattr(Spend, "on_step_end", step_end)
    (partial,) = Path("models").glob(".*-tiny.partial")
    before = spent(str(partial / "checkpoint-3"))
    assert 0 < before < 3
    begun = time.monotonic()
    _, scores = adapt(read_adapt("adapt.toml"), resume=True)
    assert scores[-1]["tokens"] > 4 * 256
    assert time.monotonic() - begun < 30


def test_every_window_is_seen_once_an_epoch(place, monkeypatch):
    seen = []
    item = Packed.__getitem__
    monkeypatch.setattr(
        Packed, "__getitem__", lambda self, i: (seen.append((len(self), self.epoch, i)), item(self, i))[1]
    )
    adapt(read_adapt("adapt.toml"))
    size = max(count for count, _, _ in seen)
    trained = [(epoch, index) for count, epoch, index in seen if count == size]
    assert len(trained) > size and len(trained) == len(set(trained))
    assert {index for epoch, index in trained if epoch == 0} == set(range(size))


def test_a_budget_of_minutes_ends_and_counts_what_was_spent_before():
    spend = Spend(Budget(minutes=1), 100, seconds=45)
    assert 0.75 <= spend.share < 0.76
    # From 6 % of the budget on the rate falls evenly to 0: (1 - 0.75) / (1 - 0.06) = 0.266.
    assert spend.rate == pytest.approx(0.266, abs=0.01)
    tokens = Spend(Budget(tokens=10_000), 100)
    tokens.step = 3
    assert tokens.rate == pytest.approx(0.03 / 0.06)
    tokens.step = 100
    assert (tokens.share, tokens.rate) == (1.0, 0.0)


def test_documents_are_packed_without_waste(tmp_path):
    make_bert(tmp_path / "start")
    tokenizer = Tokenizer(tmp_path / "start")
    documents = [["改革。", "开放。"], ["人才。"]] * 20
    train, apart = pack(documents, tokenizer, 12, 0.2, 10**9, seed=0)
    assert train.shape[1] == apart.shape[1] == 12
    flat = np.concatenate([train, apart])
    assert (flat[:, 0] == tokenizer.first).all() and (flat[:, -1] == tokenizer.last).all()
    assert not (flat == tokenizer.padding).any()
    # ▁改革。▁开放。</s> and ▁人才。</s>: 9 + 5 pieces, twenty times; less than a window is lost on each side.
    total = 20 * (9 + 5)
    assert total - 2 * 10 < flat.size - 2 * len(flat) <= total
    few = pack(documents[:5], tokenizer, 12, 0.2, 10**9, seed=0)
    assert len(few[1]) == 1 and len(few[0]) == 2  # 37 pieces, 10 a window
    with pytest.raises(GongbaoError, match=r"too little text: 9 pieces in 1 documents"):
        pack(documents[:1], tokenizer, 12, 0.2, None, seed=0)
    assert len(pack(documents, tokenizer, 12, 0.2, 50, seed=0)[0]) < len(train)
    # None of these 30 documents is drawn to be held out: the last windows are.
    train, apart = pack(documents[:30], tokenizer, 12, 1e-9, None, seed=0)
    assert len(apart) == 1 and len(train) > 10
    # A file without blank lines is one document, and reading stops inside it.
    whole = ["改革。"] * 2000
    assert len(pack([whole], tokenizer, 12, 0.1, None, seed=0)[0]) == 720  # 2,000 x 4 + 1 pieces, 800 windows, 80 apart
    assert len(pack([whole], tokenizer, 12, 0.1, 100, seed=0)[0]) < 100


@given(st.integers(0, 10**6), st.floats(0.05, 0.5), st.integers(1, 6))
def test_masks_leave_specials_and_words_whole(tiny, seed, share, longest):
    tokenizer = Tokenizer(tiny)
    rng = np.random.default_rng(seed)
    window = rng.integers(5, 30, 60).astype(np.int32)
    window[[0, 30, 59]] = tokenizer.first, tokenizer.last, tokenizer.last
    joined = np.zeros(tokenizer.size, bool)
    joined[10:15] = True
    read, chosen = mask(window, Mask(share=share, longest=longest), tokenizer, joined, rng)
    assert not chosen[[0, 30, 59]].any()
    assert (read[~chosen] == window[~chosen]).all()
    assert chosen.sum() >= 1
    # As many as asked for, but for a last span that goes over (a word of it is at most so long).
    runs = "".join("j" if follows else " " for follows in joined[window]).split()
    assert chosen.sum() < round(share * 57) + 1 + longest * (1 + max(map(len, runs), default=0))
    for index in np.flatnonzero(joined[window]):
        # A piece that goes on a word is masked with the piece before it, or not at all.
        if window[index - 1] not in (tokenizer.first, tokenizer.last):
            assert chosen[index] == chosen[index - 1]


def test_masks_are_the_shares_that_were_asked_for(tiny):
    tokenizer = Tokenizer(tiny)
    rng = np.random.default_rng(0)
    windows = rng.integers(5, 30, (200, 100)).astype(np.int32)
    none = np.zeros(tokenizer.size, bool)
    pairs = [mask(window, Mask(), tokenizer, none, rng) for window in windows]
    chosen = np.array([c for _, c in pairs])
    masked = np.array([r for r, _ in pairs]) == tokenizer.mask
    assert chosen.mean() == pytest.approx(0.15, abs=0.01)
    assert masked[chosen].mean() == pytest.approx(0.8, abs=0.05)


def test_one_seed_masks_alike_and_each_epoch_anew(tiny):
    tokenizer = Tokenizer(tiny)
    windows = np.random.default_rng(0).integers(5, 30, (3, 60)).astype(np.int32)
    none = np.zeros(tokenizer.size, bool)
    one, two = (Packed(windows, tokenizer, Mask(), none, seed=1) for _ in range(2))
    assert (one[2]["read"] == two[2]["read"]).all()
    two.epoch = 1
    assert (one[2]["chosen"] != two[2]["chosen"]).any()


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("budget.token=1", "unknown key budget.token .nearest: 'tokens'"),
        ("trainer.max_steps=3", "trainer.max_steps is not yours to set: the budget decides it"),
        ('data.text=[{ file = "x", line = 1 }]', "unknown key data.text.0.line"),
        ("data.text=[]", "data.text: "),
    ],
)
def test_a_bad_config_is_one_line(place, override, message):
    with pytest.raises(GongbaoError, match=message) as caught:
        read_adapt("adapt.toml", [override])
    assert "\n" not in str(caught.value)


def test_what_cannot_be_done_is_one_line_and_leaves_nothing(place):
    import typer

    from train.adapt import main

    app = typer.Typer()
    app.command()(main)

    def fails(message, *overrides):
        result = CliRunner().invoke(app, ["adapt.toml", *(f"--set={o}" for o in overrides)])
        assert result.exit_code == 1
        (line,) = [line for line in result.output.splitlines() if line.startswith("error: ")]
        assert message in line
        assert not list(Path("models").glob(".*"))

    Path("empty.txt").write_text("\n\n")
    fails("empty.txt: no text", 'data.text=[{ file = "empty.txt" }]')
    Path("picture.txt").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    fails("picture.txt:1: not", 'data.text=[{ file = "picture.txt" }]')
    fails("cannot get nowhere", "model.checkpoint=nowhere")
    fails("start: cannot load the checkpoint", "model.attn_implementation=foo")
    fails("trainer.seed: a whole number", "trainer.seed=-1")
    fails("budget.minutes", "budget.minutes=inf")
    fails("label_smoothing_factor", "trainer.label_smoothing_factor=0.1")
    spec = json.loads(Path("start/tokenizer.json").read_text())
    spec["model"]["vocab"] += [[f"多{n}", -9.0] for n in range(9)]
    Path("start/tokenizer.json").write_text(json.dumps(spec))
    fails("they are not of one model")


def test_the_config_that_ships_is_read_and_takes_a_budget_of_either_kind():
    shipped = ROOT / "configs" / "adapt.toml"
    assert read_adapt(shipped).budget.minutes == 60
    tokens = read_adapt(shipped, ["budget.tokens=5000"]).budget
    assert (tokens.minutes, tokens.tokens) == (None, 5000)
    with pytest.raises(GongbaoError, match="set minutes or tokens, one of them"):
        read_adapt(shipped, ["budget.tokens=5000", "budget.minutes=5"])
