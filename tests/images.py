"""Small image archives, made for tests."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence

Content = bytes | tarfile.TarInfo


def tar(files: Mapping[str, Content] | Sequence[tuple[str, Content]]) -> bytes:
    """A tar of regular files; a TarInfo stands for itself, under the name given."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for name, content in files.items() if isinstance(files, Mapping) else files:
            if isinstance(content, tarfile.TarInfo):
                content.name = name
                archive.addfile(content)
                continue
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return raw.getvalue()


def special(kind: bytes, target: str = "") -> tarfile.TarInfo:
    """A link, device or folder."""
    info = tarfile.TarInfo("x")
    info.type, info.linkname = kind, target
    return info


def docker_archive(*layers: bytes, tag: str = "app:1", started: Mapping[str, object] | None = None) -> bytes:
    """As `docker save` writes it, the manifest last. `started` is the configuration of its containers."""
    names = [f"{number}/layer.tar" for number in range(len(layers))]
    config: dict[str, object] = {
        "rootfs": {"diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]}
    }
    if started is not None:
        config["config"] = started
    manifest = [{"Config": "config.json", "RepoTags": [tag], "Layers": names}]
    return tar(
        {
            **dict(zip(names, layers, strict=True)),
            "config.json": json.dumps(config).encode(),
            "manifest.json": json.dumps(manifest).encode(),
        }
    )


def oci_archive(*layers: bytes, name: str = "app:1") -> bytes:
    """An OCI layout with gzip layers and an index in the index."""
    blobs: dict[str, bytes] = {}

    def put(data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = data
        return f"sha256:{digest}"

    digests = [put(gzip.compress(layer)) for layer in layers]
    manifest = put(json.dumps({"layers": [{"digest": digest} for digest in digests]}).encode())
    attestation = put(json.dumps({"layers": [{"digest": digests[0]}]}).encode())
    inner = put(
        json.dumps(
            {
                "manifests": [
                    {"digest": manifest, "platform": {"os": "linux", "architecture": "amd64"},
                     "annotations": {"io.containerd.image.name": name}},
                    {"digest": attestation,
                     "annotations": {"vnd.docker.reference.type": "attestation-manifest"}},
                ]
            }
        ).encode()
    )  # fmt: skip
    index = json.dumps({"manifests": [{"digest": inner}]}).encode()
    return tar({"oci-layout": b"{}", "index.json": index, **blobs})
