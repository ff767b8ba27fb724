"""What the values of a field look like: known formats as exact pieces, all others as text.

ISO 8601 times, UUIDs (RFC 9562), IPv4 and IPv6 addresses (RFC 4291), hexadecimal, digits, numbers, and
identifiers of one length.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from icelos.gpt.grammar.learned import Characters, Format, Integer, Literal, OneOf, Part, Text, Time

TEXT_LIMIT = 4096
"""Most characters of a free text, as learned."""
FORMATS_LIMIT = 24
"""Most formats of one field; more are one text."""
CHARACTERS_LIMIT = 2048
NOISE_SAMPLE, NOISE_LEAST, NOISE_DIGITS = 512, 128, 8
"""Values that are kept to judge by; how many that takes; and how many digits of them must vary."""

_TIME = re.compile(
    r"(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))([T ])"
    r"((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.(\d{1,9}))?)(Z|[+-]\d\d:?\d\d|)",
    re.ASCII,
)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}")
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}", re.ASCII)
_IPV6 = re.compile(
    r"(?=[0-9a-f:]*:)(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*)?(?:::(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*)?)?"
)
_HEX = re.compile(r"(0x|)(?:([0-9a-f]+)|([0-9A-F]+))")
_IDENTIFIER = re.compile("[A-Za-z0-9_-]{16,128}")
_NUMBER = re.compile(r"(-?)(0|[1-9]\d{0,17})(?:\.(\d{1,18}))?", re.ASCII)

_LOWER, _UPPER, _DIGITS = "0123456789abcdef", "0123456789ABCDEF", "0123456789"


@dataclass
class _Seen:
    """One format of a field: values seen of it, least and most of some measure, texts that vary."""

    least: Any = None
    most: Any = None
    fraction: tuple[int, int] = (99, 0)
    sample: list[str] = field(default_factory=list)
    texts: set[str] = field(default_factory=set)
    chars: set[str] = field(default_factory=set)
    escaped: set[str] = field(default_factory=set)
    prefix: str | None = None

    def measure(self, value: int | str) -> None:
        self.least = value if self.least is None else min(self.least, value)
        self.most = value if self.most is None else max(self.most, value)

    def text(self, value: str, plain: str, escaped: str) -> None:
        """Learn from a text, its plain characters, and the letters behind its backslashes."""
        self.escaped.update(escaped)
        if len(self.chars) < CHARACTERS_LIMIT:
            self.chars.update(plain)
        self.measure(min(len(plain) + len(escaped), TEXT_LIMIT))
        self.prefix = value if self.prefix is None else _common(self.prefix, value)

    def join(self, other: _Seen) -> None:
        """Take what `text` learned elsewhere."""
        self.chars |= other.chars
        self.escaped |= other.escaped
        for bound in (other.least, other.most):
            self.measure(bound)
        if other.prefix is not None:
            self.prefix = other.prefix if self.prefix is None else _common(self.prefix, other.prefix)


@dataclass
class Formats:
    """The formats of one field, learned value by value. `escapes` says whether a backslash is one."""

    escapes: bool
    _seen: dict[tuple[object, ...], _Seen] = field(default_factory=dict)

    def add(self, value: str) -> None:
        """Learn from the text of a value, without quotes."""
        for recognise in (_time, _uuid, _address, _number, _hexadecimal, _identifier):
            found = recognise(value)
            if found is not None and (found[0] in self._seen or len(self._seen) < FORMATS_LIMIT):
                seen = self._seen.setdefault(found[0], _Seen())
                found[1](seen)
                if found[0][0] in _NOISY and len(seen.sample) < NOISE_SAMPLE:
                    seen.sample.append(value)
                return
        self._text(value)

    def _text(self, value: str) -> None:
        plain, escaped = _split(value) if self.escapes else (value, "")
        self._seen.setdefault(("text",), _Seen()).text(value, plain, escaped)

    def only(self, name: str) -> bool:
        """Whether all values were of formats of this name."""
        return bool(self._seen) and all(key[0] == name for key in self._seen)

    @property
    def sample(self) -> set[str]:
        """Values that may be noise."""
        return {value for seen in self._seen.values() for value in seen.sample}

    def learned(self, elsewhere: Set[str] = frozenset()) -> Iterator[Format]:
        """All formats, in a fixed order. What stands `elsewhere`, too, is no noise: it has to be the same."""
        text = _Seen()
        for key, seen in sorted(self._seen.items(), key=lambda item: repr(item[0])):
            noise = _is_noise(seen.sample) and elsewhere.isdisjoint(seen.sample)
            if key[0] in ("identifier", "text") and not noise:
                text.join(seen)
                continue
            parts = _noise_parts(seen.sample) if noise else _PARTS[str(key[0])](key, seen)
            yield Format(name=str(key[0]), parts=tuple(parts))
        if text.most is not None:
            yield from self._text_formats(text)

    def _text_formats(self, seen: _Seen) -> Iterator[Format]:
        prefix = _whole(seen.prefix or "", escapes=self.escapes)
        plain, escaped = _split(prefix) if self.escapes else (prefix, "")
        used, least, most = len(plain) + len(escaped), int(seen.least), int(seen.most)
        rest = Text(
            chars="".join(sorted(seen.chars)), escapes="".join(sorted(seen.escaped)),
            least=max(0, least - used), most=max(0, most - used),
        )  # fmt: skip
        parts: tuple[Part, ...] = (Literal(text=prefix), rest) if prefix else (rest,)
        yield Format(name="text", parts=parts)


def _split(value: str) -> tuple[str, str]:
    """The plain characters of a JSON string's text, and the letters behind its backslashes."""
    if "\\" not in value:
        return value, ""
    escaped = "".join(match[1] for match in _ESCAPE.finditer(value))
    return _ESCAPE.sub("", value), escaped


