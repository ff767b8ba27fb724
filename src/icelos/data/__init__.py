"""Bytes to records and back: sources, sinks, parsers, feeds and the workspace on disk.

This room knows formats and files; it does not know what a finding means or how anything is scored.
"""
