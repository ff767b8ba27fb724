"""What CSS makes of an element, as far as that tells whether its text is seen.

Style attributes are read, and style sheets' rules for one tag, class or id. Rules that depend on where an
element stands are not: where those paint, nobody here knows the ground, and colours say nothing. A rule for
small screens is none for the reader. Everything is linear in the size of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

Rgb = tuple[int, int, int]
Declarations = dict[str, tuple[str, bool]]
"""Property to value and whether that is !important."""

MAX_SHEET = 262_144
MAX_RULES = 2000
MAX_STYLE = 4096
MAX_CLASSES = 20
TOO_SMALL = 2.0
"""Pixels of a font up to which nobody reads."""
TOO_FAINT = 1.2
"""Contrast (WCAG 2, from 1 to 21) up to which nobody reads."""
FAR_OFF = 300.0
"""Pixels off the page."""

WHITE, BLACK, LINK = (255, 255, 255), (0, 0, 0), (0, 0, 238)

_LOOKED_AT = frozenset([
    "display", "visibility", "opacity", "font-size", "font", "color", "background", "background-color",
    "background-image", "mso-hide", "height", "width", "max-height", "max-width", "overflow", "position",
    "left", "top", "right", "bottom", "text-indent", "margin-left", "margin-top", "clip", "clip-path",
    "transform", "zoom", "unicode-bidi", "direction", "content-visibility", "-webkit-text-fill-color",
])  # fmt: skip


class Look(NamedTuple):
    """How an element's text looks, handed down to what it holds.

    `gone` says that nothing in it is drawn; what is only unseen, small or faint, a child may show again.
    `ground` is None where it is an image or not known. `turned`: drawn from right to left.
    """

    gone: bool = False
    unseen: bool = False
    size: float = 16.0
    colour: Rgb = BLACK
    ground: Rgb | None = WHITE
    turned: bool = False
    hidden: bool = False
    """Whether text is not seen, for any of these."""


class Sheet:
    """The rules of a mail's style sheets that can be told for an element alone."""

    def __init__(self) -> None:
        self._rules: dict[str, list[tuple[tuple[int, int], Declarations]]] = {}
        self._count = 0
        self.unsure = False

    def __bool__(self) -> bool:
        return self._count > 0

    def add(self, css: str) -> None:
        """Take in the content of a style element."""
        for selectors, body in _rules(css[:MAX_SHEET]):
            found = declarations(body)
            if not found:
                continue
            for selector in selectors.lower().split(",")[:50]:
                self._add(selector.strip(), found)

    def _add(self, selector: str, found: Declarations) -> None:
        if self._count >= MAX_RULES:
            return
        simple = _SIMPLE.fullmatch(selector)
        if simple is None:
            self.unsure = self.unsure or any("background" in name for name in found)
            return
        self._count += 1
        weight = (selector.count("#") * 100 + selector.count(".") * 10 + bool(simple[1]), self._count)
        self._rules.setdefault(selector.removeprefix("*") or "*", []).append((weight, found))

    def declared(self, name: str, given: Mapping[str, str]) -> Declarations:
        """What the rules say of an element, the more special ones over others."""
        found = [rule for key in _keys(name, given) for rule in self._rules.get(key, ())]
        if not found:
            return {}
        found.sort(key=lambda rule: rule[0])
        together: Declarations = {}
        for _, declared in found:
            merge(together, declared)
        return together


_SIMPLE = re.compile(r"(\*|[a-z][a-z0-9]{0,20})?(?:[.#][\w-]{1,100})?")


def _keys(name: str, given: Mapping[str, str]) -> Iterator[str]:
    yield "*"
    yield name
    for sign, value in ((".", given.get("class")), ("#", given.get("id"))):
        for word in (value or "").lower().split()[:MAX_CLASSES]:
            yield sign + word
            yield name + sign + word


def _rules(css: str) -> Iterator[tuple[str, str]]:
    """(selectors, declarations); what a media query holds back from large screens is passed over."""
    css = _uncommented(css)
    position = 0
    while (begins := css.find("{", position)) >= 0:
        head = css[position:begins].rpartition(";")[2].rpartition("}")[2].strip()
        if head.startswith("@"):
            inside = begins + 1
            position = inside if _SCREENS.fullmatch(head.lower()) else _end_of_block(css, inside)
            continue
        ends = css.find("}", begins)
        ends = len(css) if ends < 0 else ends
        yield head, css[begins + 1 : ends]
        position = ends + 1


_SCREENS = re.compile(r"@media\s+(?:only\s+)?(?:all|screen)\s*|@(?:layer|supports)\b.{0,200}", re.DOTALL)


def _uncommented(css: str) -> str:
    found: list[str] = []
    position = 0
    while (begins := css.find("/*", position)) >= 0:
        found.append(css[position:begins])
        ends = css.find("*/", begins + 2)
        position = len(css) if ends < 0 else ends + 2
    found.append(css[position:])
    return "".join(found).replace("<!--", " ").replace("-->", " ")


