"""The vocabulary of intents."""

from __future__ import annotations

import pytest

from icelos.jobs.mail.intents.taxonomy import ALL, BENIGN, MALICIOUS, is_malicious


def test_no_name_is_both_and_each_is_explained() -> None:
    assert len(ALL) == len(set(ALL)) == len(MALICIOUS) + len(BENIGN)
    assert all(text and text[0].islower() for text in [*MALICIOUS.values(), *BENIGN.values()])


def test_harm_is_told_from_topic() -> None:
    assert is_malicious("gift-cards")
    assert not is_malicious("receipt")
    with pytest.raises(KeyError, match="unheard-of"):
        is_malicious("unheard-of")
