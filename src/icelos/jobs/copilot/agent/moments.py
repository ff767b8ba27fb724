"""Times as people say them, relative to a given now: "yesterday", "since 3 May", "in the last 7 days".

All in UTC. A period is half open: from its start (None: ever) to before its end (None: until now). Days of
the week and dates without a year are the latest ones that have begun.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from icelos.jobs.copilot.words import MONTHS

DAY = timedelta(days=1)


class Period(msgspec.Struct, frozen=True):
    """From `start` to before `end`; `said` is how it is told again."""

    start: datetime | None = None
    end: datetime | None = None
    said: str = ""


class Found(msgspec.Struct, frozen=True):
    """A period with the place in the text that says it."""

    period: Period
    start: int
    end: int


_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_UNITS = {
    "minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": DAY, "week": 7 * DAY,
    "month": 30 * DAY, "year": 365 * DAY,
}  # fmt: skip
_COUNTS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "twelve": 12, "fourteen": 14, "thirty": 30, "couple of": 2,
}  # fmt: skip
_SHORT = {"h": "hour", "hr": "hour", "hrs": "hour", "d": "day", "w": "week", "wk": "week", "min": "minute",
          "mins": "minute", "fortnight": "week"}  # fmt: skip
_NUMBER = rf"(?:\d{{1,4}}|{'|'.join(_COUNTS)})"
_UNIT = r"(?:minute|hour|day|week|month|year|hrs?|h|d|wk|w|min)"
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_TH = r"(?:st|nd|rd|th)?"
_CLOCK = r"(?:\d{1,2}:\d{2}(?::\d{2})?(?:\s*(?:utc|z))?)"
_DATE = (
    rf"(?:\d{{4}}-\d{{2}}-\d{{2}}(?:[T ]\d{{2}}:\d{{2}}(?::\d{{2}})?(?:\.\d+)?(?:Z|[+-]\d{{2}}:\d{{2}})?)?"
    rf"|(?:the\s+)?\d{{1,2}}{_TH}(?:\s+of)?\s+(?:{_MONTH})\b\.?(?:,?\s+\d{{4}})?"
    rf"|(?:{_MONTH})\.?\s+(?:the\s+)?\d{{1,2}}{_TH}\b(?:,?\s+\d{{4}})?"
    rf"|\d{{1,2}}\.\s?\d{{1,2}}\.(?:\s?\d{{4}})?)"
)
_DATE = rf"(?:(?:(?:{'|'.join(_WEEKDAYS)}|mon|tues?|wed|thu(?:rs)?|fri|sat|sun)\.?,?\s+(?:the\s+)?)?{_DATE})"
_DAYNAME = rf"(?:(?:last|this|on)\s+)?(?:{'|'.join(_WEEKDAYS)})"
_POINT = (
    rf"(?:{_DATE}(?:,?\s+(?:at\s+)?{_CLOCK})?|(?:the\s+)?day before yesterday|(?:yesterday"
    rf"|today)(?:\s+(?:at\s+)?{_CLOCK})?|(?:the\s+)?last\s+weekend"
    rf"|(?:the\s+)?week\s+(?:of|starting|beginning|from)\s+(?:the\s+)?{_DATE}"
    rf"|(?:the\s+)?(?:first|second|third|last)\s+(?:week|half|days?)\s+(?:of|in)\s+(?:{_MONTH})(?:\s+\d{{4}})?|(?:the\s+)?(?:last|previous|past)\s+(?:week"
    rf"|month)"
    rf"|this\s+(?:week|month|year)|{_DAYNAME}|{_NUMBER}\s+{_UNIT}s?\s+ago"
    rf"|(?:{_MONTH})\b(?:\s+\d{{4}})?|{_CLOCK})"
)


def find(text: str, now: datetime) -> list[Found]:
    """The periods that a text names, in its order, none overlapping. What cannot be one is left alone."""
    found: list[Found] = []
    for pattern, read in _FORMS:
        for match in pattern.finditer(text):
            if any(match.start() < one.end and one.start < match.end() for one in found):
                continue
            period = read(match, now)
            if period is not None:
                found.append(Found(_told(period), match.start(), match.end()))
    return sorted(found, key=lambda one: one.start)


def _told(period: Period) -> Period:
    """With words for it: whole days by their dates, else to the minute."""
    start, end = _shown(period.start), _shown(period.end)
    if period.start and period.end:
        last = period.end - DAY
        if _is_midnight(period.start) and _is_midnight(period.end):
            said = f"on {start}" if last == period.start else f"from {start} to {_shown(last)}"
        else:
            said = f"from {start} to {end}"
    else:
        said = f"since {start}" if period.start else f"before {end}"
    return msgspec.structs.replace(period, said=said)


def _is_midnight(moment: datetime) -> bool:
    return (moment.hour, moment.minute, moment.second) == (0, 0, 0)


def _shown(moment: datetime | None) -> str:
    if moment is None:
        return ""
    return moment.date().isoformat() if _is_midnight(moment) else moment.strftime("%Y-%m-%d %H:%M")


def midnight(moment: datetime) -> datetime:
    """The beginning of its day."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


