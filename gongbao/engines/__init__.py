"""How logits are computed: one engine a kind of model, the same door for all."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from gongbao.decision import Floats
from gongbao.engines import exported
from gongbao.errors import GongbaoError, not_installed
from gongbao.files import read_json
from gongbao.windows import WINDOW, Tokenizer

ENGINES = ("auto", "torch", "onnx", "openvino")
PACKAGES = {"onnx": "onnxruntime", "openvino": "openvino"}
PRECISIONS = ("fp32", "bf16", "fp16", "int8")

REQUIRED = {
    "torch": ("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"),
    "tfidf": ("tfidf.json", "tfidf.safetensors"),
}
"""The files that a model folder of each kind cannot do without, besides its decision rule."""


class Engine(Protocol):
    """Computes logits for paragraphs given as lists of sentences."""

    @property
    def labels(self) -> int:
        """How many labels it answers."""
        ...

    @property
    def identity(self) -> str:
        """The engine, its precision and its device, as far as answers depend on them."""
        ...

    def prepare(self, paragraphs: Sequence[Sequence[str]]) -> Any:
        """Make paragraphs ready to be answered: all that needs no model, so that it can be done while it computes."""
        ...

    def answer(self, prepared: Any) -> list[Floats]:
        """One array `(sentences, labels)` for each paragraph that was prepared, in order."""
        ...

    def logits(self, paragraphs: Sequence[Sequence[str]]) -> list[Floats]:
        """What `answer` gives of `prepare`."""
        ...

    def unknown(self, sentences: Sequence[str]) -> tuple[int, int]:
        """How many pieces of these sentences the tokenizer does not know, and how many there are."""
        ...


def kind_of(folder: Path) -> str:
    """Return `torch` or `tfidf`; raises GongbaoError if the folder is no model or lacks a file, naming it."""
    if not folder.is_dir():
        raise GongbaoError(f"no model folder at {folder}")
    kind = "tfidf" if any((folder / name).exists() for name in REQUIRED["tfidf"]) else "torch"
    present = [name for name in REQUIRED[kind] if (folder / name).exists()]
    if not present:
        raise GongbaoError(f"{folder} holds no model: {REQUIRED['torch'][0]} is missing")
    for name in REQUIRED[kind]:
        if name not in present:
            raise GongbaoError(f"{folder} is not complete: {name} is missing")
    return kind


def open_engine(
    folder: Path,
    device: str | None = None,
    context: str = "paragraph",
    engine: str = "auto",
    precision: str = "fp32",
    known: exported.Exported | None = None,
    short: bool = False,
) -> Engine:
    """Open an engine for a model folder; `known` stands for its exported forms, where they are not to be looked up.

    `auto` takes the fastest one here that is exact: torch where there is a GPU, else of the exported ones OpenVINO
    before onnxruntime, which for a `short` text comes first as it opens sooner, else torch. `device` is torch's name
    for it (default: a GPU if there is one). A precision other than fp32 is computed only by the engine that passed the
    gate of `gongbao export` with it. Raises GongbaoError if the engine that is named cannot be had.
    """
    if kind_of(folder) == "tfidf":
        from gongbao.engines.tfidf import TfidfEngine

        if engine != "auto" or precision != "fp32":
            raise GongbaoError(f"{folder} is a TF-IDF model: it has one engine and one precision")
        return TfidfEngine.load(folder)
    if engine not in ENGINES:
        raise GongbaoError(f"an engine is one of {', '.join(ENGINES)}, and ray for predict, not {engine!r}")
    found = known or exported.find(folder)
    if precision != exported.EXACT:
        engine = passed(folder, found, precision, engine, device)
    if engine == "auto":
        engine = fastest(found, device, short)
    if engine == "torch":
        from gongbao.engines.torch import TorchEngine

        return TorchEngine.load(folder, device, context, precision)
    if device not in (None, "cpu"):
        raise GongbaoError(f"the engine {engine} computes on the CPU alone; leave out --device, or name --engine torch")
    if found is None:
        raise GongbaoError(f"{folder} is not exported: gongbao export {folder}")
    if not present(engine):
        raise not_installed(PACKAGES[engine])
    return _open_exported(folder, found, engine, precision, context)


def fastest(found: exported.Exported | None, device: str | None = None, short: bool = False) -> str:
    """Name the fastest exact engine here for a model with these exported forms, and for a short text or a long one."""
    if found is None or device not in (None, "cpu") or (device is None and _has_gpu()):
        return "torch"
    order = ("onnx", "openvino") if short else ("openvino", "onnx")
    return next((name for name in order if present(name)), "torch")


def present(engine: str) -> bool:
    """Whether an engine's package is installed."""
    return installed(PACKAGES[engine])


def installed(package: str) -> bool:
    """Whether a package is installed; it is not imported."""
    return find_spec(package) is not None


def passed(folder: Path, found: exported.Exported | None, precision: str, engine: str, device: str | None) -> str:
    """Name the engine that passed the gate with a precision; raises GongbaoError if none did, or not the one named."""
    check_precision(precision)
    gate = found.precisions.get(precision) if found else None
    if not gate:
        raise GongbaoError(
            f"{precision} is not exact, and {folder} has not been checked with it: "
            f"gongbao export {folder} --precision {precision} --check FILE"
        )
    name = str(gate.get("engine"))
    if name not in ENGINES or engine not in ("auto", name):
        raise GongbaoError(f"{precision} was checked with --engine {name}, not {engine}")
    if name == "torch" and device is not None and device.split(":")[0] != gate.get("device"):
        raise GongbaoError(f"{precision} was checked on {gate.get('device')}, not on {device}")
    return name


def check_precision(precision: str) -> None:
    """Raise GongbaoError if there is no precision of this name."""
    if precision not in PRECISIONS:
        raise GongbaoError(f"a precision is one of {', '.join(PRECISIONS)}, not {precision!r}")


def _open_exported(folder: Path, found: exported.Exported, engine: str, precision: str, context: str) -> Engine:
    from gongbao.engines.threads import begun

    # The model opens in a thread of its own: what is read meanwhile costs no time.
    if engine == "onnx":
        from gongbao.engines.onnx import OnnxEngine, open_session

        opening = begun(lambda: open_session(found))
        return OnnxEngine(opening, *_shape(folder), context)
    from gongbao.engines.openvino import OpenvinoEngine, open_requests

    requests = begun(lambda: open_requests(found, precision))
    return OpenvinoEngine(requests, *_shape(folder), context, precision)


def _shape(folder: Path) -> tuple[Tokenizer, int, int]:
    """A model's tokenizer, number of labels and number of positions, read without transformers."""
    tokenizer = Tokenizer(folder)
    config = read_json(folder / "config.json")
    labels = config.get("id2label")
    if not isinstance(labels, dict) or not labels:
        raise GongbaoError(f"{folder / 'config.json'}: id2label is missing")
    tokenizer.check_fits(int(config.get("vocab_size", tokenizer.size)), folder)
    return tokenizer, len(labels), int(config.get("max_position_embeddings", WINDOW))


def _has_gpu() -> bool:
    """Whether torch finds a GPU; torch is imported only where a driver lies."""
    if not any(Path(name).exists() for name in ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")):
        return False
    import torch

    return bool(torch.cuda.is_available())
