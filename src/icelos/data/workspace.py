"""The workspace: one folder with everything that Icelos keeps, and who may read it.

<home>/findings.sqlite    findings and failures of every job
<home>/knowledge.sqlite   documents, chunks, vectors
<home>/history.sqlite     conversations and feedback
<home>/console.sqlite     sign-in tokens and sessions of the console, hashed
<home>/advisories.sqlite  advisories of the vulnerability feeds, and what is known of each CVE
<home>/decisions.sqlite   what people decided of findings
<home>/people.sqlite      users and API tokens, hashed
<home>/audit.sqlite       who did what; audit.key signs where it ends
<home>/casework.sqlite    who has a finding, what is said of it, how it ended
<home>/fixes.jsonl        what fixed releases of packages changed
<home>/logs/              logs that are kept to be searched: a catalogue, and Parquet files by log
<home>/coverage/          what runs of `icelos logs coverage` found
<home>/runs/              where runs stand that have not ended, to go on with
<home>/cache/             replies of models, fetched pages
<home>/inventories/NAME/  bills of materials whose findings are kept up to date
<home>/schedule.json      what is done again and again, and what came of it
<home>/feeds/NAME/        what a feed fetched, with its ETag and checksum
<home>/models/            models trained here
<home>/mail/              sender sketches (hashes and counts), mail in quarantine, mail that users told of
"""

from __future__ import annotations

from pathlib import Path

from icelos.errors import StoreError
from icelos.settings import Settings

ADVISORIES = "advisories.sqlite"


class Workspace:
    """Paths below one home folder; folders are created, readable by their owner only, when asked for."""

    def __init__(self, home: Path) -> None:
        self.home = home

    @classmethod
    def of(cls, settings: Settings) -> Workspace:
        """The workspace that the settings name."""
        return cls(settings.home)

    @property
    def findings(self) -> Path:
        return self._ready() / "findings.sqlite"

    @property
    def knowledge(self) -> Path:
        return self._ready() / "knowledge.sqlite"

    @property
    def history(self) -> Path:
        return self._ready() / "history.sqlite"

    @property
    def console(self) -> Path:
        return self._ready() / "console.sqlite"

    @property
    def advisories(self) -> Path:
        return self._ready() / ADVISORIES

    @property
    def decisions(self) -> Path:
        return self._ready() / "decisions.sqlite"

    @property
    def casework(self) -> Path:
        return self._ready() / "casework.sqlite"

    @property
    def people(self) -> Path:
        return self._ready() / "people.sqlite"

    @property
    def audit(self) -> Path:
        return self._ready() / "audit.sqlite"

    @property
    def fixes(self) -> Path:
        return self._ready() / "fixes.jsonl"

    def folder(self, *names: str) -> Path:
        """A folder below home ("cache", "feeds/attack", "models"), created where absent."""
        path = self._ready().joinpath(*names)
        return self._make(path)

    def _ready(self) -> Path:
        return self._make(self.home)

    def _make(self, path: Path) -> Path:
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"cannot create folder: {error.strerror}",
                source=str(path),
                hint="set ICELOS_HOME to a folder that you may write",
            ) from error
        return path
