"""What the sentence encoder is given of a mail: its beginning."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from icelos.llm.encoder import Encoder

OPENING = 300
"""Characters of a view: the encoder's time grows with them, and a mail says early what it wants."""


def meanings(views: Sequence[str], encoder: Encoder) -> NDArray[np.float32]:
    """One vector a view, shape (len(views), 384), each of length one."""
    return encoder.encode([view[:OPENING] for view in views])
