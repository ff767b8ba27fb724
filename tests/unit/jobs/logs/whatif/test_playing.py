"""Attacks in a log: what stood there still stands, and what is played fits in."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from icelos.errors import InputError
from icelos.jobs.logs.simulation.simulate import simulate
from icelos.jobs.logs.whatif.planning import Wanted
from icelos.jobs.logs.whatif.playing import Played, whatif
from icelos.jobs.logs.whatif.scenario import Scenario, load, named, parse

QUIET = Wanted(episodes=2, difficulty=0.5, seed=4)


@pytest.fixture(scope="module")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whatif") / "organisation"
    simulate(folder, rows=4000, users=25, seed=9, kind="all", workers=1)
    return folder


@pytest.fixture(scope="module")
def attacked(organisation: Path) -> Path:
    folder = organisation.with_name("attacked")
    played = whatif(str(organisation), folder, named(["all"]), QUIET)
    assert played.left_out == ("cloud-keys",)
    return folder


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines()


def labels(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines(path.with_name(path.name + ".labels.jsonl"))]


def rows_of(path: Path, **wanted: object) -> list[dict[str, Any]]:
    every = lines(path)
    chosen = [one for one in labels(path) if all(one[key] == value for key, value in wanted.items())]
    return [json.loads(every[one["row"] - 1]) for one in chosen]


@pytest.mark.parametrize("name", ["entra-signin", "entra-audit", "office365", "jira"])
def test_each_row_of_the_source_stands_as_it_was(organisation: Path, attacked: Path, name: str) -> None:
    path = attacked / f"{name}.jsonl"
    played = {one["row"] for one in labels(path)}
    left = [line for number, line in enumerate(lines(path), 1) if number not in played]
    assert left == lines(organisation / f"{name}.jsonl")
    assert bool(played) == (name != "jira")


def test_the_same_call_gives_the_same_bytes(organisation: Path, attacked: Path, tmp_path: Path) -> None:
    whatif(str(organisation), tmp_path / "again", named(["all"]), QUIET)
    for path in sorted(attacked.iterdir()):
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def test_labels_say_which_rows(attacked: Path) -> None:
    path = attacked / "entra-signin.jsonl"
    every = lines(path)
    for one in labels(path):
        row = json.loads(every[one["row"] - 1])
        assert row["id"] == one["id"]
        assert row["userPrincipalName"] == one["user"]
        assert one["benign"] == (not one["technique"])
    meta = json.loads(path.with_name(path.name + ".meta.json").read_bytes())
    assert meta["rows"] == len(every)
    assert meta["simulated_rows"] == len(labels(path))
    assert meta["simulated"].startswith("in part")


def test_identifiers_are_nobody_elses(organisation: Path, attacked: Path) -> None:
    for name, field in (("entra-signin", "id"), ("office365", "Id"), ("entra-audit", "id")):
        known = {json.loads(line)[field] for line in lines(organisation / f"{name}.jsonl")}
        made = [one["id"] for one in labels(attacked / f"{name}.jsonl")]
        assert len(set(made)) == len(made)
        assert not known & set(made)


def test_rows_stand_where_their_time_is(attacked: Path) -> None:
    path = attacked / "entra-signin.jsonl"
    every = [json.loads(line)["createdDateTime"] for line in lines(path)]
    for one in labels(path):
        before = max(every[: one["row"] - 1], default="")
        assert before[:10] <= every[one["row"] - 1][:10] or one["row"] == len(every)


def test_a_stolen_token_has_the_victims_session_and_another_network(
    organisation: Path, attacked: Path
) -> None:
    rows = [json.loads(line) for line in lines(organisation / "entra-signin.jsonl")]
    stolen = rows_of(attacked / "entra-signin.jsonl", scenario="token-theft")
    assert stolen
    for row in stolen:
        user = row["userPrincipalName"]
        assert row["sessionId"] in {one.get("sessionId") for one in rows if one["userPrincipalName"] == user}
        assert row["ipAddress"] not in {one["ipAddress"] for one in rows}
        assert not row["isInteractive"]


def test_a_spray_tries_many_accounts_from_few_addresses(attacked: Path) -> None:
    rows = rows_of(attacked / "entra-signin.jsonl", episode="password-spray-001", stage="spray")
    assert len({row["userPrincipalName"] for row in rows}) >= 10
    assert len({row["ipAddress"] for row in rows}) <= 4
    assert {row["status"]["errorCode"] for row in rows} == {50126}
    bonds = {(row["ipAddress"], row["autonomousSystemNumber"], row["location"]["city"]) for row in rows}
    assert len(bonds) == len({row["ipAddress"] for row in rows})


def test_what_the_victim_does_comes_from_the_victims_machine(attacked: Path) -> None:
    path = attacked / "entra-signin.jsonl"
    made = {one["row"] for one in labels(path)}
    rows = [json.loads(line) for number, line in enumerate(lines(path), 1) if number not in made]
    for row in rows_of(path, scenario="forgotten-password"):
        user = row["userPrincipalName"]
        assert row["ipAddress"] in {one["ipAddress"] for one in rows if one["userPrincipalName"] == user}
    for row in [*rows_of(path, scenario="travel"), *rows_of(path, scenario="token-theft")]:
        own = [one["deviceDetail"] for one in rows if one["userPrincipalName"] == row["userPrincipalName"]]
        assert row["deviceDetail"]["deviceId"] in {"", *(device["deviceId"] for device in own)}


def test_rows_of_a_new_kind_say_who(attacked: Path) -> None:
    for row in rows_of(attacked / "entra-audit.jsonl", scenario="role-grant"):
        assert row["activityDisplayName"] == "Add member to role"
        assert row["targetResources"][0]["userPrincipalName"].endswith(".example")
        assert "Administrator" in row["targetResources"][0]["modifiedProperties"][0]["newValue"]
    rules = rows_of(attacked / "office365.jsonl", scenario="inbox-rule", stage="rule")
    assert rules
    for row in rules:
        assert row["Operation"] == "New-InboxRule"
        assert "SourceFileName" not in row


def test_one_address_through_all_logs_of_an_episode(attacked: Path) -> None:
    for episode in ("inbox-rule-001", "inbox-rule-002"):
        signed_in = rows_of(attacked / "entra-signin.jsonl", episode=episode)
        mail = rows_of(attacked / "office365.jsonl", episode=episode)
        assert {row["ipAddress"] for row in signed_in} == {row["ClientIP"] for row in mail}
        assert {row["userPrincipalName"] for row in signed_in} == {row["UserId"] for row in mail}


def test_a_louder_attack_has_more_rows(organisation: Path, tmp_path: Path) -> None:
    count = []
    for difficulty in (0.0, 1.0):
        path = tmp_path / f"{difficulty}.jsonl"
        wanted = Wanted(episodes=3, difficulty=difficulty, seed=1)
        whatif(str(organisation / "entra-signin.jsonl"), path, [load("mfa-fatigue")], wanted)
        count.append(len(labels(path)))
    assert count[0] > 3 * count[1] > 0


def test_variants_come_beside_the_episodes_that_are_wanted(organisation: Path, tmp_path: Path) -> None:
    source, scenarios = organisation / "entra-signin.jsonl", [load("mfa-fatigue"), load("new-phone")]
    episodes = []
    for number in (0, 3):
        path = tmp_path / f"{number}.jsonl"
        whatif(str(source), path, scenarios, Wanted(2, 0.5, 1, varied=number))
        episodes.append({(one["scenario"], one["episode"]) for one in labels(path)})
    assert episodes[0] < episodes[1]
    more = {episode for _, episode in episodes[1] - episodes[0]}
    assert more == {"mfa-fatigue-003", "mfa-fatigue-004", "mfa-fatigue-005"}  # look-alikes stay as they are


def test_labels_of_what_was_played_before_move_along(attacked: Path, tmp_path: Path) -> None:
    path = tmp_path / "twice.jsonl"
    before = labels(attacked / "entra-signin.jsonl")
    whatif(str(attacked / "entra-signin.jsonl"), path, [load("mfa-fatigue")], Wanted(2, 0.0, 77))
    after = [one for one in labels(path) if one["difficulty"] == 0.5]
    assert [one["id"] for one in after] == [one["id"] for one in before]
    every = lines(path)
    assert all(json.loads(every[one["row"] - 1])["id"] == one["id"] for one in labels(path))


def played(source: Path, target: Path, scenario: Scenario | None = None) -> Played:
    return whatif(str(source), target, [scenario or load("token-theft")], Wanted(2, 0.0, 3))


def test_lines_that_are_no_rows_stay_too(organisation: Path, tmp_path: Path) -> None:
    whole = lines(organisation / "entra-signin.jsonl")
    dirty = [*whole[:50], b"\x00\xff not a row", b"", b'{"cut":', *whole[50:], b'{"no end": 1}']
    source = tmp_path / "dirty.jsonl"
    source.write_bytes(b"\n".join(dirty))
    played(source, tmp_path / "out.jsonl")
    made = {one["row"] for one in labels(tmp_path / "out.jsonl")}
    found = (tmp_path / "out.jsonl").read_bytes().split(b"\n")
    assert made
    left = [line for number, line in enumerate(found, 1) if number not in made]
    assert left[: len(dirty)] == dirty


def test_packed_files_the_newest_first_and_in_no_order(organisation: Path, tmp_path: Path) -> None:
    whole = lines(organisation / "entra-signin.jsonl")
    for name, rows in (("down", whole[::-1]), ("mixed", sorted(whole))):
        source, target = tmp_path / f"{name}.jsonl.gz", tmp_path / f"{name}.out.jsonl.gz"
        source.write_bytes(gzip.compress(b"\n".join(rows) + b"\n"))
        played(source, target)
        found = gzip.decompress(target.read_bytes()).splitlines()
        made = {one["row"] for one in labels(target)}
        assert made
        assert [line for number, line in enumerate(found, 1) if number not in made] == rows
        if name == "down":
            times = [json.loads(found[row - 1])["createdDateTime"][:10] for row in sorted(made)]
            assert times == sorted(times, reverse=True)


def test_diagnostic_settings_say_the_same_thing_twice(organisation: Path, tmp_path: Path) -> None:
    source = tmp_path / "diagnostics.jsonl"
    with source.open("w") as file:
        for line in lines(organisation / "entra-signin.jsonl"):
            row = json.loads(line)
            outer = {
                "time": row["createdDateTime"],
                "category": "SignInLogs" if row["isInteractive"] else "NonInteractiveUserSignInLogs",
                "identity": row["userDisplayName"],
                "callerIpAddress": row["ipAddress"], "resultType": str(row["status"]["errorCode"]),
                "properties": row,
            }  # fmt: skip
            file.write(json.dumps(outer) + "\n")
    played(source, tmp_path / "out.jsonl", load("mfa-fatigue"))
    rows = rows_of(tmp_path / "out.jsonl")
    assert rows
    for row in rows:
        assert row["callerIpAddress"] == row["properties"]["ipAddress"]
        assert row["resultType"] == str(row["properties"]["status"]["errorCode"])
        assert row["time"] == row["properties"]["createdDateTime"]
        assert (row["category"] == "SignInLogs") == row["properties"]["isInteractive"]
    assert b'": "' in lines(tmp_path / "out.jsonl")[labels(tmp_path / "out.jsonl")[0]["row"] - 1]


def test_what_cannot_be_played_is_said(organisation: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    with pytest.raises(InputError, match="no log that attacks can be played into"):
        played(empty, tmp_path / "out.jsonl")
    with pytest.raises(InputError, match="no such file"):
        played(tmp_path / "absent.jsonl", tmp_path / "out.jsonl")
    with pytest.raises(InputError, match="no log that attacks"):
        played(organisation / "jira.jsonl", tmp_path / "out.jsonl")
    with pytest.raises(InputError, match="no scenario has its log here, only entra-signin"):
        played(organisation / "entra-signin.jsonl", tmp_path / "out.jsonl", load("cloud-keys"))
    with pytest.raises(InputError, match="is the source itself"):
        played(organisation / "entra-signin.jsonl", organisation / "entra-signin.jsonl")
    with pytest.raises(InputError, match="no rows in the time"):
        whatif(
            str(organisation / "entra-signin.jsonl"), tmp_path / "out.jsonl", [load("travel")],
            Wanted(1, 0.5, 0, begin=9e9),
        )  # fmt: skip
    broken = tmp_path / "broken.jsonl.gz"
    broken.write_bytes(gzip.compress((organisation / "entra-signin.jsonl").read_bytes())[:-2000])
    with pytest.raises(InputError, match="broken stream"):
        played(broken, tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()


def test_a_scenario_of_ones_own(organisation: Path, tmp_path: Path) -> None:
    own = parse(
        """
