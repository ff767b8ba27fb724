"""Settings: what overrides what, and that nothing unknown or wrong passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from icelos.errors import SettingsError
from icelos.settings import SECRETS, NewsFeed, Settings, default_home, described, load


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "icelos.toml"
    path.write_text(text, "utf-8")
    return path


def test_flags_over_environment_over_file(tmp_path: Path) -> None:
    _file(tmp_path, "[engine]\nbatch_size = 1\nworkers = 2\nmax_failures = 3\n")
    environ = {"ICELOS_ENGINE_BATCH_SIZE": "10", "ICELOS_ENGINE_WORKERS": "20"}
    loaded = load(environ=environ, flags={"engine.batch_size": 100, "engine.workers": None})
    engine = loaded.settings.engine
    assert (engine.batch_size, engine.workers, engine.max_failures) == (100, 20, 3)
    assert loaded.origins["engine.batch_size"] == "flag"
    assert loaded.origins["engine.workers"] == "ICELOS_ENGINE_WORKERS"
    assert loaded.origins["engine.max_failures"].endswith("icelos.toml")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[engine]\nbach_size = 1\n", "batch_size"),
        ("[engin]\nbatch_size = 1\n", "unknown setting"),
        ("engine = 1\n", "section"),
        ("[engine]\nbatch_size = -1\n", "batch_size"),
        ("[engine]\nbatch_size = '8'\nworkers = [1]\n", "workers"),
        ("[llm]\ntimeout_s = nan\n", "timeout_s"),
        ("not toml", "cannot read"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        load(_file(tmp_path, text), environ={})


def test_a_wrong_variable_is_refused_with_a_guess() -> None:
    with pytest.raises(SettingsError, match="ICELOS_LLM_MODEL"):
        load(environ={"ICELOS_LLM_MODL": "x"})
    with pytest.raises(SettingsError, match="workers"):
        load(environ={"ICELOS_ENGINE_WORKERS": "many"})


@pytest.mark.parametrize("name", ["engine.bach_size", "engin.batch_size", "nonsense"])
def test_an_unknown_flag_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="unknown setting"):
        load(environ={}, flags={name: 1})


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such settings file"):
        load(tmp_path / "none.toml", environ={})
    with pytest.raises(SettingsError, match="no such settings file"):
        load(environ={"ICELOS_CONFIG": str(tmp_path)})


def test_lists_and_numbers_from_the_environment() -> None:
    loaded = load(environ={"ICELOS_COPILOT_GROUPS": "soc, ir,", "ICELOS_LLM_TIMEOUT_S": "2.5"})
    assert loaded.settings.copilot.groups == ("soc", "ir")
    assert loaded.settings.llm.timeout_s == 2.5


def test_no_secret_is_shown_or_told() -> None:
    loaded = load(environ={"ICELOS_LLM_API_KEY": "sk-very-secret", "ICELOS_MAIL_IMAP_PASSWORD": "pw-secret"})
    assert loaded.settings.llm.api_key == "sk-very-secret"
    assert loaded.settings.mail.imap_password == "pw-secret"
    assert "-secret" not in repr(list(loaded.shown()))
    assert {"llm.api_key", "mail.imap_password", "kafka.password", "web.metrics_token"} < SECRETS
    assert {name for name, text in described().items() if text.startswith("Secret")} == SECRETS
    with pytest.raises(SettingsError) as caught:
        load(environ={}, flags={"llm.api_key": ["sk-very-secret"]})
    assert "sk-very-secret" not in str(caught.value)


def test_every_setting_is_described_and_shown() -> None:
    assert all(described().values())
    assert [item.name for item in load(environ={}).shown()] == list(described())


def test_home(tmp_path: Path) -> None:
    assert Settings().home == default_home() == tmp_path / "data" / "icelos"
    assert load(environ={"ICELOS_HOME": "below"}).settings.home == tmp_path / "below"


def test_a_table_in_the_environment_is_json() -> None:
    found = load(environ={"ICELOS_RETENTION_DAYS": '{"failures": 90}'}).settings
    assert found.retention.days == {"failures": 90}
    for text in ("failures=90", '{"failures": "soon"}', "[1]"):
        with pytest.raises(SettingsError, match=r"retention\.days"):
            load(environ={"ICELOS_RETENTION_DAYS": text})


def test_news_feeds_are_addresses_or_tables(tmp_path: Path) -> None:
    file = tmp_path / "icelos.toml"
    file.write_text(
        '[feeds.news]\na = "https://a.example/f"\nb = { url = "https://b.example/f", groups = ["soc"] }\n'
    )
    found = load(file, environ={}).settings.feeds.news
    assert (found["a"], found["b"]) == (
        "https://a.example/f",
        NewsFeed(url="https://b.example/f", groups=("soc",)),
    )
    file.write_text('[feeds.news]\na = { url = "https://a.example/f", grups = ["soc"] }\n')
    with pytest.raises(SettingsError, match="grups"):
        load(file, environ={})
