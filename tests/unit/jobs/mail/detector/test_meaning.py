from __future__ import annotations

from typing import Any, cast

import numpy as np

from icelos.jobs.mail.detector.meaning import OPENING, meanings


class _Given:
    """Stands for the encoder and remembers what it was given."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode(self, texts: list[str]) -> Any:
        self.texts = texts
        return np.zeros((len(texts), 384), np.float32)


def test_the_beginning_of_each_view_is_given() -> None:
    given = _Given()
    assert meanings(["a" * 1000, "b"], cast("Any", given)).shape == (2, 384)
    assert [len(text) for text in given.texts] == [OPENING, 1]
