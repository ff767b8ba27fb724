"""Object stores: their locations, and what is in a bucket, in order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.stores.objects import SCHEMES, Bucket, Place, place_of
from icelos.errors import InputError, SettingsError, StoreError

ODD = (
    "a/x.log", "a//b.log", "a-b/x.log", "a/.h", "a/dir/", "a/dir/z", "a/z/..", "a/../q", "plain",
    "we?ird*[1].log", "ünï/x.log",
)  # fmt: skip


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ("s3://bucket", Place("s3", "bucket")),
        ("s3://bucket/", Place("s3", "bucket")),
        ("s3://bucket/a/b/", Place("s3", "bucket", "a/b")),
        ("s3://bucket/a/b", Place("s3", "bucket", "a", one="b")),
        ("gs://my.bucket/a/*.gz", Place("gs", "my.bucket", "a", "*.gz")),
        ("s3://bucket/2026-*/x/**/*.gz", Place("s3", "bucket", "", "2026-*/x/**/*.gz")),
        ("abfs://box@account.example/a/", Place("abfs", "box@account.example", "a")),
    ],
)
def test_places(location: str, place: Place) -> None:
    assert place_of(location) == place


@pytest.mark.parametrize(
    "location",
    [
        "http://bucket/a", "ftp://bucket/a", "sftp://bucket/a", "github://org:repo@/a", "local://bucket/a",
        "memory://bucket/a", "file:///etc/passwd", "ssh://bucket/a", "hdfs://bucket/a", "/etc/passwd",
        "simplecache::s3://bucket/a", "s3://bucket/a::file:///etc/passwd", "zip://a::s3://bucket/b", "s3://",
        "s3:/a/b", "s3://b/a", "S3://bucket/a", "s3://bucket/a\nb", "s3://key:s3cret@bucket/a", "s3://s3cret@bucket/a",
        "s3:///a", "s3://bucket?x/a", "abfs://s3cret:s3cret@account/a",
    ],
)  # fmt: skip
def test_places_that_are_refused(location: str) -> None:
    with pytest.raises(SettingsError) as caught:
        place_of(location)
    assert "s3cret" not in str(caught.value)


@given(st.text())
def test_a_location_is_a_place_or_refused(text: str) -> None:
    for location in (text, f"s3://bucket/{text}", f"s3://{text}"):
        try:
            place = place_of(location)
        except SettingsError:
            continue
        assert place.scheme in SCHEMES
        assert location.startswith(f"{place.scheme}://{place.bucket}")
        assert "::" not in str(place)


def _names(location: str, **options: Any) -> list[str]:
    return [entry.name for entry in Bucket(place_of(location)).entries(**options)]


@pytest.mark.slow
def test_every_object_has_its_place_in_the_order(s3: Any) -> None:
    for key in ODD:
        s3.put_object(Key=key, Body=b"x")
    whole = _names(f"s3://{s3.name}/")
    assert sorted(whole) == sorted(key for key in ODD if not key.endswith("/"))
    assert whole == sorted(whole, key=lambda name: name.split("/"))
    for place, name in enumerate(whole):
        assert _names(f"s3://{s3.name}", after=tuple(name.split("/"))) == whole[place:]
    assert _names(f"s3://{s3.name}/a*/x.log") == ["a/x.log", "a-b/x.log"]
    assert _names(f"s3://{s3.name}/a/dir") == ["z"]
    assert _names(f"s3://{s3.name}/plain") == ["plain"]
    assert _names(f"s3://{s3.name}/*") == [name for name in whole if not name.startswith(".")]


@pytest.mark.slow
def test_a_listing_of_many_pages(s3: Any) -> None:
    from concurrent.futures import ThreadPoolExecutor

    names = [f"{number:04}" for number in range(1005)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: s3.put_object(Key=f"p/{name}", Body=b""), names))
    assert _names(f"s3://{s3.name}/p/") == names
    assert _names(f"s3://{s3.name}/p/100?") == names[1000:]


def test_what_is_not_there_is_said(s3: Any) -> None:
    for location in ("s3://no-such-bucket/", f"s3://{s3.name}/nothing/"):
        with pytest.raises(InputError, match="no such bucket"):
            _names(location)
    with pytest.raises(InputError, match="no such bucket"):
        Bucket(place_of("s3://no-such-bucket/")).check()
    Bucket(place_of(f"s3://{s3.name}/nothing/")).check()


def test_a_store_that_does_not_answer_is_said(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(StoreError, match="does not answer") as caught:
        Bucket(place_of(f"s3://{s3.name}/a"), endpoint="http://127.0.0.1:9")
    assert "s3cret" not in str(caught.value)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    with pytest.raises(StoreError, match="credentials"):
        _names(f"s3://{s3.name}/")


def test_an_endpoint_is_a_url() -> None:
    for endpoint in ("file:///etc", "http://key:s3cret@h"):
        with pytest.raises(SettingsError) as caught:
            Bucket(place_of("s3://bucket/"), endpoint=endpoint)
        assert "s3cret" not in str(caught.value)


def test_what_is_not_installed_is_said() -> None:
    pytest.importorskip("fsspec")
    try:
        import ossfs  # type: ignore[import-not-found]  # noqa: F401
    except ImportError:
        with pytest.raises(InputError, match="pip install ossfs"):
            Bucket(place_of("oss://bucket/"))
