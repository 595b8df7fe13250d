"""The page that figures are written on: tables, medians with their spread, and the machine that they hold for."""

from __future__ import annotations

import os
import platform
import re
import statistics
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("torch", "transformers", "tokenizers", "onnxruntime", "openvino", "nncf")
UNITS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_bf16", "amx_int8")
"""What of a processor decides how fast it multiplies."""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out a table whose first column is text and whose others are figures."""
    align = [":---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, align, *rows))


def spread(values: Sequence[float], form: str = ",.0f") -> str:
    """Write the median of some figures, and in brackets the least and the largest.

    >>> spread([3.0, 1.0, 2.0], ".1f")
    '2.0 (1.0–3.0)'
    """
    return f"{statistics.median(values):{form}} ({min(values):{form}}–{max(values):{form}})"


def section(title: str, *parts: str) -> str:
    """Join a heading and the paragraphs and tables below it, without those that are empty."""
    return "\n\n".join([f"## {title}", *(part for part in parts if part)])


def processor_seconds() -> float:
    """The seconds that this machine's cores have computed for other processes; it stands still where that is unknown.

    Only its growth means anything.
    """
    try:
        with open("/proc/stat", encoding="utf-8") as file:
            ticks = [int(field) for field in file.readline().split()[1:9]]
    except OSError:
        return 0.0
    user, nice, system, _, _, irq, soft, steal = ticks
    own = os.times()
    return (user + nice + system + irq + soft + steal) / os.sysconf("SC_CLK_TCK") - own.user - own.system


def machine() -> list[tuple[str, str]]:
    """Say what this machine is and what is installed, as pairs of a name and a value."""
    import torch

    from gongbao import __version__
    from gongbao.engines.threads import available

    return [
        ("date", datetime.now(UTC).date().isoformat()),
        ("processor", _processor()),
        ("its units", ", ".join(_units()) or "unknown"),
        ("cores", str(os.cpu_count())),
        ("threads", f"{available()} of our engines, {torch.get_num_threads()} of torch by itself"),
        ("memory", _memory()),
        ("system", f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"),
        ("packages", ", ".join([f"gongbao {__version__}", *_versions()])),
    ]


def _versions() -> Iterator[str]:
    for name in PACKAGES:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            yield f"{name} not installed"


def _field(name: str, path: str = "/proc/cpuinfo") -> str:
    """The first value of a field in a file of `name : value` lines; empty where there is no such file or field."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError:
        return ""
    found = re.search(rf"^{re.escape(name)}\s*:\s*(.*)$", text, re.M)
    return found[1].strip() if found else ""


def _processor() -> str:
    name = _field("model name") or platform.processor() or platform.machine()
    # A virtual machine may hide the model's name, but not these.
    numbers = [f"{word} {_field(key)}" for word, key in (("family", "cpu family"), ("model", "model")) if _field(key)]
    return f"{name} ({', '.join(numbers)})" if numbers else name


def _units() -> list[str]:
    flags = set(_field("flags").split())
    return [unit for unit in UNITS if unit in flags]


def _memory() -> str:
    total = _field("MemTotal", "/proc/meminfo").split()
    return f"{int(total[0]) / 1024**2:.0f} GiB" if total else "unknown"
