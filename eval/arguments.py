"""The arguments of the commands: what they mean, and what is wrong with them, said before any work is done."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from gongbao.errors import GongbaoError

if TYPE_CHECKING:
    from eval.gold import Gold
    from gongbao.labels import Scheme
    from gongbao.policy import Policy

RESAMPLES = (100, 20_000)
"""Fewer resamples leave the bounds of an interval to chance; more take gigabytes and move them no further."""


def check_resamples(value: int) -> int:
    """Refuse a number of resamples that gives no interval worth reading; 0 is none at all."""
    least, most = RESAMPLES
    if value and not least <= value <= most:
        usage_error(f"--resamples {value}: give 0, for no intervals, or {least} to {most:,}")
    return value


def usage_error(message: str) -> NoReturn:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(2)


def destination(x: str, out: Path | None, force: bool) -> Path:
    """Where the report goes: `out`, else a run's own `report/`, which alone is overwritten without `--force`."""
    from eval.output import check_folder
    from eval.report import FILES
    from eval.sources import find_model, is_file

    run = None if is_file(x) else find_model(x)
    own = None if run is None or run.resolve() == _shipped() else run / "report"
    folder = out or own
    if folder is None:
        usage_error(f"-o DIR is needed: {x} has no folder of its own for a report")
    is_own = own is not None and folder.resolve() == own.resolve()
    check_folder(folder, FILES, "a report", force or is_own)
    return folder


def parse_policies(texts: Sequence[str], x: str) -> list[Policy]:
    """The policies in `texts`; raises GongbaoError for what is none, and where X cannot be held to them."""
    from eval.sources import find_model, is_file
    from gongbao.decision import Decision
    from gongbao.policy import Policy, promises

    policies = [Policy.parse(text) for text in texts]
    if policies and is_file(x):
        raise GongbaoError(f"--policy wants a model: {x} brings no tuning scores to set a threshold on")
    for policy in policies:
        promises(Decision.load(find_model(x)), policy)
    return policies


def check_target(target: Path, folder: Path, inputs: Sequence[str | Path], force: bool) -> None:
    """Raise GongbaoError if `target` cannot be written, is a file of the report in `folder`, or is an input."""
    from eval.output import check_file
    from eval.report import FILES

    if target.resolve() in {(folder / name).resolve() for name in FILES}:
        raise GongbaoError(f"{target} is the report's own file: name another for --export-suspects")
    if target.resolve() in {Path(each).resolve() for each in inputs}:
        raise GongbaoError(f"{target} is what is read: name another file for --export-suspects")
    check_file(target, force)


def read_gold(path: Path, scheme: Scheme, named: Path | None) -> Gold:
    """Read labelled examples; an unknown label is the place to say that a scheme can be `named`."""
    from eval.gold import Gold

    try:
        return Gold.read(path, scheme)
    except GongbaoError as error:
        if named or ": unknown label " not in str(error):
            raise
        raise GongbaoError(f"{error}; labels of your own want --scheme FILE.toml") from error


def scheme_in(path: Path | None) -> Scheme:
    from gongbao.labels import POLICY_DOMAINS, Scheme

    return Scheme.load(path) if path else POLICY_DOMAINS


def _shipped() -> Path | None:
    from gongbao import models

    try:
        return models.shipped().resolve()
    except GongbaoError:
        return None
