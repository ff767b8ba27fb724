"""Small mailboxes of simulated mail in place of a user's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from icelos.jobs.mail.intents.taxonomy import BENIGN
from icelos.jobs.mail.synthesis.corpus import synthesise
from icelos.jobs.mail.synthesis.envelope import to_message


@pytest.fixture(scope="session")
def boxes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the folders "bad", of 60 mails in two languages, and "ham", of 360."""
    folder = tmp_path_factory.mktemp("boxes")
    bad = {"extortion": 1.0, "gift-cards": 1.0}
    good = dict.fromkeys(BENIGN, 1.0)
    for name, number, intents in (("bad", 60, bad), ("ham", 360, good)):
        (folder / name).mkdir()
        mails = synthesise(number, intents=intents, languages={"en": 1.0, "de": 0.5}, seed=number)
        for place, mail in enumerate(mails):
            (folder / name / f"{place:04}.eml").write_bytes(to_message(mail))
    return folder
