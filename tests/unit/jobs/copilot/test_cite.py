from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from icelos.contracts import Hit
from icelos.jobs.copilot.cite import Citing, nearest, notices
from icelos.jobs.copilot.extract import Draft, Quote
from icelos.jobs.copilot.retrieve import Reader


def hit(reader: Reader) -> Hit:
    return reader.lookup("S9055")[0]


def test_a_quote_has_one_handle_and_its_citation(reader: Reader) -> None:
    found = hit(reader)
    citing = Citing(stale_days=730, now=datetime(2025, 12, 1, tzinfo=UTC))
    quote = Quote(found, 0, 9)
    sentence = citing.sentence(Draft("LockSnail.", (quote, quote)))
    assert len(set(sentence.handles)) == 1
    (citation,) = citing.cited([sentence])
    assert citation.quote == found.text[:9] == "LockSnail"
    assert (citation.version, citation.old, citation.kind) == (1, False, "software")
    assert notices([citation]) == []


def test_old_and_cut_sources_are_noticed(reader: Reader) -> None:
    cut = msgspec.structs.replace(hit(reader), truncated=True, collection="attack")
    citing = Citing(stale_days=30, now=datetime(2026, 12, 1, tzinfo=UTC))
    citation = citing.of([citing.handle(Quote(cut, 0, 5))])[0]
    old, bundled = notices([citation])
    assert "S9055 LockSnail (2025-11-01)" in old
    assert "icelos feeds update attack" in bundled
    (other,) = notices([msgspec.structs.replace(citation, old=False, collection="x", source="y")])
    assert "cut short" in other


def test_nearest_names_each_document_once(reader: Reader) -> None:
    hits = reader.search("door rattling", k=6, per_document=3)
    found = nearest(hits)
    assert len({one.document_id for one in found}) == len(found) <= 5
