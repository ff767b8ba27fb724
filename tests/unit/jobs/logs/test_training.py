from __future__ import annotations

from pathlib import Path

import pytest

from icelos.errors import InputError
from icelos.gpt.train import unfinished
from icelos.jobs.logs.training import RawRows, new_plan, prepare, train_on, user_number

SHORT = {"size": "pico", "steps": 2}


def test_unreadable_rows_are_counted_and_the_rest_is_trained_on(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"one\n\xff\xfe\n\ntwo\n" + b"y" * (9 << 20) + b"\nthree\nfo\0r\n")
    rows = RawRows(str(path))
    assert list(rows) == [b"one", b"two", b"three"]
    assert list(rows) == [b"one", b"two", b"three"]
    assert rows.failures == 3
    assert rows.first_failures == [
        "a.log:2: not UTF-8 at byte 0", "a.log:5: row is too long", "a.log:7: holds NUL bytes",
    ]  # fmt: skip


def test_elements_of_an_array_are_rows_and_broken_json_is_none(tmp_path: Path) -> None:
    array, lines = tmp_path / "trail.json", tmp_path / "rows.jsonl"
    array.write_text('{"Records": [{"eventName": "A"},\n {"eventName": "B", "n": [1]}]}')
    assert list(RawRows(str(array))) == [b'{"eventName": "A"}', b'{"eventName": "B", "n": [1]}']
    lines.write_text('{"a": 1}\n{"a": \n{"a": 2}\n')
    rows = RawRows(str(lines))
    assert list(rows) == [b'{"a": 1}', b'{"a": 2}']
    assert rows.first_failures[0].startswith("rows.jsonl:2: not a JSON object")


def test_a_folder_that_is_taken_is_refused(model: Path, signins: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is a model already"):
        train_on(str(signins), model, given=SHORT)
    stopped = tmp_path / "m"
    assert train_on(str(signins), stopped, given=SHORT, stop=lambda: True).interrupted
    with pytest.raises(InputError, match="--resume"):
        train_on(str(signins), stopped, given=SHORT)


def test_a_resumed_run_must_be_the_same_run(signins: Path, tmp_path: Path) -> None:
    model = tmp_path / "m"
    train_on(str(signins), model, given=SHORT, stop=lambda: True)
    with pytest.raises(InputError, match="steps 2, not 3"):
        train_on(str(signins), model, given={"steps": 3}, resume=True)
    other = tmp_path / "other.jsonl"
    other.write_text("{}\n")
    with pytest.raises(InputError, match=r"started on signins\.jsonl\.gz"):
        train_on(str(other), model, given={}, resume=True)
    with pytest.raises(InputError, match="no unfinished run"):
        train_on(str(signins), tmp_path / "none", given={}, resume=True)
    assert train_on(str(signins), model, given={}, resume=True).position.step == 2


@pytest.mark.parametrize("content", [b"", b"\n\n", b"one row\n", b"\xff\n\xfe\n"])
def test_too_few_rows_are_a_clear_error_and_leave_nothing(content: bytes, tmp_path: Path) -> None:
    path, model = tmp_path / "a.log", tmp_path / "m"
    path.write_bytes(content)
    with pytest.raises(InputError, match="needs at least two"):
        train_on(str(path), model, given=SHORT)
    assert unfinished(model) is None
    assert not list(model.glob("**/*.*"))


def test_bad_values_and_places_are_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no model size"):
        train_on("x", tmp_path / "m", given={"size": "huge"})
    with pytest.raises(InputError, match="no such file"):
        train_on(str(tmp_path / "none"), tmp_path / "m", given=SHORT)
    with pytest.raises(InputError, match="more than once"):
        prepare("-", tmp_path / "m", new_plan("-", SHORT))
    assert new_plan("x", {}).minutes == 10
    assert new_plan("x", {"steps": 5}).minutes == 0


def test_rows_longer_than_the_context_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"short row\n" * 4 + b"0123456789" * 900 + b"\n")
    seen: list[tuple[int, int]] = []
    train_on(
        str(path), tmp_path / "m", given={**SHORT, "tokenizer": "byte"},
        read=lambda packed, _: seen.append((packed.rows, packed.too_long)),
    )  # fmt: skip
    assert seen == [(4, 1)]
    path.write_bytes(b"short row\n" + b"0123456789" * 900 + b"\n\xff\n")
    with pytest.raises(InputError, match="1 usable rows, 1 too long, 1 unreadable"):
        train_on(str(path), tmp_path / "n", given={**SHORT, "tokenizer": "byte"})


def test_users_are_known_by_the_names_that_logs_give_them() -> None:
    signin, audit = b'{"userPrincipalName":"a@x"}', b'{"UserId":"a@x"}'
    cef = b"CEF:0|V|P|1|100|n|3|suser=a@x src=10.0.0.1"
    assert user_number(signin) == user_number(audit) == user_number(cef) != 0
    assert user_number(b'{"actor":{"alternateId":"b@x"}}') not in (0, user_number(signin))
    for row in (
        b"plain",
        b'{"a":',
        b'{"userPrincipalName":null}',
        b"{" * 5000,
        b'{"UserId":{"a":1}}',
        b"\xff",
    ):
        assert user_number(row) == 0


def test_windows_of_users_make_a_model_and_a_picture_of_the_loss(signins: Path, tmp_path: Path) -> None:
    from icelos.gpt import folder

    assert train_on(str(signins), tmp_path / "m", given={**SHORT, "windows": "user"}).position.step == 2
    alone = train_on(str(signins), tmp_path / "n", given=SHORT)
    assert folder.load(tmp_path / "m").network.config.context > 1.5 * alone.config.context
    assert (tmp_path / "m/loss.svg").read_text().startswith("<svg")
