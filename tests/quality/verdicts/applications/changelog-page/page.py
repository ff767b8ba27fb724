"""Turns CHANGELOG.md of this repository into the page that the web server delivers."""
import pathlib

import markdown2

ROOT = pathlib.Path(__file__).resolve().parent

if __name__ == "__main__":
    html = markdown2.markdown_path(str(ROOT / "CHANGELOG.md"), extras=["fenced-code-blocks"])
    (ROOT / "changelog.html").write_text("<!doctype html><title>Changes</title>" + html)
