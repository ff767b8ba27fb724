from __future__ import annotations

import pytest

from icelos.jobs.vulns.investigation.conditions import About, conditions_in


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Paths on Windows may hold a drive.", [(About.SYSTEM, "windows", "")]),
        ("Windows systems are affected.", [(About.SYSTEM, "windows", "")]),
        ("Trust is mishandled on Darwin.", [(About.SYSTEM, "macos", "")]),
        ("Clients on Windows and OS X run code.", []),
        ("A flaw on Windows. Unix is not affected.", [(About.SYSTEM, "windows", "")]),
        ("Files leak. They are read. It is so. It is bad. It was shown on Windows.", []),
        (
            "Git runs. It interacts with Windows systems. Linux and any other OS aren't affected.",
            [(About.SYSTEM, "windows", "")],
        ),
        ("Both Linux and code on Windows are affected.", []),
        ("Slow when `chars()` is called with html=True.", [(About.ARGUMENT, "html", "True")]),
        ("A flaw when the keyword argument strip=False.", [(About.ARGUMENT, "strip", "False")]),
        ("Affected unless configured with compression=None.", []),
        ("When DEBUG is True, details leak.", [(About.SETTING, "DEBUG", "True")]),
        ("If `USE_X_HOST` is enabled, links are poisoned.", [(About.SETTING, "USE_X_HOST", "True")]),
        ("It happens with SESSION_ENGINE of files.", [(About.SETTING, "SESSION_ENGINE", "")]),
        ("As a workaround, pass strict=True.", []),
        ("CVE-2020-1 is fixed in 3.1.", []),
    ],
)
def test_conditions_are_read_with_their_values(text: str, found: list[tuple[About, str, str]]) -> None:
    assert [(one.about, one.name, one.value) for one in conditions_in(text)] == found
