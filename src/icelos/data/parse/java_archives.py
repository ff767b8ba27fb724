"""Packages in Java archives, nested ones too: by Maven's pom.properties, else by manifest and file name.

A jar is a zip (https://docs.oracle.com/en/java/javase/21/docs/specs/jar/jar.html). A shaded jar carries the
pom.properties of everything that was put into it. Bounds: depth, entries, and bytes unpacked over the whole.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator

import msgspec

from icelos.data.parse.listed import Listed, listed
from icelos.data.parse.purls import parse_purl
from icelos.errors import InputError

NAMES = re.compile(r"\.(?:jar|war|ear|par|sar|nar|jpi|hpi|kar|lpkg)$", re.IGNORECASE)
MAX_DEPTH = 5
MAX_ENTRIES = 200_000
MAX_UNPACKED = 1024 * 1024 * 1024
MAX_NESTED = 256 * 1024 * 1024
MAX_TEXT = 1024 * 1024
_POM = re.compile(r"META-INF/maven/[^/]+/[^/]+/pom\.properties")
_NAMED = re.compile(r"(?P<name>[A-Za-z][\w.]*(?:-[A-Za-z][\w.]*)*)-v?(?P<version>\d[\w.+~-]*)")
_GROUP = re.compile(r"(?:com|org|net|io|dev|app|edu|gov|[a-z]{2})(?:\.[\w-]+)+")
_PUBLISHED = (
    ("spring-boot", "org.springframework.boot"), ("spring-security", "org.springframework.security"),
    ("spring-data", "org.springframework.data"), ("spring-cloud", "org.springframework.cloud"),
    ("spring-", "org.springframework"), ("tomcat-embed", "org.apache.tomcat.embed"),
    ("tomcat-", "org.apache.tomcat"), ("kotlin-", "org.jetbrains.kotlin"), ("hibernate-", "org.hibernate"),
)  # fmt: skip
"""Groups of publishers whose jars carry no pom.properties, by how their artifacts begin."""
_LINE = re.compile(r"^\s*(groupId|artifactId|version)\s*[=:]\s*(\S+)\s*$", re.MULTILINE)


class _Room:
    """What one outermost archive may still cost."""

    def __init__(self) -> None:
        self.entries = MAX_ENTRIES
        self.bytes = MAX_UNPACKED


def java_archive(path: str, data: bytes) -> Iterator[Listed | InputError]:
    """The packages of an archive and of those in it. What cannot be read is an InputError in its place."""
    yield from _archive(path.rpartition("/")[2], data, "", 0, _Room())


def _archive(name: str, data: bytes, inner: str, depth: int, room: _Room) -> Iterator[Listed | InputError]:
    """`inner` is the place inside of the outermost archive, "" for that one itself."""
    try:
        room.entries -= data.count(b"PK\x01\x02")  # counted before `zipfile` makes an object of each
        if room.entries < 0:
            raise InputError(f"more than {MAX_ENTRIES:,} entries in one Java archive")
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for item in _own(archive, name, room):
                yield _placed(item, inner)
            for entry in archive.infolist():
                if NAMES.search(entry.filename) and not entry.is_dir():
                    place = f"{inner}!/{entry.filename}" if inner else entry.filename
                    yield from _inside(archive, entry, place, depth + 1, room)
    except InputError as error:
        yield InputError(error.message, source=inner)
    except _zip_errors() as error:
        yield InputError(f"broken Java archive: {' '.join(str(error).split())[:200]}", source=inner)


def _inside(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, place: str, depth: int, room: _Room
) -> Iterator[Listed | InputError]:
    try:
        if depth >= MAX_DEPTH:
            raise InputError(f"archives are nested deeper than {MAX_DEPTH}")
        data = _read(archive, entry, MAX_NESTED, room)
    except InputError as error:
        yield InputError(error.message, source=place[:500])
        return
    yield from _archive(entry.filename.rpartition("/")[2], data, place[:500], depth, room)


def _placed(item: Listed | InputError, inner: str) -> Listed | InputError:
    if isinstance(item, InputError):
        return InputError(item.message, source=inner)
    place = "!/".join(filter(None, (inner, item.inner)))
    return msgspec.structs.replace(item, inner=place)


def _own(archive: zipfile.ZipFile, name: str, room: _Room) -> Iterator[Listed | InputError]:
    """What the archive itself is, and what was put into it without its own archive."""
    poms = [entry for entry in archive.infolist() if _POM.fullmatch(entry.filename)]
    items = [_from_pom(archive, entry, room) for entry in poms]
    yield from items
    found = [parse_purl(item.purl) for item in items if isinstance(item, Listed)]
    own = _from_manifest(archive, name, room)
    if isinstance(own, Listed):
        purl = parse_purl(own.purl)
        if not any(_same(purl.name, one.name) or purl.version == one.version for one in found):
            yield own
    elif not found and not name.lower().endswith((".war", ".ear")):
        yield own  # an application's own archive need not be a package


def _same(one: str, other: str) -> bool:
    return one.replace("_", "-").lower() == other.replace("_", "-").lower()


def _from_pom(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, room: _Room) -> Listed | InputError:
    text = _read(archive, entry, MAX_TEXT, room).decode("utf-8", "replace")
    fields = dict(_LINE.findall(text))
    group, artifact, version = (fields.get(key, "") for key in ("groupId", "artifactId", "version"))
    return _listed(group, artifact, version, entry.filename)


def _from_manifest(archive: zipfile.ZipFile, name: str, room: _Room) -> Listed | InputError:
    """By the manifest and the file's name, as Maven writes it: ARTIFACT-VERSION.jar."""
    fields = _manifest(archive, room)
    stem = NAMES.sub("", name)
    named = _NAMED.fullmatch(stem)
    version = named["version"] if named else ""
    for key in ("Implementation-Version", "Bundle-Version", "Specification-Version"):
        version = version or fields.get(key, "")
    artifact = named["name"] if named else stem
    if not version or not re.match(r"v?\d", version):
        return InputError(f"the Java archive {name[:120]} does not say what package and version it is")
    group = _group(fields, artifact)
    return _listed(group, artifact, version, "META-INF/MANIFEST.MF" if fields else "")


