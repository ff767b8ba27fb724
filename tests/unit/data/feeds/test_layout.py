"""Which files are asked for, and where."""

from __future__ import annotations

import pytest

from icelos.data.feeds import layout
from icelos.data.feeds.catalogue import FEEDS
from icelos.errors import SettingsError
from icelos.settings import FeedSettings

SETTINGS = FeedSettings(osv_ecosystems=("PyPI",), alpine_releases=("v3.20",), nvd_first_year=2024)


def test_addresses() -> None:
    assert layout.osv(("GitHub Actions", "Debian:12"), SETTINGS, ()) == {
        "GitHub Actions/all.zip": f"{layout.OSV}/GitHub%20Actions/all.zip",
        "Debian:12/all.zip": f"{layout.OSV}/Debian:12/all.zip",
    }
    assert list(layout.alpine(("edge",), SETTINGS, ())) == ["edge/main.json", "edge/community.json"]
    assert layout.nvd(("2024",), SETTINGS, ()) == {
        "nvdcve-2.0-2024.json.gz": "https://nvd.nist.gov/feeds/json/cve/2.0/nvdcve-2.0-2024.json.gz"
    }


def test_without_parts_the_settings_and_what_is_here() -> None:
    held = ["Debian:12/all.zip", "one.jsonl", "v3.9/main.json", "x/other.json"]
    assert list(layout.osv((), SETTINGS, held)) == ["PyPI/all.zip", "Debian:12/all.zip"]
    releases = {file.partition("/")[0] for file in layout.alpine((), SETTINGS, held)}
    assert releases == {"v3.20", "v3.9"}
    years = list(layout.nvd((), SETTINGS, held))
    assert years[0] == "nvdcve-2.0-2024.json.gz"
    assert len(years) == len(set(years)) >= 3


@pytest.mark.parametrize("part", ["..", "a/b", "", "\n", "2001", "99999", "２０２４"])
def test_what_makes_no_sense(part: str) -> None:
    for choose in (layout.osv, layout.alpine, layout.nvd):
        if choose is layout.osv and part == "2001":
            continue
        with pytest.raises(SettingsError):
            choose((part,), SETTINGS, ())


def test_every_feed_of_the_catalogue_is_fetched_encrypted_and_says_its_licence() -> None:
    for feed in FEEDS.values():
        files = feed.files((), FeedSettings(), ())
        assert files, feed.name
        assert all(url.startswith("https://") for url in files.values())
        assert feed.licence
        assert feed.title
        assert feed.documents or feed.items
