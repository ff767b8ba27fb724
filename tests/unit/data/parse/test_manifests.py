"""Manifests and configurations of images, whole and broken ones."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse.manifests import ImageConfig, Manifest, image_config, read_manifests
from icelos.errors import InputError


def _documents(**documents: Any) -> Any:
    found = {name.replace("_", "."): json.dumps(value).encode() for name, value in documents.items()}
    return found.get


def test_neither_layout() -> None:
    assert read_manifests(_documents(other_json={})) is None


def test_docker() -> None:
    manifest = [{"Config": "c.json", "RepoTags": ["x:1"], "Layers": ["a", "b"]}]
    config = {"rootfs": {"diff_ids": ["sha256:1", "sha256:2"]}}
    found = read_manifests(_documents(manifest_json=manifest, c_json=config))
    assert found == [Manifest("x:1", "c.json", "c.json", (("sha256:1", "a"), ("sha256:2", "b")))]
    assert read_manifests(_documents(manifest_json=manifest)) == [
        Manifest("x:1", "c.json", "c.json", (("a", "a"), ("b", "b")))
    ]


def test_a_configuration_may_be_of_any_shape() -> None:
    manifest = Manifest("x", "c.json", "c.json", ())
    odd: list[Any] = [None, [], "x", {"Entrypoint": 7, "Env": ["=x", 7], "ExposedPorts": []}]
    for value in [*odd, {"Labels": {"a": 1}}]:
        config = image_config(_documents(c_json={"config": value}), manifest)
        assert (config.entrypoint, config.env, config.exposed_ports) == ((), {}, ())
    assert image_config(_documents(), Manifest("x", "", "", ())) == ImageConfig()
    shell = image_config(_documents(c_json={"config": {"Entrypoint": "sh", "Cmd": None}}), manifest)
    assert (shell.entrypoint, shell.cmd) == (("sh",), ())
    with pytest.raises(InputError, match=r"c\.json is not in the archive"):
        image_config(_documents(), manifest)


JSON = st.recursive(
    st.none() | st.integers(0, 3) | st.sampled_from(["sha256:a", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["manifests", "digest", "layers", "Layers", "config"]), inner)
    ),
    max_leaves=8,
)


@given(JSON, JSON)
def test_any_json_is_read_or_refused(index: Any, blob: Any) -> None:
    documents = {"index.json": index, "blobs/sha256/a": blob}
    for names in (documents, {"manifest.json": index, "x": blob}):
        packed = {name: json.dumps(value).encode() for name, value in names.items()}
        with suppress(InputError):
            for manifest in read_manifests(packed.get) or ():
                image_config(packed.get, manifest)
