"""An advisory's ranges as an attribute of a finding: "introduced 0 fixed 1.2; introduced 2 fixed 2.1"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from icelos.data.parse.osv_advisories import Range

MAX_TEXT = 4000
_KINDS = frozenset({"introduced", "fixed", "last_affected"})


def affected_text(ranges: Iterable[Range]) -> str:
    """Those ranges that are of versions, each once; "" where that is longer than `MAX_TEXT` characters."""
    texts = (
        " ".join(f"{kind} {value}" for kind, value in one.events if kind in _KINDS)
        for one in ranges
        if one.kind in {"ECOSYSTEM", "SEMVER"}
    )
    text = "; ".join(dict.fromkeys(texts))
    return text if len(text) <= MAX_TEXT else ""


def ranges_of(text: str) -> Iterator[Range]:
    """What `affected_text` has put down."""
    for part in filter(None, text.split("; ")):
        words = part.split()
        yield Range("ECOSYSTEM", tuple(zip(words[::2], words[1::2], strict=False)))
