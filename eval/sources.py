"""What X means: a model, or a file of answers; with a name before it, `NAME=X`."""

from __future__ import annotations

from pathlib import Path

from gongbao import models
from gongbao.decision import Decision
from gongbao.errors import GongbaoError
from gongbao.labels import POLICY_DOMAINS, Scheme


def is_file(x: str | Path) -> bool:
    """Whether X means a file of answers, rather than a model."""
    return Path(x).suffix == ".jsonl" or Path(x).is_file()


def split_name(text: str) -> tuple[str | None, str]:
    """The name and the source in `NAME=X`; no name in an X that stands alone, or that is itself there.

    >>> split_name("second=answers.jsonl"), split_name("shipped")
    (('second', 'answers.jsonl'), (None, 'shipped'))
    """
    name, equals, source = text.partition("=")
    return (name, source) if equals and name and not Path(text).exists() else (None, text)


def find_model(x: str | Path) -> Path:
    """The folder of the model that X means; raises GongbaoError if it means none, and says what a report holds."""
    answers = Path(x) / "predictions.jsonl"
    try:
        return models.find(x)
    except GongbaoError as error:
        if answers.exists() and answers.with_name("report.json").exists():
            raise GongbaoError(f"{x} is a report, no model: score the answers in it, {answers}") from error
        raise


def check_source(x: str | Path) -> None:
    """Raise GongbaoError if there is nothing at X, before a model is asked."""
    if not is_file(x):
        find_model(x)
    elif not Path(x).is_file():
        raise GongbaoError(f"cannot read {x}: {'it is a folder' if Path(x).is_dir() else 'no such file or directory'}")


def scheme_of(x: str | Path) -> Scheme:
    """The label scheme that X answers in: a model's own, and the policy domains for a file."""
    return POLICY_DOMAINS if is_file(x) else Decision.load(find_model(x)).scheme
