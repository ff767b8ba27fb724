"""What a detector and rules would see of attacks that are played into a log."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from icelos.errors import InputError
from icelos.jobs.logs.coverage import Coverage, coverage
from icelos.jobs.logs.detect.training import Options, train
from icelos.jobs.logs.sigma.rules import rules_of_text
from icelos.jobs.logs.simulation.simulate import simulate
from icelos.jobs.logs.whatif.planning import Wanted
from icelos.jobs.logs.whatif.scenario import named

RULES = """
title: Failed sign-ins
id: 5d0a7a1c-1111-4222-8333-944444444444
logsource: {product: azure, service: signinlogs}
detection: {selection: {ResultType: 50126}, condition: selection}
level: medium
---
title: A new inbox rule
id: 5d0a7a1c-1111-4222-8333-944444444445
logsource: {product: m365, service: audit}
detection: {selection: {Operation: New-InboxRule}, condition: selection}
level: high
---
title: Nothing
id: 5d0a7a1c-1111-4222-8333-944444444446
logsource: {product: m365, service: audit}
detection: {selection: {Operation: Nothing}, condition: selection}
level: high
"""


@pytest.fixture(scope="module")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("coverage") / "organisation"
    simulate(folder, rows=4000, users=16, seed=2, kind="all", workers=1)
    return folder


@pytest.fixture(scope="module")
def found(organisation: Path) -> Coverage:
    rules = rules_of_text(RULES, "rules.yml").rules
    wanted = Wanted(2, 0.3, 1)
    return coverage(str(organisation), named(["attacks"]), wanted, rules=rules, draft=True)


def test_each_technique_says_who_sees_it(found: Coverage) -> None:
    seen = {one.technique: one for one in found.techniques}
    assert seen["T1564.008"].by_rules == seen["T1564.008"].episodes == 2
    assert seen["T1110.003"].by_rules == 2
    assert seen["T1550.004"].seen == 0
    assert all(one.seen == one.by_rules and one.by_detector == 0 for one in found.techniques)
    assert set(found.gaps) == {name for name, one in seen.items() if not one.seen}


def test_rules_say_what_they_match_of_the_logs_own(found: Coverage, organisation: Path) -> None:
    rules = {one.title: one for one in found.rules}
    assert set(rules) == {"Failed sign-ins", "A new inbox rule"}
    own = (organisation / "entra-signin.jsonl").read_text().count('"errorCode":50126')
    assert rules["Failed sign-ins"].own_rows == own > 0
    assert rules["A new inbox rule"].own_rows == 0
    assert rules["A new inbox rule"].techniques == ("T1564.008",)


def test_drafts_are_rules_that_were_run(found: Coverage) -> None:
    assert found.drafts
    for draft in found.drafts:
        assert draft.technique in found.gaps
        assert draft.matched >= 0.5 * draft.of
        assert draft.false_positive_rate <= 0.01
        rule = yaml.safe_load(draft.rule)
        assert rule["tags"] == [f"attack.{draft.technique.lower()}"]
        assert not any("userPrincipalName" in field for field in rule["detection"]["selection"])


def test_a_detector_sees_what_rules_do_not(organisation: Path) -> None:
    source = str(organisation / "entra-signin.jsonl")
    detector = train(source, named(["impossible-travel", "password-spray"]), Options(episodes=3, budget=4))
    found = coverage(
        source, named(["token-theft", "travel"]), Wanted(3, 0.0, 7), detector=detector,
    )  # fmt: skip
    assert [one.technique for one in found.techniques] == ["T1550.004"]
    assert found.techniques[0].by_detector >= 1
    assert [(name, count) for name, count, _ in found.look_alikes] == [("travel", 3)]
    with pytest.raises(InputError, match="no scenario has its log here"):
        coverage(source, named(["cloud-keys"]), Wanted(1, 0.5, 0), detector=detector)