# ---- points: each names a stretch (a day, a week, a month, a minute)


def _named(said: str, today: datetime, now: datetime) -> Period | None:
    """Days and weeks by their names: "yesterday at 18:00", "last weekend", "the week of 9 November"."""
    if said == "today":
        return Period(today, today + DAY)
    if exact := re.fullmatch(rf"(yesterday|today)\s+(?:at\s+)?({_CLOCK})", said):
        return _at(today if exact.group(1) == "today" else today - DAY, exact.group(2))
    if said == "day before yesterday":
        return Period(today - 2 * DAY, today - DAY)
    if said == "last weekend":
        monday = today - today.weekday() * DAY
        return Period(monday - 2 * DAY, monday)
    if week := re.fullmatch(r"week\s+(?:of|starting|beginning|from)\s+(.+)", said):
        day = _stretch(week.group(1), now)
        return Period(day.start, day.start + 7 * DAY) if day is not None and day.start else None
    if part := re.fullmatch(r"(first|second|third|last)\s+(week|half|days?)\s+(?:of|in)\s+(.+)", said):
        return _part_of_month(part.group(1), part.group(2), _dated(part.group(3), now))
    if said == "yesterday":
        return Period(today - DAY, today)
    return None


def _stretch(said: str, now: datetime) -> Period | None:
    """What a point in time covers: "yesterday" is a day, "3 May at 10:15" is a minute."""
    said = " ".join(said.lower().split()).removeprefix("the ").removeprefix("on ")
    today = midnight(now)
    named = _named(said, today, now)
    if named is not None:
        return named
    ago = re.fullmatch(rf"({_NUMBER})\s+({_UNIT})s?\s+ago", said)
    if ago:
        moment = now - _length(ago.group(1), ago.group(2))
        if ago.group(2) in {"minute", "hour"}:
            return Period(moment, moment + timedelta(minutes=1))
        return Period(midnight(moment), midnight(moment) + DAY)
    calendar = re.fullmatch(r"(last|previous|past|this)\s+(week|month|year)", said)
    if calendar:
        return _calendar(calendar.group(1), calendar.group(2), today)
    name = said.split()[-1]
    if name in _WEEKDAYS:
        back = (today.weekday() - _WEEKDAYS.index(name)) % 7
        back = back or (7 if said.startswith("last") else 0)
        return Period(today - back * DAY, today - (back - 1) * DAY)
    clock = re.fullmatch(_CLOCK, said)
    if clock:
        return _at(today, said)
    return _dated(said, now)


def _part_of_month(which: str, unit: str, month: Period | None) -> Period | None:
    """The first week of a month are its days 1 to 7; halves part at the 16th."""
    if month is None or month.start is None or month.end is None or unit.startswith("day"):
        return None
    if unit == "half":
        middle = month.start.replace(day=16)
        return {"first": Period(month.start, middle), "second": Period(middle, month.end),
                "last": Period(middle, month.end)}.get(which)  # fmt: skip
    if which == "last":
        return Period(month.end - 7 * DAY, month.end)
    first = month.start + ["first", "second", "third"].index(which) * 7 * DAY
    return Period(first, first + 7 * DAY)


def _calendar(which: str, unit: str, today: datetime) -> Period:
    if unit == "week":
        monday = today - today.weekday() * DAY
        return Period(monday, monday + 7 * DAY) if which == "this" else Period(monday - 7 * DAY, monday)
    if unit == "month":
        first = today.replace(day=1)
        return Period(first, _next_month(first)) if which == "this" else Period(_month_before(first), first)
    first = today.replace(month=1, day=1)
    if which == "this":
        return Period(first, first.replace(year=first.year + 1))
    return Period(first.replace(year=first.year - 1), first)


def _next_month(first: datetime) -> datetime:
    return (first + 32 * DAY).replace(day=1)


def _month_before(first: datetime) -> datetime:
    return (first - DAY).replace(day=1)


