import sys

from lxml.html.clean import Cleaner


def main():
    """Reads a received bulletin from standard input and writes it without scripts."""
    sys.stdout.write(Cleaner(style=True).clean_html(sys.stdin.read()))


main()
