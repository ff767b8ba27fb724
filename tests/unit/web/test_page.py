"""The page's files: whole, closed to the outside, and readable in both colour schemes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from icelos.web.routes.page import PAGE

SCRIPTS = sorted((PAGE / "js").glob("*.js"))
TEXTS = [PAGE / "index.html", PAGE / "app.css", *SCRIPTS]


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: file.name)
def test_nothing_is_loaded_from_elsewhere(file: Path) -> None:
    addresses = set(re.findall(r"https?://[^\s\"'`)]+", file.read_text("utf-8")))
    assert addresses <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.name)
def test_content_becomes_text_only(file: Path) -> None:
    text = file.read_text("utf-8")
    ways = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|\beval\b"
    )
    assert re.search(ways, text) is None
    assert re.search(r"new Function|setHTML|srcdoc|\.href\s*=|\.src\s*=", text) is None


def test_the_html_has_no_inline_script_style_or_handler() -> None:
    html = (PAGE / "index.html").read_text("utf-8")
    assert re.search(r"<style|\sstyle=|\son\w+=|javascript:", html) is None
    assert all('src="/page/' in tag for tag in re.findall(r"<script[^>]*>", html))


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.name)
def test_every_import_is_there(file: Path) -> None:
    for name in re.findall(r"from \"\./([\w.]+)\"", file.read_text("utf-8")):
        assert (PAGE / "js" / name).is_file()


def test_every_element_that_a_script_names_is_in_the_page() -> None:
    html = (PAGE / "index.html").read_text("utf-8")
    ids = set(re.findall(r"\sid=\"([\w-]+)\"", html))
    named = {
        name for file in SCRIPTS for name in re.findall(r"\bfind\(\"([\w-]+)\"\)", file.read_text("utf-8"))
    }
    icons = {
        name for file in SCRIPTS for name in re.findall(r"\bicon\(\"([\w-]+)\"\)", file.read_text("utf-8"))
    }
    assert named
    assert icons
    assert named <= ids
    assert {f"i-{name}" for name in icons} <= ids


def colours() -> dict[str, tuple[str, str]]:
    css = (PAGE / "app.css").read_text("utf-8")
    return {n: (a, b) for n, a, b in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", css)}


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("text", "behind", "least"),
    [
        ("ink", "ground", 7), ("ink", "sheet", 7), ("ink", "hover", 7), ("soft", "ground", 4.5),
        ("soft", "sheet", 4.5), ("soft", "hover", 4.5), ("soft", "raised", 4.5), ("soft", "accent-soft", 4.5),
        ("accent", "ground", 4.5), ("accent", "accent-soft", 4.5), ("on-accent", "accent", 4.5),
        ("ink", "passage", 7), ("ink", "quote", 4.5), ("old", "old-soft", 4.5), ("old", "sheet", 4.5),
        ("bad", "bad-soft", 4.5), ("bad", "hover", 4.5), ("line-strong", "raised", 3),
        ("line-strong", "ground", 3), ("accent", "raised", 3),
    ],
)  # fmt: skip
def test_contrast_is_aa(text: str, behind: str, least: float, scheme: int) -> None:
    known = colours()
    assert contrast(known[text][scheme], known[behind][scheme]) >= least


def test_files_are_served_whole_and_once(visitor: TestClient) -> None:
    for file in TEXTS:
        path = "/" if file.name == "index.html" else f"/page/{file.relative_to(PAGE).as_posix()}"
        first = visitor.get(path)
        assert first.content == file.read_bytes()
        tag = first.headers["etag"]
        again = visitor.get(path, headers={"if-none-match": f'"x", W/{tag}'})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag


def test_only_what_is_there_can_be_read(visitor: TestClient) -> None:
    assert visitor.head("/page/app.css").content == b""
    assert visitor.post("/page/app.css").status_code == 405
    for path in ("/page/", "/page", "/page/js", "/page/js/", "/page//app.css", "/page/app.css/x"):
        assert visitor.get(path).status_code == 404, path
