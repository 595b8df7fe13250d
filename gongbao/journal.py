"""The journal of a run: answers are kept as they come, so that a run that was killed goes on where it was.

An answer is kept under the digest of what was asked. A run that is started again asks the same, finds what was answered
before, and writes what an uninterrupted run would have written, to the byte; what has changed in between is asked anew.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from gongbao.errors import BusyError, GongbaoError
from gongbao.files import BUSY

FORMAT = 1


class Journal:
    """Answers by their questions, in a SQLite file; each stands with its checksum and is safe once `put` returns."""

    def __init__(self, path: Path, connection: sqlite3.Connection, earlier: int) -> None:
        self._path = path
        self._connection = connection
        self.earlier = earlier
        """Answers that the journal held when it was opened."""
        self.kept = 0
        """Answers put into it since."""

    def get(self, question: bytes) -> bytes | None:
        """Return the answer to a question, None if it is not known, or was damaged.

        Raises GongbaoError if the file is too damaged to be searched.
        """
        with _one_line(self._path):
            rows = self._connection.execute("SELECT answer, sum FROM answers WHERE question = ?", (_digest(question),))
            for answer, checksum in rows:
                if _digest(answer) == checksum:
                    return bytes(answer)
        return None

    def put(self, question: bytes, answer: bytes) -> None:
        """Keep an answer; raises GongbaoError if it cannot be written, with what was kept before intact."""
        with _one_line(self._path), self._connection:
            self._connection.execute(
                "INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", (_digest(question), answer, _digest(answer))
            )
        self.kept += 1

    def begun(self, now: str) -> str:
        """Return when the run was begun: what an earlier call was told, else `now`, which is kept."""
        with _one_line(self._path), self._connection:
            known = self._connection.execute("SELECT begun FROM run").fetchone()
            if known is None:
                self._connection.execute("INSERT INTO run VALUES (?)", (now,))
        return str(known[0]) if known else now

    def outputs(self) -> set[str]:
        """The files that the run may replace, as they were noted."""
        with _one_line(self._path):
            return _outputs(self._connection)

    def note(self, outputs: Iterable[str]) -> None:
        """Keep the names of the files that the run will write."""
        with _one_line(self._path), self._connection:
            names = ((os.fsencode(path),) for path in outputs)
            self._connection.executemany("INSERT OR IGNORE INTO outputs VALUES (?)", names)


@contextmanager
def open_journal(path: str | Path) -> Iterator[Journal]:
    """Open a journal, or begin one; it stays where it is unless it is removed.

    Raises GongbaoError if another run has it open, or if it is no journal.
    """
    path = Path(path)
    with _one_line(path):
        connection = sqlite3.connect(path, timeout=0.5)
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("CREATE TABLE IF NOT EXISTS answers (question BLOB PRIMARY KEY, answer BLOB, sum BLOB)")
            connection.execute("CREATE TABLE IF NOT EXISTS run (begun TEXT)")
            connection.execute("CREATE TABLE IF NOT EXISTS outputs (path TEXT PRIMARY KEY)")
            connection.execute(f"PRAGMA user_version = {FORMAT}")
            connection.commit()
            (earlier,) = connection.execute("SELECT count(*) FROM answers").fetchone()
        except sqlite3.Error:
            connection.close()
            raise
    journal = Journal(path, connection, earlier)
    try:
        yield journal
    finally:
        connection.close()
        if not journal.earlier and not journal.kept:
            path.unlink(missing_ok=True)


def noted(path: str | Path) -> set[str]:
    """The files that the run of this journal may replace; none if there is no journal.

    Raises GongbaoError if another run has it open.
    """
    path = Path(path)
    if not path.exists():
        return set()
    # What a run was writing when it was killed is taken back first, so that reading takes the right to write.
    where = f"{path.absolute().as_uri()}?mode=rw"
    with _one_line(path), closing(sqlite3.connect(where, uri=True, timeout=0.5)) as connection:
        begun = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'outputs'").fetchone()
        return _outputs(connection) if begun else set()


def _outputs(connection: sqlite3.Connection) -> set[str]:
    # As bytes: a file's name need not be text.
    return {os.fsdecode(path) for (path,) in connection.execute("SELECT path FROM outputs")}


@contextmanager
def _one_line(path: Path) -> Iterator[None]:
    """Say in one line what is wrong with a journal, and what to do; only one that is damaged is of no use."""
    try:
        yield
    except sqlite3.Error as error:
        reason = str(error)
        if "locked" in reason:
            raise BusyError(BUSY.format(path)) from error
        if "malformed" in reason or "not a database" in reason:
            raise GongbaoError(f"{path}: no journal, or a damaged one ({reason}); remove it to begin anew") from error
        how = "what it holds is kept: start again"
        raise GongbaoError(f"{path}: the journal cannot be opened or written ({reason}); {how}") from error


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
