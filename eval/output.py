"""What reports, comparisons and shares are written with: templates, JSON, and folders that are never half full."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.words import many, plain
from gongbao.errors import GongbaoError
from gongbao.files import draft
from gongbao.templates import environment
from gongbao.writers.jsonl import write_lines

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATES = Path(__file__).parent / "templates"


def open_template(name: str, filters: Mapping[str, Callable[..., Any]] | None = None) -> Template:
    """Open a template of `templates/`; in one of HTML all that is filled in is escaped, in Markdown what is a tag.

    Control characters come out as U+FFFD in both. A table of Markdown comes as Markup: `eval.markdown.table` has
    escaped its cells. `many` counts nouns.
    """
    html = ".html." in name
    opened = environment(TEMPLATES, html=html, finalize=None if html else _plain)
    opened.globals["many"] = many
    opened.filters |= filters or {}
    return opened.get_template(name)


def _plain(value: Any) -> Any:
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return plain(value)


def as_json(found: Any) -> str:
    """JSON for a file that people read too; raises ValueError for what is not a number."""
    return json.dumps(found, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def write_folder(folder: str | Path, contents: Mapping[str, str], what: str) -> None:
    """Write files, by name, into a folder, all or none of them; raises GongbaoError that says `what` they are."""
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            for name, content in contents.items():
                stack.enter_context(draft(target / name)).write(content)
    except OSError as error:
        raise GongbaoError(f"cannot write the {what} to {folder}: {error.strerror}") from error


def write_rows(path: str | Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write a JSON object a line, whole or not at all; raises GongbaoError."""
    try:
        with write_lines(Path(path)) as write:
            for row in rows:
                write(row)
    except OSError as error:
        raise GongbaoError(f"cannot write {path}: {error.strerror}") from error


def check_folder(folder: Path, names: Iterable[str], what: str, force: bool) -> None:
    """Raise GongbaoError if `folder` is a file, or holds such files already and they are not to be overwritten."""
    if folder.exists() and not folder.is_dir():
        raise GongbaoError(f"{folder} is a file; -o names a folder")
    if not force and any((folder / name).exists() for name in names):
        raise GongbaoError(f"{folder} holds {what} already: add --force to overwrite it, or choose another -o")


def check_file(path: Path, force: bool) -> None:
    """Raise GongbaoError if the file is there already and is not to be overwritten, or cannot be one."""
    if path.is_dir():
        raise GongbaoError(f"{path} is a folder; name a file in it")
    if path.exists() and not force:
        raise GongbaoError(f"{path} is there already: add --force to overwrite it, or choose another name")
