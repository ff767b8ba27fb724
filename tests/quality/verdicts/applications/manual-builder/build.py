"""Builds the manual from the Markdown pages that stand beside this file."""
from pathlib import Path

import mistune

HERE = Path(__file__).parent


def build(output):
    output.mkdir(exist_ok=True)
    for page in sorted((HERE / "pages").glob("*.md")):
        (output / (page.stem + ".html")).write_text(mistune.html(page.read_text()))


if __name__ == "__main__":
    build(HERE / "site")
