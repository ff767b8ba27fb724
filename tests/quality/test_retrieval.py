"""Search against its gate on the held-out half: figures may rise and never fall.

`retrieval.json` holds the least values. By words only in every run; with vectors, which take minutes the
first time, in the slow one. To lift the gate: measure, then take `gates.raised`.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from icelos.evaluate import gates
from icelos.evaluate.retrieval import measure
from icelos.llm.encoder import Encoder

GATE = Path(__file__).with_name("retrieval.json")
CORPORA = Path(os.environ.get("ICELOS_DATA", "")) / "copilot"

pytestmark = [
    pytest.mark.slow,  # measured, not tested: takes minutes
    pytest.mark.data,
    pytest.mark.skipif(
        not os.environ.get("ICELOS_DATA") or not CORPORA.is_dir(), reason="ICELOS_DATA names no corpora"
    ),
]


def least(mode: str) -> dict[str, float]:
    """The gate's figures of one mode, "words" or "vectors"."""
    return {n.removeprefix(f"{mode}/"): v for n, v in gates.load(GATE).items() if n.startswith(f"{mode}/")}


@pytest.mark.timeout(600)
def test_by_words(tmp_path: Path) -> None:
    """200 held-out questions of each set."""
    names = ["identifiers", "attack-procedures", "cve-to-cwe", "known-item", "half-remembered"]
    report = measure(CORPORA, cache=tmp_path, encoder=None, most=200, names=names)
    assert gates.check(report.figures(), least("words")) == []


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.skipif(not Encoder.available(), reason=f"no encoder: {Encoder.missing()}")
def test_with_vectors(tmp_path: Path) -> None:
    """1,000 held-out questions of each set; vectors are kept where ICELOS_HOME is set."""
    home = os.environ.get("ICELOS_HOME")
    cache = Path(home) / "cache" / "evaluate" if home else tmp_path
    report = measure(CORPORA, cache=cache, encoder=Encoder())
    assert gates.check(report.figures(), least("vectors")) == []
