from __future__ import annotations

import pytest

from gongbao.errors import GongbaoError
from gongbao.labels import POLICY_DOMAINS, Scheme


def test_the_scheme_is_the_missions():
    assert POLICY_DOMAINS.ids == (
        "innovation",
        "industry",
        "green",
        "reform",
        "region",
        "talent",
        "livelihood",
        "party-building",
    )
    assert all(label.zh and label.en and label.definition for label in POLICY_DOMAINS)


def test_a_scheme_survives_the_way_through_a_dict():
    assert Scheme.from_dict(POLICY_DOMAINS.to_dict()) == POLICY_DOMAINS


def test_a_scheme_of_ones_own_is_read_from_toml(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('name = "mine"\nversion = "2"\n[[label]]\nid = "energy"\nzh = "能源"\n[[label]]\nid = "water"\n')
    scheme = Scheme.load(file)
    assert scheme.signature == "mine/2"
    assert scheme.ids == ("energy", "water")
    assert scheme.labels[1].zh == "water"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "not a TOML file"),
        ('version = "1"', "`name` is missing"),
        ('name = "x"', r"no labels; add a \[\[label\]\]"),
        ('name = "x"\nlable = 1', "unknown key 'lable' \\(nearest: 'label'\\)"),
        ('name = "x"\n[[label]]\nid = "a"\n[[label]]\nid = "a"', "names 'a' twice"),
        ('name = "x"\n[[label]]\nid = "none"', "'none' cannot be a label id"),
        ('name = "x"\n[[label]]\nid = "a;b"', "cannot be a label id"),
        ('name = "x"\n[[label]]\nzh = "能源"', "needs an id"),
    ],
)
def test_a_bad_scheme_is_refused_in_one_line(tmp_path, text, message):
    file = tmp_path / "bad.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(GongbaoError, match=message) as caught:
        Scheme.load(file)
    assert "\n" not in str(caught.value)
    assert "bad.toml" in str(caught.value)


def test_an_unknown_label_names_the_nearest():
    with pytest.raises(GongbaoError, match=r"unknown label 'inovation' \(nearest: 'innovation'\)"):
        POLICY_DOMAINS.check(["inovation"])
