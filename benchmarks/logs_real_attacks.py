"""What detectors see of real attacks, in public recordings; what these cannot tell is said in the docs.

    python -m benchmarks.logs_real_attacks CLOUDTRAIL_STRATUS_DIR OTRF_DIR --opensearch DIR --sigma RULES.yml

CloudTrail, whose attacks are Stratus Red Team's. What is benign is little: 840 rows of services
(`--opensearch`, another account), and beside an hour of attacks one administrator and AWS itself, of which 84
rows are before the attacker's first. Settled before any result:

- `same account`: learned from the 840 rows and what is before the attacker's first row; then the attacker's
  rows against the background, as the hour goes on.
- `unknown account`: learned from the 840 rows alone, so that the administrator is as new as any attacker;
  then each technique's recording by itself, against the whole background. A technique is found where a row
  is above all but 1 % (5 %) of the background's. Each comes once more without the name of Stratus in the
  user agent, as the AWS SDK for Go would say it.

The rows of the 840 are moved in time to just before the others: what is years old is forgotten. `surprise` is
what the real rows alone teach, `taught` the whole detector: by the scenarios that can be played (one, for
CloudTrail), for Windows by takeovers, as no scenario is of its events.

Windows, 74 captures of a technique each, whose rows have no labels. So that there is something to look for,
rows that a Sigma rule of the capture's own technique matches stand for the attack: agreement with rules, not
recall. In five parts: learned from the first 2,000 rows of each capture of the other four, one capture after
the other in time. Once with the fields that a sample names (`as learned`), once with those that Windows' own
events turn on, the machine as the user (`by hand`).
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from csv import DictReader
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from icelos.findings import Failure, Finding
from icelos.jobs.logs.detect.behaviour import WHOLE
from icelos.jobs.logs.detect.columns import Columns, Floats, Layout, Reader
from icelos.jobs.logs.detect.facets import SAMPLE, learn_layout
from icelos.jobs.logs.detect.model import Detector
from icelos.jobs.logs.detect.reading import batches
from icelos.jobs.logs.detect.training import Options, scenarios_for, train
from icelos.jobs.logs.profile.formats import seconds_of
from icelos.jobs.logs.profile.rows import Row, RowSource

Event = dict[str, Any]
Scorer = Callable[[Detector, npt.NDArray[np.float32]], Floats]

ATTACKER, TOOL = "user/bert-jan", "stratus-red-team"
_NAME = re.compile(rf"{TOOL}_\S+")
SDK = "aws-sdk-go-v2/1.17.0 os/linux lang/go/1.18.10 md/GOOS/linux md/GOARCH/amd64"
EPISODES = 12
LEARNED, PARTS, TOP = 2000, 5, 0.01
"""Rows of a capture that are learned from, parts of the captures, the share of rows that are looked at."""


def _whole(detector: Detector, features: npt.NDArray[np.float32]) -> Floats:
    return features[:, detector.behaviour.names.index(WHOLE)].astype(np.float64)


SCORERS: dict[str, Scorer] = {
    "surprise": _whole,
    "taught": lambda detector, features: detector.scores(features),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("stratus", type=Path)
    parser.add_argument("otrf", type=Path)
    parser.add_argument("--opensearch", type=Path, required=True)
    parser.add_argument("--sigma", type=Path, required=True)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for told in _cloudtrail(given.stratus, given.opensearch, Path(folder)):
            print(json.dumps(told), flush=True)
        for told in _windows(given.otrf, given.sigma, Path(folder)):
            print(json.dumps(told), flush=True)


# CloudTrail


def _cloudtrail(stratus: Path, opensearch: Path, folder: Path) -> Iterator[dict[str, object]]:
    hour = sorted(_events(stratus / "invictus_aws.jsonl.gz"), key=lambda event: str(event["eventTime"]))
    recorded = list(_events(stratus / "stratus_detonation.jsonl.gz"))
    attack = np.array([_is_attackers(event) for event in hour])
    first = int(np.argmax(attack))
    services = _moved(
        sorted(_events(opensearch / "cloudtrail.jsonl.gz"), key=lambda event: str(event["eventTime"])),
        str(hour[0]["eventTime"]),
    )
    same, unknown = folder / "same.jsonl", folder / "unknown.jsonl"
    _write(same, [*services, *hour[:first]])
    _write(unknown, services)
    for named in (True, False):
        told = {"log": "CloudTrail", "names its tool": named}
        rest = [event if named else _unnamed(event) for event in hour[first:]]
        own = attack[first:] & np.array([_is_tools(event) for event in hour[first:]])
        detector = _trained(same)
        for name, scores in _scored(detector, rest).items():
            yield told | {"what": "same account", "by": name, **_apart(scores, attack[first:], own)}
        detector = _trained(unknown)
        background = [event for event, attacks in zip(hour, attack, strict=True) if not attacks]
        yield from (
            told | {"what": "unknown account", "by": name, **found}
            for name, found in _techniques(detector, background, recorded, named=named).items()
        )


def _events(path: Path) -> Iterator[Event]:
    """Rows, without what some of them are wrapped into."""
    with gzip.open(path) as lines:
        for row in map(json.loads, lines):
            yield row.get("aws", {}).get("cloudtrail", row)


def _is_attackers(event: Event) -> bool:
    """By the recording's own words: the user bert-jan, and the roles and users of Stratus Red Team."""
    who = str(event["userIdentity"].get("arn", ""))
    return who.endswith(ATTACKER) or TOOL in who


