"""Checks and normalises UBL invoices that suppliers send."""
from io import BytesIO

from lxml import etree

PARSER = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)


def totals(content):
    root = etree.fromstring(content, PARSER)
    return [node.text for node in root.iter("{*}PayableAmount")]


def normalised(content):
    sink = BytesIO()
    etree.fromstring(content, PARSER).getroottree().write(sink, encoding="utf-8")
    return sink.getvalue()
