import sys
from pathlib import Path

from PIL import Image


def add_page(archive, scan):
    """Appends a scanned page to the dossier that the citizen uploaded as PDF."""
    Image.open(scan).convert("L").save(archive, "PDF", append=True)


if __name__ == "__main__":
    inbox = Path(sys.argv[1])
    for dossier in inbox.glob("*/dossier.pdf"):
        for page in sorted(dossier.parent.glob("page-*.png")):
            add_page(dossier, page)
