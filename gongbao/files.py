"""Files written whole or not at all, and JSON files read with errors in one line."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from gongbao.errors import BusyError, GongbaoError

ASIDE = ".aside.jsonl"
"""What follows an output's name in the name of the file of lines set aside."""
ERRORS = ".errors.jsonl"
"""The same for the file of errors; neither is read as a document."""
BUSY = "{}: another run is writing there; wait for it, or choose another output"


def check_new(path: str | Path, force: bool) -> None:
    """Raise GongbaoError if a file is there already and is not to be overwritten."""
    if Path(path).exists() and not force:
        raise GongbaoError(f"{path} is there already: use --force to overwrite it, or another name")


@contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """Give a path to write to; what is written there takes its place at `path` if the block ends well.

    Raises BusyError if another process is writing there.
    """
    target = Path(path)
    partial = target.with_name(f".{target.name}.partial")
    with claimed(partial, BUSY.format(target)):
        try:
            yield partial
            # Else a power cut may leave the name and not what the file holds.
            _to_disk(partial)
            os.replace(partial, target)
            _to_disk(target.parent)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise


def _to_disk(path: Path) -> None:
    """Have what a file holds, or which files a folder holds, written to the disk, where the system can."""
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def claimed(place: Path, refusal: str, folder: bool = False) -> Iterator[None]:
    """Hold a file, or a folder, which is made if it is not there; a process that is gone holds nothing.

    Raises BusyError, with the words of `refusal`, if another process holds it. Where files cannot be locked
    (Windows, some network drives) nobody is kept out.
    """
    if sys.platform == "win32":
        if folder:
            place.mkdir(exist_ok=True)
        yield
        return
    import fcntl

    while True:
        try:
            if folder:
                place.mkdir(exist_ok=True)
            handle = os.open(place, os.O_RDONLY if folder else os.O_RDWR | os.O_CREAT, 0o666)
        except (FileNotFoundError, FileExistsError):
            if folder and place.parent.is_dir() and not place.is_file():
                # Its holder has removed it in between.
                continue
            raise
        own = False
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise BusyError(refusal) from error
            except OSError:
                pass
            with suppress(FileNotFoundError):
                own = os.path.samestat(os.fstat(handle), os.stat(place))
            # Else its holder has put it in place meanwhile, or removed it.
            if own:
                yield
                return
        finally:
            os.close(handle)


@contextmanager
def draft_folder(place: Path, refusal: str) -> Iterator[None]:
    """Make an empty folder to write to, which is gone at the end; what a killed process left in it goes first.

    Raises BusyError, with the words of `refusal`, if another process writes there.
    """
    if not place.is_dir() or place.is_symlink():
        remove(place)
    with claimed(place, refusal, folder=True):
        for left in place.iterdir():
            remove(left)
        try:
            yield
        finally:
            remove(place)


def remove(path: Path) -> None:
    """Remove a file, a link, or a folder with all that it holds; nothing, if nothing is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def draft(path: str | Path, encoding: str = "utf-8") -> Iterator[TextIO]:
    """Open a text file that appears under its name when the block ends well, and not at all when it fails.

    Line ends are written as they are given. Raises OSError as `open` does.
    """
    with whole(path) as partial, partial.open("w", encoding=encoding, newline="") as file:
        yield file


def write_text(path: str | Path, text: str) -> None:
    """Write a text file, whole or not at all."""
    with draft(path) as file:
        file.write(text)


def read_json(path: str | Path) -> dict[str, Any]:
    """Read a JSON object; raises GongbaoError, in one line, if it cannot be read or is none."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise GongbaoError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise GongbaoError(f"{path}: not JSON: {error}") from error
    if not isinstance(data, dict):
        raise GongbaoError(f"{path}: not a JSON object")
    return data
