"""Injections written by hand (injection_families.toml): tools to be called, data to leave, and a SOC's
sources.

They are measured on as sources of attacks that the training has not seen, and planted in documents.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files

FAMILIES: Mapping[str, tuple[str, ...]] = {
    name: tuple(texts)
    for name, texts in tomllib.loads(
        (files("icelos.evaluate") / "injection_families.toml").read_text("utf-8")
    ).items()
}
TOOLS, EXFILTRATION, SOC = (FAMILIES[name] for name in ("tools", "exfiltration", "soc"))
