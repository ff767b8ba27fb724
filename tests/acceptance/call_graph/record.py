"""Run a Python program, or pytest, under `sys.setprofile` and print which function called which.

    python record.py FOLDER script FILE            the truth of a small program
    python record.py FOLDER pytest ARGUMENT...     the edges of a package while its own tests run

Only functions and module bodies of files below FOLDER count. The caller is the nearest frame of such a file:
code of the standard library that calls back is looked through, that of other packages (pytest) is not. Class
bodies, comprehensions and generator expressions belong to the function or module around them. The last line
printed is JSON: [[caller, callee], ...].
"""

from __future__ import annotations

import json
import re
import runpy
import sys
import threading
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

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


def main() -> None:
    """Run what is asked for and print the edges."""
    folder, kind, *rest = sys.argv[1:]
    recorder = Recorder(Path(folder))
    threading.setprofile(recorder)
    sys.path.insert(0, str(Path(folder).resolve()))
    if kind == "script":
        sys.setprofile(recorder)
        runpy.run_path(rest[0], run_name=Path(rest[0]).stem)
    else:
        import pytest

        sys.setprofile(recorder)
        pytest.main(rest)
    sys.setprofile(None)
    sys.stdout.write("\n" + json.dumps(sorted(recorder.edges)) + "\n")


if __name__ == "__main__":
    main()
