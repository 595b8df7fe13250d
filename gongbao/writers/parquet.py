"""Rows as Parquet, for data frames and databases."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gongbao.answers import Words
from gongbao.files import whole
from gongbao.labels import Scheme
from gongbao.writers.cells import KNOWN, extra_of
from gongbao.writers.writer import Writer

_GROUP = 4096


class Parquet(Writer):
    """Writes paragraphs by groups of rows; other keys of a table's row are JSON in `extra`."""

    def __init__(self, file: Any, schema: Any, scheme: Scheme) -> None:
        self._file = file
        self._schema = schema
        self._scheme = scheme
        self._rows: list[dict[str, Any]] = []

    def paragraph(self, row: dict[str, Any], words: Words) -> None:
        evidence = [{"label": label, **where} for label, where in row["evidence"].items()]
        self._rows.append(
            {key: row[key] for key in row if key in KNOWN} | {"evidence": evidence, "extra": extra_of(row)}
        )
        if len(self._rows) == _GROUP:
            self.flush()

    def flush(self) -> None:
        import pyarrow

        if self._rows:
            self._file.write_table(pyarrow.Table.from_pylist(self._rows, self._schema))
            self._rows = []


@contextmanager
def write_parquet(path: Path, scheme: Scheme, run: Mapping[str, Any]) -> Iterator[Parquet]:
    """Give a writer of a Parquet file, which appears when the block ends well; `run` is kept in the file's metadata."""
    import pyarrow.parquet

    schema = _schema(scheme).with_metadata({"gongbao": json.dumps(dict(run), ensure_ascii=False)})
    with whole(path) as partial, pyarrow.parquet.ParquetWriter(partial, schema, compression="zstd") as file:
        writer = Parquet(file, schema, scheme)
        yield writer
        writer.flush()


def _schema(scheme: Scheme) -> Any:
    import pyarrow as pa

    texts = pa.list_(pa.string())
    scores = pa.struct([(label, pa.float64()) for label in scheme.ids])
    place = [("start", pa.int32()), ("end", pa.int32())]
    return pa.schema(
        [
            ("id", pa.string()),
            ("document", pa.string()),
            ("number", pa.int64()),
            ("kind", pa.string()),
            ("heading", texts),
            ("page", pa.int32()),
            ("line", pa.int64()),
            ("text", pa.string()),
            ("labels", texts),
            ("review", texts),
            ("scores", scores),
            ("evidence", pa.list_(pa.struct([("label", pa.string()), ("sentence", pa.int32()), *place]))),
            ("sentences", pa.list_(pa.struct([*place, ("scores", scores)]))),
            ("model", pa.string()),
            ("decision", pa.string()),
            ("extra", pa.string()),
        ]
    )
