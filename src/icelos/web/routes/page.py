"""The page: static files that come with the package, and nothing else of the disk."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

PAGE = Path(__file__).resolve().parent.parent / "page"

router = APIRouter(include_in_schema=False)


@router.get("/")
async def index() -> FileResponse:
    """The one page; it asks for a token where there is no session."""
    return FileResponse(PAGE / "index.html", media_type="text/html")


def mount(app: FastAPI) -> None:
    """Serve the page's style and scripts under /page."""
    app.mount("/page", StaticFiles(directory=PAGE), name="page")
