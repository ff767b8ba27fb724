"""Bytes to a `Message`: MIME, HTML and what is attached, within bounds. Nothing is judged here."""
