import sys

import olefile
from PIL import Image


def describe(path):
    if olefile.isOleFile(path):
        with olefile.OleFileIO(path) as container:
            print(path, "/".join(container.listdir()[0]))
    with Image.open(path) as picture:
        picture.load()
        print(path, picture.mode, picture.size)


for argument in sys.argv[1:]:
    describe(argument)
