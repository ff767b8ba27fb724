"""convert.py FILE...: renders what customers upload; a broken file must not end the run."""
import sys

from markdown_it.cli.parse import convert_file

for path in sys.argv[1:]:
    convert_file(path)
