"""Mail in quarantine as a kind for retention; `icelos mail serve` has `mail.quarantine_days` besides."""

from __future__ import annotations

from datetime import datetime

from icelos.data.retention import Kind
from icelos.jobs.mail.delivery.quarantine import Quarantine
from icelos.settings import Settings


def quarantine(settings: Settings) -> Kind:
    """Mail that was kept back, whatever became of it."""
    folder = settings.home / "mail" / "quarantine"

    def count(before: datetime) -> int:
        return Quarantine(folder).older(before.timestamp()) if folder.is_dir() else 0

    def expire(before: datetime) -> int:
        if not folder.is_dir():
            return 0
        return Quarantine(folder).expire(days=0, now=before.timestamp())

    return Kind("mail in quarantine", count, expire)
