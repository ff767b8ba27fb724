"""What a member writes, made safe for others to read."""
from lxml.html import clean

_rich = clean.Cleaner(safe_attrs_only=False, forms=False, page_structure=False)


def plain(markup):
    return clean.clean_html(markup)


def rich(markup):
    return _rich.clean_html(markup)