_ESCAPE = re.compile(r"\\(u(?=[0-9a-fA-F]{4})|.)(?:(?<=u)[0-9a-fA-F]{4})?")


def is_number(text: str) -> bool:
    """Whether a text is a number whose format can be learned."""
    return _NUMBER.fullmatch(text) is not None


def _common(a: str, b: str) -> str:
    i = 0
    for i, (x, y) in enumerate(zip(a, b, strict=False)):
        if x != y:
            return a[:i]
    return a[: min(len(a), len(b))]


def _whole(prefix: str, *, escapes: bool) -> str:
    """A prefix that does not end inside an escape."""
    at = prefix.find("\\") if escapes else -1
    return prefix if at < 0 else prefix[:at]


def _is_noise(sample: Sequence[str]) -> bool:
    """Whether values of one length are all different, and each digit of them is as likely as any other."""
    count = len(sample)
    if count < NOISE_LEAST or len(set(sample)) < count or len(set(map(len, sample))) > 1:
        return False
    columns = [Counter(column) for column in zip(*sample, strict=True)]
    if sum(len(column) > 1 for column in columns) < NOISE_DIGITS:
        return False
    return all(max(c.values()) <= count / len(c) + 5 * (count / len(c)) ** 0.5 for c in columns)


def _noise_parts(sample: Sequence[str]) -> Iterator[Part]:
    for column in zip(*sample, strict=True):
        chars = "".join(sorted(set(column)))
        yield Literal(text=chars) if len(chars) == 1 else Characters(chars=chars, least=1, most=1, noise=True)


_NOISY = ("uuid", "hexadecimal", "identifier")

_Found = tuple[tuple[object, ...], Callable[[_Seen], None]] | None


def _time(value: str) -> _Found:
    match = _TIME.fullmatch(value)
    if match is None:
        return None
    digits = len(match[4] or "")

    def learn(seen: _Seen) -> None:
        seen.measure(match[1] + match[2] + match[3])
        if len(seen.texts) < 64:
            seen.texts.add(match[5])

    return ("time", match[2], digits, bool(match[5])), learn


def _uuid(value: str) -> _Found:
    if len(value) != 36 or not _UUID.fullmatch(value):
        return None
    return ("uuid", value != value.lower()), lambda _: None


