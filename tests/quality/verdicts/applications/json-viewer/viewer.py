"""Colours JSON replies of an API on the terminal: viewer.py < reply.json"""
import json
import sys

from pygments import highlight
from pygments.formatters.terminal import TerminalFormatter
from pygments.lexers.data import JsonLexer

if __name__ == "__main__":
    text = json.dumps(json.load(sys.stdin), indent=2)
    sys.stdout.write(highlight(text, JsonLexer(), TerminalFormatter()))
