"""What a Java project will be built with: Gradle's lock file, and pom.xml as far as it names versions.

https://docs.gradle.org/current/userguide/dependency_locking.html and https://maven.apache.org/pom.html. Maven
has no lock file: versions that come from a parent, from a bill of materials or from other poms are not known.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from icelos.data.parse.listed import MAX_LISTED, Listed, line_of, listed
from icelos.errors import InputError

MAX_DEPTH = 100
_LOCKED = re.compile(r"([^:=\s]+):([^:=\s]+):([^:=\s]+)=")
_PROPERTY = re.compile(r"\$\{([^{}]{1,200})\}")


def gradle_lock(data: bytes) -> Iterator[Listed | InputError]:
    """gradle.lockfile: GROUP:ARTIFACT:VERSION=CONFIGURATIONS a line."""
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines()[:MAX_LISTED], 1):
        if found := _LOCKED.match(line):
            group, artifact, version = found.groups()
            yield listed("maven", artifact, version, namespace=group, line=number, quote=line[:200])


def pom_xml(data: bytes) -> Iterator[Listed | InputError]:
    """The dependencies of pom.xml that have a version there, properties of the same file put in."""
    root = _root(data)
    properties = _properties(root)
    unknown = 0
    for dependency in root.iterfind("dependencies/dependency"):
        group, artifact, version = (
            _PROPERTY.sub(lambda match: properties.get(match[1], match[0]), _text(dependency, name))
            for name in ("groupId", "artifactId", "version")
        )
        if not version or "${" in version or version[:1] in {"[", "("}:
            unknown += 1
            continue
        place = line_of(data, "<dependencies>", f">{artifact}<")
        yield listed(
            "maven", artifact, version, namespace=group, line=place, quote=f"{group}:{artifact}:{version}"
        )
    if unknown:
        yield InputError(f"{unknown} dependencies have no version of their own in it")


def _root(data: bytes) -> Element:
    """The document without namespaces. Raises InputError for broken or hostile XML."""
    depth = 0
    root: Element | None = None
    try:
        for event, element in ElementTree.iterparse(
            io.BytesIO(data), events=("start", "end"), forbid_dtd=True
        ):
            depth += 1 if event == "start" else -1
            if depth > MAX_DEPTH:
                raise InputError(f"XML is nested deeper than {MAX_DEPTH}")
            if event == "start":
                root = element if root is None else root
                element.tag = str(element.tag).rpartition("}")[2]
    except DefusedXmlException as error:
        raise InputError(f"XML with forbidden parts: {type(error).__name__}") from error
    except (ParseError, ValueError, LookupError) as error:
        raise InputError(f"broken XML: {error}") from error
    if root is None or root.tag != "project":
        raise InputError("not a project of Maven")
    return root


def _properties(root: Element) -> Mapping[str, str]:
    """The file's properties, and the project's own version by its usual names."""
    found = {str(item.tag): (item.text or "").strip() for item in root.iterfind("properties/*")}
    version = _text(root, "version") or _text(root, "parent/version")
    group = _text(root, "groupId") or _text(root, "parent/groupId")
    own = {"project.version": version, "project.groupId": group, "version": version}
    own["project.parent.version"] = _text(root, "parent/version")
    return {key: value for key, value in {**own, **found}.items() if value and "${" not in value}


def _text(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()
