"""The page: static files that come with the package, and nothing else of the disk.

They are read once and served from memory: a file on disk costs four changes of thread for each request.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple, Self

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from starlette.types import Receive, Scope, Send

PAGE = Path(__file__).resolve().parent.parent / "page"

KINDS = {".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".svg": "image/svg+xml"}

router = APIRouter(include_in_schema=False)


class Asset(NamedTuple):
    """One file of the page."""

    body: bytes
    kind: str
    etag: str

    @classmethod
    def of(cls, path: Path) -> Self:
        body = path.read_bytes()
        kind = KINDS.get(path.suffix, "application/octet-stream")
        return cls(body, kind, f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"')

    def answer(self, request: Request) -> Response:
        """The file, or 304 where the client has it."""
        known = {
            tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")
        }
        if self.etag in known:
            return Response(status_code=304, headers={"etag": self.etag})
        return Response(self.body, media_type=self.kind, headers={"etag": self.etag})


class Assets:
    """Serves the files below one folder, as they were when this was made."""

    def __init__(self, folder: Path) -> None:
        self.files = {
            path.relative_to(folder).as_posix(): Asset.of(path)
            for path in folder.rglob("*")
            if path.is_file()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        if request.method not in {"GET", "HEAD"}:
            raise HTTPException(405)
        name = scope["path"].removeprefix(scope.get("root_path", "")).removeprefix("/")
        asset = self.files.get(name)
        if asset is None:
            raise HTTPException(404)
        await asset.answer(request)(scope, receive, send)


ASSETS = Assets(PAGE)


@router.get("/")
async def index(request: Request) -> Response:
    """The one page; it asks for a token where there is no session."""
    return ASSETS.files["index.html"].answer(request)


def mount(app: FastAPI) -> None:
    """Serve the page's style and scripts under /page."""
    app.mount("/page", ASSETS, name="page")
