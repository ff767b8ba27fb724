"""Comparisons of versions a second, by family: `python -m benchmarks.versions [FAMILY...]`.

100,000 pairs of generated versions are compared, once with nothing parsed before ("first") and once more
("again"). A peer ran in the same process on the same pairs: `packaging` for PyPI, univers for the rest, which
is what a scanner in Python would call; `dpkg --compare-versions` is started anew for each of 1,000 pairs.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

from packaging.version import Version
from univers import versions as univers

from icelos.jobs.vulns.versions import compare

PAIRS = 100_000
SAMPLE = 20_000
CALLS = 1_000
BAR = 5.0

Pair = tuple[str, str]


class Family(NamedTuple):
    """How to make versions: what may follow the numbers; and who else compares them."""

    tails: tuple[str, ...]
    peer: Callable[[str], Any] | None = None
    heads: tuple[str, ...] = ("",)
    numbers: tuple[int, int] = (2, 4)


_PRE = ("", "", "", "-rc.1", "-alpha", "-beta.2", "-0.20200101")
FAMILIES = {
    "Debian": Family(
        ("-1", "-2", "-1ubuntu2", "+dfsg-1", "~rc1-1", "-1+deb11u1", "-1~bpo10+1", "+git20200101-3"),
        univers.DebianVersion, ("", "", "1:"),
    ),
    "Red Hat": Family(
        ("-1.el8", "-2.el8_2", "~rc1-1", "^git1-3.fc33", "-3.module+el8.1.0+1"),
        univers.RpmVersion, ("", "1:"),
    ),
    "Alpine": Family(
        ("-r0", "-r3", "_rc1-r0", "_p1-r2", "_git20200608-r1", "b-r0"), univers.AlpineLinuxVersion,
    ),
    "PyPI": Family(("", "", "a1", "rc1", ".post1", ".dev3", "+local.1"), Version),
    "npm": Family(_PRE, univers.SemverVersion, numbers=(3, 3)),
    "crates.io": Family(_PRE, univers.SemverVersion, numbers=(3, 3)),
    "Hex": Family(_PRE, univers.SemverVersion, numbers=(3, 3)),
    "Go": Family(_PRE, univers.SemverVersion, numbers=(3, 3)),
    "Pub": Family((*_PRE, "+1"), univers.SemverVersion, numbers=(3, 3)),
    "Maven": Family(
        ("", "", ".Final", "-SNAPSHOT", "-beta-1", ".RELEASE", "-jre", ".v20231009"), univers.MavenVersion,
    ),
    "NuGet": Family(_PRE, univers.NugetVersion, numbers=(3, 4)),
    "RubyGems": Family(("", "", ".rc1", ".pre", ".beta.2"), univers.RubygemsVersion),
    "Packagist": Family(("", "", "-RC1", "-beta2", "-patch1"), univers.ComposerVersion, ("", "v")),
    "CRAN": Family(("", "-1", "-3")),
    "Hackage": Family(("",)),
}  # fmt: skip


def main(names: Iterable[str]) -> None:
    """Print a line for each family."""
    print(f"{'family':10} {'first s':>8} {'again s':>8} {'peer s':>8} {'ratio':>6}  bar {BAR:.0f} s")
    for name in names:
        family = FAMILIES[name]
        pairs = made(family, PAIRS)
        first, again = (_seconds(partial(compare, name), pairs) for _ in range(2))
        peer = _peer(family.peer, pairs)
        print(
            f"{name:10} {first:8.2f} {again:8.2f} {f'{peer:8.2f}' if peer else '       –'} "
            f"{f'{first / peer:6.2f}' if peer else '     –'}  {'met' if first < BAR else 'MISSED'}",
            flush=True,
        )
    if "Debian" in names and (dpkg := shutil.which("dpkg")):
        calls = made(FAMILIES["Debian"], CALLS)
        seconds = _seconds(lambda one, two: _dpkg(dpkg, one, two), calls)
        print(
            f"dpkg --compare-versions: {seconds / CALLS * PAIRS:.0f} s for {PAIRS} calls, by {CALLS} of them"
        )


def made(family: Family, number: int) -> list[Pair]:
    """Pairs, of which some are of nearly like versions."""
    dice = random.Random(11)
    return [(one := _version(family, dice), _near(family, dice, one)) for _ in range(number)]


def _version(family: Family, dice: random.Random) -> str:
    numbers = ".".join(
        str(dice.choice([0, 1, 2, 10, dice.randrange(1000)])) for _ in range(dice.randint(*family.numbers))
    )
    return f"{dice.choice(family.heads)}{numbers}{dice.choice(family.tails)}"


def _near(family: Family, dice: random.Random, one: str) -> str:
    return _version(family, dice) if dice.random() < 0.7 else one.replace("1", "2", 1)


def _seconds(compare: Callable[[str, str], object], pairs: list[Pair]) -> float:
    started = time.perf_counter()
    for one, two in pairs:
        compare(one, two)
    return time.perf_counter() - started


def _peer(make: Callable[[str], Any] | None, pairs: list[Pair]) -> float | None:
    """Seconds of the peer, which parses each version as it comes, by those of a sample that it can read."""
    if make is None:
        return None
    readable = [pair for pair in pairs[:SAMPLE] if _reads(make, pair)]
    if not readable:
        return None
    return _seconds(lambda one, two: make(one) < make(two), readable) * PAIRS / len(readable)


def _reads(make: Callable[[str], Any], pair: Pair) -> bool:
    try:
        make(pair[0]), make(pair[1])
    except Exception:  # noqa: BLE001 - libraries raise many kinds for what they cannot read
        return False
    return True


def _dpkg(program: str, one: str, two: str) -> bool:
    return subprocess.run([program, "--compare-versions", one, "lt", two], check=False).returncode == 0


if __name__ == "__main__":
    main(sys.argv[1:] or list(FAMILIES))
