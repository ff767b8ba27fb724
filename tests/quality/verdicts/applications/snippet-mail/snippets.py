"""Reads mail from standard input: the first line names the language, the rest is code."""
import sys

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

LANGUAGES = frozenset(["json", "ini", "diff"])


def main(stream):
    language = stream.readline().strip().lower()
    if language not in LANGUAGES:
        raise SystemExit("languages: " + ", ".join(sorted(LANGUAGES)))
    print(highlight(stream.read(), get_lexer_by_name(language), HtmlFormatter(full=True)))


main(sys.stdin)
