#!/usr/bin/env python3
"""CGI: shows a note that a visitor wrote, made safe by safe mode."""
import os
import sys

from markdown2 import Markdown

converter = Markdown(safe_mode="escape", extras=["tables"])


def main():
    text = sys.stdin.read(int(os.environ.get("CONTENT_LENGTH") or 0))
    print("Content-Type: text/html; charset=utf-8\n")
    print(converter.convert(text))


main()
