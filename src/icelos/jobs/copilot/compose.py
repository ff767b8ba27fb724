"""From evidence to the drafts of an answer: typed templates where they fit, else ranked sentences."""

from __future__ import annotations

from icelos.jobs.copilot.extract import Draft, ranked
from icelos.jobs.copilot.retrieve import Evidence, Reader
from icelos.jobs.copilot.understand import Query


def drafts(query: Query, evidence: Evidence, reader: Reader, *, most: int) -> list[Draft]:
    """At most `most` sentences, the best first."""
    del query, reader
    return ranked(evidence.hits, evidence.weights, most=most)
