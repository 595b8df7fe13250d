"""How long a training on plain text goes on: so many minutes or tokens, with a checkpoint every few minutes."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator
from tqdm import tqdm
from transformers import TrainerCallback

from train.config import Table

WARMUP = 0.06
"""The share of the budget over which the learning rate rises; from there it falls to 0."""


class Budget(Table):
    """Either `minutes` (of training, whatever was spent before a stop included) or `tokens`."""

    minutes: float | None = Field(None, gt=0)
    tokens: int | None = Field(None, gt=0)
    save_minutes: float = Field(10.0, gt=0)
    score_minutes: float = Field(10.0, gt=0)

    @model_validator(mode="after")
    def _one_of_them(self) -> Budget:
        if (self.minutes is None) == (self.tokens is None):
            raise ValueError("set minutes or tokens, one of them")
        return self


class Spend(TrainerCallback):  # type: ignore[misc]
    """Stops a Trainer when its budget is spent, asks for checkpoints in time, and shows how far it is.

    `seconds` is what was spent before this process; each checkpoint's state holds it, so that a run that resumes has
    what is left.
    """

    def __init__(self, budget: Budget, tokens_per_step: int, seconds: float = 0.0) -> None:
        self.budget = budget
        self.tokens_per_step = tokens_per_step
        self.seconds = seconds
        self.step = 0
        self._begun = self._saved = self._scored = time.monotonic()
        self._bar: tqdm[Any] | None = None

    @property
    def share(self) -> float:
        """How much of the budget is spent, from 0 to 1."""
        if self.budget.tokens:
            return min(1.0, self.step * self.tokens_per_step / self.budget.tokens)
        return min(1.0, self.spent() / 60 / (self.budget.minutes or 1))

    @property
    def rate(self) -> float:
        """The learning rate, as a share of the highest."""
        return self.share / WARMUP if self.share < WARMUP else (1 - self.share) / (1 - WARMUP)

    def spent(self) -> float:
        """Seconds of training, those before a stop included."""
        return self.seconds + time.monotonic() - self._begun

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._begun = self._saved = self._scored = time.monotonic()
        self.step = state.global_step
        total = self.budget.tokens
        self._bar = tqdm(
            total=total,
            unit=" tokens",
            unit_scale=True,
            initial=self.step * self.tokens_per_step,
            disable=not sys.stderr.isatty(),
        )

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.step = state.global_step
        now = time.monotonic()
        if self._bar is not None:
            self._bar.update(self.tokens_per_step)
            if self.budget.minutes:
                self._bar.set_postfix_str(f"{self.spent() / 60:.1f} of {self.budget.minutes:g} min")
        if self.share >= 1:
            # Nothing is saved any more: a checkpoint of a spent budget would only invite one step too many.
            control.should_training_stop = True
            return
        if now - self._saved >= 60 * self.budget.save_minutes:
            control.should_save = True
            state.log_history.append({"step": self.step, "seconds": self.spent()})
            self._saved = now
        if now - self._scored >= 60 * self.budget.score_minutes:
            control.should_evaluate = True
            self._scored = now

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self._bar is not None:
            self._bar.close()


def spent(checkpoint: str | None) -> float:
    """Seconds that had been spent when a checkpoint was written."""
    if checkpoint is None:
        return 0.0
    state = json.loads((Path(checkpoint) / "trainer_state.json").read_text(encoding="utf-8"))
    return max((float(row["seconds"]) for row in state["log_history"] if "seconds" in row), default=0.0)
