from __future__ import annotations

import re
from pathlib import Path

from icelos.jobs.vulns.investigation.application import Application
from icelos.jobs.vulns.investigation.settings import settings_of


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_own_files_are_told_from_installed_ones(tmp_path: Path) -> None:
    _write(
        tmp_path,
        {
            "app/main.py": "import x", "app/templates/a.html": "{{ x }}", "requirements.txt": "x==1",
            "site-packages/x/__init__.py": "", "site-packages/x-1.dist-info/METADATA": "Name: x",
            "usr/lib/python3.11/json/__init__.py": "", "venv/pyvenv.cfg": "", "venv/lib/a.py": "",
            "README.md": "x", "picture.png": "x",
        },
    )  # fmt: skip
    found = Application(tmp_path, ["site-packages/x-1.dist-info/METADATA:2"])
    assert sorted(found.files) == ["app/main.py", "app/templates/a.html"]
    assert sorted(found.manifests) == ["README.md", "requirements.txt"]
    assert found.packages == (tmp_path / "site-packages",)


def test_packages_beside_the_application_are_told_by_their_record(tmp_path: Path) -> None:
    _write(
        tmp_path,
        {
            "handler.py": "", "x/__init__.py": "", "y.py": "", "x-1.dist-info/METADATA": "",
            "x-1.dist-info/RECORD": "x/__init__.py,sha256=1,2\ny.py,,\nx-1.dist-info/METADATA,,\n",
        },
    )  # fmt: skip
    found = Application(tmp_path, ["x-1.dist-info/METADATA:1"])
    assert sorted(found.files) == ["handler.py"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    _write(tmp_path, {"outside/secret.py": "x", "target/app.py": "y"})
    (tmp_path / "target/link.py").symlink_to(tmp_path / "outside/secret.py")
    (tmp_path / "target/folder").symlink_to(tmp_path / "outside")
    assert sorted(Application(tmp_path / "target").files) == ["app.py"]


def test_start_commands(tmp_path: Path) -> None:
    _write(
        tmp_path,
        {
            "Dockerfile": 'FROM x\nCMD ["gunicorn", "app:app"]\n',
            "Procfile": "web: waitress-serve app:app\n",
            "app.py": 'if __name__ == "__main__":\n    run()\n',
            "a.service": "[Service]\nExecStart=/usr/bin/app\n",
        },
    )  # fmt: skip
    found = {one.place: one.command for one in Application(tmp_path).starts}
    assert found == {
        "Dockerfile:2": "gunicorn app:app", "Procfile:1": "waitress-serve app:app",
        "app.py:1": "python app.py", "a.service:2": "/usr/bin/app",
    }  # fmt: skip


def test_mentions_and_settings_tell_their_lines(tmp_path: Path) -> None:
    _write(
        tmp_path,
        {
            "settings.py": "X = 1\nDEBUG = False  # never\n", "c.yaml": "app:\n  DEBUG: true\n",
            ".env": "DEBUG=0\n", "Dockerfile": "ENV DEBUG 1\n", "a.html": "{{ x|urlize }}",
        },
    )  # fmt: skip
    application = Application(tmp_path)
    (found,) = application.mentions(re.compile("urlize"))
    assert (found.quote, found.source) == ("{{ x|urlize }}", "a.html:1")
    values = {one.source: one.truth for one in settings_of(application, "DEBUG")}
    assert values == {"settings.py:2": False, "c.yaml:2": True, ".env:1": False, "Dockerfile:1": True}
