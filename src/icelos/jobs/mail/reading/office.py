"""Office files of the zip kind (ECMA-376): what they are, their text and the links that lead out of them."""

from __future__ import annotations

import re
from html import unescape

from icelos.jobs.mail.reading.archives import Member, zip_member

MAX_XML = 1024 * 1024
MAX_TEXT = 65_536
MAX_LINKS = 200
MAX_IMAGES = 3
_FAMILIES = {"word/": "doc", "xl/": "xls", "ppt/": "ppt"}
_TEXTS = ("word/document.xml", "xl/sharedStrings.xml", "ppt/slides/slide1.xml", "ppt/slides/slide2.xml")
_RELATIONS = (
    "word/_rels/document.xml.rels", "word/_rels/settings.xml.rels", "xl/worksheets/_rels/sheet1.xml.rels",
    "ppt/slides/_rels/slide1.xml.rels", "xl/_rels/workbook.xml.rels",
)  # fmt: skip
_RUN = re.compile(rb"<(?:w:|a:)?t(?: [^<>]{0,200})?>([^<]*+)<|</(?:w|a):p>|</si>|<w:(?:br|tab)/>")
_RELATION = re.compile(rb"<Relationship\s([^<>]{1,5000})>")
_TARGET = re.compile(rb"Target=\"([^\"]{1,4000})\"")


def kind_of_zip(members: list[Member]) -> str:
    """ "docx", "xlsm", "jar", "apk", "odf" or "zip", by the names of what it holds."""
    names = [member.name for member in members]
    for folder, stem in _FAMILIES.items():
        if any(name.startswith(folder) for name in names) and "[Content_Types].xml" in names:
            return stem + ("m" if any(name.endswith("vbaProject.bin") for name in names) else "x")
    if "AndroidManifest.xml" in names:
        return "apk"
    if "META-INF/MANIFEST.MF" in names:
        return "jar"
    return "odf" if "META-INF/manifest.xml" in names and "mimetype" in names else "zip"


def office_text(data: bytes) -> tuple[str, list[str]]:
    """The text and the outward links; empty where there is none, or it is broken."""
    pieces: list[str] = []
    for name in _TEXTS:
        for found in _RUN.finditer(zip_member(data, name, MAX_XML)):
            pieces.append(unescape(found[1].decode("utf-8", "replace")) if found[1] is not None else "\n")
    links: dict[str, None] = {}
    for name in _RELATIONS:
        for relation in _RELATION.findall(zip_member(data, name, MAX_XML))[: 5 * MAX_LINKS]:
            target = _TARGET.search(relation)
            if target and b'TargetMode="External"' in relation and len(links) < MAX_LINKS:
                links[unescape(target[1].decode("utf-8", "replace"))] = None
    return "".join(pieces)[:MAX_TEXT].strip(), list(links)


def office_images(data: bytes, members: list[Member]) -> list[bytes]:
    """The first images of the file."""
    names = [
        member.name for member in members
        if "/media/" in member.name and member.name.lower().endswith((".png", ".jpg", ".jpeg", ".gif"))
    ]  # fmt: skip
    return [zip_member(data, name) for name in names[:MAX_IMAGES]]
