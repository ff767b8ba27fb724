"""Who can get at what runs in a target, and with what power, by the configuration of its image.

https://github.com/opencontainers/image-spec/blob/main/config.md
"""

from __future__ import annotations

from collections.abc import Sequence


def listens(exposed_ports: Sequence[str]) -> bool | None:
    """True where ports are exposed; None else, for a program can listen without saying so."""
    return True if exposed_ports else None


def runs_as_root(user: str) -> bool:
    """Whether "user", "uid", "user:group" or "uid:gid" is root, as an image that says nothing is run."""
    name = user.strip().partition(":")[0].strip()
    return name in {"", "root"} or (name.isascii() and name.isdecimal() and int(name) == 0)