def _dated(said: str, now: datetime) -> Period | None:
    iso = re.match(r"(\d{4}-\d{2}-\d{2})(?:[t ](\d{2}:\d{2}.*))?$", said)
    try:
        if iso:
            if not iso.group(2):
                day = datetime.fromisoformat(iso.group(1)).replace(tzinfo=now.tzinfo)
                return Period(day, day + DAY)
            moment = datetime.fromisoformat(said.upper().replace(" ", "T"))
            moment = moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)
            return Period(moment, moment + timedelta(minutes=1))
        return _in_words(said, now)
    except ValueError:
        return None


def _in_words(said: str, now: datetime) -> Period | None:
    numeric = re.match(
        r"(?:[a-z]+\.?,?\s+)?(\d{1,2})\.\s?(\d{1,2})\.(?:\s?(\d{4}))?(?:,?\s+(?:at\s+)?(.*))?$", said
    )
    if numeric:
        name = next(name for name, number in MONTHS.items() if number == int(numeric.group(2)))
        said = f"{numeric.group(1)} {name} {numeric.group(3) or ''} {numeric.group(4) or ''}".strip()
    clock = re.search(_CLOCK, said)
    bare = said[: clock.start()] if clock else said
    month = next((MONTHS[w] for w in re.findall(r"[a-z]+", bare) if w in MONTHS), None)
    if month is None:
        return None
    numbers = [int(n) for n in re.findall(r"\d+", bare)]
    year = next((n for n in numbers if n > 31), None)
    day = next((n for n in numbers if n <= 31), None)
    start = midnight(now).replace(year=year or now.year, month=month, day=day or 1)
    if year is None and start > now:
        start = start.replace(year=now.year - 1)
    if day is None:
        return Period(start, _next_month(start))
    return _at(start, clock.group()) if clock else Period(start, start + DAY)


def _at(day: datetime, clock: str) -> Period | None:
    hour, minute = (int(part) for part in re.findall(r"\d+", clock)[:2])
    if hour > 23 or minute > 59:
        return None
    moment = day.replace(hour=hour, minute=minute)
    return Period(moment, moment + timedelta(minutes=1))


def _length(number: str, unit: str) -> timedelta:
    count = _COUNTS.get(number.lower()) or int(number)
    return count * _UNITS[_SHORT.get(unit.lower(), unit.lower())]


# ---- forms: what stands around a point


def _rolling(match: re.Match[str], now: datetime) -> Period:
    return Period(now - _length(match["count"] or "1", match["unit"]), None)


def _since(match: re.Match[str], now: datetime) -> Period | None:
    point = _stretch(match["point"], now)
    if point is None:
        return None
    return (
        Period(point.end, None)
        if match["word"].lower() == "after" and point.end
        else Period(point.start, None)
    )


def _before(match: re.Match[str], now: datetime) -> Period | None:
    point = _stretch(match["point"], now)
    if point is None:
        return None
    is_inclusive = match["word"].lower() in {"until", "till", "up to", "through"}
    return Period(None, point.end if is_inclusive else point.start)


def _between(match: re.Match[str], now: datetime) -> Period | None:
    last = _stretch(match["last"], now)
    first_said = match["first"]
    if last is not None and last.start and re.fullmatch(rf"\d{{1,2}}{_TH}", first_said):
        day = int(re.findall(r"\d+", first_said)[0])
        try:
            return Period(last.start.replace(day=day), last.end)
        except ValueError:
            return None
    first = _stretch(first_said, now)
    if first is None or last is None or first.start is None or last.end is None:
        return None
    clocked = re.fullmatch(_CLOCK, match["last"].strip(), re.IGNORECASE)
    if clocked:
        last = _at(midnight(first.start), match["last"])
        return Period(first.start, last.start) if last else None
    has_clock = re.search(r"\d:\d", match["last"])
    return Period(first.start, last.start if has_clock else last.end)


def _days_of(match: re.Match[str], now: datetime) -> Period | None:
    first = _stretch(f"{match['a']} {match['month']}", now)
    last = _stretch(f"{match['b']} {match['month']}", now)
    return Period(first.start, last.end) if first is not None and last is not None else None


def _on(match: re.Match[str], now: datetime) -> Period | None:
    """A bare month needs a word before it: "may" and "march" are words of their own."""
    is_bare = match["point"].lower() in MONTHS and match.group().lower().startswith(match["point"].lower())
    return None if is_bare else _stretch(match["point"], now)


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])", re.IGNORECASE)


