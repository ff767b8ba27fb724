"""Questions as records: `icelos scan copilot questions.txt` answers each line into a finding."""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Sequence

import msgspec

from icelos.contracts import Needs, Principal, Right, Scored
from icelos.errors import InputError, SettingsError
from icelos.findings import Evidence, Failure, Finding, How, Verdict, failure
from icelos.jobs.copilot.answer import Copilot
from icelos.jobs.copilot.answers import Answer, Status
from icelos.records import LogLine, Record
from icelos.settings import Settings

LONGEST = 4000
"""Characters of a question; a longer line is no question."""
VERDICTS = {
    Status.ANSWERED: Verdict.CLEAR,
    Status.PARTIAL: Verdict.UNKNOWN,
    Status.NOT_IN_SOURCES: Verdict.UNKNOWN,
    Status.UNKNOWN_IDENTIFIER: Verdict.UNKNOWN,
}


class CopilotJob:
    """Answers each record's text. The label of a finding is the status of its answer."""

    name = "copilot"

    def __init__(self, copilot: Copilot, principal: Principal) -> None:
        self.copilot = copilot
        self.principal = principal
        self.needs = Needs(network=copilot.llm is not None, memory_mib=512)

    def score(self, batch: Sequence[Record]) -> list[Scored]:
        """One finding for each question; a Failure where it is none or the sources cannot be read.

        An answer may rest on what any group of its asker may read: who sees it must be in all of them.
        """
        groups = tuple(sorted(self.principal.groups))
        return [msgspec.structs.replace(self._one(record), needs_groups=groups) for record in batch]

    def _one(self, record: Record) -> Finding | Failure:
        try:
            answer = self.copilot.ask(_question(record), principal=self.principal)
        except InputError as error:
            text = record.text if isinstance(record, LogLine) else ""
            return failure(record_id=record.id, job=self.name, error=error, source=record.source, raw=text)
        if answer.status is Status.FAILED:
            return failure(
                record_id=record.id, job=self.name, error="; ".join(answer.notices), source=record.source,
                raw=answer.question,
            )  # fmt: skip
        return _finding(record, answer)


def _question(record: Record) -> str:
    if not isinstance(record, LogLine):
        raise InputError(f"a question must be a line of text, not a {type(record).__name__}")
    text = record.text.strip()
    if not any(character.isalnum() for character in text):
        raise InputError("no question in this line")
    if len(text) > LONGEST:
        raise InputError(f"longer than {LONGEST} characters: no question")
    return text


def _finding(record: Record, answer: Answer) -> Finding:
    quotes = {citation.handle: citation for citation in answer.citations}
    evidence = tuple(
        Evidence(
            quotes[handle].quote, f"{quotes[handle].source} {quotes[handle].place}".strip(), How.RETRIEVAL
        )
        for sentence in answer.sentences
        for handle in sentence.handles
    )
    return Finding(
        record_id=record.id, job=CopilotJob.name, verdict=VERDICTS[answer.status],
        label=answer.status.value, made_by=answer.made_by, source=record.source, evidence=evidence,
        summary=" ".join(sentence.text for sentence in answer.sentences) or " ".join(answer.notices),
    )  # fmt: skip


def principal_of(settings: Settings, *, user: str = "", groups: Sequence[str] = ()) -> Principal:
    """Who asks on the command line: as given, else as set, else the login name.

    They may do everything: whoever can run the command can read and write the workspace.
    """
    name = user or settings.copilot.user or _login()
    return Principal(name, frozenset(groups) or frozenset(settings.copilot.groups), frozenset(Right))


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:
        raise SettingsError("no login name", hint="set ICELOS_COPILOT_USER") from error


def build(settings: Settings, options: Mapping[str, str]) -> CopilotJob:
    """The job with the workspace's sources. Options: user, groups (comma-separated).

    Raises SettingsError for an unknown option.
    """
    unknown = set(options) - {"user", "groups"}
    if unknown:
        raise SettingsError(f"copilot has no option {sorted(unknown)[0]!r}", hint="user, groups")
    from icelos.knowledge.index import ensure_bundled

    ensure_bundled(settings)
    groups = [name for name in options.get("groups", "").split(",") if name]
    # Questions of a batch do not follow each other: no history.
    copilot = Copilot.open(settings)
    copilot.history = None
    return CopilotJob(copilot, principal_of(settings, user=options.get("user", ""), groups=groups))
