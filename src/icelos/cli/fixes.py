"""`icelos vulns fixes`: learn what fixed releases changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from icelos.jobs.vulns.fixes.fixes import Fix


def fixes(
    packages: Annotated[
        list[str] | None, typer.Argument(help="Python packages; without any, those that advisories name")
    ] = None,
    target: Annotated[str, typer.Option(help="The Python packages of this image, tree or SBOM")] = "",
    advisories: Annotated[
        str, typer.Option(help="File or folder of advisories (OSV) instead of the fetched feeds")
    ] = "",
    index: Annotated[str, typer.Option(help="Package index that answers in JSON (PEP 691)")] = "",
    output_file: Annotated[
        Path | None, typer.Option("--output", help="Write all of them there, not into the workspace")
    ] = None,
) -> None:
    """Compare fixed releases of Python packages with those before, and keep which code each fix changed.

    An investigation asks whether the application uses that code. Fixes of the advisories known at release
    come with Icelos; this adds newer ones. It downloads releases from the package index, and runs none.

    Examples:
      icelos vulns fixes jinja2 urllib3
      icelos vulns fixes --target image.tar
      icelos vulns fixes requests --index https://pypi.example.org/simple
    """
    from icelos.cli.output import note
    from icelos.data.advisory_store import open_advisories
    from icelos.data.workspace import Workspace
    from icelos.errors import IcelosError, RunError
    from icelos.jobs.vulns.fixes.fixes import Fixes, bundled_fixes, read_fixes, write_fixes
    from icelos.jobs.vulns.fixes.learning import learn_all, packages_of
    from icelos.jobs.vulns.fixes.package_index import PUBLIC, PackageIndex
    from icelos.settings import load

    settings = load().settings
    known = open_advisories(advisories, settings)
    place = output_file or Workspace.of(settings).fixes
    kept: list[Fix] = list(read_fixes(place)) if place.exists() else []
    names = packages or (packages_of(Path(target)) if target else list(known.packages("PyPI")))
    failed = 0
    with PackageIndex(index or PUBLIC) as releases:
        before = Fixes([*kept, *(() if output_file else bundled_fixes())])
        for number, (name, found) in enumerate(learn_all(names, known, releases, before), 1):
            if isinstance(found, IcelosError):
                failed += 1
                note(f"{name}: {found}")
            elif found:
                kept += found
                write_fixes(place, kept)
                note(f"{number} of {len(names)}: {name}: {len(found)} fixed releases compared")
            elif packages:
                note(f"{name}: no advisory names a fixed release of it that is not known already")
    note(f"{len(kept)} fixes in {place}")
    if failed and failed == len(names):
        raise RunError("no package could be compared", hint="see the lines above")
