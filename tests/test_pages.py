"""Pages of HTML: whole without anything from elsewhere, and nothing in them is taken for markup."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from typer.testing import CliRunner

from eval import html, report
from eval.__main__ import app
from eval.gold import Gold
from eval.system import System, majority
from gongbao.examples import Example, LabelledSentence, write_examples
from gongbao.labels import POLICY_DOMAINS

HOSTILE = "<script>alert(1)</script>改革&开放 $x_1$ {{ 7 * 7 }} \"'"
VOID = {"meta", "br", "img", "path", "use", "rect", "link", "line"}


class Page(HTMLParser):
    """Collects tags and attributes, and checks that every element is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], set(), [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def check(text):
    page = Page(text)
    assert "script" not in page.tags
    for name, value in page.attributes:
        assert not name.startswith("on"), (name, value)
        if name in ("href", "src", "xlink:href", "action"):
            assert value.startswith("#"), value
    assert not re.search(r"url\((?!#)|@import", text)
    assert "49" not in re.findall(r"\{\{ 7.{0,20}", "".join(page.text))
    return page


def make_gold(labels=("reform", "green")):
    examples = []
    for number in range(12):
        own = labels[number % 2 : number % 2 + 1] if number % 3 else ()
        sentences = (LabelledSentence(HOSTILE + "。", tuple(own)), LabelledSentence("会议召开。", ()))
        examples.append(
            Example(f"d{number}-<i>", f"d{number}", sentences, tuple(own), genre=HOSTILE, year=2000 + number % 2)
        )
    return Gold(f"{HOSTILE}.jsonl", POLICY_DOMAINS, tuple(examples))


def answers(gold, name=HOSTILE):
    generator = np.random.default_rng(1)
    scores = np.round(np.clip(np.where(gold.truth, 0.8, 0.2) + generator.normal(0, 0.3, gold.truth.shape), 0, 1), 6)
    sentences = np.repeat(scores, 2, axis=0)
    review = (scores > 0.4) & (scores < 0.6)
    return System(name, "model", scores >= 0.5, scores, sentences >= 0.5, sentences, np.full(8, 0.5), review)


def test_a_report_escapes_everything_that_comes_from_a_document():
    gold = make_gold()
    found = report.score(answers(gold), gold, [majority(gold)], resamples=20)
    page = check(html.render(found, gold))
    text = "".join(page.text)
    assert HOSTILE in text
    assert {"h1", "table", "svg", "mark"} <= page.tags
    for heading in ("Labels", "Evidence", "Calibration", "Slices", "Missed and invented", "The surest errors"):
        assert heading in text
    assert page.text.count("改革开放") or "reform 改革开放" in text, "Chinese stays text in figures"


def test_a_page_fits_a_telephone_and_paper():
    gold = make_gold()
    found = report.score(answers(gold, "s" * 60), gold, [majority(gold)], resamples=20)
    page = html.render(found, gold)
    main = re.search(r'<figure class="main">\s*<svg[^>]*viewBox="0 0 (\d+)', page)
    assert int(main[1]) <= 480 and "figure.main svg { min-width: 0; }" in page
    assert "@page { size: A4;" in page and "details::details-content { content-visibility: visible;" in page
    assert re.search(r"^p, h2, h3, li, b, .*\.verdict.* \{ overflow-wrap: anywhere; \}", page, re.M)
    # The legend's name has lost its middle.
    assert re.search(r">s{14}…s{13}</text>", page)


def test_the_same_report_makes_the_same_page():
    gold = make_gold()
    found = report.score(answers(gold), gold, resamples=20)
    assert html.render(found, gold) == html.render(found, gold)


def test_a_report_of_labels_alone_leaves_out_what_needs_scores():
    gold = make_gold()
    found = report.score(System("bare", "predictions", answers(gold).answer), gold, resamples=20)
    text = "".join(check(html.render(found, gold)).text)
    assert "Calibration" not in text and "Other thresholds" not in text
    assert "the system gives no scores" in text


@pytest.mark.parametrize("labels", [(), ("reform",)])
def test_gold_with_few_labels_or_none(labels):
    gold = make_gold((*labels, *labels))
    found = report.score(answers(gold, "s"), gold, resamples=20)
    check(html.render(found, gold))


# --- the commands -----------------------------------------------------------------------------------------------------


def run(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture
def place(tmp_path, monkeypatch, tiny):
    """`data/gold.jsonl` of twelve documents, and a model whose rule keeps its tuning scores."""
    from gongbao.decision import Decision

    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    write_examples(make_gold().examples, "data/gold.jsonl")
    model = tmp_path / "model"
    model.mkdir()
    for file in tiny.iterdir():
        (model / file.name).write_bytes(file.read_bytes())
    rule = Decision.load(tiny)
    scores = np.linspace(0.05, 0.95, 20)[:, None].repeat(8, axis=1)
    rule.tuning.update(scores=scores.tolist(), labels=[["reform"] if n >= 10 else [] for n in range(20)])
    rule.save(model)
    return tmp_path


def test_a_model_is_scored_with_policies_behaviour_and_suspects(place):
    result = run(
        "score", "model", "--policy", "precision=0.9", "--export-suspects", "again.jsonl", "--resamples", "100"
    )
    assert result.exit_code == 0, result.output
    found = json.loads((place / "model" / "report" / "report.json").read_text())
    assert found["policies"][0]["policy"] == "precision=0.9"
    # On the tuning set the upper half is reform: precision 0.9 is first reached where 10 of 11 are.
    assert found["policies"][0]["labels"]["reform"]["threshold"] == pytest.approx(0.5 - 0.9 / 19, abs=0.03)
    assert found["policies"][0]["labels"]["green"]["threshold"] is None
    assert {row["kind"] for row in found["behaviour"]} == {"invariance", "no label", "directional"}
    assert found["provenance"]["weights_bytes"] > 1000 and found["provenance"]["seconds"] > 0
    assert "### Policy `precision=0.9`" in (place / "model" / "report" / "report.md").read_text(encoding="utf-8")
    assert "## Paragraphs" in result.output and "### Policy" not in result.output
    assert len((place / "again.jsonl").read_text().splitlines()) == len(found["suspects"])
    check((place / "model" / "report" / "report.html").read_text(encoding="utf-8"))


def test_seeds_are_spread(place):
    result = run("score", "model", "--seed-run", "data/gold.jsonl", "--resamples", "100")
    assert result.exit_code == 0, result.output
    found = json.loads((place / "model" / "report" / "report.json").read_text())
    values = list(found["seeds"]["macro_f1"].values())
    assert values[1] == 1.0
    assert found["seeds"]["mean"] == pytest.approx((values[0] + 1) / 2)
    # Of two values the standard deviation is their distance over the square root of 2.
    assert found["seeds"]["standard_deviation"] == pytest.approx((1 - values[0]) / 2**0.5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("score", "model", "--policy", "precision"), "write precision=0.9"),
        (("score", "data/gold.jsonl", "-o", "r", "--policy", "recall=0.9"), "wants a model"),
        (("suspects", "data/gold.jsonl", "-o", "s.jsonl", "--folds", "13"), "too few for 13 folds"),
        (("shares", "data/gold.jsonl", "-o", "data/gold.jsonl"), "is a file; -o names a folder"),
    ],
)
def test_errors_are_one_line_and_nothing_is_written(place, arguments, message):
    before = sorted(place.rglob("*"))
    result = run(*arguments)
    assert result.exit_code == 1, result.output
    assert message in result.output
    assert len(result.output.strip().splitlines()) == 1
    assert sorted(place.rglob("*")) == before


