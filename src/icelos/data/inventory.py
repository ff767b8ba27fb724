"""What a target is made of: components of an image, a folder or a bill of materials, and what is unreadable.

Files that a distribution's package owns are the distribution's: a Python package that Debian ships has the
owner "deb:python3-yaml", and Debian's advisories judge it, not PyPI's.
"""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from icelos.data.contents import Inventory, component_of, image_inventory
from icelos.data.folders import read_folder
from icelos.data.operating_system import system_of_packages
from icelos.data.parse.bom_forms import is_document, read_document
from icelos.data.parse.image_folder import ImageFolder
from icelos.data.parse.images import read_images, read_layout
from icelos.data.parse.limits import read_bounded
from icelos.data.parse.sbom import components as listed_components
from icelos.data.reading import open_input, stream_errors
from icelos.data.reported import united
from icelos.errors import IcelosError, InputError
from icelos.records import Reported, record_id

__all__ = ["Inventory", "read_target"]

MAX_SBOM = 512 * 1024 * 1024


def read_target(path: Path) -> list[Inventory]:
    """The inventories of a file or folder: one for each image in it.

    Raises InputError where it is neither an image, nor a bill of materials or a scanner's report, nor a root
    file system or source tree, or is not there.
    """
    if not path.exists():
        raise InputError("no such file or folder", source=str(path))
    if path.is_dir():
        return (
            _from_layout(path)
            if ImageFolder.is_one(path)
            else [image_inventory(read_folder(path), path.name)]
        )
    try:
        with open_input(path) as stream:
            head = stream.read(4096)
        return [_from_bom(path)] if is_document(head) else _from_archive(path)
    except IcelosError as error:
        raise InputError(error.message, source=str(path), hint=error.hint) from error
    except stream_errors() as error:
        raise InputError(f"cannot read: {error}", source=str(path)) from error


def _from_bom(path: Path) -> Inventory:
    data = read_bounded(path, MAX_SBOM)
    bom = read_document(data)
    identity = bom.identity or record_id(data)
    inventory = Inventory(bom.name or path.name, identity, scanner=bom.scanner)
    seen: set[str] = set()
    reported: dict[str, list[Reported]] = {}
    for item in listed_components(bom):
        place = f"{path.name}:{item.source if isinstance(item, InputError) else item.place}"
        if isinstance(item, InputError):
            inventory.problems.append(InputError(item.message, source=place))
            continue
        if item.reported and bom.scanner:
            reported.setdefault(item.purl, []).append(item.reported)
        if not bom.repeats or item.purl not in seen:
            inventory.components.append(
                replace(component_of(inventory, item.purl, place, item.quote), cpes=item.cpes)
            )
        seen.add(item.purl)
    inventory.reported = {purl: united(reports) for purl, reports in reported.items()}
    inventory.system = system_of_packages(inventory.components)
    inventory.components = [replace(one, system=inventory.system) for one in inventory.components]
    if not bom.parts and not bom.repeats:
        inventory.problems.append(
            InputError("it lists no components: nothing could be judged", source=path.name)
        )
    return inventory


def _from_archive(path: Path) -> list[Inventory]:
    with open_input(path) as stream:
        images = read_images(stream, path.stat().st_size, path.name)
    return [image_inventory(image, path.name) for image in images]


def _from_layout(root: Path) -> list[Inventory]:
    try:
        return [image_inventory(image, root.name) for image in read_layout(ImageFolder(root))]
    except InputError as error:
        raise InputError(error.message, source=str(root), hint=error.hint) from error
