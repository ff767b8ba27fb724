"""Jars: what they say they are, what is in them, and hostile ones."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse import java_archives
from icelos.data.parse.java_archives import java_archive
from icelos.data.parse.listed import Listed
from icelos.errors import InputError


def _jar(files: Mapping[str, bytes | str], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", packing) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return raw.getvalue()


def _pom(group: str, artifact: str, version: str) -> dict[str, str]:
    text = f"#made\ngroupId={group}\nartifactId={artifact}\nversion={version}\n"
    return {f"META-INF/maven/{group}/{artifact}/pom.properties": text}


def _manifest(**fields: str) -> dict[str, str]:
    lines = [f"{key.replace('_', '-')}: {value}" for key, value in fields.items()]
    return {"META-INF/MANIFEST.MF": "Manifest-Version: 1.0\r\n" + "\r\n".join(lines) + "\r\n\r\nName: x\r\n"}


def _purls(path: str, data: bytes) -> list[str]:
    found = list(java_archive(path, data))
    assert all(isinstance(item, Listed) for item in found), found
    return [item.purl for item in found if isinstance(item, Listed)]


def test_by_maven_s_own_words() -> None:
    data = _jar(_pom("org.yaml", "snakeyaml", "1.26") | _manifest(Implementation_Version="9"))
    assert _purls("lib/snakeyaml-1.26.jar", data) == ["pkg:maven/org.yaml/snakeyaml@1.26"]


def test_a_shaded_jar_is_all_that_was_put_into_it() -> None:
    data = _jar(_pom("a.b", "c", "1") | _pom("a.b", "d", "2"))
    assert _purls("c-1.jar", data) == ["pkg:maven/a.b/c@1", "pkg:maven/a.b/d@2"]


def test_a_jar_that_only_carries_the_poms_of_others() -> None:
    data = _jar(_pom("cglib", "cglib", "3.2.12") | _manifest(Bundle_Version="4.2.3"))
    assert _purls("guice.jar", data) == ["pkg:maven/cglib/cglib@3.2.12", "pkg:maven/guice/guice@4.2.3"]
    same = _jar(_pom("org.apache.maven", "maven-core", "3.8.7") | _manifest(Implementation_Version="3.8.7"))
    assert _purls("maven3-core.jar", same) == ["pkg:maven/org.apache.maven/maven-core@3.8.7"]


@pytest.mark.parametrize(
    ("path", "fields", "purl"),
    [
        ("commons-io-2.6.jar", {}, "pkg:maven/commons-io/commons-io@2.6"),
        ("log4j-1.2.17.jar", {"Bundle_SymbolicName": "log4j"}, "pkg:maven/log4j/log4j@1.2.17"),
        (
            "spring-core-5.2.9.RELEASE.jar",
            {"Automatic_Module_Name": "spring.core"},
            "pkg:maven/org.springframework/spring-core@5.2.9.RELEASE",
        ),
        (
            "jackson-databind-2.9.8.jar",
            {"Bundle_SymbolicName": "com.fasterxml.jackson.core.jackson-databind;x=1"},
            "pkg:maven/com.fasterxml.jackson.core/jackson-databind@2.9.8",
        ),
        (
            "x.jar",
            {"Implementation_Version": "4.1", "Implementation_Vendor_Id": "org.x"},
            "pkg:maven/org.x/x@4.1",
        ),
    ],
)  # fmt: skip
def test_by_manifest_and_name(path: str, fields: dict[str, str], purl: str) -> None:
    assert _purls(f"opt/{path}", _jar(_manifest(**fields))) == [purl]


def test_long_lines_of_a_manifest_go_on() -> None:
    text = "Manifest-Version: 1.0\r\nBundle-SymbolicName: org.exam\r\n ple.part\r\nBundle-Version: 1.2\r\n"
    assert _purls("part.jar", _jar({"META-INF/MANIFEST.MF": text})) == ["pkg:maven/org.example/part@1.2"]


def test_nested_archives() -> None:
    inner = _jar(_pom("g", "inner", "1"))
    war = _jar({"WEB-INF/lib/inner.jar": inner, "index.html": "x"})
    ear = _jar({"app.war": war})
    found = list(java_archive("x.ear", ear))
    assert [(item.purl, item.inner) for item in found if isinstance(item, Listed)] == [
        ("pkg:maven/g/inner@1", "app.war!/WEB-INF/lib/inner.jar!/META-INF/maven/g/inner/pom.properties")
    ]
    assert len(found) == 1


def test_a_broken_part_is_told_and_the_rest_is_read() -> None:
    parts = {"a.jar": b"no zip", "b.jar": _jar(_pom("g", "b", "1"))}
    data = _jar({**parts, **_pom("g", "whole", "1")})
    found = list(java_archive("x.jar", data))
    assert [item.purl for item in found if isinstance(item, Listed)] == [
        "pkg:maven/g/whole@1",
        "pkg:maven/g/b@1",
    ]
    assert [item.source for item in found if isinstance(item, InputError)] == ["a.jar"]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "broken Java archive"), (b"PK\x03\x04" * 100, "broken Java archive"),
        (_jar({"x.class": b""}), "does not say what package"),
        (_jar(_pom("g", "a", "${version}") | _manifest()), "not a package of Maven"),
    ],
)  # fmt: skip
def test_what_names_no_package(data: bytes, says: str) -> None:
    messages = [item.message for item in java_archive("x.jar", data) if isinstance(item, InputError)]
    assert says in messages[0]


def test_archives_that_are_nested_too_deep() -> None:
    data = _jar(_pom("g", "deep", "1"))
    for _ in range(8):
        data = _jar({"x.jar": data, **_manifest(Implementation_Version="1")})
    errors = [item for item in java_archive("x.jar", data) if isinstance(item, InputError)]
    assert [error.message for error in errors] == ["archives are nested deeper than 5"]


def test_a_bomb_ends_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(java_archives, "MAX_UNPACKED", 1 << 20)
    data = _jar({f"{n}.jar": b"\0" * (1 << 20) for n in range(3)})
    errors = [item.message for item in java_archive("x.war", data) if isinstance(item, InputError)]
    assert any("unpacks to more" in message for message in errors)


def test_an_archive_of_very_many_entries_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(java_archives, "MAX_ENTRIES", 10)
    (error,) = java_archive("x.jar", _jar({str(n): b"" for n in range(11)}))
    assert isinstance(error, InputError)
    assert "more than 10 entries" in error.message


SAMPLE = _jar({"b.jar": _jar(_pom("g", "b", "1")), **_pom("g", "a", "1"), **_manifest(Bundle_Version="1")})


@given(st.integers(0, len(SAMPLE) - 1), st.binary(min_size=1, max_size=6))
def test_any_damage_ends_well(place: int, noise: bytes) -> None:
    with suppress(InputError):
        list(java_archive("x.jar", SAMPLE[:place] + noise + SAMPLE[place + len(noise) :]))
