"""What each modifier and condition means, case by case; both engines must say so."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from tests.unit.jobs.logs.sigma.running import document, expected, matched, process, snippet

Given = str | int | float | bool | None | dict[str, Any]
Group = tuple[str, list[Given], list[Given]]
"""Detections, rows that are matched, rows that are not: a row is its fields, or the value of the field A."""


def encoded(before: str, text: str, wide: bool = False) -> str:
    return b64encode((before + text).encode("utf-16-le" if wide else "utf-8")).decode()


EQUAL: list[Group] = [
    ("sel:\n  A: whoami", ["whoami", "WHOAMI", "WhoAmI"], ["whoami ", " whoami", "who", "", {}, None]),
    ("sel:\n  A: ''", [""], [" ", "x", {}, None]),
    ("sel:\n  A: [net, net1]", ["net", "NET1"], ["net2", "net,net1", {}]),
    ("sel:\n  A: 4688", [4688, "4688", 4688.0], [468, 46880, "4688a", "0x1250", {}]),
    ("sel:\n  A: '4688'", [4688, "4688"], [4689, "04688"]),
    ("sel:\n  A: 0", [0, "0", 0.0], [1, "", "00", False, {}]),
    ("sel:\n  A: -1", [-1, "-1"], [1, "- 1"]),
    ("sel:\n  A: 1.5", [1.5, "1.5"], [1, 15, "1,5"]),
    ("sel:\n  A: true", [True, "true", "True", 1, "1"], [False, "yes", "", {}]),
    ("sel:\n  A: false", [False, "false", "FALSE", 0], [True, "no", {}]),
    ("sel:\n  A: 'true'", [True, "TRUE"], [1, "yes"]),
    ('sel:\n  A: "it\'s"', ["it's", "IT'S"], ["its", "it''s"]),
    ("sel:\n  A: 'a\"b'", ['a"b'], ["ab", 'a\\"b']),
    ("sel:\n  A: '100%'", ["100%"], ["1000", "100", "100%%"]),
    ("sel:\n  A: a_b", ["a_b", "A_B"], ["axb", "ab"]),
    ("sel:\n  A: 'x; DROP TABLE rows'", ["x; DROP TABLE rows"], ["x"]),
    ("sel:\n  A: '日本'", ["日本"], ["日", "本日"]),
    ("sel:\n  A: 'é'", ["é"], ["É", "e"]),
]
WILDCARDS: list[Group] = [
    ("sel:\n  A: '*'", ["", "x", 0], [{}, None]),
    ("sel:\n  A: 'a*'", ["a", "abc", "A*"], ["ba", "", {}]),
    ("sel:\n  A: '*a'", ["a", "xxA"], ["ab"]),
    ("sel:\n  A: 'a*c'", ["ac", "abc", "aXXXc"], ["acb", "bac"]),
    ("sel:\n  A: 'a?c'", ["abc", "a?c", "A.C"], ["ac", "abbc"]),
    ("sel:\n  A: '??'", ["ab", "  "], ["a", "abc", ""]),
    ("sel:\n  A: 'a\\*c'", ["a*c", "A*C"], ["abc", "a\\*c"]),
    ("sel:\n  A: 'a\\?c'", ["a?c"], ["abc", "ac"]),
    ("sel:\n  A: 'a\\\\*c'", ["a\\c", "a\\bbc"], ["a*c", "ac"]),
    (
        "sel:\n  A: 'C:\\Windows\\\\*'",
        ["C:\\Windows\\", "c:\\windows\\x.exe"],
        ["C:/Windows/x", "C:\\Window"],
    ),
    (
        "sel:\n  A: '*\\Temp\\\\*.exe'",
        ["C:\\Temp\\a.exe", "\\temp\\.EXE"],
        ["C:\\Temp\\a.exe ", "Temp\\a.exe"],
    ),
    ("sel:\n  A: '*%*'", ["50%", "%"], ["50"]),
    ("sel:\n  A: '*_*'", ["a_b"], ["ab", "a-b"]),
    ("sel:\n  A: '*[a]*'", ["x[a]y"], ["xay"]),
    ("sel:\n  A: 'a**b'", ["ab", "axxb"], ["a"]),
    ("sel:\n  A: '\\\\\\\\server\\share'", ["\\\\server\\share"], ["\\server\\share"]),
]
CONTAINS: list[Group] = [
    ("sel:\n  A|contains: -enc", ["powershell -ENC x", "-enc"], ["powershell -e", {}]),
    ("sel:\n  A|contains: [' /c ', ' /k ']", ["cmd /c dir", "cmd /K x"], ["cmd /c", "cmd/c dir"]),
    ("sel:\n  A|contains|all: [net, user, add]", ["net user x /add", "ADD a USER to the NET"], ["net user"]),
    ("sel:\n  A|contains: 'a*z'", ["..a..z..", "az"], ["za"]),
    ("sel:\n  A|contains: '*x*'", ["axb"], ["ab"]),
    ("sel:\n  A|contains: '%tmp%'", ["dir %TMP%"], ["dir tmp", "dir xtmpx"]),
    ("sel:\n  A|contains: '\\\\..\\'", ["a\\..\\b"], ["a/../b", "\\.\\"]),
    ('sel:\n  A|contains: "\'"', ["it's"], ["its"]),
    ("sel:\n  A|contains: 'é'", ["café"], ["cafe", "CAFÉ"]),
    ("sel:\n  A|contains: '12'", [4123, "x12"], [13]),
    ("sel:\n  A|startswith: HKLM\\", ["hklm\\Software", "HKLM\\"], ["\\HKLM\\", "HKLM"]),
    ("sel:\n  A|startswith: [a, b]", ["ab", "ba"], ["ca", ""]),
    ("sel:\n  A|startswith: '_'", ["_x"], ["x_", "ax"]),
    ("sel:\n  A|startswith: 'a?'", ["abc", "ab"], ["a"]),
    ("sel:\n  A|endswith: \\cmd.exe", ["C:\\Windows\\CMD.EXE", "\\cmd.exe"], ["cmd.exe", "\\cmd.exe.mui"]),
    ("sel:\n  A|endswith: ['.ps1', '.vbs']", ["a.PS1", ".vbs"], ["a.ps1 ", "aps1"]),
    ("sel:\n  A|endswith: '%'", ["5%"], ["5"]),
    ("sel:\n  A|endswith|all: [c, bc]", ["abc"], ["ac", "b"]),
    ("sel:\n  A|startswith|all: [a, 'ab']", ["abc"], ["acb"]),
]
CASED: list[Group] = [
    ("sel:\n  A|cased: Abc", ["Abc"], ["abc", "ABC", "Abcd", {}]),
    ("sel:\n  A|contains|cased: IEX", ["a IEX b"], ["a iex b", "Iex"]),
    ("sel:\n  A|startswith|cased: '[a]*'", ["[a]x", "[a]"], ["ax", "[A]x"]),
    ("sel:\n  A|endswith|cased: '?'", ["x", "xy"], [""]),
    ("sel:\n  A|cased: 'a\\*b'", ["a*b"], ["axb", "A*b"]),
    ("sel:\n  A|contains|cased: '\\Temp\\'", ["C:\\Temp\\x"], ["C:\\temp\\x"]),
    ("sel:\n  A|cased|contains: ['X', 'Y']", ["aX", "Yb"], ["ax", "yb"]),
]
REGEX: list[Group] = [
    ("sel:\n  A|re: '^a.c$'", ["abc", "a.c"], ["Abc", "abcd", "ac", {}]),
    ("sel:\n  A|re: 'b+'", ["abbc", "b"], ["ac", "B"]),
    ("sel:\n  A|re|i: 'b+'", ["aBc"], ["ac"]),
    ("sel:\n  A|re: '(?i)iex'", ["IEX"], ["ie x"]),
    ("sel:\n  A|re|m: '^b$'", ["a\nb\nc", "b"], ["ab"]),
    ("sel:\n  A|re: '^b$'", ["b"], ["a\nb\nc"]),
    ("sel:\n  A|re|s: 'a.b'", ["a\nb", "axb"], ["ab"]),
    ("sel:\n  A|re: 'a.b'", ["axb"], ["a\nb"]),
    ("sel:\n  A|re: '\\d{4,}'", ["x1234", 98765], ["123", 12]),
    ('sel:\n  A|re: "it\'s"', ["it's"], ["its"]),
    ("sel:\n  A|re: ['^x', 'y$']", ["xa", "ay"], ["ax", "ya"]),
    ("sel:\n  A|re: '^$'", [""], ["x", {}]),
    ("sel:\n  A|re: '\\\\\\\\.\\\\pipe'", ["\\\\.\\pipe\\x"], ["\\.\\pipe"]),
]
NUMBERS: list[Group] = [
    ("sel:\n  A|lt: 10", [9, "9", -1, 9.9, "9.5"], [10, 11, "100", "", "nine", {}]),
    ("sel:\n  A|lte: 10", [10, "10.0", 2], [10.1, "11"]),
    ("sel:\n  A|gt: 10", [11, "100", 10.5], [10, 9, "9", "x", {}]),
    ("sel:\n  A|gte: 10", [10, "10"], [9, "1"]),
    ("sel:\n  A|gt: -5", [-4, 0], [-5, -6]),
    ("sel:\n  A|gt: 0.5", [1, 0.6], [0.5, 0]),
    ("sel:\n  A|gte: 5\n  B|lt: 7", [{"A": 5, "B": 6}], [{"A": 5}, {"A": 5, "B": 7}, {"B": 6}]),
]
CIDR: list[Group] = [
    ("sel:\n  A|cidr: 10.0.0.0/8", ["10.1.2.3", "10.255.255.255"], ["11.0.0.1", "10.x", "10.", "", {}]),
    (
        "sel:\n  A|cidr: 192.168.1.128/25",
        ["192.168.1.128", "192.168.1.255"],
        ["192.168.1.127", "192.168.10.1"],
    ),
    ("sel:\n  A|cidr: 1.2.3.4/32", ["1.2.3.4"], ["1.2.3.40", "1.2.3.5"]),
    ("sel:\n  A|cidr: ['10.0.0.0/8', '127.0.0.0/8']", ["127.0.0.1", "10.9.9.9"], ["126.0.0.1"]),
    ("sel:\n  A|cidr: 0.0.0.0/0", ["8.8.8.8"], ["::1", "host"]),
    ("sel:\n  A|cidr: 'fe80::/10'", ["fe80::1", "FE80:0:0::2"], ["2001:db8::1", "fe80"]),
    ("sel:\n  A|cidr: '::1/128'", ["::1", "0:0:0:0:0:0:0:1"], ["::2", "127.0.0.1"]),
    ("sel:\n  A|cidr: '2001:db8::/32'", ["2001:db8:1::5"], ["2001:db9::1"]),
]
ABSENT: list[Group] = [
    ("sel:\n  A: null", [{}, None, {"B": 1}], ["", "null", 0]),
    ("sel:\n  A: ['', null]", [{}, "", None], ["x"]),
    ("sel:\n  A|exists: true", ["", "x", 0, False], [{}, None]),
    ("sel:\n  A|exists: false", [{}, None, {"B": "x"}], ["", "x"]),
    ("sel:\n  A: x\n  B: null", ["x", {"A": "x", "B": None}], [{"A": "x", "B": ""}, {"A": "y"}]),
    (
        "sel:\n  A: x\nout:\n  B: y\ncondition: sel and not out",
        ["x", {"A": "x", "B": "z"}],
        [{"A": "x", "B": "Y"}],
    ),
    ("out:\n  A: x\ncondition: not out", ["y", {}, "", None], ["x", "X"]),
    (
        "out:\n  A|contains: x\n  B: y\ncondition: not out",
        [{"A": "x"}, {"B": "y"}, {}],
        [{"A": "ax", "B": "y"}],
    ),
    ("out:\n  A|gt: 5\ncondition: not out", [5, "x", {}], [6]),
    ("out:\n  A|re: x\ncondition: not out", ["a", {}], ["ax"]),
    ("out:\n  A|cidr: 10.0.0.0/8\ncondition: not out", ["x", {}], ["10.0.0.1"]),
]
ENCODED: list[Group] = [
    ("sel:\n  A|base64: whoami", [encoded("", "whoami")], ["whoami", encoded("", "whoami2")]),
    (
        "sel:\n  A|base64offset|contains: 'http://'",
        [encoded(before, "http://example") for before in ("", "x", "xx", "xxx")],
        ["http://", encoded("", "ftp://example")],
    ),
    (
        "sel:\n  A|wide|base64offset|contains: IEX",
        [encoded(before, "IEX (x)", wide=True) for before in ("", "abc", "ab", "a")],
        [encoded("", "IEX (x)"), "IEX"],
    ),
    ("sel:\n  A|utf16|base64offset|contains: x", [b64encode("x".encode("utf-16")).decode()], ["x"]),
    (
        "sel:\n  A|windash|contains: ' -f'",
        ["cmd -f", "cmd /f", "cmd –f", "cmd —F", "cmd ―f"],
        ["cmd f", "cmd +f", "cmd-f"],
    ),
    (
        "sel:\n  A|contains|all|windash: [' -a', ' -b']",
        ["x -a /b", "x /a -b", "x –b —a"],
        ["x -a b", "x /a", {}],
    ),
    ("sel:\n  A|windash: '-x'", ["-x", "/X"], ["x", "--x"]),
]
FIELDS: list[Group] = [
    ("sel:\n  A|fieldref: B", [{"A": "x", "B": "X"}, {"A": 1, "B": "1"}], [{"A": "x"}, {"A": "x", "B": "y"}]),
    (
        "sel:\n  A|fieldref|startswith: B",
        [{"A": "xyz", "B": "XY"}],
        [{"A": "xyz", "B": "yz"}, {"A": "xyz", "B": "%"}],
    ),
    ("sel:\n  A|fieldref|endswith: B", [{"A": "xyz", "B": "yz"}], [{"A": "xyz", "B": "x"}]),
    ("sel:\n  a: x", ["x"], ["y"]),
    ("sel:\n  A: x\n  a|contains: y", [], ["x", "xy"]),
    ("sel:\n  'A.B': x", [{"A": {"B": "x"}}, {"A.B": "x"}], [{"A": "x"}, {"A": {"C": "x"}}]),
    ("sel:\n  'rowid': 1", [{"rowid": 1}], [{}, {"rowid": 2}]),
    ("sel:\n  'select': from", [{"select": "FROM"}], [{"from": "select"}]),
    ("sel:\n  'a \"b\"': x", [{'a "b"': "x"}], [{"a": "x"}]),
    ("sel:\n  'a-b c': x", [{"a-b c": "x"}], [{"a": "x"}]),
]
CONDITIONS: list[Group] = [
    ("sel:\n  A: x\n  B: y", [{"A": "x", "B": "y"}], [{"A": "x"}, {"B": "y"}, {}]),
    ("sel:\n  - A: x\n  - B: y", [{"A": "x"}, {"B": "y"}], [{"A": "y"}, {}]),
    (
        "sel:\n  - A: x\n    B: y\n  - C: z",
        [{"A": "x", "B": "y"}, {"C": "z"}],
        [{"A": "x"}, {"B": "y", "C": "c"}],
    ),
    ("a:\n  A: x\nb:\n  B: y\ncondition: a or b", [{"A": "x"}, {"B": "y"}], [{}, {"A": "y"}]),
    ("a:\n  A: x\nb:\n  B: y\ncondition: a and b", [{"A": "x", "B": "y"}], [{"A": "x"}, {"B": "y"}]),
    (
        "a:\n  A: x\nb:\n  B: y\nc:\n  C: z\ncondition: a and (b or c)",
        [{"A": "x", "B": "y"}, {"A": "x", "C": "z"}],
        [{"A": "x"}, {"B": "y", "C": "z"}],
    ),
    (
        "a:\n  A: x\nb:\n  B: y\nc:\n  C: z\ncondition: a or b and c",
        [{"A": "x"}, {"B": "y", "C": "z"}],
        [{"B": "y"}, {"C": "z"}],
    ),
    (
        "sel_a:\n  A: x\nsel_b:\n  B: y\nother:\n  C: z\ncondition: 1 of sel_*",
        [{"A": "x"}, {"B": "y"}],
        [{"C": "z"}, {}],
    ),
    (
        "sel_a:\n  A: x\nsel_b:\n  B: y\nother:\n  C: z\ncondition: all of sel_*",
        [{"A": "x", "B": "y"}],
        [{"A": "x"}, {"B": "y", "C": "z"}],
    ),
    ("a:\n  A: x\nb:\n  B: y\ncondition: 1 of them", [{"A": "x"}, {"B": "y"}], [{}]),
    ("a:\n  A: x\nb:\n  B: y\ncondition: all of them", [{"A": "x", "B": "y"}], [{"A": "x"}]),
    ("a:\n  A: x\nb:\n  B: y\ncondition: any of them", [{"A": "x"}], [{}]),
    (
        "sel:\n  A: x\nfilter_a:\n  B: y\nfilter_b:\n  C: z\ncondition: sel and not 1 of filter_*",
        ["x", {"A": "x", "B": "n"}],
        [{"A": "x", "B": "y"}, {"A": "x", "C": "z"}, {"B": "n"}],
    ),
    (
        "sel:\n  A: x\nfilter_a:\n  B: y\nfilter_b:\n  C: z\ncondition: sel and not all of filter_*",
        ["x", {"A": "x", "B": "y"}],
        [{"A": "x", "B": "y", "C": "z"}],
    ),
    ("a:\n  A: x\nb:\n  B: y\ncondition: not (a or b)", [{}, {"A": "z"}], [{"A": "x"}, {"B": "y"}]),
    ("a:\n  A: x\ncondition: not not a", ["x"], ["y", {}]),
    ("a:\n  A: x\nb:\n  B: y\ncondition:\n  - a\n  - b", [{"A": "x"}, {"B": "y"}], [{}]),
    ("sel:\n  A|neq: x", ["y", {}, ""], ["x", "X"]),
]
KEYWORDS: list[Group] = [
    ("sel:\n  - mimikatz\n  - sekurlsa", ["run MIMIKATZ", {"Z": "sekurlsa::x"}], ["x", {}]),
    (
        "sel:\n  '|all':\n    - first\n    - second",
        ["First then second", {"B": "first", "C": "second"}],
        ["first"],
    ),
    ("sel:\n  - 'C:\\Temp\\x'", ["run c:\\temp\\X.exe"], ["C:/Temp/x"]),
    ("sel:\n  - 'a*z'", ["..a...z.."], ["bcd"]),
    ("sel:\n  - 31337", [31337, "port 31337"], [3133]),
    ("keywords:\n  - evil\nsel:\n  A: x\ncondition: sel and not keywords", ["x"], [{"A": "x", "B": "Evil"}]),
    ("sel:\n  '|re': 'b[o0]t'", ["a b0t", "bot"], ["bat"]),
]
GROUPS = {
    "equal": EQUAL, "wildcards": WILDCARDS, "contains": CONTAINS, "cased": CASED, "regex": REGEX,
    "numbers": NUMBERS, "cidr": CIDR, "absent": ABSENT, "encoded": ENCODED, "fields": FIELDS,
    "conditions": CONDITIONS, "keywords": KEYWORDS,
}  # fmt: skip
CASES = [
    pytest.param(detections, given, wanted, id=f"{name} {number}: {given!r} {'yes' if wanted else 'no'}")
    for name, groups in GROUPS.items()
    for number, (detections, yes, no) in enumerate(groups, 1)
    for given, wanted in [*((one, True) for one in yes), *((one, False) for one in no)]
]


@pytest.mark.parametrize(("detections", "given", "wanted"), CASES)
def test_a_rule_on_a_row(detections: str, given: Given, wanted: bool) -> None:
    rule = document(snippet(detections))
    row = process(given if isinstance(given, dict) else {"A": given})
    assert matched(rule, [row]) == [wanted]
    assert expected(rule, row) == wanted


def test_there_are_many() -> None:
    assert len(CASES) >= 300
    assert len({case.id for case in CASES}) == len(CASES)


@pytest.mark.parametrize(
    ("modifier", "time", "wanted"),
    [
        ("minute: 5", "2025-01-06T03:05:00Z", True),
        ("minute: 6", "2025-01-06T03:05:00Z", False),
        ("hour: 3", "2025-01-06T03:05:00Z", True),
        ("hour: 3", "2025-01-06T04:05:00Z", False),
        ("hour: 3", "soon", False),
        ("day: 6", "2025-01-06T03:05:00Z", True),
        ("month: 1", "2025-01-06 03:05:00", True),
        ("year: 2025", "2025-01-06 03:05:00", True),
        ("year: 2025", "2024-12-31 23:59:59", False),
    ],
)
def test_parts_of_times(modifier: str, time: str, wanted: bool) -> None:
    assert matched(document(snippet(f"sel:\n  UtcTime|{modifier}")), [process({"UtcTime": time})]) == [wanted]
