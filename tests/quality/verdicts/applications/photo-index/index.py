"""index.py FOLDER: sizes of the pictures that guests put on the share."""
import pathlib
import sys

from PIL import Image

for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    try:
        with Image.open(path) as picture:
            print(path.name, picture.format, *picture.size)
    except OSError:
        print(path.name, "is no picture")
