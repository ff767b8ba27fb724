from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
import stix2

from icelos.findings import Verdict
from icelos.jobs.mail.delivery.report import File, Reported
from icelos.jobs.mail.delivery.stix import as_stix
from icelos.jobs.mail.signals.signals import Signal

NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)


def reported(**more: Any) -> Reported:
    given: dict[str, Any] = {
        "sha256": "ab" * 32, "message_id": "<1@x>", "author": "A", "author_address": "a@b.example",
        "subject": "x", "verdict": Verdict.ALERT, "score": 0.987, "points": 9.0, "sentence": "It lures.",
        "symbols": (Signal("link-to-ip", 2.5, "a link to 8.8.8.8", "body", "http://8.8.8.8/a'b"),),
        "intents": {"credential-theft": 0.9, "invoice": 0.1},
        "urls": ("http://8.8.8.8/a'b", "https://w.example/"), "accused": ("http://8.8.8.8/a'b",),
        "files": (File(name="x", content_type="a/b", size=3, sha256="cd" * 32),), "made_by": {},
    }  # fmt: skip
    return Reported(**{**given, **more})


def kinds(data: bytes) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for one in stix2.parse(data.decode(), allow_custom=False).objects:
        found.setdefault(one.type, []).append(one)
    return found


def test_a_lure_is_an_indicator_with_a_sighting() -> None:
    found = kinds(as_stix(reported(), now=NOW))
    assert sorted(found) == [
        "domain-name", "email-addr", "email-message", "file", "identity", "indicator", "observed-data",
        "report", "sighting", "url",
    ]  # fmt: skip
    (indicator,) = found["indicator"]
    assert indicator.pattern == (
        r"[url:value = 'http://8.8.8.8/a\'b'] OR [file:hashes.'SHA-256' = '" + "cd" * 32 + "']"
    )
    assert (indicator.confidence, indicator.labels) == (99, ["verdict:alert", "credential-theft"])
    assert found["sighting"][0].sighting_of_ref == indicator.id
    assert len(found["report"][0].object_refs) == 10
    assert [one.value for one in found["domain-name"]] == ["w.example"]


def test_clear_mail_accuses_nobody() -> None:
    assert "indicator" not in kinds(as_stix(reported(verdict=Verdict.CLEAR), now=NOW))


def test_the_same_mail_is_the_same_bundle() -> None:
    assert as_stix(reported(), now=NOW) == as_stix(reported(), now=NOW)


@pytest.mark.parametrize("text", ["", "'] OR [url:value = 'x", "\\", "\ufffd" * 300, "a\\' OR"])
def test_hostile_words_stay_in_their_place(text: str) -> None:
    data = as_stix(
        reported(subject=text, message_id="", author_address="", urls=(), accused=(), files=()), now=NOW
    )
    (indicator,) = kinds(data)["indicator"]
    assert indicator.pattern.startswith("[email-message:subject = '")
    assert json.loads(data)["type"] == "bundle"
