"""Behavioural checks: pass and failure worked out by hand for labellers that know a few words, nothing, or too much."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from conftest import make_decision

from eval import cases as casebook
from eval.behaviour import CASES, CHECKS, behave, read_material, wilson
from gongbao.documents import Paragraph
from gongbao.errors import GongbaoError
from gongbao.labeler import Labeler
from gongbao.labels import POLICY_DOMAINS, Label, Scheme
from gongbao.segment import Segmented, split_sentences

WORDS = {"实验室": "innovation", "工厂": "industry", "生态": "green", "青山": "green", "就业": "livelihood"}
MATERIAL = """
openings = ["会议指出，", "全会强调，"]
places = [["江西", "甘肃"]]
slogans = ["绿水青山就是金山银山。", "实干兴邦。"]

[[paragraph]]
id = "a"
sentences = [
    { text = "会议指出，建实验室。", labels = ["innovation"] },
    { text = "2024年建工厂。", labels = ["industry"] },
]

[[paragraph]]
id = "b"
sentences = [{ text = "江西扩大就业。", labels = ["livelihood"] }, { text = "会议闭幕。", labels = [] }]

[[paragraph]]
id = "c"
sentences = [{ text = "通过“三年规划”。", labels = [] }]

[[metaphor]]
domain = "green"
plain = "净化政治风气。"
text = "净化政治生态。"
labels = ["party-building"]

[[metaphor]]
domain = "party-building"
plain = "攻克技术难题。"
text = "攻下技术堡垒。"
labels = ["innovation"]

[[addition]]
text = "引进人才。"
labels = ["talent"]

