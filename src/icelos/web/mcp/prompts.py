"""Prompts that people choose in their assistant: each a request that names the tools to use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from icelos.errors import InputError
from icelos.llm.fence import defused

LONGEST = 300


class Prompt(NamedTuple):
    """A prompt with its arguments: name and description of each, all of them required."""

    name: str
    description: str
    arguments: tuple[tuple[str, str], ...]
    text: str


PROMPTS = (
    Prompt(
        "triage_finding",
        "Look into one finding and say what it is and what to do",
        (("job", "The job: mail, logs or vulns"), ("record", "The id of the record")),
        "Triage the finding of job {job} on record {record}. Read the resource icelos://finding/{job}/{record},"
        " look up what it names with `lookup` and `search_knowledge`, and find with the other tools what else"
        " names the same user, host or address. Then say: what happened, how sure that is, what speaks"
        " against it, and the next steps that our runbooks name. Cite the ref of every fact. Propose, decide"
        " nothing.",
    ),
    Prompt(
        "explain_cve",
        "Explain one vulnerability and whether it matters here",
        (("cve", "The identifier: CVE-2024-3094"),),
        "Explain {cve} for our organisation. Use `lookup` for what is known of it, and the tools that query"
        " findings for where it was found here and whether it can be exploited. Say what is affected, how"
        " urgent that is and why, and how to fix it. Cite the ref of every fact; say so where the sources"
        " have nothing.",
    ),
)  # fmt: skip


def filled(name: str, given: Mapping[str, str]) -> tuple[Prompt, str]:
    """A prompt and its text. Raises InputError for another name, and for arguments that are not its own."""
    prompt = next((one for one in PROMPTS if one.name == name), None)
    if prompt is None:
        raise InputError(f"no prompt {name!r}")
    wanted = {argument for argument, _ in prompt.arguments}
    if set(given) != wanted:
        raise InputError(f"prompt {name!r} takes {', '.join(sorted(wanted))}")
    values = {key: " ".join(defused(value).split())[:LONGEST] for key, value in given.items()}
    return prompt, prompt.text.format(**values)
