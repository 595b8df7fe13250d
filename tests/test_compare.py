"""Comparing systems: the tests against published examples and other implementations, the verdict, the command."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from eval import compare as comparing
from eval import ranking
from eval.__main__ import app
from eval.gold import Gold
from eval.system import System
from gongbao.examples import Example, LabelledSentence, write_examples
from gongbao.labels import POLICY_DOMAINS
from tests.conftest import make_bert, make_decision

FIRST, SECOND = POLICY_DOMAINS.ids[:2]


def make_gold(documents=12, paragraphs=4):
    """Documents whose paragraphs carry the first label, the second, both, none, in turn."""
    carried = [(FIRST,), (SECOND,), (FIRST, SECOND), ()]
    examples = [
        Example(f"d{d:02}-{n}", f"d{d:02}", (LabelledSentence(f"第{n}段<b>。", carried[n % 4]),), carried[n % 4])
        for d in range(documents)
        for n in range(paragraphs)
    ]
    return Gold("gold.jsonl", POLICY_DOMAINS, tuple(examples))


def system(gold, name, wrong=0.0, seed=1, shift=0):
    """A system that turns a share of the first two labels round."""
    answer = gold.truth.copy()
    flip = np.random.default_rng(seed).random((len(answer), 2)) < wrong
    answer[:, :2] ^= np.roll(flip, shift, axis=0)
    return System(name, "predictions", answer, np.where(answer, 0.9, 0.1))


def test_mcnemar_is_the_textbooks_exact_test():
    # Agresti, Categorical Data Analysis (2013), table 11.1: 86 and 150 of the discordant pairs. The exact two-sided
    # p value of 86 of 236 under 1/2 is 3.7e-5 (his asymptotic z is -4.17).
    truth = np.ones(236, dtype=bool)
    b = np.arange(236) < 86
    found = comparing.mcnemar(truth, ~b, b)
    assert (found["mended"], found["broken"]) == (86, 150)
    from scipy.stats import binom

    assert found["p"] == pytest.approx(2 * binom.cdf(86, 236, 0.5), rel=1e-9)
    assert found["p"] < 0.001
    # 1 mended, 9 broken: 2 x (1 + 10) / 1024.
    right = np.arange(10) < 1
    assert comparing.mcnemar(np.ones(10, bool), ~right, right)["p"] == pytest.approx(22 / 1024)
    assert comparing.mcnemar(truth, b, b) == {"mended": 0, "broken": 0, "p": 1.0}


def test_holm_by_hand():
    # Sorted 0.005 0.01 0.03 0.04 times 4 3 2 1: 0.02 0.03 0.06 0.04, never falling: 0.02 0.03 0.06 0.06.
    assert comparing.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert comparing.holm([0.9, 0.8]) == [1.0, 1.0]


def test_randomisation_is_that_of_a_plain_loop():
    gold = make_gold()
    a, b = system(gold, "a", 0.3, seed=2), system(gold, "b", 0.1, seed=3)
    from sklearn.metrics import f1_score

    from eval.intervals import count

    counts = [count(gold.truth, each.answer, gold.document) for each in (a, b)]
    found = comparing.randomisation(*counts, 99, seed=5)
    swap = np.random.default_rng(5).integers(0, 2, (99, len(gold.documents))).astype(bool)

    def gap(moved):
        rows = moved[gold.document][:, None]
        one, two = np.where(rows, b.answer, a.answer), np.where(rows, a.answer, b.answer)
        macro = [f1_score(gold.truth[:, :2], each[:, :2], average="macro") for each in (one, two)]
        return abs(macro[1] - macro[0])

    seen = gap(np.zeros(len(gold.documents), bool))
    slow = sum(gap(moved) >= seen - 1e-12 for moved in swap)
    assert found == (1 + slow) / 100


def test_a_model_against_itself():
    gold = make_gold()
    a = system(gold, "a", 0.2)
    found = comparing.compare(a, System("b", "predictions", a.answer, a.scores), gold, 200, 1)
    assert found["macro_f1"]["difference"] == 0.0
    assert found["macro_f1"]["interval"] == [0.0, 0.0]
    assert found["macro_f1"]["p"] == 1.0
    assert found["verdict"] == "b cannot be told from a (no difference was seen)."
    assert found["changes"] == {"mended": [], "broken": [], "otherwise_wrong": []}
    assert all(row["p_holm"] == 1.0 for row in found["labels"].values())


def test_better_worse_and_not_told():
    gold = make_gold(documents=40)
    good, bad = system(gold, "good", 0.02), system(gold, "bad", 0.4, seed=2)
    assert comparing.compare(bad, good, gold, 300, 1)["verdict"] == "good is better than bad."
    assert comparing.compare(good, bad, gold, 300, 1)["verdict"] == "bad is worse than good."
    alike = system(gold, "alike", 0.02, shift=7)
    assert "cannot be told" in comparing.compare(good, alike, gold, 300, 1)["verdict"]


def test_differences_are_antisymmetric():
    gold = make_gold()
    a, b = system(gold, "a", 0.3), system(gold, "b", 0.1, seed=4)
    forth, back = comparing.compare(a, b, gold, 100, 1), comparing.compare(b, a, gold, 100, 1)
    assert forth["macro_f1"]["difference"] == -back["macro_f1"]["difference"]
    low, high = forth["macro_f1"]["interval"]
    assert back["macro_f1"]["interval"] == pytest.approx([-high, -low])
    assert forth["macro_f1"]["p"] == back["macro_f1"]["p"]
    assert forth["changes"]["mended"] == back["changes"]["broken"]


def test_how_many_more_paragraphs_would_tell():
    # (0.02 / 0.01)² = 4 times 400: 1,200 more. Worse by 0.01 with up to 0.02: (0.03 / 0.01)² = 9 times: 3,200 more.
    assert comparing.more_paragraphs(0.01, -0.01, 0.03, 400) == 1200
    assert comparing.more_paragraphs(-0.01, -0.04, 0.02, 400) == 3200
    # 436 x ((0.0123 / 0.01)² - 1) = 223.6, rounded up to two digits.
    assert comparing.more_paragraphs(0.01, -0.0023, 0.02, 436) == 230
    assert comparing.more_paragraphs(0.0, -0.1, 0.1, 400) is None


def macro(low, high, p=0.01, difference=0.02):
    return {"a": 0.8, "b": 0.8 + difference, "difference": difference, "interval": [low, high], "p": p}


@pytest.mark.parametrize(
    ("found", "differing", "said"),
    [
        # (0.03 / 0.02)² = 2.25 times 400: 500 more.
        (macro(-0.01, 0.05), 5, "b cannot be told from a (about 500 more paragraphs would tell)."),
        (macro(-0.01, 0.05), 4, "b cannot be told from a (only 4 documents differ)."),
        (macro(-0.01, 0.05), 1, "b cannot be told from a (only 1 document differs)."),
        (macro(-0.01, 0.01, difference=0.0), 9, "b cannot be told from a (no difference was seen)."),
        (macro(0.01, 0.03), 3, "b is better than a."),
        (
            macro(0.01, 0.03, p=0.123),
            3,
            "b is better than a, though approximate randomisation gives p = 0.12: few documents differ.",
        ),
        (macro(-0.03, -0.01, p=0.06), 30, "b is worse than a, though approximate randomisation gives p = 0.06."),
    ],
)
def test_the_verdict_says_how_sure_it_is(found, differing, said):
    assert comparing.verdict("b", "a", found, 400, differing) == said


def test_changes_by_hand():
    gold = make_gold(documents=2)
    a, b = gold.truth.copy(), gold.truth.copy()
    a[0, 0] = False  # wrong in A alone: mended
    b[1, 0] = True  # wrong in B alone: broken
    a[2, 0], b[2, 1] = False, False  # wrong in both, differently
    a[3, 0] = b[3, 0] = True  # wrong in both alike: no change
    found = comparing.changes(System("a", "", a), System("b", "", b), gold)
    ids = gold.ids
    assert found == {"mended": [ids[0]], "broken": [ids[1]], "otherwise_wrong": [ids[2]]}


def test_common_thresholds_want_scores():
    gold = make_gold()
    a, b = system(gold, "a", 0.1), system(gold, "b", 0.1, seed=3)
    assert comparing.compare(a, b, gold, 10, 1)["common"]["macro_f1"]["a"] is not None
    bare = System("c", "", b.answer)
    assert comparing.compare(a, bare, gold, 10, 1)["common"] is None


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """`data/gold.jsonl` and reports `good`, `bad` and `same` of saved predictions."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    gold = make_gold(documents=30)
    write_examples(gold.examples, "data/gold.jsonl")
    for name, wrong in (("good", 0.02), ("bad", 0.4)):
        each = system(gold, name, wrong)
        rows = [
            {
                "id": id_,
                "labels": [label for label, on in zip(POLICY_DOMAINS.ids, row, strict=True) if on],
                "scores": dict(zip(POLICY_DOMAINS.ids, scores.tolist(), strict=True)),
            }
            for id_, row, scores in zip(gold.ids, each.answer, each.scores, strict=True)
        ]
        file = tmp_path / f"{name}.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        assert run("score", file.name, "-o", name, "--resamples", "100").exit_code == 0
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


