"""The journal of a run: answers are kept as they come, so that a run that was killed goes on where it was.

An answer is kept under the digest of what was asked. A run that is started again asks the same, finds what was answered
before, and writes what an uninterrupted run would have written, to the byte; what has changed in between is asked anew.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gongbao.errors import GongbaoError

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
        """Return the answer to a question, None if it is not known, or was damaged."""
        rows = self._connection.execute("SELECT answer, sum FROM answers WHERE question = ?", (_digest(question),))
        for answer, checksum in rows:
            if _digest(answer) == checksum:
                return bytes(answer)
        return None

    def put(self, question: bytes, answer: bytes) -> None:
        """Keep an answer; raises GongbaoError if it cannot be written, with what was kept before intact."""
        try:
            with self._connection:
                self._connection.execute(
                    "INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", (_digest(question), answer, _digest(answer))
                )
        except sqlite3.Error as error:
            raise GongbaoError(
                f"{self._path}: cannot be written ({error}); what it holds is kept: start again"
            ) from error
        self.kept += 1

    def begun(self, now: str) -> str:
        """Return when the run was begun: what an earlier call was told, else `now`, which is kept."""
        with self._connection:
            known = self._connection.execute("SELECT begun FROM run").fetchone()
            if known is None:
                self._connection.execute("INSERT INTO run VALUES (?)", (now,))
        return str(known[0]) if known else now


@contextmanager
def open_journal(path: str | Path) -> Iterator[Journal]:
    """Open a journal, or begin one; it stays where it is unless it is removed.

    Raises GongbaoError if another run has it open, or if it is no journal.
    """
    path = Path(path)
    try:
        connection = sqlite3.connect(path, timeout=0.5)
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("CREATE TABLE IF NOT EXISTS answers (question BLOB PRIMARY KEY, answer BLOB, sum BLOB)")
            connection.execute("CREATE TABLE IF NOT EXISTS run (begun TEXT)")
            connection.execute(f"PRAGMA user_version = {FORMAT}")
            connection.commit()
            (earlier,) = connection.execute("SELECT count(*) FROM answers").fetchone()
        except sqlite3.OperationalError as error:
            connection.close()
            if "locked" in str(error):
                raise GongbaoError(
                    f"{path}: another run is writing there; wait for it, or choose another output"
                ) from error
            raise
    except sqlite3.Error as error:
        raise GongbaoError(
            f"{path}: cannot be opened as a journal ({error}); if it is there, remove it to begin anew"
        ) from error
    journal = Journal(path, connection, earlier)
    try:
        yield journal
    finally:
        connection.close()
        if not journal.earlier and not journal.kept:
            path.unlink(missing_ok=True)


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
