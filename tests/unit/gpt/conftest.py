"""One tiny model for all tests of this room: a few steps on short rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from icelos.gpt import folder, tokenizers
from icelos.gpt.data import pack
from icelos.gpt.files import write_json
from icelos.gpt.folder import Model
from icelos.gpt.train import PLAN, Plan, train, work_folder

ROWS = [b'{"n":%d,"user":"%s"}' % (n, (b"ada", b"bo", b"cy")[n % 3]) for n in range(60)]


def prepared(model: Path, plan: Plan) -> Path:
    """A model folder whose rows are packed and whose run has not begun."""
    work = work_folder(model)
    tokenizer = tokenizers.fit(plan.tokenizer, ROWS)
    tokenizers.save(tokenizer, work / folder.TOKENIZER)
    pack(ROWS, tokenizer, work / "rows", limit=512)
    write_json(work / PLAN, plan)
    return model


@pytest.fixture(scope="session")
def prepare() -> Callable[[Path, Plan], Path]:
    return prepared


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Model:
    path = tmp_path_factory.mktemp("models") / "tiny"
    plan = Plan(size="pico", steps=30, tokenizer="byte", held_out=0.2)
    train(prepared(path, plan), plan)
    return folder.load(path, device="cpu")


@pytest.fixture(scope="session")
def rows() -> list[bytes]:
    return ROWS
