from __future__ import annotations

import base64
import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as some

from icelos.jobs.logs.whatif.forms import renewed


@given(data=some.binary(min_size=16, max_size=64), padded=some.booleans(), seed=some.integers(0, 99))
def test_bytes_in_base64_become_other_bytes_in_base64(data: bytes, padded: bool, seed: int) -> None:
    """The last letter of such a text has fewer forms than the others: a model can tell where it is any."""
    value = base64.urlsafe_b64encode(data).decode()
    bare = value.rstrip("=")
    assume(not bare.isupper() and not bare.islower())
    made = renewed(value if padded else bare, random.Random(seed))
    assert isinstance(made, str)
    assert len(made) == len(value if padded else bare)
    made = made.rstrip("=")
    decoded = base64.b64decode(made + "=" * (-len(made) % 4), b"-_", validate=True)
    assert base64.b64encode(decoded, b"-_").decode().rstrip("=") == made


@pytest.mark.parametrize("value", ["AKIAIOSFODNN7EXAMPLE", "Directory_2da51b5d-5a28-41c1-abc7-c9dbe10abbd6"])
def test_other_identifiers_keep_their_form(value: str) -> None:
    made = renewed(value, random.Random(1))
    assert isinstance(made, str)
    assert [c in "-_" for c in made] == [c in "-_" for c in value]
    assert made != value
