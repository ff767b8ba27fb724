"""The spool: in order, whole, kept until it is confirmed, whatever a killed writer left behind."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.syslog.spool import Entry, Place, Spool
from icelos.errors import InputError, StoreError


def _entry(number: int, size: int = 100) -> Entry:
    return Entry(b"%d " % number + b"x" * size, "10.0.0.1", number, number % 2)


def _all(spool: Spool, place: Place | None = None) -> list[Entry | None]:
    return [entry for _, entry in spool.read(place or Place())]


def test_in_order_over_several_files_and_processes(tmp_path: Path) -> None:
    entries = [_entry(number) for number in range(100)]
    spool = Spool(tmp_path, limit=8000)
    for entry in entries[:50]:
        spool.append([entry])
    spool.close()
    with pytest.raises(ValueError, match="closed"):
        spool.append([entries[50]])
    spool = Spool(tmp_path, limit=8000)
    spool.append(entries[50:])
    read = list(spool.read(Place()))
    assert [entry for _, entry in read] == entries
    assert [place for place, _ in read] == sorted(
        (place for place, _ in read), key=lambda one: (one.segment, one.offset)
    )
    assert len(list(tmp_path.glob("*.spool"))) > 3
    for number in (0, 30, 49, 50, 99):
        assert _all(spool, read[number][0]) == entries[number + 1 :]
        assert (spool.behind(read[number][0]) == 0) == (number == 99)
    spool.close()


def test_only_what_is_confirmed_goes(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit=8000)
    for number in range(80):
        spool.append([_entry(number)])
    assert spool.used >= 8000
    place = list(spool.read(Place()))[59][0]
    spool.forget(place)
    assert not spool.is_full
    assert _all(spool, place) == [_entry(number) for number in range(60, 80)]
    last = list(spool.read(place))[-1][0]
    spool.forget(last)
    spool.forget(Place(999, 0))
    assert len(list(tmp_path.glob("*.spool"))) == 1
    spool.close()
    again = Spool(tmp_path, limit=8000)
    again.append([_entry(1)])
    ((after, _),) = again.read(last)
    assert after.segment > last.segment
    again.close()


def test_one_process_writes(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit=8000)
    with pytest.raises(InputError, match="another run"):
        Spool(tmp_path, limit=8000)
    spool.close()
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write"):
        Spool(tmp_path / "file", limit=8000)


def test_a_spool_has_an_identity_of_its_own(tmp_path: Path) -> None:
    identities = []
    for folder in ("a", "b", "a"):
        spool = Spool(tmp_path / folder, limit=8000)
        identities.append(spool.identity)
        spool.close()
    assert identities[0] == identities[2] != identities[1]


@given(cut=st.integers(1, 300), flip=st.integers(0, 10**9) | st.none())
def test_what_is_broken_costs_what_stands_behind_it(
    tmp_path_factory: pytest.TempPathFactory, cut: int, flip: int | None
) -> None:
    folder = tmp_path_factory.mktemp("spool")
    spool = Spool(folder, limit=1 << 20)
    file, ends = folder / "00000001.spool", set()
    for number in range(10):
        spool.append([_entry(number)])
        ends.add(file.stat().st_size)
    spool.close()
    data = bytearray(file.read_bytes())
    if flip is None:
        data = data[:-cut]
    else:
        data[flip % len(data)] ^= 0xFF
    file.write_bytes(bytes(data))
    again = Spool(folder, limit=1 << 20)
    again.append([_entry(10)])
    read = _all(again)
    again.close()
    assert read[-1] == _entry(10)
    assert read[-2] is None or (flip is None and len(data) in ends)
    whole = [entry for entry in read[:-1] if entry is not None]
    assert whole == [_entry(number) for number in range(len(whole))]


FULL_DISK = """
import resource, sys
from pathlib import Path
from icelos.data.syslog.spool import Entry, Place, Spool
import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
spool = Spool(Path(sys.argv[1]), limit=1 << 30)
spool.append([Entry(b"before", "a", 1)])
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
try:
    spool.append([Entry(b"x" * 5000, "a", 2), Entry(b"y", "a", 3)])
except OSError:
    print("full")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
spool.append([Entry(b"after", "a", 4)])
print([entry.data for _, entry in spool.read(Place())])
"""


def test_a_full_disk_leaves_no_half_of_it(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert run.stdout.splitlines() == ["full", "[b'before', b'after']"]


def test_reading_holds_little_of_a_large_spool(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit=1 << 30)
    for number in range(60):
        spool.append([_entry(number, 1 << 20)])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert sum(1 for _ in spool.read(Place())) == 60
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30 << 10
    spool.close()
