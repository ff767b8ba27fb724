"""Gradle's lock file and pom.xml."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse.java_locks import gradle_lock, pom_xml
from icelos.data.parse.listed import Listed
from icelos.errors import InputError

POM = b"""<?xml version="1.0"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
 <parent><groupId>org.example</groupId><version>7</version></parent>
 <properties><jackson.version>2.9.8</jackson.version><loop>${loop}</loop></properties>
 <dependencies>
  <dependency><groupId>a.b</groupId><artifactId>c</artifactId><version>1.0</version></dependency>
  <dependency><groupId>com.x</groupId><artifactId>databind</artifactId>
   <version>${jackson.version}</version></dependency>
  <dependency><groupId>${project.groupId}</groupId><artifactId>own</artifactId>
   <version>${project.version}</version></dependency>
  <dependency><groupId>a.b</groupId><artifactId>managed</artifactId></dependency>
  <dependency><groupId>a.b</groupId><artifactId>looped</artifactId><version>${loop}</version></dependency>
  <dependency><groupId>a.b</groupId><artifactId>range</artifactId><version>[1,2)</version></dependency>
 </dependencies>
 <dependencyManagement><dependencies>
  <dependency><groupId>not</groupId><artifactId>used</artifactId><version>1</version></dependency>
 </dependencies></dependencyManagement>
</project>"""


def test_pom_xml() -> None:
    found = list(pom_xml(POM))
    assert [(item.purl, item.line) for item in found if isinstance(item, Listed)] == [
        ("pkg:maven/a.b/c@1.0", 6),
        ("pkg:maven/com.x/databind@2.9.8", 7),
        ("pkg:maven/org.example/own@7", 9),
    ]
    assert [item.message for item in found if isinstance(item, InputError)] == [
        "3 dependencies have no version of their own in it"
    ]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "broken XML"), (b"<html/>", "not a project of Maven"), (b"<a>" * 1000, "nested deeper"),
        (b'<!DOCTYPE p [<!ENTITY a "b">]><project/>', "forbidden parts"),
    ],
)  # fmt: skip
def test_what_is_no_pom(data: bytes, says: str) -> None:
    with pytest.raises(InputError, match=says):
        list(pom_xml(data))


def test_gradle_lock() -> None:
    data = b"# comment\ncom.google.guava:guava:30.1-jre=compileClasspath,runtimeClasspath\nempty=annotation\n"
    assert [(item.purl, item.line) for item in gradle_lock(data) if isinstance(item, Listed)] == [
        ("pkg:maven/com.google.guava/guava@30.1-jre", 2)
    ]


@given(st.integers(0, len(POM)), st.binary(max_size=6))
def test_any_damage_is_an_input_error_or_nothing(place: int, noise: bytes) -> None:
    for read in (pom_xml, gradle_lock):
        with suppress(InputError):
            list(read(POM[:place] + noise + POM[place:]))
