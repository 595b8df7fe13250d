"""What is installed here, which model and engine would be used, and whether they answer: one screen."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from gongbao import __version__
from gongbao.errors import GongbaoError
from gongbao.labels import POLICY_DOMAINS

NEEDED = (
    "torch", "transformers", "tokenizers", "safetensors", "scikit-learn", "python-docx", "pdfminer.six", "trafilatura",
    "lxml", "openpyxl", "pyarrow", "jinja2",
)  # fmt: skip
OPTIONAL = ("accelerate", "datasets", "cleanlab", "matplotlib", "onnxruntime", "openvino", "ray")
SENTENCE = "布局建设三家省实验室。"


def examine(model: str | None = None) -> list[tuple[str, str]]:
    """Return what can be said of this installation, (what, how it is), problems marked `!`; it never raises."""
    found = [
        ("gongbao", f"{__version__} ({Path(__file__).parent})"),
        ("labels", f"{POLICY_DOMAINS.signature}, codebook {POLICY_DOMAINS.codebook or '-'}"),
        ("python", f"{platform.python_version()} ({sys.executable})"),
        ("system", f"{platform.system()} {platform.release()} {platform.machine()}, {os.cpu_count()} cores"),
        ("packages", ", ".join(f"{name} {installed(name) or '! missing'}" for name in NEEDED)),
        ("optional", ", ".join(f"{name} {installed(name) or '-'}" for name in OPTIONAL)),
    ]
    found += _computing()
    found += _model(model)
    found += [("folders", "; ".join(_writable(folder) for folder in (Path.cwd(), Path(tempfile.gettempdir()))))]
    return [*found, ("fonts", _fonts())]


def _computing() -> list[tuple[str, str]]:
    try:
        import torch
    except Exception as error:
        return [("computing", f"! torch cannot be imported: {' '.join(str(error).split())[:100]}")]
    ask = getattr(torch.cpu, "get_capabilities", None)
    bf16 = ask().get("avx512_bf16") if ask else None
    known = "unknown" if bf16 is None else "yes" if bf16 else "no"
    gpu = ", ".join(torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())) or "none"
    return [("computing", f"{torch.get_num_threads()} threads, bf16 in the processor: {known}, GPU: {gpu}")]


def _model(model: str | None) -> list[tuple[str, str]]:
    from gongbao.labeler import Labeler
    from gongbao.models import find

    try:
        folder = find(model)
        begun = time.perf_counter()
        labeler = Labeler.load(folder)
        loaded = time.perf_counter() - begun
        answer = labeler.label([SENTENCE])[0]
    except GongbaoError as error:
        return [("model", f"! {error}")]
    return [
        ("model", f"{labeler.name}, decision rule {labeler.decision.id} ({folder})"),
        ("engine", f"{labeler.engine.identity}, opened in {loaded:.1f} s"),
        ("exported", _exported(folder)),
        ("answers", f"{SENTENCE} -> {', '.join(answer.labels) or 'none'}"),
    ]


def _exported(folder: Path) -> str:
    from gongbao.engines.exported import find

    found = find(folder)
    return f"{', '.join(found.precisions)} ({found.folder})" if found else "no (gongbao export makes labelling faster)"


def installed(package: str) -> str | None:
    """Return the version of a package, None if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _writable(folder: Path) -> str:
    try:
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
        return f"{folder} can be written to, {shutil.disk_usage(folder).free / 1e9:.1f} GB free"
    except OSError as error:
        return f"! {folder} cannot be written to: {error.strerror}"


def _fonts() -> str:
    """Whether a browser here can show Chinese; only where fontconfig can be asked."""
    if shutil.which("fc-list") is None:
        return "not known (fontconfig is not installed)"
    ran = subprocess.run(["fc-list", ":lang=zh", "family"], capture_output=True, text=True, timeout=20, check=False)
    families = sorted({line.split(",")[0] for line in ran.stdout.splitlines() if line})
    return ", ".join(families[:4]) or "none with Chinese: pages opened on this machine show boxes"
