from __future__ import annotations

import pytest

from icelos.findings import Verdict
from icelos.jobs.logs.office365 import read, rules

COMMON = {"CreationTime": "2025-01-06T08:00:00", "UserId": "a@b.example", "Workload": "Exchange"}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"Operation": "FileUploaded"}, []),
        ({"Operation": "FileMalwareDetected"}, [("malware", Verdict.ALERT)]),
        (
            {"Operation": "New-InboxRule", "Parameters": [{"Name": "ForwardTo", "Value": "x@evil.example"}]},
            [("mail-forwarded", Verdict.ALERT)],
        ),
        (
            {"Operation": "New-InboxRule", "Parameters": [{"Name": "MoveToFolder", "Value": "News"}]},
            [],
        ),
        ({"Operation": "Set-Mailbox", "Parameters": [{"Name": "ForwardingSmtpAddress", "Value": ""}]}, []),
        ({"Operation": "Set-Mailbox", "Parameters": "text"}, []),
        ({"Operation": "Set-Mailbox", "Parameters": [3, {"Name": None, "Value": {}}]}, []),
    ],
)
def test_single_events(more: dict[str, object], expected: list[tuple[str, Verdict]]) -> None:
    part = read({**COMMON, **more})
    assert part is not None
    assert [(match.label, match.verdict) for match in rules(part)] == expected


def test_other_rows_are_not_read() -> None:
    assert read({**COMMON}) is None
