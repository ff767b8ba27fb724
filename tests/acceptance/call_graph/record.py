"""Run a Python program, or pytest, under `sys.setprofile` and print which function called which.

    python record.py FOLDER script FILE            the truth of a small program
    python record.py FOLDER pytest ARGUMENT...     the edges of a package while its own tests run
    python record.py scripts < LINES               the truth of many programs: a line is JSON, [FOLDER, FILE]

Only functions and module bodies of files below FOLDER count. The caller is the nearest frame of such a file:
code of the standard library that calls back is looked through, that of other packages (pytest) is not. Class
bodies, comprehensions and generator expressions belong to the function or module around them. The last line
printed is JSON: [[caller, callee], ...]; of many programs, a list of these, in their order. Each of them has
a process of its own, forked before anything ran, which spares the start of an interpreter.
"""

from __future__ import annotations

import json
import os
import re
import runpy
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NoReturn

_INNER = re.compile(r"<(?:listcomp|setcomp|dictcomp|genexpr)>$")
_CLASS_BODY = ("__module__", "__qualname__")


class Recorder:
    """Collects edges; `names` maps a code object to its name."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder.resolve()) + "/"
        self.names: dict[CodeType, str] = {}
        self.edges: set[tuple[str, str]] = set()

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        """The profile function: one call."""
        if event != "call" or not frame.f_code.co_filename.startswith(self.folder) or _folded(frame.f_code):
            return
        caller = frame.f_back
        while caller is not None and not caller.f_code.co_filename.startswith(self.folder):
            caller = caller.f_back if "site-packages" not in caller.f_code.co_filename else None
        if caller is not None:
            self.edges.add((self.name(caller.f_code), self.name(frame.f_code)))

    def name(self, code: CodeType) -> str:
        """`module.Class.method`, lambdas as `<lambda>LINE`."""
        if code not in self.names:
            file = code.co_filename.removeprefix(self.folder).removesuffix(".py").removesuffix("/__init__")
            parts = [] if code.co_qualname == "<module>" else code.co_qualname.split(".")
            if _is_class_body(code):
                parts.pop()
            kept = [one for one in parts if one != "<locals>" and not _INNER.match(one)]
            if kept and kept[-1] == "<lambda>":
                kept[-1] = f"<lambda>{code.co_firstlineno}"
            self.names[code] = ".".join([*file.split("/"), *kept])
        return self.names[code]


def _is_class_body(code: CodeType) -> bool:
    return code.co_names[:3] == ("__name__", *_CLASS_BODY)


def _folded(code: CodeType) -> bool:
    return bool(_INNER.search(code.co_name)) or _is_class_body(code)


def recorded(folder: str, run: Callable[[], object]) -> list[tuple[str, str]]:
    """The edges while something runs, with the folder first on the path."""
    recorder = Recorder(Path(folder))
    threading.setprofile(recorder)
    sys.path.insert(0, str(Path(folder).resolve()))
    sys.setprofile(recorder)
    run()
    sys.setprofile(None)
    return sorted(recorder.edges)


def script(file: str) -> Callable[[], object]:
    return lambda: runpy.run_path(file, run_name=Path(file).stem)


def apart(folder: str, file: str) -> list[tuple[str, str]]:
    """The edges of a program that runs in a fork of this process; what it prints is lost.

    Raises ChildProcessError where it fails.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _in_fork(folder, file, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        data = answer.read()
    if os.waitpid(child, 0)[1] != 0:
        raise ChildProcessError(f"{file} failed")
    return [(caller, callee) for caller, callee in json.loads(data)]


def _in_fork(folder: str, file: str, answer: int) -> NoReturn:
    """Runs the program and ends the process."""
    status = 1
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        edges = recorded(folder, script(file))
        with os.fdopen(answer, "w") as out:
            json.dump(edges, out)
        status = 0
    finally:
        if status:
            traceback.print_exc()
            sys.stderr.flush()
        os._exit(status)


def main() -> None:
    """Run what is asked for and print the edges."""
    if sys.argv[1:] == ["scripts"]:
        found = [apart(*json.loads(line)) for line in sys.stdin.read().splitlines()]
        sys.stdout.write(json.dumps(found) + "\n")
        return
    folder, kind, *rest = sys.argv[1:]
    if kind == "script":
        edges = recorded(folder, script(rest[0]))
    else:
        import pytest

        edges = recorded(folder, lambda: pytest.main(rest))
    sys.stdout.write("\n" + json.dumps(edges) + "\n")


if __name__ == "__main__":
    main()