def _clocked(match: re.Match[str], now: datetime) -> Period | None:
    """Times of one day: "17 November, 21:30 to 23:30", "after 22:00 on 17 Nov"."""
    said = match.groupdict()
    day = _stretch(said["day"], now)
    if day is None or day.start is None or day.end is None or day.end - day.start > DAY:
        return None
    first = _at(midnight(day.start), said["first"]) if said.get("first") else None
    last = _at(midnight(day.start), said["last"]) if said.get("last") else None
    if (said.get("first") and first is None) or (said.get("last") and last is None):
        return None
    start = first.start if first is not None else midnight(day.start)
    end = last.start if last is not None else midnight(day.start) + DAY
    if start is not None and end is not None and end <= start:
        end += DAY
    return Period(start, end)


_DAY_SAID = (
    rf"(?:(?:in\s+)?(?:on\s+)?(?:the\s+)?(?:night|evening|morning|afternoon)\s+of\s+(?:the\s+)?)?(?:on\s+)?(?:the\s+)?"
    rf"(?P<day>{_DATE}|yesterday|today|{_DAYNAME})"
)
_RANGE = rf"(?:(?:between|from)\s+)?(?P<first>{_CLOCK})\s*(?:and|to|until|till|-|–)\s*(?P<last>{_CLOCK})"
_AFTER = rf"(?:after|since|from)\s+(?P<first>{_CLOCK})(?:\s+(?:on|onwards?))?"
_BEFORE_CLOCK = rf"(?:before|until|till|by)\s+(?P<last>{_CLOCK})"


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], datetime], Period | None]], ...] = (
    *(
        (_form(form), _clocked)
        for clock in (_RANGE, _AFTER, _BEFORE_CLOCK)
        for form in (
            rf"{_DAY_SAID},?\s+{clock}(?:\s*(?:utc|z))?",
            rf"{clock}(?:\s*(?:utc|z))?,?\s+(?:on\s+)?{_DAY_SAID}",
        )
    ),
    (
        _form(
            rf"(?:between|from)\s+(?P<first>{_POINT}|\d{{1,2}}{_TH})\s+(?:and|to|until|till|through"
            rf"|-)\s+(?P<last>{_POINT})(?:,?\s+(?:both\s+)?inclu\w+|\s*\((?:both\s+)?(?:days\s+)?inclu\w+\))?"
        ),
        _between,
    ),
    (
        _form(
            rf"(?:(?:in|within|over|during|for|from|of)\s+)?(?:the\s+)?(?:last|past|previous)\s+"
            rf"(?P<count>{_NUMBER})\s*(?P<unit>{_UNIT})s?"
        ),
        _rolling,
    ),
    (
        _form(
            rf"(?:in|within|over|during|for)\s+the\s+(?:last|past)\s+(?P<count>)(?P<unit>{_UNIT})"
            rf"|(?:the\s+)?(?:last|past)\s+(?P<count2>)(?P<unit2>hour)"
        ),
        lambda match, now: Period(now - _length("1", match["unit"] or match["unit2"]), None),
    ),
    (_form(rf"within\s+(?P<count>{_NUMBER})\s*(?P<unit>{_UNIT})s?"), _rolling),
    (
        _form(
            rf"(?P<word>since|after|as of|as from|starting(?: from)?|beginning|newer than|later than)\s+"
            rf"(?:the\s+)?(?:(?:start"
            rf"|beginning|begin)\s+of\s+)?"
            rf"(?:the\s+)?(?P<point>{_POINT})(?:\s+(?:on(?=\W|$)(?!\s+\w)|onwards?))?"
        ),
        _since,
    ),
    (_form(rf"(?P<word>from)\s+(?:the\s+)?(?P<point>{_POINT})\s+(?:on(?=\W|$)(?!\s+\w)|onwards?)"), _since),
    (
        _form(rf"(?P<word>(?<!day )before|until|till|up to|older than|prior to)\s+(?P<point>{_POINT})"),
        _before,
    ),
    (
        _form(
            rf"(?:(?:between|from)\s+)?(?P<first>\d{{1,2}}{_TH})\s*(?:-|–|to|until|till|and|through)\s*(?P<last>\d{{1,2}}{_TH}\s+(?:of\s+)?(?:{_MONTH})\b(?:\s+\d{{4}})?)"
        ),
        _between,
    ),
    (
        _form(
            rf"(?:between\s+|from\s+)?(?P<month>{_MONTH})\s+(?P<a>\d{{1,2}}){_TH}?\s*(?:-|–|to|and)\s*(?P<b>\d{{1,2}}){_TH}?"
        ),
        _days_of,
    ),
    (_form(rf"(?:(?:on|in|during|at|of|for|from)\s+)?(?P<point>{_POINT})(?:'s)?"), _on),
)
