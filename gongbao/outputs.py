"""Where a run's rows go: several files at once, in place together or not at all; and what lies beside them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gongbao.answers import Words
from gongbao.cluster import folder_for
from gongbao.errors import GongbaoError
from gongbao.files import ASIDE, ERRORS, check_new
from gongbao.journal import noted
from gongbao.labels import Scheme
from gongbao.writers import SHOWING, WRITERS
from gongbao.writers.html import pages_of
from gongbao.writers.jsonl import write_lines
from gongbao.writers.writer import Writer


@dataclass(frozen=True)
class Outputs:
    """The files that a run writes, and those beside the first: lines set aside, errors, the journal."""

    files: tuple[Path, ...]
    aside: Path
    errors: Path
    journal: Path
    review: Path | None = None

    @property
    def all(self) -> tuple[Path, ...]:
        """Every file that may be put in place."""
        return (*self.files, self.aside, self.errors, *([self.review] if self.review else []))

    @property
    def folders(self) -> tuple[Path, ...]:
        """Folders that the run writes to, or a cluster's."""
        return (folder_for(self.files[0]), *(pages_of(path) for path in self.files if path.suffix.lower() == ".html"))

    @property
    def show_words(self) -> bool:
        """Whether one of the files shows the words that carry a label."""
        return any(path.suffix.lower() in SHOWING for path in self.files)


def check_outputs(
    outputs: str | Path | Sequence[str | Path], force: bool = False, review: str | Path | None = None
) -> Outputs:
    """Return where everything goes; raises GongbaoError if a file is there already, without `force`, or cannot be.

    Where the journal of such a run lies, the files that it names are what it left when it was stopped, and are written
    anew.
    """
    given = [outputs] if isinstance(outputs, (str, Path)) else outputs
    files = tuple(Path(path) for path in given)
    for file in files:
        if not file.name:
            raise GongbaoError("the name of the output is empty")
        if file.suffix.lower() not in WRITERS:
            raise GongbaoError(f"{file}: an output is one of {', '.join(WRITERS)}")
    first = files[0]
    found = Outputs(
        files,
        first.with_name(f"{first.name}{ASIDE}"),
        first.with_name(f"{first.name}{ERRORS}"),
        first.with_name(f"{first.name}.journal"),
        Path(review) if review else None,
    )
    real = [os.path.realpath(path) for path in found.all]
    for path, place in zip(found.all, real, strict=True):
        if real.count(place) > 1:
            raise GongbaoError(f"{path} is named twice")
        if path.is_dir():
            raise GongbaoError(f"{path} is a folder; name a file in it")
    check_replaced(found, noted(found.journal), force)
    return found


def check_replaced(outputs: Outputs, known: set[str], force: bool) -> None:
    """Raise GongbaoError if a file is there that is not `known` to be the run's own, without `force`."""
    for path in outputs.all:
        check_new(path, force or place_of(path) in known)


def place_of(path: Path) -> str:
    """The name that an output takes: a link there is replaced, and not what it leads to."""
    return os.path.join(os.path.realpath(path.parent), path.name)


class Tee(Writer):
    """Hands everything to every writer; lines set aside also go to their own file."""

    def __init__(self, writers: Sequence[Writer], aside: Callable[[dict[str, Any]], None]) -> None:
        self._writers = writers
        self._aside = aside

    def paragraph(self, row: dict[str, Any], words: Words) -> None:
        for writer in self._writers:
            writer.paragraph(row, words)

    def aside(self, row: dict[str, Any]) -> None:
        self._aside(row)
        for writer in self._writers:
            writer.aside(row)

    def document(self, row: dict[str, Any]) -> None:
        for writer in self._writers:
            writer.document(row)


@contextmanager
def open_outputs(outputs: Outputs, scheme: Scheme, run: Mapping[str, Any]) -> Iterator[Tee]:
    """Open every output; all are put in place if the block ends well, none if it does not."""
    with ExitStack() as stack:
        aside = _opened(stack, outputs.aside, write_lines(outputs.aside))
        writers = [_opened(stack, path, WRITERS[path.suffix.lower()](path, scheme, run)) for path in outputs.files]
        yield Tee(writers, aside)


def _opened(stack: ExitStack, path: Path, opening: AbstractContextManager[Any]) -> Any:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return stack.enter_context(opening)
    except OSError as error:
        raise GongbaoError(f"cannot write {path}: {error.strerror}") from error