def test_the_command_says_who_is_better_and_writes_the_page(folder):
    result = run("compare", "bad", "good", "-o", "out", "--resamples", "200")
    assert result.exit_code == 0, result.output
    assert "**good is better than bad.**" in result.output
    found = json.loads((folder / "out" / "compare.json").read_text())
    assert [row["name"] for row in found["ranking"]] == ["good", "bad"]
    page = (folder / "out" / "compare.html").read_text()
    assert "good is better than bad." in page
    assert "<b>。" not in page and "&lt;b&gt;。" in page
    assert (folder / "out" / "compare.md").read_text().strip() == result.output.strip()


def test_fail_if_worse(folder):
    assert run("compare", "good", "bad", "--fail-if-worse").exit_code == 1
    assert run("compare", "bad", "good", "--fail-if-worse").exit_code == 0
    assert run("compare", "bad", "good").exit_code == 0


def test_other_resamples_are_said_and_made_good(folder):
    assert run("score", "good.jsonl", "-o", "again", "--resamples", "200", "--name", "again").exit_code == 0
    result = run("compare", "good", "again", "--resamples", "300")
    assert result.exit_code == 0
    assert "again was reported with boot 200, good with 100." in result.output
    assert "boot:300" in result.output


def test_reports_on_other_gold_are_refused(folder):
    other = make_gold(documents=29)
    write_examples(other.examples, "data/other.jsonl")
    rows = (folder / "good.jsonl").read_text().splitlines()[: len(other.ids)]
    (folder / "fewer.jsonl").write_text("\n".join(rows) + "\n")
    assert run("score", "fewer.jsonl", "-o", "fewer", "--gold", "data/other.jsonl").exit_code == 0
    result = run("compare", "good", "fewer")
    assert result.exit_code == 1
    assert "the gold set differs" in result.output
    result = run("compare", "good", "bad", "--gold", "data/other.jsonl")
    assert result.exit_code == 1
    assert "was scored on gold.jsonl" in result.output and "--gold" in result.output


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("good", "bad", "--fail-if-worse", "--resamples", "0"), 2, "--fail-if-worse wants resamples"),
        (("good", "bad", "--resamples", "99"), 2, "--resamples 99: give 0, for no intervals, or 100 to 20,000"),
        (("good", "bad", "--resamples", "20001"), 2, "--resamples 20001"),
        (("good", "bad", "--resamples", "-1"), 2, "--resamples -1"),
        (("good", "bad", "--on", "nowhere"), 1, "nowhere: no such file or directory"),
        (("good",), 2, "two reports or more"),
        (("good", "nowhere"), 1, "nowhere: no report in it"),
        (("good", "good"), 1, "two systems are called 'good': name one otherwise, NAME=DIR"),
        (("good", "bad", "--on", "data", "--fail-if-worse"), 2, "wants a gold set"),
        (("good", "bad", "good", "--on", "data"), 2, "name two models"),
    ],
)
def test_wrong_arguments(folder, arguments, code, message):
    result = run("compare", *arguments)
    assert result.exit_code == code, result.output
    assert message in result.output
    assert len(result.output.strip().splitlines()) == 1


