"""What a value looks like: a uuid, an address, a time; and times as seconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

from icelos.data.parse.flat import Value

_LONGEST = 256
_REMEMBERED = 8192
"""Texts whose format is remembered: the values of many fields come again and again."""
_FORMATS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.ASCII))
    for name, pattern in (
        ("uuid", r"\{?[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\}?"),
        ("number", r"[+-]?\d{1,30}(?:\.\d{1,30})?"),
        ("time", r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?: ?Z|[+-]\d\d:?\d\d)?"),
        ("ipv4", r"(?:\d{1,3}\.){3}\d{1,3}"),
        ("mac", r"(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}"),
        ("ipv6", r"(?=.*:.*:)[0-9a-fA-F:]{2,39}(?:%\w{1,16}|(?:\d{1,3}\.){3}\d{1,3})?"),
        ("email", r"[\w.+'#-]{1,128}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}"),
        ("url", r"[a-z][a-z0-9+.-]{1,15}://\S+"),
        ("sid", r"S-1-\d{1,20}(?:-\d{1,10}){1,15}"),
        ("arn", r"arn:[a-z-]{1,20}:[\w-]*:[\w-]*:\d*:\S+"),
        ("hex", r"(?:0x)?(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{6,}"),
        ("path", r"(?:[A-Za-z]:)?[\\/].*|[\w.@ -]{1,128}(?:/[\w.@ -]{1,128})+/?"),
        ("domain", r"(?:[\w-]{1,63}\.){1,8}[A-Za-z][A-Za-z0-9-]{1,62}"),
        ("token", r"(?=[^\s]*\d)(?=[^\s]*[A-Za-z])[\w+/=.-]{16,}"),
    )
)


def format_of(value: Value) -> str:
    """The name of a text's format, "text" for other texts; "" for what is no text."""
    if not isinstance(value, str):
        return ""
    if not value:
        return "empty"
    if len(value) > _LONGEST:
        return "long text"
    return _of_short(value)


@lru_cache(_REMEMBERED)
def _of_short(text: str) -> str:
    return next((name for name, pattern in _FORMATS if pattern.fullmatch(text)), "text")


_ISO_LIKE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", re.ASCII)
_AMERICAN = ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S")
_LEGACY = re.compile(r"([A-Z][a-z]{2}) +(\d{1,2}) (?:(\d{4}) )?(\d\d):(\d\d):(\d\d)", re.ASCII)
_MONTHS = {
    name: number for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)
}
NO_YEAR = 2000
"""Where a syslog line gives no year. A leap year, so that 29 February is one of its days."""
_SECONDS = (10**8, 4 * 10**9)


def seconds_of(value: Value, *, numbers: bool = False) -> float | None:
    """Seconds since the epoch, UTC, of a time in text; with `numbers`, also of seconds to nanoseconds.

    A time without a zone is taken for UTC. None for what is no time.
    """
    if isinstance(value, str):
        if numbers and value.isascii() and value.isdigit() and len(value) < 20:
            return seconds_of(int(value), numbers=True)
        return _of_text(value) if 8 <= len(value) <= 40 else None
    if not numbers or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    for scale in (1, 10**3, 10**6, 10**9):
        if _SECONDS[0] * scale <= value < _SECONDS[1] * scale:  # no division: an integer may be no float64
            return value / scale
    return None


def _of_text(text: str) -> float | None:
    try:
        if _ISO_LIKE.match(text):
            return _in_utc(datetime.fromisoformat(text.replace(",", ".").replace(" Z", "Z")))
        legacy = _LEGACY.match(text)
        if legacy and legacy[1] in _MONTHS:
            day, year, hour, minute, second = (int(part or NO_YEAR) for part in legacy.groups()[1:])
            return datetime(year, _MONTHS[legacy[1]], day, hour, minute, second, tzinfo=UTC).timestamp()
        if "/" in text[:3]:
            return _american(text)
    except (ValueError, OverflowError):
        return None
    return None


def _american(text: str) -> float | None:
    for form in _AMERICAN:
        try:
            return _in_utc(datetime.strptime(text, form).replace(tzinfo=UTC))
        except ValueError:
            continue
    return None


def _in_utc(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
