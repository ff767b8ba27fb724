from __future__ import annotations

import msgspec
import pytest

from icelos.errors import InputError
from icelos.findings import failure
from icelos.jobs.logs.evaluation.cheats import CHEATS
from icelos.jobs.logs.evaluation.evaluate import Evaluation, Options, evaluate
from icelos.jobs.logs.evaluation.report import render
from icelos.jobs.logs.profile.rows import Row

pytestmark = pytest.mark.filterwarnings("error")


def failed(found: Evaluation) -> set[str]:
    return {one.measure for one in found.checks if one.passed is False}


@pytest.fixture(scope="module")
def of_real_rows(real: list[Row], other: list[Row]) -> Evaluation:
    return evaluate(real, other)


def test_real_rows_pass(of_real_rows: Evaluation) -> None:
    assert failed(of_real_rows) == set()
    assert of_real_rows.passed
    measured = {one.measure for one in of_real_rows.checks if one.passed}
    assert {"bonds kept", "bonds within", "equal fields", "gaps", "usefulness", "near copies"} <= measured
    assert of_real_rows.about["user"] == "user.id"
    assert of_real_rows.about["time"] == "time"


@pytest.mark.parametrize(
    ("cheat", "because"),
    [
        (
            "medoid",
            {"distinct rows", "field distance", "value coverage", "rows told apart", "ROUGE-2 average"},
        ),
        ("copy", {"exact copies"}),
        ("independent", {"bonds kept", "bonds within", "equal fields", "dependence error"}),
    ],
)
def test_cheats_fail_for_what_they_are(real: list[Row], cheat: str, because: set[str]) -> None:
    found = evaluate(real, CHEATS[cheat](real, len(real), 1))
    assert not found.passed
    assert because <= failed(found)
    if cheat == "copy":
        assert failed(found) <= {"exact copies", "near copies", "ROUGE-2 best"}


def test_copies_under_new_ids_are_caught_with_a_holdout(real: list[Row], other: list[Row]) -> None:
    renamed = [
        Row(row.raw, {**row.fields, "id": f"{n:032x}", "bytes": n}, row.source)
        for n, row in enumerate(real[:160])
    ]
    found = evaluate(real[:160], renamed, other[:160])
    assert {"closer to training", "membership"} <= failed(found)
    assert "exact copies" not in failed(found)
    honest = evaluate(
        real[:160], real[160:], other[:160], options=Options(canaries=("user03@example.com", "no such"))
    )
    assert failed(honest) == {"canaries"}
    told = {one.measure: one for one in honest.checks}
    assert told["canaries"].value == 0.5
    assert told["membership"].passed


def test_the_report_and_json_hold_it_all_and_nothing_gets_out(of_real_rows: Evaluation) -> None:
    hostile = "<script>alert(1)</script>"
    bad = msgspec.structs.replace(
        of_real_rows, about={"kind": hostile}, notes=(hostile,),
        fields=tuple(msgspec.structs.replace(one, path=hostile) for one in of_real_rows.fields),
        bonds=tuple(msgspec.structs.replace(one, left=hostile) for one in of_real_rows.bonds),
    )  # fmt: skip
    page = render(bad)
    assert "<script" not in page
    assert page.count("&lt;script&gt;") > 10
    assert page.count("<svg xmlns") == 3
    again = msgspec.json.decode(msgspec.json.encode(of_real_rows), type=Evaluation)
    assert again == of_real_rows


def test_the_same_seed_says_the_same(real: list[Row], other: list[Row]) -> None:
    some = Options(limit=100, seed=3)
    assert evaluate(real, other, options=some) == evaluate(real, other, options=some)


def test_large_files_are_sampled_and_unreadable_rows_count(real: list[Row], other: list[Row]) -> None:
    bad = [failure(record_id=str(n), job="logs", error="broken", source=f"b:{n}") for n in range(20)]
    found = evaluate(real, [*bad, *other], options=Options(limit=100))
    assert "valid rows" in failed(found)
    assert any("a sample of 100 of 320 rows" in note for note in found.notes)
    assert any("b:0: broken" in note for note in found.notes)


def test_too_few_rows_and_unknown_fields(real: list[Row], other: list[Row]) -> None:
    with pytest.raises(InputError, match="5 synthetic rows"):
        evaluate(real, other[:5])
    with pytest.raises(InputError, match="no rows"):
        evaluate(real, [])
    with pytest.raises(InputError, match="no field 'resutl'"):
        evaluate(real[:50], other[:50], options=Options(target="resutl"))


def test_rows_without_users_times_or_anything_in_common() -> None:
    left = [Row(f"a {n % 7} b".encode(), {"message": f"a {n % 7} b"}, f"x:{n}") for n in range(44)]
    right = [Row(b"{}", {"x": n}, f"y:{n}") for n in range(44)]
    found = evaluate(left, right)
    assert {"known fields", "field distance", "value coverage"} <= failed(found)
    assert found.about["time"] == "no field found"
    timed = [Row(b"", {"time": f"2025-01-06T{n % 9:02}:00:00Z", "x": n % 3}, f"x:{n}") for n in range(44)]
    assert next(one for one in evaluate(timed, timed[::-1]).checks if one.measure == "hours").passed
    constant = [Row(b"same", {"message": "same"}, f"x:{n}") for n in range(40)]
    assert evaluate(constant, constant).passed