def test_nothing_is_overwritten_unasked(folder):
    assert run("compare", "bad", "good", "-o", "out").exit_code == 0
    assert "--force" in run("compare", "bad", "good", "-o", "out").output
    assert run("compare", "bad", "good", "-o", "out", "--force").exit_code == 0


def test_three_are_ranked(folder):
    assert run("score", "data/gold.jsonl", "-o", "perfect", "--name", "perfect").exit_code == 0
    result = run("compare", "bad", "good", "perfect", "-o", "out")
    assert result.exit_code == 0
    found = json.loads((folder / "out" / "compare.json").read_text())
    assert [row["name"] for row in found["ranking"]] == ["perfect", "good", "bad"]
    assert [(pair["a"], pair["b"]) for pair in found["pairs"]] == [
        ("bad", "good"), ("bad", "perfect"), ("good", "perfect"),
    ]  # fmt: skip
    assert ranking.is_worse(found) is False


def test_two_models_on_text_without_labels(tmp_path, monkeypatch, tiny):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "page.txt").write_text("一、总则\n\n推进绿色转型。建设<i>实验室。\n", encoding="utf-8")
    result = run("compare", tiny, tiny, "--on", "page.txt", "-o", "same")
    assert result.exit_code == 0, result.output
    assert "0 of 2 paragraphs change" in result.output
    assert json.loads((tmp_path / "same" / "compare.json").read_text())["changed"] == []
    other = make_bert(tmp_path / "other", seed=1)
    make_decision().save(other)
    result = run("compare", tiny, other, "--on", "page.txt", "-o", "out")
    found = json.loads((tmp_path / "out" / "compare.json").read_text())
    assert found["changed"], "random models that answer alike: choose another seed"
    for label, row in found["labels"].items():
        assert row["b"] - row["a"] == row["gained"] - row["lost"], label
    for row in found["changed"]:
        assert row["a"] != row["b"]
        moved = set(row["a"]) ^ set(row["b"])
        assert {each["label"] for each in row["evidence"]} == moved
    assert "<i>" not in (tmp_path / "out" / "compare.html").read_text()