def _address(value: str) -> _Found:
    if _IPV4.fullmatch(value):
        return ("ipv4",), lambda _: None
    if ":" not in value or not 2 <= len(value) <= 39 or not _IPV6.fullmatch(value):
        return None
    before, gap, after = value.partition("::")
    left, right = before.count(":") + bool(before), after.count(":") + bool(after)
    if (left != 8) if not gap else left + right > 7:
        return None
    return ("ipv6", left, right if gap else -1), lambda _: None


def _number(value: str) -> _Found:
    match = _NUMBER.fullmatch(value)
    if match is None:
        return None
    fraction = len(match[3] or "")

    def learn(seen: _Seen) -> None:
        seen.measure(int(match[2]))
        seen.fraction = (min(seen.fraction[0], fraction), max(seen.fraction[1], fraction))

    return ("number", match[1], bool(fraction)), learn


def _hexadecimal(value: str) -> _Found:
    match = _HEX.fullmatch(value)
    if match is None or (not match[1] and len(value) < 6 and not value.isdecimal()):
        return None
    digits = match[2] or match[3]
    kind = "digits" if digits.isdecimal() else "upper" if match[3] else "lower"
    if not value.isascii() or len(digits) > TEXT_LIMIT:
        return None
    return ("hexadecimal", match[1], kind), lambda seen: seen.measure(len(digits))


def _identifier(value: str) -> _Found:
    """Letters, digits, `_` and `-`: where they are no noise, a text."""
    if not _IDENTIFIER.fullmatch(value):
        return None
    return ("identifier", len(value)), lambda seen: seen.text(value, value, "")


def _time_parts(key: tuple[object, ...], seen: _Seen) -> Iterator[Part]:
    digits = key[2] if isinstance(key[2], int) else 0
    yield Time(between=str(key[1]), digits=digits, least=str(seen.least), most=str(seen.most))
    if key[3]:
        yield OneOf(texts=tuple(sorted(seen.texts)))


def _uuid_parts(key: tuple[object, ...], _: _Seen) -> Iterator[Part]:
    for i, length in enumerate((8, 4, 4, 4, 12)):
        if i:
            yield Literal(text="-")
        yield Characters(chars=_UPPER if key[1] else _LOWER, least=length, most=length)


def _ipv4_parts(_: tuple[object, ...], __: _Seen) -> Iterator[Part]:
    for i in range(4):
        if i:
            yield Literal(text=".")
        yield Integer(least=0, most=255)


def _ipv6_parts(key: tuple[object, ...], _: _Seen) -> Iterator[Part]:
    left, right = (int(part) for part in key[1:] if isinstance(part, int))
    yield from _groups(left)
    if right >= 0:
        yield Literal(text="::")
        yield from _groups(right)


def _groups(count: int) -> Iterator[Part]:
    for i in range(count):
        if i:
            yield Literal(text=":")
        yield Characters(chars=_LOWER, least=1, most=4)


def _number_parts(key: tuple[object, ...], seen: _Seen) -> Iterator[Part]:
    if key[1]:
        yield Literal(text="-")
    yield Integer(least=int(seen.least), most=int(seen.most))
    if key[2]:
        yield Literal(text=".")
        yield Characters(chars=_DIGITS, least=seen.fraction[0], most=seen.fraction[1])


def _hexadecimal_parts(key: tuple[object, ...], seen: _Seen) -> Iterator[Part]:
    if key[1]:
        yield Literal(text=str(key[1]))
    chars = {"digits": _DIGITS, "upper": _UPPER, "lower": _LOWER}[str(key[2])]
    yield Characters(chars=chars, least=int(seen.least), most=int(seen.most))


_PARTS: dict[str, Callable[[tuple[object, ...], _Seen], Iterator[Part]]] = {
    "time": _time_parts, "uuid": _uuid_parts, "ipv4": _ipv4_parts, "ipv6": _ipv6_parts,
    "number": _number_parts, "hexadecimal": _hexadecimal_parts,
}  # fmt: skip
