"""Which distribution package owns a file, by the distribution's own lists.

dpkg keeps PACKAGE.list with a path a line (dpkg(1), "FILES"); images without dpkg have sums of files beside
their status.d instead; apk's database names folders (F:) and the files
in them (R:) after each package.
"""

from __future__ import annotations

from collections.abc import Iterable, Set


def dpkg_owners(lists: Iterable[tuple[str, bytes]], paths: Set[str]) -> dict[str, str]:
    """Owner by path, for those of `paths` that a list names. `lists` are file names and contents."""
    owners: dict[str, str] = {}
    for name, data in lists:
        package = _package_of(name)
        sums = name.endswith(".md5sums")
        for line in data.split(b"\n"):
            listed = line[34:] if sums else line  # 32 digits of the sum and two spaces
            path = listed.decode("utf-8", "replace").strip().removeprefix("./").lstrip("/")
            if path in paths:
                owners.setdefault(path, f"deb:{package}")
    return owners


def _package_of(name: str) -> str:
    """ "libc6" of "var/lib/dpkg/info/libc6:amd64.list"."""
    file = name.rpartition("/")[2]
    return file.removesuffix(".list").removesuffix(".md5sums").partition(":")[0]


def apk_owners(database: bytes, paths: Set[str]) -> dict[str, str]:
    """The same, out of lib/apk/db/installed."""
    owners: dict[str, str] = {}
    package = folder = ""
    for line in database.split(b"\n"):
        kind, value = line[:2], line[2:]
        if kind == b"P:":
            package, folder = value.decode("utf-8", "replace").strip(), ""
        elif kind == b"F:":
            folder = value.decode("utf-8", "replace").strip()
        elif kind == b"R:":
            path = f"{folder}/{value.decode('utf-8', 'replace').strip()}".lstrip("/")
            if path in paths:
                owners.setdefault(path, f"apk:{package}")
    return owners
