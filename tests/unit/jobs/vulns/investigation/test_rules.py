"""Small applications of one package each, and what follows for a flaw in it, without a model."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from icelos.jobs.vulns.fixes.fixes import Fix
from icelos.jobs.vulns.investigation.conclusion import Conclusion
from icelos.jobs.vulns.verdicts import Label

Judge = Callable[..., Conclusion]
MAIN, KIT = "app/main.py", "site-packages/kit/__init__.py"
DEEP = "def convert(text):\n    return _parse(text)\n\n\ndef _parse(text):\n    return eval(text)\n"
TAKING = DEEP.replace("convert(text)", "convert(text, f=None)")
TEXT = "`kit._parse` runs what a document says."


def test_own_values_alone_are_no_attack(judge: Judge) -> None:
    found = judge({KIT: DEEP, MAIN: "import kit\nprint(kit.convert('1 + 1'))\n"}, TEXT)
    assert found.label is Label.CODE_NOT_REACHABLE
    assert "given values of the source" in found.why


@pytest.mark.parametrize(
    ("app", "kit"),
    [
        ("import sys, kit\nkit.convert(sys.argv[1])\n", DEEP),
        ("import kit\nkit.convert(open('/var/spool/in.txt').read())\n", DEEP),
        ("import kit\nkit.convert('/var/spool/in')\n", DEEP),
        ("import kit\nkit.convert('https://example.com/x')\n", DEEP),
        ("import kit\nkit.convert('1')\n", "import socket\n" + DEEP),
        ("import kit\nkit.hook = print\nkit.convert('1')\n", DEEP),
        ("import kit\ndef own(): return input()\nkit.convert('1', own)\n", TAKING),
        ("import kit\nclass Own(kit.Base): ...\nkit.convert('1')\n", DEEP + "class Base: ...\n"),
    ],
)  # fmt: skip
def test_what_may_come_from_elsewhere_is_an_attack(judge: Judge, app: str, kit: str) -> None:
    assert judge({KIT: kit, MAIN: app}, TEXT).label is Label.VULNERABLE


def test_one_of_a_fixed_set_is_a_mitigating_control(judge: Judge) -> None:
    app = "import sys, kit\nFORMS = {'a': '1', 'b': '2'}\nprint(kit.load(FORMS[sys.argv[1]]))\n"
    assert judge({MAIN: app}).label is Label.PROTECTED_BY_MITIGATING_CONTROL
    checked = (
        "import sys, kit\nFORMS = ('a', 'b')\n\n\ndef main():\n    form = sys.argv[1]\n"
        "    if form not in FORMS:\n        return\n    kit.load(form)\n\n\nmain()\n"
    )
    assert judge({MAIN: checked}).label is Label.PROTECTED_BY_MITIGATING_CONTROL
    unchecked = checked.replace("        return\n", "        print('odd')\n")
    assert judge({MAIN: unchecked}).label is Label.VULNERABLE


OPTIONAL = (
    "try:\n    import absent\nexcept ImportError:\n    absent = None\n\n\n"
    "def load(text):\n    assert absent is not None, 'install absent'\n    return absent.parse(text)\n"
)


def test_an_optional_package_that_is_missing(judge: Judge) -> None:
    found = judge({KIT: OPTIONAL})
    assert (found.label, "absent" in found.why) == (Label.REQUIRES_DEPENDENCY, True)


def test_an_optional_package_that_is_there_or_not_needed(judge: Judge) -> None:
    assert judge({KIT: OPTIONAL, "site-packages/absent.py": ""}).label is Label.VULNERABLE
    other = OPTIONAL.replace("    assert absent is not None, 'install absent'\n", "")
    assert judge({KIT: other, "site-packages/absent.py": ""}).label is Label.VULNERABLE


def test_a_package_with_another_way_is_not_needed(judge: Judge) -> None:
    other = OPTIONAL.replace(
        "    assert absent is not None, 'install absent'\n", "    if absent is None: return eval(text)\n"
    )
    assert judge({KIT: other}).label is Label.VULNERABLE  # fmt: skip


GATED = (
    "class Strip:\n    def process(self, text):\n        return eval(text)\n\n\n"
    "def load(text, **options):\n    found = []\n    if options.get('strip_notes'):\n"
    "        found.append(Strip())\n"
    "    for one in found:\n        text = one.process(text)\n    return text\n"
)
GATED_TEXT = "`kit.Strip.process` runs what a document says."


def test_an_option_that_nothing_sets(judge: Judge) -> None:
    found = judge({KIT: GATED}, GATED_TEXT)
    assert (found.label, "strip_notes" in found.why) == (Label.REQUIRES_CONFIGURATION, True)


@pytest.mark.parametrize("given", ["strip_notes=True", "**{'strip_notes': 1}"])
def test_an_option_that_is_named_anywhere(judge: Judge, given: str) -> None:
    app = f"import sys, kit\nprint(kit.load(sys.argv[1], {given}))\n"
    assert judge({KIT: GATED, MAIN: app}, GATED_TEXT).label is Label.VULNERABLE


def test_a_class_below_that_is_made_without_the_option(judge: Judge) -> None:
    below = GATED.replace("    for one in found", "    found.append(Other())\n    for one in found")
    below = below.replace("def load(", "class Other(Strip):\n    pass\n\n\ndef load(")
    assert judge({KIT: below}, GATED_TEXT).label is Label.VULNERABLE


def test_an_option_that_another_package_sets(judge: Judge) -> None:
    other = {"site-packages/idle/__init__.py": "OPTIONS = {'strip_notes': True}\n"}
    assert judge({KIT: GATED, **other}, GATED_TEXT).label is Label.VULNERABLE


def test_a_condition_on_an_option_of_the_package(judge: Judge) -> None:
    kit = "def load(text, follow_links=False):\n    return eval(text)\n"
    text = "`kit.load` reads files. When 'follow_links' is set to True, nothing is checked."
    assert judge({KIT: kit}, text).label is Label.REQUIRES_CONFIGURATION
    app = "import sys, kit\nprint(kit.load(sys.argv[1], follow_links=True))\n"
    assert judge({KIT: kit, MAIN: app}, text).label is Label.VULNERABLE


VISITOR = (
    "import ast\n\n\nclass Check(ast.NodeVisitor):\n    def visit_Name(self, node):\n"
    "        return eval(node.id)\n\n\n"
    "def load(text):\n    return Check().visit(ast.parse(text))\n"
)


def test_a_base_of_the_standard_library_calls_by_its_own_rules(judge: Judge) -> None:
    assert judge({KIT: VISITOR}, "`kit.Check.visit_Name` runs names.").label is not Label.CODE_NOT_REACHABLE


TABLE = (
    "def _old(text):\n    return eval(text)\n\n\ndef _new(text):\n    return text\n\n\n"
    "READERS = {'old-form': _old, 'new-form': _new}\n\n\n"
    "def load(text, form='new-form'):\n    return READERS[form](text)\n"
)


def test_a_function_in_a_table_is_used_by_its_key(judge: Judge) -> None:
    app = "import sys, kit\nprint(kit.load(sys.argv[1], 'old-form'))\n"
    text = "`kit._old` runs what a document says."
    assert judge({KIT: TABLE, MAIN: app}, text).label is not Label.CODE_NOT_REACHABLE


FILTERS = (
    "import kit_registry as register\n\n\n@register.filter\ndef shout(text):\n    return eval(text)\n\n\n"
    "def load(text):\n    return text\n"
)
FILTER_TEXT = "`kit.shout` runs what a document says."


def test_filters_are_called_by_templates(judge: Judge) -> None:
    page = {KIT: FILTERS, "app/page.html": "<p>{{ name|shout }}</p>\n"}
    assert judge(page, FILTER_TEXT).label is Label.VULNERABLE


SERVER = {
    KIT: "def load(text):\n    return text\n",
    "site-packages/kit/server.py": (
        "from kit.parser import parse\n\n\nclass Request:\n    @property\n    def payload(self):\n"
        "        return parse(self)\n"
    ),
    "site-packages/kit/parser.py": "def parse(request):\n    return eval(request)\n",
}
VIEW = "import kit\n\n\ndef view(request):\n    return kit.load(request.{})\n"


def test_objects_that_a_server_hands_in(judge: Judge) -> None:
    text = "`kit.parser.parse` runs what a request says."
    found = judge({**SERVER, MAIN: VIEW.format("payload")}, text)
    assert (found.label, ".payload" in found.why) == (Label.VULNERABLE, True)
    assert judge({**SERVER, MAIN: VIEW.format("address")}, text).label is not Label.VULNERABLE


def test_settings_name_what_is_loaded(judge: Judge) -> None:
    kit = {
        KIT: "import importlib\n\n\ndef load(name):\n    return importlib.import_module(name)\n",
        "site-packages/kit/guard.py": (
            "class Guard:\n    def process(self, text):\n        return check(text)\n\n\n"
            "def check(text):\n    return eval(text)\n"
        ),
    }
    app = "import kit\nGUARDS = ['kit.guard.Guard']\n\n\ndef main():\n    kit.load(GUARDS[0])\n\n\nmain()\n"
    text = "`kit.guard.check` runs what a document says."
    assert judge({**kit, MAIN: app}, text).label is Label.VULNERABLE


MIXED = (
    "def load(text):\n    return text\n\n\n"
    "def prepare(text):\n    return eval(text)\n\n\nTABLE = prepare('1')\n"
)


def test_what_a_package_calls_as_it_is_loaded_is_no_way_in(judge: Judge) -> None:
    text = "`kit.prepare` runs what a document says."
    assert judge({KIT: MIXED}, text).label is not Label.VULNERABLE
    app = "import sys, kit\nkit.prepare(sys.argv[1])\n"
    assert judge({KIT: MIXED, MAIN: app}, text).label is Label.VULNERABLE


def test_what_a_fix_changed_stands_for_an_advisory_without_names(judge: Judge) -> None:
    fix = Fix("kit", "1.1", "1.0", 1, ("kit.dump_archive",), ())
    text = "A flaw lets an attacker stop the service."
    assert judge({}, text, [fix]).label is Label.CODE_NOT_REACHABLE
    fix = Fix("kit", "1.1", "1.0", 1, ("kit.load",), ())
    assert judge({}, text, [fix]).label is Label.VULNERABLE


OPTION = "def load(text, allow_macros=True):\n    return eval(text)\n"
OPTION_TEXT = "`kit.load` runs the macros of a document."


@pytest.mark.parametrize(
    ("given", "label"),
    [
        ("allow_macros=False", Label.UNCERTAIN),
        ("allow_macros=bool(sys.argv[2])", Label.UNCERTAIN),
        ("allow_macros=True", Label.VULNERABLE),
    ],
)
def test_a_feature_that_the_advisory_speaks_of(judge: Judge, given: str, label: Label) -> None:
    app = f"import sys, kit\nkit.load(sys.argv[1], {given})\n"
    assert judge({KIT: OPTION, MAIN: app}, OPTION_TEXT).label is label


WORKAROUND = "`kit.load` runs what a document says. As a workaround set KIT_SAFE_MODE=1 in the environment."


@pytest.mark.parametrize(
    ("line", "label"),
    [
        ("ENV KIT_SAFE_MODE=1", Label.REQUIRES_CONFIGURATION),
        ("ENV KIT_SAFE_MODE=0", Label.VULNERABLE),
        ("ENV STAGE=live", Label.VULNERABLE),
    ],
)
def test_the_workaround_of_the_advisory(judge: Judge, line: str, label: Label) -> None:
    docker = f"FROM python:3.11-slim\n{line}\nCMD python app/main.py\n"
    assert judge({"Dockerfile": docker}, WORKAROUND).label is label


def test_a_variable_that_makes_the_flaw_is_no_workaround(judge: Judge) -> None:
    text = "`kit.load` runs what a document says. When KIT_FAST_MODE=1 is set, checks are disabled."
    docker = "FROM python:3.11-slim\nENV KIT_FAST_MODE=1\nCMD python app/main.py\n"
    assert judge({"Dockerfile": docker}, text).label is Label.VULNERABLE


CHECKED = (
    "import re, sys, kit\n\n\ndef main(text):\n    if {}:\n        return\n    kit.load(text)\n\n\n"
    "main(sys.argv[1])\n"
)


@pytest.mark.parametrize(
    "test",
    ["not re.fullmatch('[a-z]+', text)", "len(text) > 480", "not text.isdigit()", "text not in known()"],
)
def test_a_check_before_the_call_is_for_people(judge: Judge, test: str) -> None:
    assert judge({MAIN: CHECKED.format(test)}).label is Label.UNCERTAIN


def test_a_test_of_something_else_is_no_check(judge: Judge) -> None:
    assert judge({MAIN: CHECKED.format("not text")}).label is Label.VULNERABLE


FRAME = (
    "import socket\n\n\nclass Files:\n    def __init__(self, folder):\n        self.folder = folder\n\n"
    "    def serve(self, path):\n        return open(path)\n\n\n"
    "def load(*apps):\n    return [getattr(one, name)('x') for one in apps for name in dir(one)]\n"
)
FRAME_TEXT = "`kit.Files.serve` opens any file."


def test_methods_of_what_the_application_hands_on(judge: Judge) -> None:
    handed = "import kit\n\n\ndef main():\n    kit.load(kit.Files('static'))\n\n\nmain()\n"
    assert judge({KIT: FRAME, MAIN: handed}, FRAME_TEXT).label is Label.VULNERABLE
    kept = (
        "import kit\n\n\ndef main():\n    files = kit.Files('static')\n    print(files.folder)\n\n\nmain()\n"
    )
    assert judge({KIT: FRAME, MAIN: kept}, FRAME_TEXT).label is not Label.VULNERABLE


COMMAND = {
    KIT: "def load(text):\n    return text\n",
    "site-packages/kit/server.py": (
        "def run():\n    return handle(input())\n\n\ndef handle(text):\n    return eval(text)\n"
    ),
    "site-packages/kit-1.0.dist-info/entry_points.txt": "[console_scripts]\nkitserve = kit.server:run\n",
}  # fmt: skip
COMMAND_TEXT = "`kit.server.handle` runs what a request says."


def test_a_command_of_the_package_is_a_way_in(judge: Judge) -> None:
    started = {"Dockerfile": "FROM python:3.11-slim\nCMD kitserve app.main\n"}
    assert judge({**COMMAND, **started}, COMMAND_TEXT).label is Label.VULNERABLE
    other = {"Dockerfile": "FROM python:3.11-slim\nCMD python app/main.py\n"}
    assert judge({**COMMAND, **other}, COMMAND_TEXT).label is Label.CODE_NOT_REACHABLE


VALUES = (
    "class Pattern:\n    def __init__(self, text):\n        self.text = text\n\n"
    "    def __call__(self, value):\n        return value\n\n\naddress = Pattern('(a+)+')\n\n\n"
    "def load(text, check=None):\n    return check(text) if check else text\n"
)
VALUES_TEXT = "The `kit.address` validator takes very long."


def test_a_value_is_used_where_own_code_names_it(judge: Judge) -> None:
    app = "import sys, kit\nkit.load(sys.argv[1], kit.address)\n"
    assert judge({KIT: VALUES, MAIN: app}, VALUES_TEXT).label is Label.VULNERABLE
    assert judge({KIT: VALUES}, VALUES_TEXT).label is Label.CODE_NOT_REACHABLE


PARTS = {
    KIT: (
        "PARTS = {'odd': ('kit.odd', 'Odd')}\n\n\ndef load(name):\n    module, last = PARTS[name]\n"
        "    return getattr(__import__(module, None, None, ['x']), last)()\n"
    ),
    "site-packages/kit/odd.py": "class Odd:\n    def __init__(self):\n        self.run('1')\n\n"
    "    def run(self, text):\n        return eval(text)\n",
}


@pytest.mark.parametrize(
    "text", ["`kit.odd.Odd` is slow.", "The module kit.odd is slow.", "`kit.odd.Odd.run` is."]
)
def test_parts_that_a_package_loads_by_name(judge: Judge, text: str) -> None:
    assert judge(PARTS, text).label is not Label.CODE_NOT_REACHABLE


PROXY = {
    KIT: (
        "from kit.wrappers import Request\n\n\nclass Proxy:\n    def __getattr__(self, name):\n"
        "        return getattr(current(), name)\n\n\ndef current():\n    return STACK[-1]\n\n\n"
        "STACK = []\nrequest = Proxy()\n"
    ),
    "site-packages/kit/wrappers.py": (
        "class Request:\n    @property\n    def payload(self):\n        return parse(self)\n\n\n"
        "def parse(text):\n    return eval(text)\n"
    ),
}


def test_behind_a_proxy_stands_what_has_the_attribute(judge: Judge) -> None:
    app = "from kit import request\n\n\ndef view():\n    return request.payload\n"
    assert judge({**PROXY, MAIN: app}, "`kit.wrappers.parse` runs it.").label is Label.VULNERABLE
