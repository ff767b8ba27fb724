"""The API against its own description: schemathesis sends what it allows and what it does not, to a server.

Every check that schemathesis has is on, but the one that leaves credentials out (`ignored_auth`): it takes
them out one by one, and any one of two does. `tests/unit/web/test_app.py` leaves out all, on every route.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.integration.conftest import Console

pytest.importorskip("schemathesis", reason="schemathesis is not installed")
OPTIONS = ["--checks", "all", "--exclude-checks", "ignored_auth", "--continue-on-failure", "--no-color"]
SIGNS_OUT = ["--exclude-operation-id", "session_sign_out"]


CHECKED_BY_HAND = ("people", "session", "findings", "upkeep", "learning")
"""Tags of operations that refuse more with 400 than a schema can say: a user that is not there, a password
that is too easy, neither a token nor a name, a name that is taken; 1.0 as a version, which is an integer to
a JSON schema; what is no time."""
CONFIG = "".join(
    f"""
[[operations]]
include-tag = "{tag}"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "401", "403", "404", "409", "429"]
"""
    for tag in CHECKED_BY_HAND
)


def sent(console: Console, folder: Path, *options: str) -> str:
    """What schemathesis says after its run, which has found nothing."""
    headers = [part for name, value in console.headers.items() for part in ("-H", f"{name}: {value}")]
    (folder / "schemathesis.toml").write_text(CONFIG)
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        f"{console.address}/api/openapi.json",
    ]
    done = subprocess.run(
        [*command, *headers, *OPTIONS, *SIGNS_OUT, *options], cwd=folder, text=True, capture_output=True
    )
    assert done.returncode == 0, done.stdout[-20_000:]
    return done.stdout


def test_what_the_description_names_is_kept(console: Console, tmp_path: Path) -> None:
    """Each operation with the least and the most that its description allows, and just beyond it."""
    told = sent(console, tmp_path, "--phases", "examples,coverage", "--generation-deterministic")
    tested = re.search(r"Tested: (\d+)", told)
    assert tested is not None
    assert int(tested[1]) >= 20


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_random_requests_and_sequences_find_no_defect(console: Console, tmp_path: Path) -> None:
    sent(
        console, tmp_path, "--phases", "examples,coverage,fuzzing,stateful", "-n", "300", "--seed", "1",
        "--suppress-health-check", "all",
    )  # fmt: skip


def described(console: Console) -> dict[str, Any]:
    reply = httpx.get(f"{console.address}/api/openapi.json", headers=console.headers)
    return dict(json.loads(reply.content))


def test_operations_have_names_tags_and_what_may_go_wrong(console: Console) -> None:
    found = described(console)
    operations = [(path, one) for path, methods in found["paths"].items() for one in methods.values()]
    names = [one["operationId"] for _, one in operations]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() for name in names)
    tags = {tag["name"] for tag in found["tags"]}
    for path, operation in operations:
        assert set(operation["tags"]) <= tags
        if "security" in operation:
            assert {"401", "403", "429", "503"} <= set(operation["responses"]), path
            assert {"token": []} in operation["security"]
    assert set(found["components"]["securitySchemes"]) == {"session", "csrf", "token"}