name = "own"
title = "Its own"
[[stages]]
name = "one"
technique = "T1078.004"
log = "entra-signin"
rows = 5
set = { riskState = "atRisk", appliedConditionalAccessPolicies = { drop = true }, note = "${episode.name}" }
""",
        "own.toml",
    )
    played(organisation / "entra-signin.jsonl", tmp_path / "out.jsonl", own)
    rows = rows_of(tmp_path / "out.jsonl")
    assert len(rows) == 10
    assert all(row["riskState"] == "atRisk" and row["note"].startswith("own-00") for row in rows)
    assert all("appliedConditionalAccessPolicies" not in row for row in rows)


def test_keys_of_a_cloud_are_made_by_the_victim_as_a_whole(tmp_path: Path) -> None:
    source = tmp_path / "trail.jsonl"
    with source.open("w") as file:
        for n in range(200):
            who = ("ada", "grace")[n % 2]
            identity = {
                "type": "IAMUser",
                "arn": f"arn:aws:iam::1:user/{who}",
                "accountId": "1",
                "userName": who,
            }
            kind = {"eventSource": "ec2.amazonaws.com", "eventName": "DescribeVpcs"}
            if n == 5:
                kind = {
                    "eventSource": "iam.amazonaws.com",
                    "eventName": "CreateAccessKey",
                    "errorCode": "AccessDenied",
                }
            event = {
                "eventVersion": "1.08",
                "userIdentity": identity,
                "eventTime": f"2025-01-{1 + n // 20:02d}T10:00:{n % 60:02d}Z",
                **kind,
                "sourceIPAddress": "192.0.2.7",
                "userAgent": "aws-cli",
                "eventID": f"{n:08x}-0000-4000-a000-000000000000",
            }
            file.write(json.dumps(event) + "\n")
    whatif(str(source), tmp_path / "out.jsonl", [load("cloud-keys")], Wanted(3, 0.5, 1))
    made = rows_of(tmp_path / "out.jsonl", stage="key")
    assert made
    for row in made:
        assert row["userIdentity"]["arn"].endswith(row["userIdentity"]["userName"])
        assert "errorCode" not in row
        assert row["sourceIPAddress"] != "192.0.2.7"
