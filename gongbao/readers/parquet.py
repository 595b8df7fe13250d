"""Parquet: a row is a paragraph, read a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from gongbao.documents import Aside, Paragraph
from gongbao.errors import GongbaoError
from gongbao.readers.reading import Reading
from gongbao.readers.table import Table, named_column, names_of, no_column

_BATCH = 512


def parquet_paragraphs(file: BinaryIO, reading: Reading) -> Iterator[Paragraph | Aside]:
    """Yield a paragraph a row; a group of rows larger than the limit is refused before it is unpacked."""
    import pyarrow.parquet as parquet

    with reading.sound(".parquet"):
        table = parquet.ParquetFile(file)
        groups = [table.metadata.row_group(index) for index in range(table.metadata.num_row_groups)]
        if any(group.total_byte_size > reading.limit for group in groups):
            raise reading.too_large("a group of rows is larger")
        header = names_of(table.schema_arrow.names)
    column = named_column(header, reading)
    if column is None and len(header) == 1:
        column = 0
    if column is None:
        raise no_column(header, reading)
    kind = table.schema_arrow.types[column]
    if not _is_text(kind):
        raise GongbaoError(f"{reading.path}: column {header[column]!r} is {kind}, not text; say which with --column")
    made = Table(reading)
    for line, cells in _rows(table, reading):
        if item := made.item(header, column, line, cells):
            yield item


def _is_text(kind: Any) -> bool:
    """Text, or what reads as text: numbers, dates, nothing."""
    import pyarrow.types as types

    if types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return not (types.is_nested(kind) or types.is_binary(kind) or types.is_large_binary(kind))


def _rows(table: Any, reading: Reading) -> Iterator[tuple[int, list[Any]]]:
    number = 0
    with reading.sound(".parquet"):
        for batch in table.iter_batches(_BATCH):
            for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                number += 1
                yield number, list(cells)
