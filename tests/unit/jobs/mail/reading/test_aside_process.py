"""What the process aside answers, and the limits it keeps."""

from __future__ import annotations

import subprocess
import sys

from icelos.jobs.mail.reading import aside_process
from icelos.jobs.mail.reading.aside import Found


def test_errors_are_answers(monkeypatch: object) -> None:
    def floods(_data: bytes) -> Found:
        raise MemoryError

    readers = {**aside_process._READERS, "flood": floods}
    aside_process._READERS.update(readers)
    try:
        assert aside_process.read("flood", b"").error == "needs more memory than is allowed"
    finally:
        del aside_process._READERS["flood"]
    assert aside_process.read("image", b"no image").error.startswith("cannot be read")


def test_memory_is_bounded_and_nothing_is_written() -> None:
    script = (
        "from icelos.jobs.mail.reading.aside_process import _limit\n"
        "_limit(300 << 20)\n"
        "try:\n    bytearray(400 << 20)\nexcept MemoryError:\n    print('bounded')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "bounded\n"
