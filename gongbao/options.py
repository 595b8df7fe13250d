"""Options of the `gongbao` command that its commands share, or whose help is long."""

from __future__ import annotations

from typing import Annotated

import typer

_OUTPUT = (
    "A file to write, .jsonl .csv .xlsx .parquet .html (repeatable); - prints JSON lines; without it, shown to read."
)

Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE",
        help="Text, .docx, .pdf, .html, tables (.jsonl .csv .xlsx .parquet), .zip, folders, or - for standard input.",
    ),
]
Model = Annotated[
    str | None, typer.Option(help="A model folder, or latest (the newest run in models/); default: the shipped model.")
]
Device = Annotated[str | None, typer.Option(help="cpu, cuda, …; default: a GPU where there is one.")]
Encoding = Annotated[str | None, typer.Option(help="The text's encoding; default: found out.")]
Column = Annotated[str | None, typer.Option(help="The column of a table that holds the text; default: text, 正文, …")]
MaxMb = Annotated[int, typer.Option(min=1, help="The largest file, unpacked, in MB.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite an output that is there.")]
Output = Annotated[list[str] | None, typer.Option("--output", "-o", help=_OUTPUT)]
Policy = Annotated[
    str, typer.Option(help="How thresholds are chosen: f1, or a promise such as precision=0.9 or recall=0.9.")
]
Review = Annotated[
    str | None, typer.Option(help="Write doubtful paragraphs as tasks: .json for Label Studio, .jsonl for doccano.")
]
Engine = Annotated[
    str, typer.Option(help="auto (the fastest exact one here), torch, onnx, openvino, or ray: a cluster.")
]
Precision = Annotated[
    str, typer.Option(help="fp32, or a faster one that gongbao export has checked: bf16, fp16, int8.")
]
Shard = Annotated[str | None, typer.Option(metavar="I/N", help="Label the I-th of N shares of the input, such as 1/4.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Workers of --engine ray; default: one a processor.")]
LogJson = Annotated[bool, typer.Option("--log-json", help="Progress as JSON lines on standard error.")]
