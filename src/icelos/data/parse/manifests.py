"""Manifests and configurations of container images: what layers an image has, and how it is started.

Docker's archive has manifest.json; an OCI layout has index.json and documents named by digest.
https://github.com/opencontainers/image-spec/blob/main/image-layout.md
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from icelos.errors import InputError

MAX_MANIFESTS = 1000
MAX_CONFIGURED = 1000
MAX_TEXT = 8192

Documents = Callable[[str], bytes | None]
"""From the path of a JSON document in an archive or layout to its bytes, None where it is not there."""


class Manifest(msgspec.Struct, frozen=True):
    """One image: a name for people, its identity, the path of its configuration, and (name, path) of each
    layer, the lowest first.
    """

    name: str
    identity: str
    config: str
    layers: tuple[tuple[str, str], ...]


class ImageConfig(msgspec.Struct, frozen=True):
    """How a container is started, and the system it is built for; all is empty where the image does not say.

    https://github.com/opencontainers/image-spec/blob/main/config.md
    """

    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    env: dict[str, str] = {}
    exposed_ports: tuple[str, ...] = ()
    user: str = ""
    working_dir: str = ""
    labels: dict[str, str] = {}
    system: str = ""


def read_manifests(documents: Documents) -> list[Manifest] | None:
    """The images, in order; None where this is neither Docker's archive nor an OCI layout.

    Raises InputError for broken documents and where there is no image.
    """
    if documents("manifest.json") is not None:
        found = _docker(documents)
    elif documents("index.json") is not None:
        found = _oci(documents)
    else:
        return None
    if not found:
        raise InputError("the archive holds no image")
    return found


def image_config(documents: Documents, manifest: Manifest) -> ImageConfig:
    """How the image is started. Raises InputError where the configuration it names is missing or broken."""
    if not manifest.config:
        return ImageConfig()
    whole = _json(documents, manifest.config, dict)
    config, system = whole.get("config"), _text(whole.get("os")).lower()
    if not isinstance(config, dict):
        return ImageConfig(system=system)
    pairs = (text.partition("=") for text in _texts(config.get("Env")))
    labels = config.get("Labels")
    return ImageConfig(
        entrypoint=_texts(config.get("Entrypoint")),
        cmd=_texts(config.get("Cmd")),
        env={name: value for name, _, value in pairs if name},
        exposed_ports=_texts(list(_dict(config.get("ExposedPorts")))),
        user=_text(config.get("User")),
        working_dir=_text(config.get("WorkingDir")),
        labels={_text(key): _text(value) for key, value in list(_dict(labels).items())[:MAX_CONFIGURED]},
        system=system,
    )


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value[:MAX_TEXT] if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    """A list of strings; one string, as old builders wrote it, is a list of one."""
    if isinstance(value, str):
        return (value[:MAX_TEXT],)
    return tuple(map(_text, value[:MAX_CONFIGURED])) if isinstance(value, list) else ()


def _docker(documents: Documents) -> list[Manifest]:
    images = []
    for item in _json(documents, "manifest.json", list)[:MAX_MANIFESTS]:
        if not isinstance(item, dict) or not isinstance(item.get("Layers"), list):
            raise InputError("manifest.json is not a list of images with Layers")
        config = str(item.get("Config") or "")
        tags = [tag for tag in item.get("RepoTags") or () if isinstance(tag, str)]
        paths = [str(path) for path in item["Layers"]]
        layers = zip(_layer_names(documents, config, paths), paths, strict=True)
        images.append(Manifest(tags[0] if tags else config, config, config, tuple(layers)))
    return images


def _layer_names(documents: Documents, config: str, paths: list[str]) -> list[str]:
    """The digests of the layers' content where the configuration has one for each, else their paths."""
    try:
        rootfs = _json(documents, config, dict).get("rootfs")
    except InputError:
        return paths
    found = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    return [str(one) for one in found] if isinstance(found, list) and len(found) == len(paths) else paths


def _oci(documents: Documents) -> list[Manifest]:
    images: list[Manifest] = []
    waiting = [(d, 0) for d in reversed(_descriptors(_json(documents, "index.json", dict)))]
    while waiting and len(images) < MAX_MANIFESTS:
        descriptor, depth = waiting.pop()
        digest = str(descriptor.get("digest", ""))
        document = _json(documents, _blob_path(digest), dict)
        if isinstance(document.get("manifests"), list) and depth < 4:
            waiting.extend((d, depth + 1) for d in reversed(_descriptors(document)))
        elif isinstance(document.get("layers"), list) and not _is_attestation(descriptor):
            layers = [str(layer.get("digest", "")) for layer in document["layers"] if isinstance(layer, dict)]
            config = str(_dict(document.get("config")).get("digest", ""))
            images.append(
                Manifest(
                    _oci_name(descriptor),
                    digest,
                    _blob_path(config) if config else "",
                    tuple((one, _blob_path(one)) for one in layers),
                )
            )
    return images


def _descriptors(index: dict[str, Any]) -> list[dict[str, Any]]:
    found = index.get("manifests")
    return [d for d in found if isinstance(d, dict)][:MAX_MANIFESTS] if isinstance(found, list) else []


def _is_attestation(descriptor: dict[str, Any]) -> bool:
    notes = _dict(descriptor.get("annotations"))
    return notes.get("vnd.docker.reference.type") == "attestation-manifest"


def _oci_name(descriptor: dict[str, Any]) -> str:
    notes, platform = _dict(descriptor.get("annotations")), _dict(descriptor.get("platform"))
    name = str(notes.get("io.containerd.image.name") or notes.get("org.opencontainers.image.ref.name") or "")
    where = "/".join(str(platform[key]) for key in ("os", "architecture") if key in platform)
    return " ".join(filter(None, (name or str(descriptor.get("digest", "")), f"({where})" if where else "")))


def _blob_path(digest: str) -> str:
    kind, _, value = digest.partition(":")
    return f"blobs/{kind}/{value}"


def _json(documents: Documents, path: str, kind: type[Any]) -> Any:
    data = documents(path)
    if data is None:
        raise InputError(f"{path[:200]} is not in the archive")
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise InputError(f"{path[:200]} is broken: {error}") from error