def test_suspects_of_a_training_set(place):
    result = run("suspects", "data/gold.jsonl", "-o", "out.jsonl", "--folds", "3")
    assert result.exit_code == 0, result.output
    assert f"{len((place / 'out.jsonl').read_text().splitlines())} labels of 12 paragraphs" in result.output
    assert "--force" in run("suspects", "data/gold.jsonl", "-o", "out.jsonl", "--folds", "3").output
    write_examples([Example(x, x, (LabelledSentence(x, ()),), (), True) for x in "甲乙丙"], "few.jsonl")
    result = run("suspects", "few.jsonl", "-o", "few-out.jsonl", "--folds", "3")
    assert result.exit_code == 1 and "error: few.jsonl: too little text to fit a model on" in result.output
    assert result.output.count("\n") == 1


def test_shares_of_an_archive(place):
    rows = [
        {
            "id": f"p{n}",
            "document": f"d{n // 2}",
            "text": "改革开放。",
            "labels": ["reform"] if n % 4 else [],
            "year": 2020 + n % 3,
        }
        for n in range(40)
    ]
    (place / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = run("shares", "labels.jsonl", "--by", "year", "-o", "out")
    assert result.exit_code == 0, result.output
    found = json.loads((place / "out" / "shares.json").read_text())
    assert found["all"]["shares"]["paragraphs"]["reform"]["raw"]["share"] == 0.75
    check((place / "out" / "shares.html").read_text(encoding="utf-8"))
    assert "--force" in run("shares", "labels.jsonl", "-o", "out").output
