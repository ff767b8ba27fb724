"""Conversations and feedback as kinds for retention."""

from __future__ import annotations

from icelos.data.expiring import rows_of
from icelos.data.retention import Kind
from icelos.settings import Settings


def conversations(settings: Settings) -> Kind:
    """Questions with their answers, each by its own age."""
    return rows_of(settings.home / "history.sqlite", "answers", "asked < ?1", "questions and answers")


def thumbs(settings: Settings) -> Kind:
    """Thumbs and other feedback that was given for answers. What was learned from it stays in force."""
    return rows_of(settings.home / "history.sqlite", "log", "given < ?1", "thumbs for answers")
