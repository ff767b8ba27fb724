"""What a binary was compiled with: position independence, RELRO, stack protector, FORTIFY, NX."""

from __future__ import annotations

import io
from typing import Any

from elftools.common.exceptions import ELFError
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from icelos.findings import Evidence, How
from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.observations import Observation

MAX_BINARY = 64 * 1024 * 1024
MAX_SYMBOLS = 200_000
_NOW = 0x8
_NOW_1 = 0x1
_PF_X = 0x1


def hardening(case: Case, path: str) -> Observation:
    """The protections of one ELF file of the target. Raises InputError where there is no such file."""
    data = case.target.tree.read(path, MAX_BINARY + 1)
    if len(data) > MAX_BINARY:
        return Observation("hardening", {"path": path}, "", open=f"larger than {MAX_BINARY >> 20} MiB")
    try:
        facts = protections(data)
    except (
        ELFError,
        ValueError,
        KeyError,
        IndexError,
        OverflowError,
        UnicodeError,
        AttributeError,
        TypeError,
    ) as error:
        return Observation("hardening", {"path": path}, "", open=f"not a readable ELF file: {error}")
    says = ", ".join(f"{name} {value}" for name, value in facts.items())
    return Observation("hardening", {"path": path}, says, (Evidence(says, path, How.TOOL),))


def protections(data: bytes) -> dict[str, str]:
    """Facts by name, as checksec tells them: PIE, RELRO, NX, stack protector, FORTIFY.

    Raises ELFError for what is no ELF file.
    """
    file: Any = ELFFile(io.BytesIO(data))
    segments = list(file.iter_segments())
    kinds = {segment["p_type"] for segment in segments}
    tags: dict[str, Any] = {}
    names: set[str] = set()
    for section in file.iter_sections():
        if isinstance(section, DynamicSection):
            tags |= {tag.entry.d_tag: tag.entry.d_val for tag in section.iter_tags()}
        elif isinstance(section, SymbolTableSection):
            for number, symbol in enumerate(section.iter_symbols()):
                if number > MAX_SYMBOLS:
                    break
                names.add(symbol.name)
    now = (
        "DT_BIND_NOW" in tags
        or bool(tags.get("DT_FLAGS", 0) & _NOW)
        or bool(tags.get("DT_FLAGS_1", 0) & _NOW_1)
    )
    stack = next((segment for segment in segments if segment["p_type"] == "PT_GNU_STACK"), None)
    shared = file["e_type"] == "ET_DYN"
    return {
        "PIE": "yes" if shared else "no",
        "RELRO": "no" if "PT_GNU_RELRO" not in kinds else "full" if now else "partial",
        "NX": "yes" if stack is not None and not stack["p_flags"] & _PF_X else "no",
        "stack protector": "yes" if names & {"__stack_chk_fail", "__stack_chk_guard"} else "not seen",
        "FORTIFY": "yes"
        if any(n.startswith("__") and n.endswith("_chk") and n != "__stack_chk" for n in names)
        else "not seen",
    }
