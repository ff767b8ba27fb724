"""The manifests: valid by the API's schema, and within the restricted Pod Security Standard."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

FILES = sorted((Path(__file__).parents[3] / "deploy" / "kubernetes").glob("*.yaml"))
DOCUMENTS: list[dict[str, Any]] = [
    document for file in FILES for document in yaml.safe_load_all(file.read_text("utf-8"))
]
PODS = {
    d["metadata"]["name"]: d["spec"]["template"]["spec"] for d in DOCUMENTS if "template" in d.get("spec", {})
}
every_pod = pytest.mark.parametrize("name", sorted(PODS))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d["metadata"]["name"])
def test_it_is_valid_by_the_schema(document: dict[str, Any]) -> None:
    checker = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate, which has the schemas")
    checker.validate(document, checker.latest_version(), strict=True)


@every_pod
def test_a_pod_is_within_the_restricted_standard(name: str) -> None:
    pod = PODS[name]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert all(set(volume) - {"name"} <= {"emptyDir", "secret"} for volume in pod["volumes"])
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "memory" in container["resources"]["limits"]


@every_pod
def test_a_pod_gets_no_account_and_no_variables_of_services(name: str) -> None:
    assert PODS[name]["automountServiceAccountToken"] is False
    assert PODS[name]["enableServiceLinks"] is False


@every_pod
def test_no_secret_stands_in_a_manifest(name: str) -> None:
    for container in PODS[name]["containers"]:
        for variable in container["env"]:
            assert not ("value" in variable and re.search("PASSWORD|TOKEN|SECRET", variable["name"]))
    assert not re.search(r"://[^/\" ]*:[^/\" @]*@", json.dumps(PODS[name]))


def test_each_index_has_its_shard() -> None:
    (job,) = [d["spec"] for d in DOCUMENTS if d["kind"] == "Job"]
    (container,) = job["template"]["spec"]["containers"]
    assert job["completionMode"] == "Indexed"
    shard = re.search(r"--shard \$\(\(JOB_COMPLETION_INDEX \+ 1\)\)/(\d+)$", container["args"][0])
    assert shard is not None
    assert int(shard[1]) == job["completions"]


def test_workers_are_probed_and_have_time_to_drain() -> None:
    for pod in PODS.values():
        assert pod["terminationGracePeriodSeconds"] >= 120
    (worker,) = PODS["icelos-stream"]["containers"]
    assert worker["ports"] == [{"name": "metrics", "containerPort": 9464}]
    assert "0.0.0.0:9464" in worker["args"]
    asked = {kind: worker[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")}
    assert asked == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}
