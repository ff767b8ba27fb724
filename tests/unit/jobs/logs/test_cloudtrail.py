from __future__ import annotations

import pytest

from icelos.findings import Verdict
from icelos.jobs.logs.cloudtrail import read, rules


def event(service: str, name: str, **more: object) -> dict[str, object]:
    return {
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "userIdentity": {"type": "IAMUser"},
        **more,
    }


@pytest.mark.parametrize("wrap", [lambda e: e, lambda e: {"detail": e}, lambda e: {"aws": {"cloudtrail": e}}])
def test_a_stopped_trail_is_an_alert_in_every_export(wrap: object) -> None:
    part = read(wrap(event("cloudtrail", "StopLogging")))  # type: ignore[operator]
    assert part is not None
    assert [(m.label, m.verdict, m.value) for m in rules(part)] == [
        ("logging-off", Verdict.ALERT, "StopLogging")
    ]


@pytest.mark.parametrize(
    ("row", "labels"),
    [
        (event("s3", "GetObject"), []),
        (event("other", "StopLogging"), []),
        (event("s3", "GetObject", userIdentity={"type": "Root"}), ["root-user"]),
        (event("signin", "ConsoleLogin", responseElements={"ConsoleLogin": "Failure"}), ["bad-credentials"]),
        (
            event(
                "signin",
                "ConsoleLogin",
                responseElements={"ConsoleLogin": "Success"},
                additionalEventData={"MFAUsed": "No"},
            ),
            ["no-mfa"],
        ),
        (event("signin", "ConsoleLogin", responseElements=None), []),
    ],
)
def test_single_events(row: dict[str, object], labels: list[str]) -> None:
    part = read(row)
    assert part is not None
    assert [match.label for match in rules(part)] == labels


def test_other_rows_are_not_read() -> None:
    assert read({"eventName": "x", "event": "text", "aws": []}) is None
