"""The process of `aside`: files come on a socket as its standard input, what they hold goes back.

python -m icelos.jobs.mail.reading.aside_process MEMORY (bytes of address space)
"""

from __future__ import annotations

import logging
import socket
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress

import msgspec

from icelos.jobs.mail.reading.aside import MAX_ANSWER, NAME, Found
from icelos.jobs.mail.reading.outlook import outlook_mail
from icelos.jobs.mail.reading.pdfs import pdf_codes, pdf_text
from icelos.jobs.mail.reading.pictures import codes_in

_READERS: dict[str, Callable[[bytes], Found]] = {
    "pdf": pdf_text,
    "pdf-images": pdf_codes,
    "image": lambda data: Found(codes=codes_in(data)),
    "outlook": lambda data: Found(mail=outlook_mail(data)),
}


def main(arguments: list[str]) -> int:
    """Answers until the other side is gone."""
    _limit(int(arguments[0]))
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    with socket.socket(fileno=0) as line:
        while (head := _exactly(line, 8 + NAME)) is not None:
            data = _exactly(line, min(MAX_ANSWER, int.from_bytes(head[:8], "big")))
            if data is None:
                break
            answer = msgspec.msgpack.encode(read(head[8:].decode("ascii", "replace").strip(), data))
            line.sendall(len(answer).to_bytes(8, "big") + answer)
    return 0


def read(what: str, data: bytes) -> Found:
    """What a file holds; whatever a library trips over is the file's fault and said in the answer."""
    try:
        return _READERS[what](data)
    except MemoryError:
        return Found(error="needs more memory than is allowed")
    except Exception as error:  # noqa: BLE001 - hostile files raise anything
        return Found(error=f"cannot be read: {type(error).__name__}")


def _limit(memory: int) -> None:
    """Bounds that the kernel keeps, where there is a kernel that does."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _exactly(line: socket.socket, size: int) -> bytes | None:
    found = bytearray()
    while len(found) < size:
        piece = line.recv(min(1 << 20, size - len(found)))
        if not piece:
            return None
        found += piece
    return bytes(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
