"""Synthetic rows for real ones: detectors that learned from a model's rows beside those that learned from the
rows that the model learned from; and a student beside the model, its teacher.

    python -m benchmarks.logs_takeovers REAL TEST --model MODEL --generated FILE [...] [--takeovers 450]
        [--sample 4000] [--lessons 6000] [--seed 0]

REAL are rows of a log, MODEL a GPT that learned from nothing else, FILE rows of that model; TEST are the
rows after REAL. Where TEST.labels.jsonl (`icelos logs whatif`) stands beside TEST, its attacks are to be
found, and the scenarios in them are not taught. Else some of TEST's rows are put under the names of other
people: runs of 1 to 12 rows that a person does one after the other, for people who act in the days around it.

Each detector scores all of TEST; the area under the curve is that of rows of attacks against all others. What
the teacher says is asked of all rows of attacks and of `--sample` others. Intervals are of 1,000 draws of
attacks, and of as many other rows.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import torch
from sklearn.metrics import roc_auc_score

from icelos.jobs.logs.detect.behaviour import Behaviour
from icelos.jobs.logs.detect.columns import Columns, Layout, Reader
from icelos.jobs.logs.detect.facets import learn_layout
from icelos.jobs.logs.detect.model import Detector
from icelos.jobs.logs.detect.reading import batches
from icelos.jobs.logs.detect.student import LESSONS, asked, teach
from icelos.jobs.logs.detect.teacher import Teacher
from icelos.jobs.logs.detect.training import Options, scenarios_for, train
from icelos.jobs.logs.outputs import labels_path
from icelos.jobs.logs.profile.rows import RowSource
from icelos.jobs.logs.whatif.scenario import Scenario

LONGEST = 12
HISTORY = 30
"""Rows that a person has, at least, to be taken over or to take over."""
_AROUND = 3000
"""Rows before and behind a takeover, in which its victim acts."""
_DRAWS = 1000
Scores = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


class Test(NamedTuple):
    """Rows, and of each the number of its attack, or 0; the scenarios that may be taught."""

    lines: list[bytes]
    attacks: Numbers
    scenarios: list[Scenario]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("real", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--generated", type=Path, nargs="+", required=True)
    for name, default in (("takeovers", 450), ("sample", 4000), ("lessons", LESSONS), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        generated = Path(name) / "generated.jsonl"
        layout = learn_layout(RowSource(str(given.real)))
        count = in_order(given.generated, layout, generated)
        test = material(given, layout)
        attacks = int(test.attacks.max())
        told = {"attacks": attacks, "their rows": int((test.attacks > 0).sum()), "rows": len(test.lines)}
        print(json.dumps({**told, "generated": count}), flush=True)
        synthetic_for_real(given, generated, test)
        student_and_teacher(given, generated, test)


def in_order(files: Sequence[Path], layout: Layout, output: Path) -> int:
    """All rows of the files in the order of their times; how many."""
    reader = Reader(layout)
    lines = [line for path in files for line in path.read_bytes().splitlines()]
    rows = [(line, values) for line in lines if (values := reader.row(line)) is not None]
    moments = reader.columns([values for _, values in rows]).moments
    output.write_bytes(b"".join(rows[place][0] + b"\n" for place in np.argsort(moments, kind="stable")))
    return len(rows)


def material(given: argparse.Namespace, layout: Layout) -> Test:
    """What is to be found."""
    lines = given.test.read_bytes().splitlines()
    labels = labels_path(given.test)
    if not labels.is_file():
        before = given.real.read_bytes().splitlines()
        return Test(*taken_over(lines, before, layout, given.takeovers, given.seed), [])
    numbers, episodes, played = np.zeros(len(lines), np.int64), dict[str, int](), set()
    for label in map(msgspec.json.decode, labels.read_bytes().splitlines()):
        if not label["benign"]:
            played.add(label["scenario"])
            numbers[label["row"] - 1] = episodes.setdefault(label["episode"], len(episodes) + 1)
    known, _ = scenarios_for(str(given.real), ["all"])
    return Test(lines, numbers, [one for one in known if one.name not in played])


def taken_over(
    lines: Sequence[bytes], before: Sequence[bytes], layout: Layout, count: int, seed: int
) -> tuple[list[bytes], Numbers]:
    """Rows of which some stand under another name, and the number of the takeover of each, or 0."""
    rng = np.random.default_rng(seed)
    users = [_user(line, layout) for line in lines]
    history = Counter(users) + Counter(_user(line, layout) for line in before)
    known = {user for user, rows in history.items() if user and rows >= HISTORY}
    places: dict[str, list[int]] = defaultdict(list)
    for number, user in enumerate(users):
        places[user].append(number)
    out, numbers, made = list(lines), np.zeros(len(lines), np.int64), 0
    while made < count:
        begin = int(rng.integers(len(lines)))
        user, around = users[begin], users[max(0, begin - _AROUND) : begin + _AROUND]
        victims = sorted({one for one in around if one in known} - {user})
        if user not in known or numbers[begin] or not victims:
            continue
        made += 1
        victim = victims[int(rng.integers(len(victims)))]
        own = [place for place in places[user] if place >= begin][: 1 + int(rng.integers(LONGEST))]
        for place in own:
            if not numbers[place]:
                out[place] = lines[place].replace(msgspec.json.encode(user), msgspec.json.encode(victim))
                numbers[place] = made
    return out, numbers


def _user(line: bytes, layout: Layout) -> str:
    return str(msgspec.json.decode(line, type=dict[str, object]).get(layout.user, ""))


def synthetic_for_real(given: argparse.Namespace, generated: Path, test: Test) -> None:
    """Both detectors on TEST, each with the history that it learned, and both with that of REAL."""
    options = Options(seed=given.seed)
    ours = {name: train(str(path), test.scenarios, options) for name, path in
            (("real", given.real), ("generated", generated))}  # fmt: skip
    for history in ("own", "real"):
        if history == "real":
            for detector in ours.values():
                detector.behaviour = Behaviour(detector.settings.layout)
                _features(detector, given.real.read_bytes().splitlines())
        scores = {name: detector.scores(_features(detector, test.lines)) for name, detector in ours.items()}
        found = {f"trained on {name}": round(auc(test.attacks, one), 4) for name, one in scores.items()}
        apart = interval(
            test.attacks,
            _difference(scores["generated"], scores["real"]),
        )
        print(json.dumps({"history": history, **found, "generated - real": apart}), flush=True)


def student_and_teacher(given: argparse.Namespace, generated: Path, test: Test) -> None:
    """Both on the same rows: all of attacks, and a sample of others."""
    teacher = Teacher(given.model)
    began = time.perf_counter()
    student = teach(str(generated), teacher, test.scenarios, Options(seed=given.seed), lessons=given.lessons)
    taught = time.perf_counter() - began
    began = time.perf_counter()
    scores = student.scores(_features(student, test.lines))
    by_student = len(test.lines) / (time.perf_counter() - began)
    others = np.flatnonzero(test.attacks == 0)
    drawn = np.random.default_rng(given.seed).choice(others, min(given.sample, others.size), replace=False)
    rows = np.sort(np.concatenate((np.flatnonzero(test.attacks), drawn)))
    began = time.perf_counter()
    bits = asked(teacher, [test.lines[row] for row in rows.tolist()], student.settings.layout)
    by_teacher = rows.size / (time.perf_counter() - began)
    attacks, own = test.attacks[rows], scores[rows]
    ranks = [np.argsort(np.argsort(values)) for values in (bits, own)]
    print(json.dumps({
        "teacher": round(auc(attacks, bits), 4), "student": round(auc(attacks, own), 4),
        "student - teacher": interval(attacks, _difference(own, bits)),
        "rank correlation": round(float(np.corrcoef(ranks[0], ranks[1])[0, 1]), 3),
        "student, rows/s": round(by_student), "teacher, rows/s": round(by_teacher, 1),
        "times": round(by_student / by_teacher), "seconds to teach": round(taught),
    }), flush=True)  # fmt: skip


def _features(detector: Detector, lines: Sequence[bytes]) -> npt.NDArray[np.float32]:
    reader = Reader(detector.settings.layout)
    rows = (reader.row(line) or (None,) * len(detector.settings.layout.paths) for line in lines)
    return detector.behaviour.features(Columns.joined(list(batches(reader, rows))))


def auc(attacks: Numbers, scores: Scores) -> float:
    """The area under the curve of rows of attacks against others."""
    return float(roc_auc_score(attacks > 0, scores))


def _difference(one: Scores, other: Scores) -> Callable[[Numbers, Numbers], float]:
    return lambda rows, attacks: auc(attacks, one[rows]) - auc(attacks, other[rows])


def interval(attacks: Numbers, value: Callable[[Numbers, Numbers], float]) -> list[float]:
    """The value, and the bounds between which 95 % of the draws lie."""
    rng = np.random.default_rng(0)
    places = [np.flatnonzero(attacks == number) for number in range(1, int(attacks.max()) + 1)]
    places = [one for one in places if one.size]
    others = np.flatnonzero(attacks == 0)
    most = min(others.size, 20_000)
    drawn = []
    for _ in range(_DRAWS):
        chosen = [places[number] for number in rng.integers(len(places), size=len(places))]
        rows = np.concatenate((*chosen, others[rng.integers(others.size, size=most)]))
        drawn.append(value(rows, attacks[rows]))
    whole = value(np.arange(attacks.size), attacks)
    return [round(float(one), 4) for one in (whole, *np.quantile(drawn, (0.025, 0.975)))]


if __name__ == "__main__":
    main()
