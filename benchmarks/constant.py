"""Labels a file with an engine of constant answers: all that `gongbao predict` does, without a model.

`python benchmarks/constant.py MODEL INPUT OUTPUT`; the folder gives the tokenizer and the decision rule.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from gongbao.decision import Decision
from gongbao.engines.bert import BertEngine, Ids
from gongbao.labeler import Labeler
from gongbao.predict import predict
from gongbao.windows import WINDOW, Tokenizer


class Constant(BertEngine):
    """Answers 0 for every token."""

    @property
    def identity(self) -> str:
        return "constant"

    @property
    def threads(self) -> int:
        return 1

    def forward(self, ids: Ids, mask: Ids) -> Any:
        return np.zeros((*ids.shape, self.labels), np.float32)


def main(model: str, source: str, output: str) -> None:
    decision = Decision.load(model)
    engine = Constant(Tokenizer(model), len(decision.scheme), WINDOW)
    predict([source], Labeler(engine, decision, "constant"), output)


if __name__ == "__main__":
    main(*sys.argv[1:])
