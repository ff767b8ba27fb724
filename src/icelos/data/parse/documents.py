"""Files to documents: what a file is, is seen from its content, and its suffix only breaks ties.

for item in read_documents(Path("runbook.md")):    # Document | Failure, never an exception
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path, PurePosixPath

import msgspec

from icelos.data.parse.fields import Content, Parsed, clean, failed
from icelos.data.parse.limits import MAX_BYTES, Decoded, decode, read_bounded
from icelos.errors import InputError
from icelos.findings import Failure

Parser = Callable[[Content], Iterator[Parsed]]

_PARSERS = {
    "text": "icelos.data.parse.text:text_documents",
    "markdown": "icelos.data.parse.markdown:markdown_documents",
    "html": "icelos.data.parse.html:html_documents",
    "json": "icelos.data.parse.objects:json_documents",
    "yaml": "icelos.data.parse.sigma:yaml_documents",
    "csv": "icelos.data.parse.tables:csv_documents",
    "cwe-xml": "icelos.data.parse.cwe:xml_documents",
}
GROWTH, GROWTH_FREE = 4, 64 * 1024 * 1024
"""Characters of text that one byte of a file may become, beyond the first: repetition can be a bomb."""
_COMPRESSED = {"gz", "gzip", "zst", "zstd"}
_SUFFIXES = {
    "md": "markdown", "markdown": "markdown", "mdx": "markdown",
    "html": "html", "htm": "html", "xhtml": "html",
    "json": "json", "jsonl": "json", "ndjson": "json", "stix": "json",
    "yml": "yaml", "yaml": "yaml",
    "csv": "csv", "tsv": "csv",
}  # fmt: skip
_HTML = re.compile(r"(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html[\s>])", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?-->\s*", re.DOTALL)
_TAGS = re.compile(r"<(?:body|div|p|h[1-6]|table|span|ul|head|title)[\s>]", re.IGNORECASE)
_SIGMA = re.compile(r"^logsource:\s*$.*^detection:\s*$", re.MULTILINE | re.DOTALL)
_KEV = re.compile(r"\"?cveID\"?,\"?vendorProject\"?,")


def read_documents(path: Path, *, name: str | None = None, max_bytes: int = MAX_BYTES) -> Iterator[Parsed]:
    """The documents of one file; a Failure with its reason where it, or one object in it, cannot be read.

    `name` is the logical name of the file, from which ids of documents without an identifier are made
    (default: the file's own). `max_bytes` bounds the file before and after decompression.
    """
    name = name or path.name
    try:
        yield from parse_documents(read_bounded(path, max_bytes), name=name)
    except InputError as error:
        yield failed(name, "", error)


def parse_documents(data: bytes, *, name: str) -> Iterator[Parsed]:
    """The same for the content of a file in memory, already decompressed."""
    count = 0
    try:
        for item in _parsed(data, name):
            count += 1
            yield item
    except InputError as error:
        yield failed(name, "", error, data)
    except Exception as error:  # noqa: BLE001 - one hostile file must not end an indexing run
        yield failed(name, "", error, data)
    else:
        if count == 0:
            yield failed(name, "", "no documents in it", data)


def _parsed(data: bytes, name: str) -> Iterator[Parsed]:
    if not data.strip():
        raise InputError("empty file")
    if b"%PDF-" in data[:1024]:
        from icelos.data.parse.pdf import pdf_documents

        found = pdf_documents(data, name)
        decoded = Decoded("", "", guessed=False)
    else:
        decoded = decode(data)
        content = Content(name, decoded.text, suffix_of(name))
        found = _parser(format_of(content))(content)
    left = GROWTH * len(data) + GROWTH_FREE
    for item in found:
        if isinstance(item, Failure):
            yield item
            continue
        left -= sum(len(s.text) for s in item.sections) + sum(len(r.note) for r in item.relations)
        if left < 0:
            raise InputError(f"its documents are more than {GROWTH} times larger than the file")
        yield _noted(clean(item), decoded)


def _noted(document: Parsed, decoded: Decoded) -> Parsed:
    """Say so where the encoding had to be guessed."""
    if not decoded.guessed or isinstance(document, Failure):
        return document
    noted = {**document.facts, "encoding": f"{decoded.encoding} (guessed: not UTF-8)"}
    return msgspec.structs.replace(document, facts=noted)


def _parser(kind: str) -> Parser:
    module, _, attribute = _PARSERS[kind].partition(":")
    parser: Parser = getattr(import_module(module), attribute)
    return parser


def suffix_of(name: str) -> str:
    """The suffix under a compression's: "md" of "notes.md.gz"."""
    suffixes = [part[1:].lower() for part in PurePosixPath(name).suffixes]
    if suffixes and suffixes[-1] in _COMPRESSED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def format_of(content: Content) -> str:
    """The name of the parser for this content."""
    text, said = content.text, _SUFFIXES.get(content.suffix, "")
    head = text[:4096].lstrip("\ufeff \t\r\n")
    if head[:1] in {"{", "["} and (said == "json" or _is_json(text)):
        return "json"
    if "<Weakness_Catalog" in head:
        return "cwe-xml"
    if _HTML.match(_COMMENT.sub("", head)) or (said == "html" and _TAGS.search(text)):
        return "html"
    if said == "csv" or _KEV.match(head):
        return "csv"
    if said == "yaml" or (not said and _SIGMA.search(text[:20_000])):
        return "yaml"
    return "markdown" if said == "markdown" else "text"


def _is_json(text: str) -> bool:
    """Whether the whole, or the first two lines, are JSON objects."""
    from icelos.data.parse.limits import load_json

    first, _, rest = text.strip().partition("\n")
    candidates = (text,) if not rest.strip() else (first, text)
    for candidate in candidates:
        try:
            value = load_json(candidate)
        except InputError:
            continue
        return isinstance(value, dict) or (
            isinstance(value, list) and bool(value) and isinstance(value[0], dict)
        )
    return False
