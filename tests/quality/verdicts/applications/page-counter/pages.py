"""pages.py FILE...: pages of the print jobs that students send."""
import sys

from PyPDF2 import PdfFileReader

for path in sys.argv[1:]:
    with open(path, "rb") as source:
        print(path, PdfFileReader(source).getNumPages())
