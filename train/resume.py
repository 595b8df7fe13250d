"""A training that was stopped: what is kept of it, and which checkpoint it goes on from."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gongbao.errors import GongbaoError
from train.folder import held, is_main_process, processes


def last_checkpoint(folder: Path) -> str | None:
    """The newest complete checkpoint of transformers' Trainer in `folder`; those that a kill left half-written go.

    The Trainer writes `trainer_state.json` last, so a checkpoint without a readable one is not complete. Files that a
    power cut shortened are known by the header of safetensors, which says how long they are, and by the directory at
    the end of torch's archives. Of several processes, the first writes `trainer_state.json`, whether or not the others
    have written the state of their random numbers by then: without one, dropout would take another course. The first
    process removes what is not complete.
    """
    found = sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]), reverse=True)
    for path in found:
        if _complete(path):
            return str(path)
        if is_main_process():
            shutil.rmtree(path)
    return None


def ended(checkpoint: str) -> bool:
    """Whether a checkpoint is of the last step: the Trainer would do one more before it looks."""
    state = json.loads((Path(checkpoint) / "trainer_state.json").read_text(encoding="utf-8"))
    return bool(state["global_step"] >= state["max_steps"])


def _complete(checkpoint: Path) -> bool:
    from safetensors import SafetensorError, safe_open

    try:
        json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
        for weights in checkpoint.glob("*.safetensors"):
            with safe_open(weights, framework="np"):
                pass
        if not all(map(zipfile.is_zipfile, [*checkpoint.glob("*.pt"), *checkpoint.glob("*.pth")])):
            return False
        if processes() > 1 and len(list(checkpoint.glob("rng_state_*.pth"))) != processes():
            return False
    except (OSError, ValueError, SafetensorError):
        return False
    return True


@contextmanager
def stoppable(folder: Path) -> Iterator[None]:
    """Turn what stops a training for want of space, rights or a process into one line that says what is kept.

    The folder is held meanwhile. torch and safetensors report a full disk in errors of their own kinds. A folder that
    holds no checkpoint to go on from is removed when an error that the user can mend stops the run.
    """
    with held(folder):
        try:
            with _says_what_is_kept(folder):
                yield
        except GongbaoError:
            if is_main_process() and not list(folder.glob("checkpoint-*")):
                shutil.rmtree(folder, ignore_errors=True)
            raise


@contextmanager
def _says_what_is_kept(folder: Path) -> Iterator[None]:
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        # gloo's words for a process that is gone.
        lost = processes() > 1 and "by peer" in reason
        if isinstance(error, RuntimeError) and not lost and not any(w in reason for w in ("writ", "inline_container")):
            raise
        where = getattr(error, "filename", None) or folder
        kept = last_checkpoint(folder)
        how = f"{Path(kept).name} is kept, and --resume goes on from it" if kept else "no checkpoint was written yet"
        what = f"another of the {processes()} processes ended" if lost else f"cannot read or write {where}: {reason}"
        raise GongbaoError(f"{what}; {how}") from error
