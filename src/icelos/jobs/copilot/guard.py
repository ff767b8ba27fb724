"""The one way out: what the copilot says passes here before any door, page or file gets it.

Everything is made safe to show (`llm.output`). An answer that holds a marker (`llm.canary`), or
cites a passage that does, is withheld, and an alert is written. Knows nothing of how an answer came about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from icelos.contracts import Principal
from icelos.findings import Evidence, Finding, How, Verdict
from icelos.jobs.copilot.answers import AgentStep, Answer, Citation, Nearest, Sentence, Status
from icelos.knowledge.tiers import flags_of
from icelos.llm import canary
from icelos.llm.canary import Canary
from icelos.llm.output import is_open, shown
from icelos.records import record_id

Alert = Callable[[Finding], None]

LEAK = "canary-leak"
"""Label of the finding, and value of `made_by["withheld"]`, of an answer that held a marker."""
WITHHELD = "This answer was withheld: it held a marker that must never be shown. An alert was written."
FLAGGED = "Some sources here hold text addressed to an assistant: {names}. Read them with care."


class Guard:
    """What one principal may be shown. `alert` is told of a leak; `canaries` are those of the workspace."""

    def __init__(
        self, principal: Principal, *, canaries: Sequence[Canary] = (), alert: Alert | None = None
    ) -> None:
        self.leaks: tuple[str, ...] = ()
        self._principal = principal
        self._canaries = canaries
        self._alert = alert

    def sentence(
        self, sentence: Sentence, citations: Sequence[Citation], texts: Sequence[str] = ()
    ) -> Sentence | None:
        """One sentence as it may be shown; None where it holds a marker. `texts` are the cited passages."""
        if self._leaks([sentence.text, *texts]) or self.leaks:
            return None
        sources = [*texts, *(text for one in citations for text in (one.quote, one.url))]
        return msgspec.structs.replace(sentence, text=shown(sentence.text, sources=sources))

    def citations(self, citations: Sequence[Citation]) -> tuple[Citation, ...]:
        """Citations with all their texts safe; a source may name its own addresses."""
        return tuple(_citation(one) for one in citations)

    def answer(self, answer: Answer, texts: Mapping[str, Sequence[str]] | None = None) -> Answer:
        """The whole answer as it may be shown and kept. `texts` are the cited passages by handle."""
        passages = [
            text for one in answer.citations for text in (one.quote, *(texts or {}).get(one.handle, ()))
        ]
        if self._leaks([answer.text, *answer.dropped, *passages]) or self.leaks:
            return self._withheld(answer)
        by_handle = {one.handle: one for one in answer.citations}
        sentences = tuple(
            safe for sentence in answer.sentences
            if (safe := self.sentence(
                sentence, [by_handle[h] for h in sentence.handles if h in by_handle],
                [t for h in sentence.handles for t in (texts or {}).get(h, ())],
            )) is not None
        )  # fmt: skip
        citations = self.citations(answer.citations)
        return msgspec.structs.replace(
            answer, sentences=sentences, citations=citations,
            notices=tuple(shown(line) for line in (*_flagged(citations), *answer.notices)),
            nearest=tuple(_nearest(one) for one in answer.nearest),
            steps=tuple(_step(one) for one in answer.steps),
            dropped=tuple(shown(line) for line in answer.dropped),
            explain=None if answer.explain is None else _safe(answer.explain),
        )  # fmt: skip

    def hear(self, raw: str) -> None:
        """What a model wrote, before anything is taken out of it: a marker in it stops the answer."""
        self._leaks(raw)

    def arguments(self, tool: str, arguments: Mapping[str, Any]) -> bool:
        """Whether a tool may be called with these: not where they hold a marker."""
        return not self._leaks({tool: arguments})

    def _leaks(self, value: Any) -> bool:
        found = canary.leaked(value, self._canaries, groups=self._principal.groups)
        self.leaks = tuple(dict.fromkeys((*self.leaks, *found)))
        return bool(found)

    def _withheld(self, answer: Answer) -> Answer:
        """Without anything of the sources or the model; the alert names markers, never shows them."""
        if self._alert is not None:
            self._alert(leak_finding(answer, self.leaks, self._principal))
        return msgspec.structs.replace(
            answer, status=Status.FAILED, sentences=(), citations=(), nearest=(), dropped=(), explain=None,
            steps=(), notices=(WITHHELD,), made_by={**answer.made_by, "withheld": LEAK},
        )  # fmt: skip


def leak_finding(answer: Answer, names: Sequence[str], principal: Principal) -> Finding:
    """The alert of a leak: who asked what, and which markers came out."""
    return Finding(
        record_id=record_id("canary", answer.answer_id or answer.question), job="copilot",
        verdict=Verdict.ALERT,
        label=LEAK, score=1.0, source=f"conversation {answer.conversation}".strip(), made_by=answer.made_by,
        summary=f"An answer to {shown(principal.name)} held what must never be shown: {', '.join(names)}.",
        evidence=(Evidence(shown(answer.question)[:500], "question", How.RULE),),
        attributes={"principal": principal.name, "canaries": ", ".join(names), "answer": answer.answer_id},
    )  # fmt: skip


def _citation(one: Citation) -> Citation:
    own = [one.quote, one.url]
    return msgspec.structs.replace(
        one, title=shown(one.title), heading=shown(one.heading), quote=shown(one.quote, sources=own),
        source=shown(one.source, sources=[one.source]), place=shown(one.place),
        url=one.url if is_open(one.url) else "", flags=one.flags or flags_of(one.quote),
    )  # fmt: skip


def _step(one: AgentStep) -> AgentStep:
    """Arguments may come of a model: no address goes out by them."""
    return msgspec.structs.replace(
        one, why=shown(one.why), note=shown(one.note),
        arguments={name: _safe(value) for name, value in one.arguments.items()},
    )  # fmt: skip


def _nearest(one: Nearest) -> Nearest:
    return msgspec.structs.replace(
        one, title=shown(one.title), source=shown(one.source, sources=[one.source]), place=shown(one.place),
        url=one.url if is_open(one.url) else "",
    )  # fmt: skip


def _flagged(citations: Sequence[Citation]) -> tuple[str, ...]:
    names = list(dict.fromkeys(one.title for one in citations if one.flags))
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return (FLAGGED.format(names=", ".join(names[:3]) + more),) if names else ()


def _safe(value: Any) -> Any:
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, Mapping):
        return {str(key): _safe(one) for key, one in value.items()}
    return [_safe(one) for one in value] if isinstance(value, list | tuple) else value
