"""Investigating one match: what the advisory is about, what the target does, and what follows."""
