"""Version orders beside the families' own tools, over generated pairs: those of dpkg, rpm and npm."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from icelos.jobs.vulns.versions import compare

Pair = tuple[str, str]

DPKG = (
    "use Dpkg::Version;"
    "while (<STDIN>) { chomp; my ($a, $b) = split / /; print version_compare($a, $b), qq{\\n} }"
)
NODE = (
    "const semver = require(process.argv[1]);"
    "for (const line of require('fs').readFileSync(0, 'utf8').trim().split('\\n'))"
    " console.log(semver.compare(...line.split(' ')))"
)
LUA = (
    "%{{lua: for line in io.lines('{path}') do local a, b = line:match('(%S+) (%S+)')"
    " local one, two = rpm.ver(a), rpm.ver(b)"
    " print((one < two and -1 or (one == two and 0 or 1)) .. ' ') end}}"
)


def _numbers(dice: random.Random, least: int = 1, most: int = 4) -> str:
    return ".".join(
        str(dice.choice([0, 1, 2, 9, 10, 11, 20240101])) for _ in range(dice.randint(least, most))
    )


def _deb(dice: random.Random) -> str:
    epoch = dice.choice(["", "", "", "1:", "2:"])
    middle = dice.choice(
        ["", "", "~rc1", "~beta.2", "+dfsg", "+dfsg1", "a", "b.1", "+git20200101", "~~", "+really1.2"]
    )
    revision = dice.choice(["", "-1", "-2", "-10", "-1ubuntu2", "-1+deb11u1", "-1~bpo10+1", "-0"])
    return f"{epoch}{_numbers(dice)}{middle}{revision}"


def _rpm(dice: random.Random) -> str:
    epoch = dice.choice(["", "", "", "0:", "1:"])
    middle = dice.choice(["", "", "~rc1", "^git1", "^20200101", "a", "_1", "+b", "~~", "p1", ".0", "^", "~"])
    release = dice.choice(["1", "2.el8", "10.el8_2", "0.1.rc1.fc33", "3.module+el8.1.0+1", "1^a", "1~a"])
    return f"{epoch}{_numbers(dice)}{middle}-{release}"


def _semver(dice: random.Random) -> str:
    before = dice.choice(
        ["", "", "-rc.1", "-rc.10", "-alpha", "-alpha.beta", "-0", "-beta.2.x", "--a", "-1a"]
    )
    return f"{_numbers(dice, 3, 3)}{before}{dice.choice(['', '', '+build.1'])}"


def _pairs(make: Callable[[random.Random], str], number: int) -> list[Pair]:
    """Pairs of unlike and of nearly like versions."""
    dice = random.Random(20)
    found = []
    for _ in range(number):
        one = make(dice)
        other = make(dice) if dice.random() < 0.6 else one.replace("1", dice.choice(["1", "2", "11"]), 1)
        found.append((one, other))
    return found


def _said(command: list[str], pairs: list[Pair]) -> list[int]:
    """What a tool prints for pairs on its standard input, a line each."""
    text = "".join(f"{one} {other}\n" for one, other in pairs)
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    return [int(line) for line in done.stdout.split()]


def _dpkg(pairs: list[Pair], _: Path) -> list[int]:
    perl = shutil.which("perl")
    if perl is None or subprocess.run([perl, "-MDpkg::Version", "-e", "1"], capture_output=True).returncode:
        pytest.skip("needs Perl with Dpkg::Version (package libdpkg-perl)")
    return _said([perl, "-e", DPKG], pairs)


def _npm(pairs: list[Pair], _: Path) -> list[int]:
    node = shutil.which("node")
    homes = ("/usr/lib/node_modules/npm/node_modules/semver", "/usr/share/nodejs/semver")
    home = next((path for path in homes if Path(path).exists()), None)
    if node is None or home is None:
        pytest.skip("needs node and npm's semver")
    return _said([node, "-e", NODE, home], pairs)


def _rpms(pairs: list[Pair], folder: Path) -> list[int]:
    rpm = shutil.which("rpm")
    if rpm is None:
        pytest.skip("needs rpm")
    path = folder / "pairs"
    path.write_text("".join(f"{one} {other}\n" for one, other in pairs))
    return _said([rpm, "--eval", LUA.format(path=path)], [])


@pytest.mark.parametrize(
    ("ecosystem", "make", "tool"),
    [("Debian", _deb, _dpkg), ("Red Hat", _rpm, _rpms), ("npm", _semver, _npm)],
    ids=["dpkg", "rpm", "npm"],
)
@pytest.mark.parametrize("number", [2_000, pytest.param(50_000, marks=pytest.mark.slow)])
def test_the_tool_says_the_same(
    ecosystem: str, make: Callable[[random.Random], str], tool: Callable[[list[Pair], Path], list[int]],
    number: int, tmp_path: Path,
) -> None:  # fmt: skip
    pairs = _pairs(make, number)
    said = tool(pairs, tmp_path)
    assert len(said) == len(pairs)
    unlike = [
        (one, other, expected)
        for (one, other), expected in zip(pairs, said, strict=True)
        if compare(ecosystem, one, other) != expected
    ]
    assert len(unlike) <= number / 1000, unlike[:10]