def _unnamed(event: Event) -> Event:
    agent = str(event.get("userAgent"))
    return event | {"userAgent": _NAME.sub("", agent).strip() or SDK} if TOOL in agent else event


def _moved(events: Sequence[Event], before: str) -> list[Event]:
    """The same rows, the last of them a minute before."""
    apart = _time(before) - _time(str(events[-1]["eventTime"])) - timedelta(minutes=1)
    return [event | {"eventTime": _told(_time(str(event["eventTime"])) + apart)} for event in events]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _told(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _write(path: Path, rows: Iterable[Event]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def _trained(source: Path) -> Detector:
    scenarios, _ = scenarios_for(str(source), ["all"])
    return train(str(source), scenarios, Options(episodes=EPISODES, seed=1))


def _columns(events: Iterable[Event], reader: Reader) -> Columns:
    rows = (reader.row(json.dumps(event).encode()) for event in events)
    return Columns.joined(list(batches(reader, (row for row in rows if row is not None))))


def _scored(detector: Detector, events: Sequence[Event]) -> dict[str, Floats]:
    """Scores of rows that come after what was learned; the detector stays as it is."""
    warm = detector.behaviour.snapshot()
    features = detector.behaviour.features(_columns(events, Reader(detector.settings.layout)))
    detector.behaviour.restore(warm)
    return {name: score(detector, features) for name, score in SCORERS.items()}


def _is_tools(event: Event) -> bool:
    """Whether the tool sent it, and not Terraform, which puts up what the tool attacks."""
    agent = str(event.get("userAgent"))
    return TOOL in agent and "Terraform" not in agent


def _apart(scores: Floats, attack: npt.NDArray[np.bool_], own: npt.NDArray[np.bool_]) -> dict[str, object]:
    """The area under the curve, and the rows above all but 5 % of the background: of all the attacker's, of
    those that the tool itself sends."""
    bar = np.quantile(scores[~attack], 0.95)
    return {
        "attacker's rows": int(attack.sum()),
        "background": int((~attack).sum()),
        "row AUC": _area(scores[attack], scores[~attack]),
        "above 95 %": round(float((scores[attack] > bar).mean()), 3),
        "the first of these is the attacker's row": 1 + int(np.argmax(scores[attack] > bar)),
        "tool's rows": int(own.sum()),
        "AUC of these": _area(scores[own], scores[~attack]),
        "above 95 % of these": round(float((scores[own] > bar).mean()), 3),
    }


def _area(higher: Floats, lower: Floats) -> float:
    from sklearn.metrics import roc_auc_score

    truth = np.concatenate((np.ones(higher.size), np.zeros(lower.size)))
    return round(float(roc_auc_score(truth, np.concatenate((higher, lower)))), 4)


def _techniques(
    detector: Detector, background: Sequence[Event], recorded: Sequence[Event], *, named: bool
) -> dict[str, dict[str, object]]:
    """Each technique's recording as if it began when the background does."""
    by_technique: dict[str, list[Event]] = defaultdict(list)
    for one in recorded:
        by_technique[one["_label"]].append(one["event"] if named else _unnamed(one["event"]))
    begin = str(background[0]["eventTime"])
    usual = _scored(detector, background)
    scores: dict[str, list[Floats]] = defaultdict(list)
    for events in by_technique.values():
        ordered = sorted(events, key=lambda event: str(event["eventTime"]))
        apart = _time(begin) - _time(str(ordered[0]["eventTime"]))
        moved = [event | {"eventTime": _told(_time(str(event["eventTime"])) + apart)} for event in ordered]
        for name, found in _scored(detector, moved).items():
            scores[name].append(found)
    return {name: _seen(scores[name], usual[name]) for name in SCORERS}


def _seen(techniques: Sequence[Floats], usual: Floats) -> dict[str, object]:
    return {
        "techniques": len(techniques),
        "background": usual.size,
        "row AUC": _area(np.concatenate(techniques), usual),
        **{
            f"techniques found, {share:.0%} of the background": sum(
                bool((one > np.quantile(usual, 1 - share)).any()) for one in techniques
            )
            for share in (0.01, 0.05)
        },
    }


# Windows

_BEGIN = datetime(2026, 1, 5, tzinfo=UTC).timestamp()
_TIMES = ("@timestamp", "TimeCreated", "EventTime", "UtcTime")
BY_HAND = Layout(
    user="Hostname", time="@timestamp", session="SubjectLogonId", source="IpAddress", result="Status",
    facets=(
        "EventID", "Channel", "IpAddress", "Image", "ParentImage", "TargetImage", "NewProcessName",
        "SubjectUserName", "ObjectName", "ShareName",
    ),
)  # fmt: skip


class Capture(NamedTuple):
    """A file, the techniques that its rows hold somewhere, and for each row whether a rule of one of them
    matches, and whether any rule does."""

    path: Path
    techniques: tuple[str, ...]
    own: npt.NDArray[np.bool_]
    any: npt.NDArray[np.bool_]


def _windows(otrf: Path, sigma: Path, folder: Path) -> Iterator[dict[str, object]]:
    captures = list(_captures(otrf, sigma))
    labelled = [one for one in captures if one.techniques]
    yield {
        "log": "Windows", "by": "Sigma", "captures": len(captures), "with a technique": len(labelled),
        "any rule matches": sum(bool(one.any.any()) for one in captures),
        "a rule of its technique matches": sum(bool(one.own.any()) for one in labelled),
        "rows, of all, that any rule matches": round(
            sum(int(one.any.sum()) for one in captures) / sum(one.any.size for one in captures), 4
        ),
    }  # fmt: skip
    for name, layout in (("as learned", None), ("by hand", BY_HAND)):
        for told in _agreeing([one for one in captures if "_aws_" not in one.path.name], layout, folder):
            yield {"log": "Windows", "fields": name, **told}


def _captures(otrf: Path, sigma: Path) -> Iterator[Capture]:
    from icelos.jobs.logs.sigma.matching import Matcher
    from icelos.jobs.logs.sigma.rules import load_rules

    matcher = Matcher(load_rules(sigma).rules)
    with (otrf / "manifest.csv").open(newline="") as file:
        told = {
            one["file"]: tuple(filter(None, one["attack_techniques"].split(";"))) for one in DictReader(file)
        }
    for path in sorted(otrf.glob("*.jsonl.gz")):
        techniques = told.get(path.name, ())
        rows = _rows(path)
        own, any_ = np.zeros(len(rows), bool), np.zeros(len(rows), bool)
        for finding in matcher.run(row._replace(source=f"log:{number}") for number, row in enumerate(rows)):
            if isinstance(finding, Finding):
                number = int(finding.source.rpartition(":")[2])
                any_[number] = True
                own[number] |= _means(finding.attributes["techniques"].split(", "), techniques)
        yield Capture(path, techniques, own, any_)


def _rows(path: Path, most: int | None = None) -> list[Row]:
    rows = (row for row in RowSource(str(path)) if not isinstance(row, Failure))
    return list(islice(rows, most))


def _means(rule: Iterable[str], capture: Iterable[str]) -> bool:
    """Whether a rule is of one of the techniques: the same, or one of which the other is a part."""
    return any(
        one and (one == other or one.startswith(f"{other}.") or other.startswith(f"{one}."))
        for one in rule
        for other in capture
    )


def _agreeing(
    captures: Sequence[Capture], layout: Layout | None, folder: Path
) -> Iterator[dict[str, object]]:
    """How high the rows stand that a rule of the capture's technique matches."""
    areas: dict[str, list[float]] = defaultdict(list)
    among: dict[str, int] = defaultdict(int)
    likely = 0.0
    for part in range(PARTS):
        source = folder / "learned.jsonl"
        end = _learned(source, [one for number, one in enumerate(captures) if number % PARTS != part])
        fields = layout or learn_layout(_mixed(source))
        detector = train(str(source), [], Options(seed=1), layout=fields)
        for capture in captures[part::PARTS]:
            if not capture.own.any() or capture.own.all():
                continue
            scores = _scored(detector, _timed(_rows(capture.path), end))
            share = max(1, round(TOP * capture.own.size)) / capture.own.size
            likely += 1 - (1 - share) ** int(capture.own.sum())
            for name, found in scores.items():
                areas[name].append(_area(found[capture.own], found[~capture.own]))
                bar = np.quantile(found, 1 - share, method="higher")
                among[name] += bool((found[capture.own] >= bar).any())
    for name, every in areas.items():
        yield {
            "by": name, "captures": len(every), "median AUC": round(float(np.median(every)), 3),
            "quartiles": [round(float(one), 3) for one in np.quantile(every, (0.25, 0.75))],
            f"with such a row among the highest {TOP:.0%}": among[name], "by chance": round(likely, 1),
            "watched": detector.settings.layout.facets,
        }  # fmt: skip


def _learned(source: Path, captures: Iterable[Capture]) -> float:
    """Write the first rows of some captures, one after the other; returns when the next one may begin."""
    begin = _BEGIN
    with source.open("w") as file:
        for capture in captures:
            events = _timed(_rows(capture.path, LEARNED), begin)
            file.writelines(json.dumps(event) + "\n" for event in events)
            begin = max((_time(event["@timestamp"]).timestamp() for event in events), default=begin) + 3600
    return begin


def _timed(rows: Sequence[Row], begin: float) -> list[Event]:
    """The rows' objects with one field of time, as if the first of them were at `begin` (seconds since the
    epoch). A row without a time is of the same as the one before."""
    moments: list[float] = []
    for row in rows:
        found = next((one for name in _TIMES if (one := seconds_of(row.fields.get(name))) is not None), None)
        moments.append(found if found is not None else moments[-1] if moments else 0.0)
    first = min(moments, default=0.0)
    return [
        json.loads(row.raw) | {"@timestamp": _told(datetime.fromtimestamp(begin + moment - first, UTC))}
        for row, moment in zip(rows, moments, strict=True)
    ]


def _mixed(source: Path) -> list[Row | Failure]:
    """Rows in any order: the first ones are all of one capture."""
    rows = list(RowSource(str(source)))
    random.Random(0).shuffle(rows)
    return rows[:SAMPLE]


if __name__ == "__main__":
    main()
