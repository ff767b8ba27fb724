from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from icelos.errors import InputError
from icelos.findings import Verdict
from icelos.gpt.folder import HELD_OUT
from icelos.jobs.logs import surprise as module
from icelos.jobs.logs.surprise import Surprise
from icelos.jobs.logs.training import RawRows
from icelos.records import LogLine


@pytest.fixture(scope="module")
def surprise(model: Path) -> Surprise:
    return Surprise(model)


def row(text: str) -> LogLine:
    return LogLine(id="r", source="a:1", text=text)


def test_rows_like_those_of_training_are_clear_and_strange_ones_alert(
    surprise: Surprise, signins: Path
) -> None:
    known = [surprise.judge(row(data.decode()), job="logs") for data in list(RawRows(str(signins)))[:40]]
    assert sum(finding is None for finding in known) >= 38
    strange = surprise.judge(row("\x00\x7fGET /../../etc/passwd;$(id) ~~ 0xDEADBEEF"), job="logs")
    assert strange is not None
    assert (strange.verdict, strange.label, strange.score) == (Verdict.ALERT, "surprising-row", 1.0)
    assert strange.made_by["model"].startswith("signins@")


def test_a_row_too_long_to_score_is_unknown_and_not_clear(surprise: Surprise) -> None:
    finding = surprise.judge(row("x" * (module.BYTES_LIMIT + 1)), job="logs")
    assert finding is not None
    assert (finding.verdict, finding.score) == (Verdict.UNKNOWN, None)


def test_a_row_longer_than_the_context_is_scored(surprise: Surprise, signins: Path) -> None:
    data = b" ".join(list(RawRows(str(signins)))[:4])
    assert 0 < surprise.bits_per_byte(data) < 8


def test_a_model_without_held_out_rows_is_refused(model: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(model, tmp_path / "m"))
    (copy / HELD_OUT).unlink()
    with pytest.raises(InputError, match="no held-out rows"):
        Surprise(copy)
