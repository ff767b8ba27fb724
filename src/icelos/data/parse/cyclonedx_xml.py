"""CycloneDX in XML, read as it streams by, into the JSON form's names.

https://cyclonedx.org/docs/latest/xml/
Nested components come out flat. DTDs and entities are refused, depth is bounded, and elements are let go of
as soon as they end.
"""

from __future__ import annotations

import io
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import msgspec
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from icelos.data.parse.sbom import MAX_COMPONENTS, Bom
from icelos.errors import InputError

MAX_DEPTH = 256
_FIELDS = frozenset({"name", "version", "purl", "cpe"})


def read_cyclonedx_xml(data: bytes) -> Bom:
    """The document. Raises InputError for broken or hostile XML, and for XML of another kind."""
    reader = _Reader()
    try:
        events = ElementTree.iterparse(io.BytesIO(data), events=("start", "end"), forbid_dtd=True)
        for event, element in events:
            if event == "start":
                reader.start(element)
            else:
                reader.end(element)
    except DefusedXmlException as error:
        raise InputError(f"XML with forbidden parts: {type(error).__name__}") from error
    except (ParseError, ValueError, LookupError) as error:
        raise InputError(f"broken XML: {error}") from error
    return reader.bom()


class _Reader:
    """The open elements, and for each open component what it has said so far."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._elements: list[Element] = []
        self._components: list[dict[str, Any]] = []
        self._parts: list[tuple[str, bytes]] = []
        self._serial = ""
        self._name = ""
        self._count = 0

    def start(self, element: Element) -> None:
        name = _local(element)
        if not self._open:
            if name != "bom":
                raise InputError(f"XML whose root is <{name[:80]}>, not CycloneDX's <bom>")
            self._serial = element.get("serialNumber") or ""
        self._open.append(name)
        self._elements.append(element)
        if len(self._open) > MAX_DEPTH:
            raise InputError(f"XML is nested deeper than {MAX_DEPTH}")
        if name == "component":
            self._components.append({"type": element.get("type") or "library", "name": "", "properties": []})

    def end(self, element: Element) -> None:
        name = self._open.pop()
        self._elements.pop()
        above = self._open[-1] if self._open else ""
        if name == "component":
            self._finish(self._components.pop())
        elif self._components and above == "component" and name in _FIELDS:
            self._components[-1][name] = (element.text or "").strip()
        elif self._components and name == "property" and above == "properties":
            self._property(element)
        element.clear()
        if self._elements:
            self._elements[-1].remove(element)

    def _property(self, element: Element) -> None:
        if self._open[-2:-1] == ["component"]:
            pair = {"name": element.get("name") or "", "value": (element.text or "").strip()}
            self._components[-1]["properties"].append(pair)

    def _finish(self, component: dict[str, Any]) -> None:
        if self._open[-1:] == ["metadata"]:
            place = "metadata.component"
            version = component.get("version", "")
            self._name = f"{component['name']}:{version}" if version else component["name"]
        else:
            place = f"component[{self._count}]"
            self._count += 1
        if self._count <= MAX_COMPONENTS + 1:
            self._parts.append((place, msgspec.json.encode(component)))

    def bom(self) -> Bom:
        """What was read."""
        return Bom("cyclonedx", self._name, self._serial, tuple(self._parts))


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