[[addition]]
text = "修复生态。"
labels = ["green"]
"""
# Passed and cases of the labeller that knows WORDS.
OUTCOME = {
    "line wrapping": (9, 9),
    "column and page breaks": (6, 6),
    "full and half width": (2, 2),
    "quotation marks": (2, 2),
    "year": (2, 2),
    "place name": (1, 1),
    "who speaks": (2, 2),
    "split paragraph": (2, 2),
    "joined paragraphs": (1, 1),
    # a's first sentence stays where it is, and c has only one.
    "order of sentences": (1, 1),
    # 青山, alone and in front of a.
    "slogan alone": (1, 2),
    "slogan within": (1, 2),
    # 生态.
    "metaphor": (1, 2),
    # 人才 is no word that it knows, in a or in b; 生态 is, in b and in c.
    "sentence added": (2, 4),
    # a without either label, b without its only one.
    "sentence removed": (3, 3),
}
INVARIANCE = {check.name for check in CHECKS if check.kind == "invariance"}


class Engine:
    """An engine that answers `answer(text, position)`, label ids, for each sentence: logit 2 for these, −2 else."""

    labels = len(POLICY_DOMAINS)
    unknown = pieces = 0

    def __init__(self, answer):
        self.answer = answer
        self.calls = []

    def logits(self, paragraphs):
        self.calls.append(["".join(sentences) for sentences in paragraphs])
        return [
            np.array([[2.0 if x in self.answer(t, n) else -2.0 for x in POLICY_DOMAINS.ids] for n, t in enumerate(p)])
            for p in paragraphs
        ]


def labeller(answer):
    return Labeler(Engine(answer), make_decision(), "fake")


def knowing(words=WORDS):
    return labeller(lambda text, position: {label for word, label in words.items() if word in text})


def rates(rows):
    return {row["name"]: row["rate"] for row in rows}


@pytest.fixture
def material(tmp_path):
    path = tmp_path / "cases.toml"
    path.write_text(MATERIAL, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def cases():
    return read_material(CASES, POLICY_DOMAINS)


def test_labeller_of_words_passes_and_fails_as_worked_out(material):
    rows = behave(knowing(), material)
    assert {row["name"]: (row["passed"], row["n"]) for row in rows} == OUTCOME
    for row in rows:
        assert row["rate"] == row["passed"] / row["n"]
        assert len(row["failures"]) == row["n"] - row["passed"]
        assert row["interval"][0] <= row["rate"] <= row["interval"][1]


def test_failure_says_what_changed_and_by_how_much(material):
    rows = {row["name"]: row for row in behave(knowing(), material)}
    low, high = 1 / (1 + np.exp(2)), 1 / (1 + np.exp(-2))
    (failure,) = rows["metaphor"]["failures"]
    scores = failure.pop("scores")
    assert failure == {
        "change": "a word of green",
        "input": "净化政治风气。",
        "changed": "净化政治生态。",
        "before": [],
        "after": ["green"],
        "expected": {"at_least": [], "at_most": ["party-building"]},
        "whole": True,
    }
    assert list(scores) == ["green"]
    assert scores["green"] == pytest.approx({"before": low, "after": high, "threshold": 0.5}, abs=1e-6)
    alone, within = rows["slogan alone"]["failures"][0], rows["slogan within"]["failures"][0]
    assert (alone["input"], alone["scores"]["green"]["before"]) == ("", None)
    assert within["changed"] == "绿水青山就是金山银山。会议指出，建实验室。2024年建工厂。"
    first, second = rows["sentence added"]["failures"]
    assert (first["changed"], second["changed"]) == (
        "会议指出，建实验室。2024年建工厂。引进人才。",
        "江西扩大就业。引进人才。会议闭幕。",
    )
    assert first["expected"]["at_least"] == ["innovation", "industry", "talent"]
    # The label that should have come is shown, though its score crossed nothing.
    assert first["scores"]["talent"] == pytest.approx({"before": low, "after": low, "threshold": 0.5}, abs=1e-6)


def test_rows_go_into_a_report_and_are_the_same_every_time(material):
    labelers = knowing(), knowing()
    first, second = (json.dumps(behave(one, material), ensure_ascii=False, allow_nan=False) for one in labelers)
    assert first == second
    (texts,) = labelers[0].engine.calls
    assert len(texts) == len(set(texts))


def test_silence_passes_where_nothing_is_to_come():
    found = rates(behave(labeller(lambda text, position: ())))
    assert {name: rate for name, rate in found.items() if rate < 1} == {"sentence added": 0, "sentence removed": 0}


def test_every_label_always_is_no_answer_either():
    found = rates(behave(labeller(lambda text, position: POLICY_DOMAINS.ids)))
    assert {name: rate for name, rate in found.items() if rate < 1} == {
        "slogan alone": 0, "sentence added": 0, "sentence removed": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("word", "failing"),
    [
        ("江西", {"place name"}),
        ("2024年", {"year", "full and half width"}),
        ("“", {"quotation marks"}),
        ("《", {"quotation marks"}),
        ("，", {"full and half width"}),
        ("会议指出", {"who speaks"}),
    ],
)
def test_labeller_of_surface_fails_invariance(word, failing):
    found = rates(behave(knowing({word: "industry"})))
    assert {name for name in INVARIANCE if found[name] < 1} == failing


def test_labeller_of_the_first_sentence_fails_where_sentences_move():
    found = rates(behave(labeller(lambda text, position: {"industry"} if position == 0 and "粮食" in text else ())))
    assert {name for name in INVARIANCE if found[name] < 1} == {
        "split paragraph", "joined paragraphs", "order of sentences",
    }  # fmt: skip


def test_paragraph_must_come_back_whole(monkeypatch):
    def line_by_line(text, document):
        lines = filter(None, map(str.strip, text.split("\n")))
        made = tuple(Paragraph(str(n), line, tuple(split_sentences(line))) for n, line in enumerate(lines))
        return Segmented(made, (), None)

    monkeypatch.setattr(casebook, "segment", line_by_line)
    rows = {row["name"]: row for row in behave(labeller(lambda text, position: ()))}
    for name in ("line wrapping", "column and page breaks"):
        assert rows[name]["rate"] < 0.2
        failure = rows[name]["failures"][0]
        assert not failure["whole"]
        assert failure["changed"].replace("\n", "") == failure["input"]
    assert rows["year"]["rate"] == 1


def test_breaks_cut_the_paragraph_in_the_middle_of_a_sentence(cases, monkeypatch):
    printed = []
    real = casebook.segment
    monkeypatch.setattr(casebook, "segment", lambda text, *rest: printed.append(text) or real(text, *rest))
    (check,) = (check for check in CHECKS if check.name == "column and page breaks")
    assert all(case.whole for case in check.cases(cases))
    columns, pages = printed[: len(cases.paragraph)], printed[len(cases.paragraph) :]
    for page, gap in [*((page, "\n\n") for page in columns), *((page, "\n\n- 2 -\n\f\n") for page in pages)]:
        before, after = page.split(gap)
        assert not before.endswith(("。", "；"))
        assert not after.startswith("　　")


def test_cases_are_enough_and_well_formed(cases):
    assert len(cases.paragraph) >= 20
    assert len(cases.slogans) >= 15
    assert len(cases.metaphor) >= 12
    for check in CHECKS:
        assert list(check.cases(cases)), check.name
    for paragraph in cases.paragraph:
        assert [s.text for s in split_sentences(paragraph.text)] == [s.text for s in paragraph.sentences]
    for text in (*cases.slogans, *(m.text for m in cases.metaphor), *(a.text for a in cases.addition)):
        assert len(split_sentences(text)) == 1
    labels = [paragraph.labels for paragraph in cases.paragraph]
    assert frozenset() in labels
    assert max(map(len, labels)) >= 3
    assert {label for row in labels if len(row) == 1 for label in row} == set(POLICY_DOMAINS.ids)
    texts = [p.text for p in cases.paragraph] + list(cases.slogans) + [m.text for m in cases.metaphor]
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize(("name", "side"), [("sentence added", "adds"), ("sentence removed", "takes")])
def test_every_label_comes_and_goes(cases, name, side):
    (check,) = (check for check in CHECKS if check.name == name)
    assert {label for case in check.cases(cases) for label in getattr(case, side)} == set(POLICY_DOMAINS.ids)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('labels = ["talent"]', 'labels = ["talents"]', "unknown label 'talents' .nearest: 'talent'"),
        ('labels = ["industry"]', 'labels = ["trade"]', "unknown label 'trade'"),
        ('domain = "green"', 'domain = "grass"', "'grass' is among its labels, or is no label"),
        ('labels = ["party-building"]', 'labels = ["green"]', "'green' is among its labels"),
        ('text = "引进人才。"', 'text = ""', r"`addition\.0\.text`: String should have at least 1 character"),
        ('id = "c"', "", r"`paragraph\.2\.id`: Field required"),
        ('id = "c"', 'id = "c"\nlabel = "green"', r"`paragraph\.2\.label`: Extra inputs are not permitted"),
        ("slogans = [", "slogans = ", r"cases\.toml: "),
    ],
)
def test_malformed_cases_are_refused(material, old, new, message):
    assert old in MATERIAL
    material.write_text(MATERIAL.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(GongbaoError, match=message) as caught:
        behave(knowing(), material)
    assert str(caught.value).startswith(str(material))


def test_cases_that_are_not_there(tmp_path):
    with pytest.raises(GongbaoError, match=r"cannot read .*absent\.toml"):
        behave(knowing(), tmp_path / "absent.toml")


def test_labeller_of_another_scheme_is_refused():
    other = Scheme("mine", "1", "", tuple(Label(f"l{n}", "", "", "") for n in range(8)))
    labeler = Labeler(Engine(lambda text, position: ()), dataclasses.replace(make_decision(), scheme=other), "m")
    with pytest.raises(GongbaoError, match=r"cases\.toml: unknown label 'innovation'"):
        behave(labeler)


def test_wilson_interval():
    # Of none in ten, z² / (n + z²) with z = 1.95996: 3.84146 / 13.84146.
    assert wilson(0, 10) == pytest.approx([0, 0.277533], abs=1e-6)
    assert wilson(10, 10) == pytest.approx([0.722467, 1], abs=1e-6)
    assert wilson(0, 0) is None


def test_shipped_model(shipped):
    found = rates(behave(shipped))
    assert found["line wrapping"] == found["column and page breaks"] == 1
    assert min(found.values()) >= 0.85
