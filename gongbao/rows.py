"""Rows of JSONL, read strictly: what JSON leaves open (a key twice, NaN, half a character) is an error here."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gongbao.errors import GongbaoError


def read_rows(path: str | Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number, object) for each line of a UTF-8 file that is not blank.

    Raises GongbaoError, `file:line: what is wrong`, for a line that `parse_row` refuses.
    """
    try:
        with Path(path).open("rb") as file:
            for number, raw in enumerate(file, 1):
                try:
                    line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
                    if line.strip():
                        yield number, parse_row(line)
                except UnicodeDecodeError as error:
                    raise GongbaoError(f"{path}:{number}: not UTF-8; save the file as UTF-8") from error
                except GongbaoError as error:
                    # Inside a row JSON allows no carriage return in text, and nobody writes one between its parts.
                    cut = b"\r" in raw.strip()
                    ends = "; its lines end in CR alone: save the file with LF line ends" if cut else ""
                    raise GongbaoError(f"{path}:{number}: {error}{ends}") from error
    except OSError as error:
        raise GongbaoError(f"cannot read {path}: {error.strerror}") from error


def parse_row(line: str) -> dict[str, Any]:
    """Parse one line into an object; raises GongbaoError for anything that is not strictly one.

    >>> parse_row('{"id": "a"}')
    {'id': 'a'}
    """
    row = parse_json(line)
    if not isinstance(row, dict):
        raise GongbaoError(f"a row is a JSON object, not {kind_of(row)}")
    return row


def parse_json(text: str) -> Any:
    """Parse JSON as strictly as rows are; raises GongbaoError."""
    try:
        found = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite)
        if "\\u" in text:
            json.dumps(found, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise GongbaoError(f"not JSON: {error.msg} at column {error.colno}") from error
    except UnicodeEncodeError as error:
        raise GongbaoError("holds a lone surrogate, which no file can carry") from error
    except RecursionError as error:
        raise GongbaoError("nested too deeply") from error
    except ValueError as error:
        raise GongbaoError("not JSON: a number with too many digits") from error
    return found


def kind_of(value: Any) -> str:
    """Name the kind of a JSON value for a message: `null`, `a number`, `a list`, …"""
    names = {type(None): "null", bool: "true or false", int: "a number", float: "a number", list: "a list"}
    return names.get(type(value), "an object" if isinstance(value, dict) else "text")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        keys = [key for key, _ in pairs]
        raise GongbaoError(f"key {next(key for key in keys if keys.count(key) > 1)!r} stands twice")
    return row


def _no_constant(name: str) -> None:
    raise GongbaoError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise GongbaoError(f"{digits[:20]} is too large a number")
    return value
