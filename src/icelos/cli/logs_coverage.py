"""`icelos logs coverage`: which techniques a detector and rules would see."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import output

if TYPE_CHECKING:
    from icelos.contracts import LLM
    from icelos.jobs.logs.coverage import Coverage


def coverage(
    source: Annotated[str, typer.Argument(help="File or folder of JSON lines, taken for benign")],
    model: Annotated[Path | None, typer.Option(help="Detector of `icelos logs detect train`")] = None,
    rules: Annotated[str, typer.Option(help="File or folder of Sigma rules")] = "",
    attacks: Annotated[
        list[str] | None, typer.Option("--attacks", help="Scenarios, names or files; all if not given")
    ] = None,
    episodes: Annotated[int, typer.Option(min=1, help="Times that each scenario is played")] = 5,
    difficulty: Annotated[float, typer.Option(min=0.0, max=1.0, help="From loud (0) to quiet (1)")] = 0.5,
    seed: Annotated[int, typer.Option(min=0, help="The same seed plays the same attacks")] = 0,
    draft: Annotated[
        bool, typer.Option("--draft", help="Draft a Sigma rule for each gap, and test it")
    ] = False,
    wording: Annotated[
        str, typer.Option(help="Who words the drafts: template, or llm (the configured model)")
    ] = "template",
    layer: Annotated[Path | None, typer.Option(help="Write a layer for the ATT&CK Navigator")] = None,
    json: Annotated[bool, typer.Option("--json", help="The result as one JSON object")] = False,
) -> None:
    """Play attacks into a log; tell which ATT&CK techniques a detector and Sigma rules see, and which nobody.

    Also: what each rule matches on the log's own rows, which benign look-alikes raise an alert, and with
    --draft a rule for each gap, from what its rows have in common, with what it matches on both. With
    --wording llm a model gives it title, description and false positives; it is told no row.

    Examples:
      icelos logs coverage today.jsonl.gz --model models/watch --rules sigma/ --layer coverage.json
      icelos logs coverage today.jsonl.gz --rules sigma/ --draft --wording llm
    """
    from icelos.errors import InputError
    from icelos.jobs.logs.coverage import coverage as look
    from icelos.jobs.logs.detect.model import load
    from icelos.jobs.logs.sigma.rules import load_rules
    from icelos.jobs.logs.whatif.planning import Wanted
    from icelos.jobs.logs.whatif.scenario import named

    if model is None and not rules:
        raise InputError("nothing that could see anything", hint="--model DIR, --rules FILE, or both")
    llm = _llm(wording, draft=draft)
    loaded = load_rules(rules) if rules else None
    if loaded is not None and loaded.failures:
        output.note(f"{len(loaded.failures)} rules cannot be run: see `icelos logs sigma`")
    with output.console(stderr=True).status("playing") as status:
        found = look(
            source, named(attacks or ["all"]), Wanted(episodes, difficulty, seed),
            detector=load(model) if model is not None else None, rules=loaded.rules if loaded else (),
            draft=draft, llm=llm, progress=lambda what, _: status.update(what),
        )  # fmt: skip
    _keep(found, source, model, rules, episodes, difficulty)
    if layer is not None:
        _write_layer(layer, found)
    if json:
        output.json_line(found)
    else:
        _tell(found, drafting=draft)


def _keep(
    found: Coverage, source: str, model: Path | None, rules: str, episodes: int, difficulty: float
) -> None:
    """For the copilot, which is asked what would be seen."""
    from icelos.data.workspace import Workspace
    from icelos.jobs.logs.detect.model import load
    from icelos.jobs.logs.kept_coverage import keep
    from icelos.settings import load as settings

    keep(
        Workspace.of(settings().settings).folder("coverage"), found, log=Path(source).name,
        detector=f"{model.name} {load(model).version}" if model is not None else "",
        rules=Path(rules).name if rules else "", episodes=episodes, difficulty=difficulty,
    )  # fmt: skip


def _llm(wording: str, *, draft: bool) -> LLM | None:
    """The configured model where it is to word drafts. Raises SettingsError."""
    from icelos.errors import SettingsError
    from icelos.llm.connect import connect
    from icelos.settings import load

    if wording not in ("template", "llm"):
        raise SettingsError(f"no wording called {wording!r}", hint="template or llm")
    if wording == "template":
        return None
    if not draft:
        raise SettingsError("nothing to word without --draft")
    llm = connect(load().settings)
    if llm is None:
        raise SettingsError(
            "no model is configured to word drafts", hint="set ICELOS_LLM_BASE_URL and _MODEL"
        )
    return llm


def _tell(found: Coverage, *, drafting: bool) -> None:
    output.table(
        ("technique", "name", "episodes", "by the detector", "by rules", "seen"),
        (
            (
                one.technique,
                one.name,
                one.episodes,
                one.by_detector,
                one.by_rules,
                f"{one.seen / one.episodes:.0%}",
            )
            for one in found.techniques
        ),
    )
    for name, episodes, alerts in found.look_alikes:
        output.note(f"benign: {name}: {alerts} of {episodes} raise an alert")
    if found.rules:
        output.table(
            ("rule", "own rows", "of all", "attack rows", "techniques"),
            (
                (
                    one.title,
                    one.own_rows,
                    f"{one.false_positive_rate:.4%}",
                    one.attacks,
                    ", ".join(one.techniques),
                )
                for one in sorted(found.rules, key=lambda one: -one.own_rows)
            ),
        )
    if found.gaps:
        output.note(f"nobody would see: {', '.join(found.gaps)}")
    if drafting and (left := sorted({*found.gaps} - {one.technique for one in found.drafts})):
        output.note(f"no single row tells them from the log's own: {', '.join(left)}")
    for one in found.drafts:
        output.note(
            f"a draft for {one.technique}: matches {one.matched} of {one.of} rows, "
            f"and {one.own_rows} of the log's own ({one.false_positive_rate:.3%})"
            + (f"; worded by {one.worded_by}" if one.worded_by else "")
        )
        if one.note:
            output.note(f"the template's words: {one.note}")
        output.line(one.rule)


def _write_layer(path: Path, found: Coverage) -> None:
    import msgspec

    from icelos.data.atomic import atomic_write
    from icelos.jobs.logs.whatif.matrix import layer

    scores = {
        one.technique: (
            100 * one.seen / one.episodes,
            f"{one.seen} of {one.episodes} simulated episodes seen",
        )
        for one in found.techniques
    }
    told = layer("Icelos: coverage", "Share of simulated episodes that the detector or a rule sees", scores)
    with atomic_write(path) as file:
        file.write(msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n")
    output.note(f"{path}: {len(scores)} techniques")
