"""Where a run stands: saved whole, of one plan, by one process at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from icelos.engine.checkpoints import Checkpoints, Plan, Standing
from icelos.errors import InputError

PLAN = Plan(job="logs", locations=("/a",), sink="")
STANDING = Standing(source=b"s", sink=b"7", counts=(1, 2, 3), verdicts={"alert": 1}, states={0: b"x", 3: b""})


def test_what_is_saved_is_there_for_the_next_run(tmp_path: Path) -> None:
    first = Checkpoints(tmp_path, PLAN)
    assert first.standing is None
    first.save(STANDING)
    first.close()
    second = Checkpoints(tmp_path, PLAN)
    assert second.standing == STANDING
    second.close()
    other = Checkpoints(tmp_path, Plan(job="logs", locations=("/b",), sink=""))
    assert other.standing is None
    other.close()
    assert len(list(tmp_path.iterdir())) == 1, "where nothing was saved, nothing is left"
    fresh = Checkpoints(tmp_path, PLAN, fresh=True)
    assert fresh.standing is None
    fresh.remove()
    assert not list(tmp_path.iterdir())


def test_the_same_run_is_not_run_twice_at_once(tmp_path: Path) -> None:
    first = Checkpoints(tmp_path, PLAN)
    with pytest.raises(InputError, match="the same run is under way"):
        Checkpoints(tmp_path, PLAN)
    first.close()
    Checkpoints(tmp_path, PLAN).close()


@pytest.mark.parametrize("content", [b"", b"\x00", b"not a checkpoint", b"\x81\xa6format\x63"])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    first = Checkpoints(tmp_path, PLAN)
    first.save(STANDING)
    first.close()
    (file,) = tmp_path.glob("*/checkpoint")
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"no checkpoint of this version.*--fresh"):
        Checkpoints(tmp_path, PLAN)
    Checkpoints(tmp_path, PLAN, fresh=True).close()
