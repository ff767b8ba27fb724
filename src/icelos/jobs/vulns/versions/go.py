"""When a version of a Go module tells nothing of its place among the releases of that module.

https://go.dev/ref/mod#pseudo-versions and https://go.dev/ref/mod#major-version-suffixes. Scanners take
strings in a program for the version of its own module, which they are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_SUFFIX = re.compile(r"/v([2-9]|[1-9]\d+)$")
_MAJOR = re.compile(r"v?(\d+)\.")
_PSEUDO = re.compile(r"v?(.+[-.]\d{14})-([0-9a-f]{12})(?:\+incompatible)?")
_UNTAGGED = "0.0.0-"


def doubt(module: str, version: str, bounds: Iterable[str]) -> str:
    """Why `version` cannot be compared with these bounds of a range, in words; "" where it can be.

    A version whose major number is not that of the module's path is not one of this module. Of two commits of
    one second, the order of their hashes says nothing.
    """
    suffix, major = _SUFFIX.search(module), _MAJOR.match(version)
    untagged = version.removeprefix("v").startswith(_UNTAGGED)
    if suffix and major and major[1] != suffix[1] and not untagged:
        return f"{version} cannot be a version of {module}, whose versions begin with v{suffix[1]}"
    found = _PSEUDO.fullmatch(version)
    if found is None:
        return ""
    for bound in bounds:
        other = _PSEUDO.fullmatch(bound)
        if other and other[1] == found[1] and other[2] != found[2]:
            return f"{version} and {bound} are commits of one second, and their order is not known"
    return ""