def _end_of_block(css: str, position: int) -> int:
    depth = 1
    for found in _BRACE.finditer(css, position):
        depth += 1 if found.group() == "{" else -1
        if depth == 0:
            return found.end()
    return len(css)


_BRACE = re.compile("[{}]")


def declarations(style: str) -> Declarations:
    """The properties of a style attribute or rule that are looked at here; the last of each counts."""
    found: Declarations = {}
    if "/*" in style:
        style = _uncommented(style)
    for piece in style[:MAX_STYLE].split(";"):
        name, colon, value = piece.partition(":")
        name = name.strip().lower()
        if colon and name in _LOOKED_AT:
            value, mark, _ = value.strip().lower().partition("!")
            merge(found, {name: (value.strip(), bool(mark))})
    return found


def merge(into: Declarations, other: Declarations) -> None:
    """Later declarations over earlier ones, unless those are more important."""
    for name, (value, important) in other.items():
        if important or name not in into or not into[name][1]:
            into[name] = (value, important)


# ---- one element


def looked(outer: Look, given: Mapping[str, str], declared: Declarations, *, sure: bool) -> Look:
    """The look of an element within `outer`, by its attributes and what is declared of it."""
    style = {name: value for name, (value, _) in declared.items()}
    ground = _ground(outer.ground, given, style)
    colour = _colour(outer.colour, given, style)
    size = _size(outer.size, style)
    unseen = _is_unseen(outer.unseen, style.get("visibility"))
    gone = outer.gone or "hidden" in given or (not _HIDING.isdisjoint(style) and _is_gone(style))
    faint = colour is None or (ground is not None and sure and _contrast(colour, ground) <= TOO_FAINT)
    return Look(
        gone=gone,
        unseen=unseen,
        size=size,
        colour=colour or ground or WHITE,
        ground=ground,
        turned=_is_turned(outer.turned, given, style),
        hidden=gone or unseen or size <= TOO_SMALL or faint,
    )


_HIDING = frozenset([
    "display", "mso-hide", "content-visibility", "zoom", "opacity", "overflow", "clip", "clip-path",
    "transform", "text-indent", "margin-left", "margin-top", "position",
])  # fmt: skip
"""Properties of which one must be there for an element to be gone."""


def _is_unseen(outer: bool, visibility: str | None) -> bool:
    return visibility in {"hidden", "collapse"} if visibility else outer


def _is_turned(outer: bool, given: Mapping[str, str], style: Mapping[str, str]) -> bool:
    if "override" in style.get("unicode-bidi", ""):
        return style.get("direction", given.get("dir", "")) == "rtl"
    return outer


def _is_gone(style: Mapping[str, str]) -> bool:
    if style.get("display") == "none" or style.get("mso-hide") == "all":
        return True
    if style.get("content-visibility") == "hidden" or _pixels(style.get("zoom")) == 0.0:
        return True
    opacity = _number(style.get("opacity"))
    return (opacity is not None and opacity <= 0.05) or _is_clipped(style) or _is_off(style)


_FLAT = re.compile(r"scale[xy]?\(\s*0(?:\.0+)?\s*[,)]")
_CUT = re.compile(r"rect\(\s*0|rect\(\s*1px[,\s]+1px|inset\(\s*(?:100|50)%|circle\(\s*0")


def _is_clipped(style: Mapping[str, str]) -> bool:
    if "overflow" in style and style["overflow"] != "visible":
        for name in ("height", "width", "max-height", "max-width"):
            size = _pixels(style.get(name))
            if size is not None and size <= 1.0:
                return True
    return bool(
        _CUT.search(style.get("clip", "") + style.get("clip-path", ""))
        or _FLAT.search(style.get("transform", ""))
    )


def _is_off(style: Mapping[str, str]) -> bool:
    names = ["text-indent", "margin-left", "margin-top"]
    if style.get("position") in {"absolute", "fixed", "relative"}:
        names += ["left", "top", "right", "bottom"]
    return any((size := _pixels(style.get(name))) is not None and size <= -FAR_OFF for name in names)


_NUMBER = re.compile(r"-?\d{0,9}\.?\d{1,9}")
_LENGTH = re.compile(r"(-?\d{0,9}\.?\d{1,9})\s*(px|pt|r?em|ex|%|vw|vh|cm|mm|in|)(?![\w%])")
_UNITS = {
    "pt": 1.33,
    "em": 16.0,
    "rem": 16.0,
    "ex": 8.0,
    "%": 0.16,
    "vw": 8.0,
    "vh": 8.0,
    "cm": 38,
    "mm": 3.8,
    "in": 96,
}


def _number(value: str | None) -> float | None:
    found = _NUMBER.match(value) if value else None
    if found is None:
        return None
    return float(found.group()) / (100.0 if value and "%" in value else 1.0)


def _pixels(value: str | None) -> float | None:
    found = _LENGTH.match(value) if value else None
    return float(found[1]) * _UNITS.get(found[2], 1.0) if found else None


