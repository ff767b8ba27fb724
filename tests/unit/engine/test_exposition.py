"""What every registry has, and the token that guards it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from icelos import __version__
from icelos.contracts import Usage
from icelos.engine.exposition import check_token, exposed, is_authorized, new_registry
from icelos.errors import BudgetError, SettingsError
from icelos.llm.meter import Meter

TOKEN = "a-token-of-metrics"


def test_the_process_the_version_and_the_models() -> None:
    meter = Meter()
    registry = new_registry(meter=meter)
    meter.sent()
    meter.charge(Usage(100, 20, 1.5, 0.25))
    meter.replied()
    meter.replied(error=BudgetError("used up"))
    value = registry.get_sample_value
    assert value("icelos_build_info", {"version": __version__}) == 1
    assert (value("process_resident_memory_bytes") or 0) > 2**20
    assert value("icelos_model_calls_total") == 1
    assert value("icelos_model_tokens_total", {"kind": "prompt"}) == 100
    assert value("icelos_model_tokens_total", {"kind": "completion"}) == 20
    assert value("icelos_model_seconds_total") == 1.5
    assert value("icelos_model_cost_total") == 0.25
    assert value("icelos_model_replies_total", {"outcome": "budget"}) == 1
    assert value("icelos_model_replies_total", {"outcome": "failed"}) == 0


def test_nothing_of_it_is_in_the_library_s_own_registry() -> None:
    new_registry()
    assert b"icelos_" not in exposed(REGISTRY)


@pytest.mark.parametrize("token", ["short", "fifteen-letters", "a-token-of-metrics\n", "a-tökén-of-metrics"])
def test_tokens_that_are_none(token: str) -> None:
    with pytest.raises(SettingsError, match="16 or more"):
        check_token(token)


def test_tokens_that_are() -> None:
    check_token("")
    check_token(TOKEN)
    assert is_authorized(f"Bearer {TOKEN}", TOKEN)
    assert is_authorized(f"bearer {TOKEN}", TOKEN)


@given(st.text(st.characters(max_codepoint=255)))
def test_no_other_header_is_authorized(header: str) -> None:
    assert not is_authorized(header, TOKEN)