def _group(fields: dict[str, str], artifact: str) -> str:
    """The best guess at Maven's group: a known publisher's, else a name of a domain in the manifest, without
    the artifact at its end.

    Old packages use the artifact's own name (commons-io:commons-io).
    """
    for start, group in _PUBLISHED:
        if artifact.startswith(start):
            return group
    for key in ("Bundle-SymbolicName", "Automatic-Module-Name", "Implementation-Vendor-Id", "Extension-Name"):
        value = fields.get(key, "").partition(";")[0].strip()
        if _GROUP.fullmatch(value):
            last = artifact.replace("-", ".")
            for ending in (artifact, last, last.rpartition(".")[2]):
                if value.endswith(f".{ending}") and value.count(".") > ending.count(".") + 1:
                    return value.removesuffix(f".{ending}")
            return value
    return artifact


def _manifest(archive: zipfile.ZipFile, room: _Room) -> dict[str, str]:
    """The main section of META-INF/MANIFEST.MF; lines that begin with a space go on with the one before."""
    try:
        entry = archive.getinfo("META-INF/MANIFEST.MF")
    except KeyError:
        return {}
    text = _read(archive, entry, MAX_TEXT, room).decode("utf-8", "replace").replace("\r\n", "\n")
    main = text.lstrip("\n").split("\n\n", 1)[0].replace("\n ", "")
    pairs = (line.partition(":") for line in main.split("\n"))
    return {key.strip(): value.strip() for key, _, value in pairs}


def _listed(group: str, artifact: str, version: str, place: str) -> Listed | InputError:
    quote = f"{group}:{artifact}:{version}"
    if not group or "${" in quote:
        return InputError(f"not a package of Maven: {quote[:200]!r}")
    item = listed("maven", artifact, version, namespace=group, quote=quote)
    return msgspec.structs.replace(item, inner=place) if isinstance(item, Listed) else item


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limit: int, room: _Room) -> bytes:
    """One entry, whatever size it claims. Raises InputError."""
    limit = min(limit, room.bytes)
    try:
        with archive.open(entry) as stream:
            data = stream.read(limit + 1)
    except _zip_errors() as error:
        raise InputError(f"broken Java archive: {' '.join(str(error).split())[:200]}") from error
    room.bytes -= len(data)
    if len(data) > limit:
        raise InputError("a Java archive that unpacks to more than the bounds allow")
    return data


def _zip_errors() -> tuple[type[Exception], ...]:
    """What `zipfile` raises for broken, encrypted or unknown content."""
    import lzma
    import struct

    return (
        zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error,
        RuntimeError, NotImplementedError, EOFError, OSError, ValueError, LookupError, OverflowError,
    )  # fmt: skip
