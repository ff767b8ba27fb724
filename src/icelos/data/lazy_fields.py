"""The members of a JSON object that are decoded when somebody asks for them.

Most readers of a row need a few of its fields, or none: a dictionary of all of them takes several times as
long as checking that the text is an object.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView

import msgspec

from icelos.errors import InputError

_decode = msgspec.json.Decoder(dict[str, object]).decode


class LazyFields(Mapping[str, object]):
    """A mapping of the members of `text`, which has been found to be a JSON object.

    The first use raises InputError for what checking the syntax does not find: a number that no float can
    hold, or more levels than can be decoded.
    """

    __slots__ = ("_members", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._members: dict[str, object] | None = None

    def _decoded(self) -> dict[str, object]:
        members = self._members
        if members is None:
            try:
                members = self._members = _decode(self.text)
            except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError) as error:
                raise InputError(f"not a JSON object: {error}") from error
        return members

    def __getitem__(self, name: str) -> object:
        return self._decoded()[name]

    def __contains__(self, name: object) -> bool:
        return name in self._decoded()

    def __iter__(self) -> Iterator[str]:
        return iter(self._decoded())

    def __len__(self) -> int:
        return len(self._decoded())

    def keys(self) -> KeysView[str]:
        return self._decoded().keys()

    def values(self) -> ValuesView[object]:
        return self._decoded().values()

    def items(self) -> ItemsView[str, object]:
        return self._decoded().items()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, LazyFields):
            return self.text == other.text or self._decoded() == other._decoded()
        return self._decoded() == other if isinstance(other, Mapping) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # as a dictionary

    def __repr__(self) -> str:
        return f"LazyFields({self.text!r})"

    def __reduce__(self) -> tuple[type[LazyFields], tuple[str]]:
        return LazyFields, (self.text,)


def plain(value: object) -> object:
    """The `enc_hook` of msgspec's encoders for records: lazy fields as a dictionary."""
    if isinstance(value, LazyFields):
        return dict(value)
    raise NotImplementedError(f"cannot encode a {type(value).__name__}")
