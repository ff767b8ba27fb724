from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from icelos.data.file_tree import FileTree
from icelos.data.parse.manifests import ImageConfig
from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.surroundings import MAX_VALUES, runtime, setting
from icelos.jobs.vulns.investigation.target import Target


def test_settings_of_files(make_case: Callable[..., Case], root: Path) -> None:
    found = setting(make_case(), "DEBUG")
    assert [(one.quote, one.source) for one in found.evidence] == [("DEBUG = False", "app/main.py:3")]
    assert setting(make_case(), "a.*(b").says == "nothing in the target sets a.*(b"


def test_values_are_bounded(make_case: Callable[..., Case], root: Path) -> None:
    (root / "app/many.ini").write_text("strict = on\n" * 40)
    assert len(setting(make_case(), "strict").evidence) == MAX_VALUES


def test_a_folder_tells_commands_and_system(make_case: Callable[..., Case]) -> None:
    found = runtime(make_case())
    assert found.says == "runs on linux; 1 start commands"
    assert [one.source for one in found.evidence] == ["Dockerfile:3", "Dockerfile:1"]


def test_an_image_tells_how_it_is_started(make_case: Callable[..., Case], target: Target) -> None:
    config = ImageConfig(
        entrypoint=("python",), cmd=("app/main.py",), env={"STAGE": "live"}, user="app",
        exposed_ports=("80/tcp",), working_dir="/srv",
    )  # fmt: skip
    case = make_case()
    case.target = Target(FileTree(target.root, config=config), target.components)
    quotes = [one.quote for one in runtime(case).evidence]
    assert quotes[0] == "python app/main.py"
    assert {"User: app", "ExposedPorts: 80/tcp", "WorkingDir: /srv", "Env: STAGE"} <= set(quotes)
    assert not any("live" in quote for quote in quotes)  # values of the environment may be secrets
    assert setting(case, "STAGE").evidence[-1].source == "image configuration: Env"
