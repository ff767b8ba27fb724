"""Structured questions over findings and kept logs: no SQL from outside, and only what a principal may see.

`language` is what may be asked, `compiling` turns it into SQL with every value bound; `findings` and `logs`
answer it, each from its own store. `identity` says when two names are the same user, host or vulnerability.
"""
