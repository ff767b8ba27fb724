"""Rows asked for by ATT&CK technique: whether they fire the published rules of that technique.

    python -m benchmarks.logs_techniques --rules RULES [--minutes 6] [--rows 200] [--cloudtrail FILE]
        [--folder DIR]

RULES is a file or folder of Sigma rules. For each log an organisation is simulated (CloudTrail: the rows of
FILE), attacks are played into it, and a model learns the rows with their techniques. Rows are then asked for
by technique, half of them for a user as well.

A rule counts for a technique where it is tagged with it, or with the technique above it, and fires on at
least 95 % of the rows that were played of it. `own rows` is the share of rows without attacks on which the
same rules fire: what a rule that fires on everything would show. `refused` are users of whom no such row can
be: what goes with them in the rows never goes with the technique.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch

from icelos.errors import InputError
from icelos.findings import Failure
from icelos.jobs.logs import techniques
from icelos.jobs.logs.generation import Wanted, generate_rows
from icelos.jobs.logs.outputs import labels_path
from icelos.jobs.logs.profile.rows import RowSource
from icelos.jobs.logs.roles import played
from icelos.jobs.logs.sigma.matching import Matcher
from icelos.jobs.logs.sigma.rules import Rule, load_rules
from icelos.jobs.logs.simulation.simulate import simulate
from icelos.jobs.logs.training import train_on
from icelos.jobs.logs.whatif.planning import Wanted as Played
from icelos.jobs.logs.whatif.playing import whatif
from icelos.jobs.logs.whatif.scenario import named

LOGS = {"entra-signin": 30_000, "entra-audit": 20_000, "office365": 30_000}
"""Simulated rows of each."""
USERS, EPISODES = 60, 150
FIRES = 0.95
SEED = 5
ASKED = 10
"""Users that rows are asked for of."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rules", required=True)
    parser.add_argument("--minutes", type=float, default=6.0)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--logs", nargs="*", default=list(LOGS))
    parser.add_argument("--cloudtrail", type=Path)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    rules = load_rules(given.rules).rules
    with tempfile.TemporaryDirectory() as name:
        folder = given.folder or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        logs: dict[str, Path | None] = dict.fromkeys(given.logs)
        if given.cloudtrail:
            logs["cloudtrail"] = given.cloudtrail
        for log, source in logs.items():
            for line in measured(log, source, folder, rules, given.minutes, given.rows):
                print(json.dumps({"log": log, **line}), flush=True)


def measured(
    log: str, source: Path | None, folder: Path, rules: Sequence[Rule], minutes: float, rows: int
) -> Iterator[dict[str, object]]:
    """A line for each technique that has a rule."""
    played, model = folder / f"{log}.jsonl", folder / f"{log}-model"
    if source is None:
        source = folder / f"{log}-own.jsonl"
        simulate(source, rows=LOGS[log], users=USERS, seed=SEED, kind=log)
    whatif(str(source), played, named(["all"]), Played(EPISODES, 0.0, SEED, hardest=1.0))
    labels = techniques.read_labels(labels_path(played))
    meant = rules_of(rules, fired(played, rules), labels)
    trained = train_on(
        str(played), model, given={"minutes": minutes, "seed": SEED}, labels=labels_path(played)
    )
    bits = trained.held_out.bits_per_byte if trained.held_out else None
    field, users = _users(source)
    for technique, own in sorted(meant.items()):
        whole, asked = folder / "whole.jsonl", folder / "asked.jsonl"
        generate_rows(model, whole, Wanted(rows=rows // 2, seed=SEED, technique=technique))
        alone = share(whole, own)
        of_user, right, refused = [], [], 0
        for number, user in enumerate(users):
            where = Wanted(
                rows=max(1, rows // 2 // len(users)), seed=SEED + number, technique=technique,
                where={field: user},
            )  # fmt: skip
            try:
                generate_rows(model, asked, where)
            except InputError:
                refused += 1
                continue
            of_user.append(share(asked, own))
            found = [row for row in RowSource(str(asked)) if not isinstance(row, Failure)]
            right.append(sum(row.fields.get(field) == user for row in found) / len(found))
        yield {
            "technique": technique, "rules": [rule.title for rule in own],
            "learned from": Counter(labels.values())[technique], "bits/byte": bits,
            "fire": round(alone, 4), "fire, of a user": _mean(of_user), "right user": _mean(right),
            "users": len(of_user), "refused": refused,
            "own rows": round(share(source, own), 4),
        }  # fmt: skip


def fired(path: Path, rules: Sequence[Rule]) -> dict[str, set[int]]:
    """The numbers of the rows that each rule fires on, by its id."""
    found: dict[str, set[int]] = defaultdict(set)
    for one in Matcher(rules).run(RowSource(str(path))):
        if not isinstance(one, Failure):
            found[str(one.attributes["rule"])].add(int(one.source.rpartition(":")[2]))
    return found


def rules_of(
    rules: Sequence[Rule], fires: Mapping[str, set[int]], labels: Mapping[int, str]
) -> dict[str, list[Rule]]:
    """The rules that are of a technique, and fire on its rows."""
    found: dict[str, list[Rule]] = {}
    for technique in sorted(set(labels.values())):
        rows = {row for row, one in labels.items() if one == technique}
        own = [
            rule for rule in rules
            if {technique, technique.partition(".")[0]} & set(rule.techniques)
            and len(rows & fires.get(rule.id, set())) >= FIRES * len(rows)
        ]  # fmt: skip
        if own:
            found[technique] = own
    return found


def share(path: Path, rules: Sequence[Rule]) -> float:
    """Of the rows, those that any of the rules fires on."""
    rows = sum(not isinstance(row, Failure) for row in RowSource(str(path)))
    return len(set().union(*fired(path, rules).values())) / rows


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None


def _users(source: Path) -> tuple[str, list[str]]:
    """The field of users, and those who act most."""
    rows = [row.fields for row in RowSource(str(source)) if not isinstance(row, Failure)]
    field = Counter(played("user", row) for row in rows).most_common(1)[0][0]
    counts = Counter(str(row[field]) for row in rows if row.get(field))
    return field, [user for user, _ in counts.most_common(ASKED)]


if __name__ == "__main__":
    main()