def _size(outer: float, style: Mapping[str, str]) -> float:
    """The font's size in pixels; em and % are of the element around."""
    value = style.get("font-size")
    if value is None and "font" in style:
        found = re.search(r"(?<![\w.])\d{0,4}\.?\d{1,4}(?:px|pt|em|rem|%)", style["font"])
        value = found.group() if found else None
    found = _LENGTH.match(value) if value else None
    if found is None:
        return outer
    number = float(found[1])
    if found[2] in {"em", "%"}:
        return outer * number / (100.0 if found[2] == "%" else 1.0)
    return number * _UNITS.get(found[2], 1.0)


# ---- colours


def _ground(outer: Rgb | None, given: Mapping[str, str], style: Mapping[str, str]) -> Rgb | None:
    """The colour behind the text. A picture hides it; a transparent one shows what is below."""
    if given.get("background") or "url(" in style.get("background-image", ""):
        return None
    painted = outer
    if given.get("bgcolor"):
        painted = colour(given["bgcolor"]) or outer
    for name in ("background", "background-color"):
        value = style.get(name)
        if value is None or value in {"transparent", "none", "inherit", "initial"}:
            continue
        if "url(" in value or "gradient" in value:
            return None
        painted = next((found for word in _words(value) if (found := colour(word))), painted)
    return painted


def _colour(outer: Rgb, given: Mapping[str, str], style: Mapping[str, str]) -> Rgb | None:
    """The colour of the text, None where that is transparent."""
    value = (
        style.get("-webkit-text-fill-color") or style.get("color") or given.get("color") or given.get("text")
    )
    if not value:
        return outer
    if value == "transparent" or _CLEAR.fullmatch(value):
        return None
    return colour(value) or outer


_NOUGHT = r"\s*(?:0|0?\.0|0?\.0[0-4]\d{0,9})%?\s*\)"
_CLEAR = re.compile(
    r"(?:rgba|hsla)\((?:[^,()]{1,15},){3}" + _NOUGHT + r"|(?:rgb|hsl)a?\([^()/]{1,50}/" + _NOUGHT
    + r"|#[0-9a-f]{6}00|#[0-9a-f]{3}0"
)  # fmt: skip
_PARTS = re.compile(r"[a-z]+\([^)]{0,80}\)|[^\s]{1,80}")


def _words(value: str) -> Iterable[str]:
    return _PARTS.findall(value[:400])


_NAMED = {
    "white": WHITE, "black": BLACK, "red": (255, 0, 0), "green": (0, 128, 0), "blue": (0, 0, 255),
    "yellow": (255, 255, 0), "gray": (128, 128, 128), "grey": (128, 128, 128), "silver": (192, 192, 192),
    "navy": (0, 0, 128), "orange": (255, 165, 0), "purple": (128, 0, 128), "maroon": (128, 0, 0),
    "teal": (0, 128, 128), "aqua": (0, 255, 255), "cyan": (0, 255, 255), "lime": (0, 255, 0),
    "olive": (128, 128, 0), "fuchsia": (255, 0, 255), "magenta": (255, 0, 255), "snow": (255, 250, 250),
    "ivory": (255, 255, 240), "whitesmoke": (245, 245, 245), "ghostwhite": (248, 248, 255),
    "floralwhite": (255, 250, 240), "azure": (240, 255, 255), "mintcream": (245, 255, 250),
    "lightgray": (211, 211, 211), "lightgrey": (211, 211, 211), "darkgray": (169, 169, 169),
    "dimgray": (105, 105, 105), "windowtext": BLACK, "window": WHITE,
}  # fmt: skip
_HEX = re.compile(r"#?([0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})")
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})(?:\.\d+)?%?[\s,]+(\d{1,3})(?:\.\d+)?%?[\s,]+(\d{1,3})")


def colour(value: str) -> Rgb | None:
    """A colour as red, green and blue, each from 0 to 255; None where it is written in no known way."""
    value = value[:100].strip().lower()
    if value in _NAMED:
        return _NAMED[value]
    if found := _HEX.fullmatch(value):
        digits = found[1] if len(found[1]) >= 6 else "".join(2 * digit for digit in found[1])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)
    if parts := _RGB.match(value):
        scale = 2.55 if "%" in value else 1.0
        red, green, blue = (min(255, round(int(part) * scale)) for part in parts.groups())
        return red, green, blue
    return None


def _contrast(one: Rgb, other: Rgb) -> float:
    """The contrast of WCAG 2: 1 for the same colour, 21 for black on white."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(rgb: Rgb) -> float:
    return _LIGHT[rgb[0]] * 0.2126 + _LIGHT[rgb[1]] * 0.7152 + _LIGHT[rgb[2]] * 0.0722


_LIGHT = [n / 255 / 12.92 if n <= 10 else ((n / 255 + 0.055) / 1.055) ** 2.4 for n in range(256)]
