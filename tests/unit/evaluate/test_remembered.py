from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from icelos.evaluate.remembered import RememberingEncoder
from icelos.llm.encoder import Encoder


class Counting(Encoder):
    name = "counting"

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.seen += texts
        rows = np.zeros((len(texts), self.dimensions), np.float32)
        rows[:, 0] = [len(text) for text in texts]
        return rows


def test_each_text_is_encoded_once_and_kept_on_disk(tmp_path: Path) -> None:
    inner = Counting()
    first = RememberingEncoder(inner, tmp_path / "v.sqlite")
    assert first.encode(["a", "bb", "a"])[:, 0].tolist() == [1, 2, 1]
    first.close()
    again = RememberingEncoder(inner, tmp_path / "v.sqlite")
    assert again.encode(["bb", "ccc"])[:, 0].tolist() == [2, 3]
    again.close()
    assert inner.seen == ["a", "bb", "ccc"]
