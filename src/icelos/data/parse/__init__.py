"""Parsers: one format family a file. They yield records and Failures and never raise for one bad record."""
