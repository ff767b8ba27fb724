from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icelos.errors import InputError
from icelos.gpt.data import IGNORED, Rows, Windows, open_packed, pack
from icelos.gpt.tokenizers import END, ByteTokenizer

TOKENIZER = ByteTokenizer()


def packed(rows: list[bytes], folder: Path, limit: int = 64) -> Rows:
    pack(rows, TOKENIZER, folder, limit=limit, group=lambda row: row[0] % 3 - 1)
    return open_packed(folder)[1]


def rows_of(targets: npt.NDArray[np.int64]) -> list[bytes]:
    window = targets[targets != IGNORED]
    return [TOKENIZER.decode(row) for row in np.split(window, np.flatnonzero(window == END) + 1)[:-1]]


def test_rows_come_back_from_disk_and_unfit_ones_are_counted(tmp_path: Path) -> None:
    report = pack([b"one", b"", b"x" * 64, b"three"], TOKENIZER, tmp_path, limit=64)
    assert (report.rows, report.too_long, report.empty, report.longest) == (2, 1, 1, 5)
    _, rows = open_packed(tmp_path)
    assert [TOKENIZER.decode(rows.row(i)) for i in range(len(rows))] == [b"one", b"three"]


def test_an_unfinished_folder_is_refused(tmp_path: Path) -> None:
    pack([b"one"], TOKENIZER, tmp_path, limit=64)
    (tmp_path / "rows.json").unlink()
    with pytest.raises(InputError, match=r"rows\.json"):
        open_packed(tmp_path)


@pytest.mark.parametrize("data", [None, b"short"])
def test_rows_that_are_not_whole_are_refused(tmp_path: Path, data: bytes | None) -> None:
    pack([b"one", b"two and more"], TOKENIZER, tmp_path, limit=64)
    (tmp_path / "slots.u8").unlink()
    if data is not None:
        (tmp_path / "slots.u8").write_bytes(data)
    with pytest.raises(InputError, match="not whole"):
        open_packed(tmp_path)


def test_the_held_out_rows_are_the_last(tmp_path: Path) -> None:
    rows = packed([b"%d" % n for n in range(10)], tmp_path)
    kept, held_out = rows.split(3)
    assert (len(kept), len(held_out)) == (7, 3)
    assert TOKENIZER.decode(held_out.row(0)) == b"7"


@settings(max_examples=30, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 31), min_size=1, max_size=40), seed=st.integers(0, 9), grouped=st.booleans()
)
def test_an_epoch_shows_each_whole_row_once(
    sizes: list[int], seed: int, grouped: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    texts = [bytes([65 + n % 26]) * size for n, size in enumerate(sizes)]
    rows = packed(texts, tmp_path_factory.mktemp("rows"))
    windows = Windows(rows, context=32, batch_tokens=1, seed=seed, grouped=grouped)
    assert windows.batch_size == 1
    seen: list[bytes] = []
    for step in range(len(windows)):
        inputs, targets = windows.batch(step)
        assert inputs.shape == targets.shape
        assert inputs.shape[1] <= 32
        window = targets[0][targets[0] != IGNORED]
        assert window[-1] == END
        assert (inputs[0, 0], *inputs[0, 1 : len(window)]) == (END, *window[:-1])
        seen += rows_of(targets[0])
    assert sorted(seen) == sorted(texts)


def test_a_window_has_one_row_or_those_of_a_group_in_their_order(tmp_path: Path) -> None:
    texts = [b"%c%d" % (65 + n % 3, n) for n in range(30)]
    rows = packed(texts, tmp_path).split(3)[0]
    alone = Windows(rows, context=64, batch_tokens=1, seed=0)
    assert sorted(rows_of(alone.batch(step)[1][0])[0] for step in range(27)) == sorted(texts[:27])
    grouped = Windows(rows, context=64, batch_tokens=1, seed=0, grouped=True)
    assert len(grouped) < 5
    for step in range(len(grouped)):
        found = rows_of(grouped.batch(step)[1][0])
        keys = [(row[0] % 3, int(row[1:])) for row in found]
        assert keys == sorted(keys)


def test_batches_are_multiples_and_may_be_padded_to_one_shape(tmp_path: Path) -> None:
    rows = packed([b"x" * (n % 20 + 1) for n in range(100)], tmp_path)
    windows = Windows(rows, context=32, batch_tokens=60, seed=0, multiple=4, padded=True)
    assert windows.batch_size == 8
    assert {windows.batch(step)[0].shape for step in range(20)} == {(8, 32)}


def test_a_batch_depends_on_seed_and_step_alone(tmp_path: Path) -> None:
    rows = packed([b"%d" % n for n in range(300)], tmp_path)
    one = Windows(rows, context=16, batch_tokens=64, seed=1)
    expected = [one.batch(step)[0] for step in range(40)]
    two = Windows(rows, context=16, batch_tokens=64, seed=1)
    for step in (39, 0, 17):
        assert (two.batch(step)[0] == expected[step]).all()
    other = Windows(rows, context=16, batch_tokens=64, seed=2).batch(0)[0]
    assert other.shape != expected[0].shape or (other != expected[0]).any()


def test_corrupted_inputs_have_the_targets_of_whole_ones(tmp_path: Path) -> None:
    rows = packed([bytes(range(60 + n, 110 + n)) for n in range(40)], tmp_path)
    whole, corrupted = (
        Windows(rows, context=64, batch_tokens=500, seed=1, corruption=share) for share in (0.0, 0.1)
    )
    changed = []
    for step in range(4):
        inputs, targets = corrupted.batch(step)
        assert (targets == whole.batch(step)[1]).all()
        assert (corrupted.batch(step)[0] == inputs).all()
        changed.append(float((inputs != whole.batch(step)[0]).mean()))
    assert 0.05 < float(np.mean(changed)) < 0.15


def test_rows_that_cannot_be_windows_are_refused(tmp_path: Path) -> None:
    rows = packed([b"x" * 40], tmp_path)
    with pytest.raises(ValueError, match="longer than the context"):
        Windows(rows, context=16, batch_tokens=64, seed=0)
    with pytest.raises(ValueError, match="no rows"):
        Windows(rows.split(1)[0], context=64, batch_tokens=64, seed=0)
