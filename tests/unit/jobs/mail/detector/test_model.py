from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np
import pytest

from icelos.errors import InputError
from icelos.jobs.mail.detector.model import (
    CLIP,
    FILE_LIMIT,
    PARTS,
    Card,
    Linear,
    MailModel,
    Mixture,
    any_of,
    load_model,
    save_model,
)
from icelos.jobs.mail.detector.train import Examples
from icelos.jobs.mail.detector.view import plain_view
from icelos.jobs.mail.intents.taxonomy import ALL, MALICIOUS
from icelos.llm.encoder import DIMENSIONS, Encoder


@pytest.fixture(scope="module")
def file(small_model: MailModel, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What a model file holds."""
    path = tmp_path_factory.mktemp("models") / "small.npz"
    save_model(small_model, path)
    return path.read_bytes()


@pytest.fixture
def saved(file: bytes, tmp_path: Path) -> Path:
    """A model file that a test may damage."""
    (tmp_path / "small.npz").write_bytes(file)
    return tmp_path / "small.npz"


# ---- what it says


def test_any_of_is_the_log_odds_that_one_of_them_holds() -> None:
    probabilities = np.array([[0.5, 0.5], [0.0, 0.25], [0.2, 0.0]], np.float32)
    expected = [np.log(0.75 / 0.25), np.log(0.25 / 0.75), np.log(0.2 / 0.8)]
    assert any_of(probabilities) == pytest.approx(expected, abs=1e-4)


def test_any_of_is_finite_where_nothing_or_everything_holds() -> None:
    found = any_of(np.array([[0.0, 0.0], [1.0, 1.0]], np.float32))
    assert np.isfinite(found).all()
    assert found[0] < -12 < 12 < found[1]


def test_what_the_parts_weigh_sums_to_the_log_odds(small_model: MailModel, small_examples: Examples) -> None:
    reading = small_model.read_vectors(small_examples.rows, small_examples.anatomy)
    weighed = small_model.weigh(reading.parts, "words")
    assert weighed.shape == (small_examples.size, len(PARTS))
    offset = small_model.card.mixtures["words"].offset
    assert weighed.sum(1) + offset == pytest.approx(small_model.log_odds(reading, "words"), abs=1e-4)


def test_reading_by_views_or_by_their_vectors_is_the_same(
    small_model: MailModel, small_examples: Examples
) -> None:
    views = [plain_view("Your account", "Please confirm your password"), plain_view("Lunch", "At noon?")]
    reading = small_model.read(views, small_examples.anatomy[:2])
    assert reading.parts.shape == (2, len(PARTS))
    assert reading.intents.shape == (2, len(ALL))
    assert (np.abs(reading.parts) <= CLIP).all()
    assert ((reading.intents >= 0) & (reading.intents <= 1)).all()
    assert (reading.parts[:, PARTS.index("meaning")] == 0).all()
    password, lunch = reading.intents[:, ALL.index("credential-theft")]
    assert password > lunch


class Meaning(Encoder):
    """An encoder whose vectors are known."""

    def encode(self, texts: object) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        return np.full((len(texts), DIMENSIONS), 1 / DIMENSIONS, np.float32)  # type: ignore[arg-type]


def test_meaning_counts_where_there_is_an_encoder(small_model: MailModel) -> None:
    weights = np.zeros((1 + len(ALL), DIMENSIONS), np.float32)
    weights[0] = 3.0
    weights[1 + ALL.index("extortion")] = 20.0
    model = small_model._replace(meaning=Linear(weights, np.zeros(1 + len(ALL), np.float32)))
    anatomy = np.zeros((1, small_model.anatomy.weights.shape[1]), np.float32)
    plain = model.read(["hello"], anatomy)
    meant = model.read(["hello"], anatomy, Meaning())
    assert plain.parts[0, 1] == 0
    assert meant.parts[0, 1] == pytest.approx(3.0, abs=1e-4)
    assert meant.intents[0, ALL.index("extortion")] > plain.intents[0, ALL.index("extortion")]
    assert meant.parts[0, 0] == plain.parts[0, 0]


def test_a_model_made_for_the_encoder_does_not_judge_without(small_model: MailModel) -> None:
    card = msgspec.structs.replace(small_model.card, mixtures={"encoder": Mixture({}, 0.0)})
    model = small_model._replace(card=card)
    with pytest.raises(InputError, match="judges only with the sentence encoder"):
        model.kind(None)
    assert small_model.kind(Meaning()) == "words", "it has no meaning to give the encoder"


# ---- the file


def test_a_saved_model_says_the_same(saved: Path, small_model: MailModel, small_examples: Examples) -> None:
    """Weights are kept in 8 bits: each is off by half a step at most."""
    loaded = load_model(saved)
    assert msgspec.json.encode(loaded.card) == msgspec.json.encode(small_model.card)
    step = np.abs(small_model.text.weights).max() / 127
    assert np.abs(loaded.text.weights - small_model.text.weights).max() <= step / 2 + 1e-6
    before, after = (
        model.log_odds(model.read_vectors(small_examples.rows, small_examples.anatomy), "words")
        for model in (small_model, loaded)
    )
    assert np.abs(before - after).max() < 0.3
    assert float(np.corrcoef(before, after)[0, 1]) > 0.999


def test_the_encoders_part_is_kept(saved: Path, small_model: MailModel) -> None:
    meaning = Linear(
        np.ones((1 + len(ALL), DIMENSIONS), np.float32), np.arange(1 + len(ALL), dtype=np.float32)
    )
    save_model(small_model._replace(meaning=meaning), saved)
    loaded = load_model(saved).meaning
    assert loaded is not None
    assert np.allclose(loaded.weights, meaning.weights, atol=1e-2)
    assert (loaded.offsets == meaning.offsets).all()


def test_loading_a_saved_model_again_changes_nothing(saved: Path, tmp_path: Path) -> None:
    first = load_model(saved)
    save_model(first, tmp_path / "again.npz")
    second = load_model(tmp_path / "again.npz")
    assert np.allclose(second.text.weights, first.text.weights, rtol=1e-5)


def test_nothing_in_the_file_is_code(saved: Path) -> None:
    with zipfile.ZipFile(saved) as packed:
        for member in packed.namelist():
            array = np.load(io.BytesIO(packed.read(member)), allow_pickle=False)
            assert array.dtype.kind in "iuf", member


def test_what_is_no_file_or_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "text").write_bytes(b"words")
    with (tmp_path / "array.npy").open("wb") as file:
        np.save(file, np.zeros(3))
    with (tmp_path / "other.npz").open("wb") as file:
        np.savez(file, weights=np.zeros(3))
    for name in ("empty", "text", "array.npy", "other.npz", "none", "."):
        with pytest.raises(InputError, match="not a mail model of this version"):
            load_model(tmp_path / name)


def test_a_pickle_is_never_read(tmp_path: Path) -> None:
    with (tmp_path / "pickled.npz").open("wb") as file:
        np.savez(file, card=np.array([{"a": 1}], dtype=object))
    with pytest.raises(InputError, match="allow_pickle=False"):
        load_model(tmp_path / "pickled.npz")


def test_oversized_files_are_refused_before_they_are_read(tmp_path: Path) -> None:
    large = tmp_path / "large.npz"
    with large.open("wb") as file:
        file.truncate(FILE_LIMIT + 1)
    with pytest.raises(InputError, match="too large"):
        load_model(large)
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for number in range(5):
            packed.writestr(f"{number}.npy", bytes(32 << 20))
    with pytest.raises(InputError, match="unpacks to too much"):
        load_model(tmp_path / "bomb.npz")


def _array(array: object) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.asarray(array), allow_pickle=False)
    return stream.getvalue()


HUGE = b"\x93NUMPY\x01\x00v\x00" + (
    b"{'descr': '|i1', 'fortran_order': False, 'shape': (1099511627776,), }".ljust(117) + b"\n"
)


@pytest.mark.parametrize(
    ("member", "content"),
    [
        ("card", b"no array"),
        ("card", _array(np.frombuffer(b"[]", np.uint8))),
        ("card", _array(np.frombuffer(b'{"version":"x"}', np.uint8))),
        ("anatomy", b"no array"),
        ("anatomy", _array(np.zeros((1, 3), np.int8))),
        ("anatomy", HUGE),
        ("anatomy-scale", _array(np.float32(1))),
        ("anatomy-scale", _array(np.array([np.nan], np.float32))),
        ("anatomy-scale", _array(["x"])),
        ("anatomy-scale", _array([1j])),
        ("text-offsets", _array(np.array([np.inf], np.float32))),
        ("text-offsets", _array(np.zeros(1, [("a", "f4")]))),
    ],
)
def test_a_member_that_is_not_what_it_should_be(saved: Path, member: str, content: bytes) -> None:
    _with(saved, member, lambda _: content)
    with pytest.raises(InputError, match="not a mail model of this version"):
        load_model(saved)


def test_a_card_without_thresholds_for_its_mixtures(saved: Path) -> None:
    def emptied(old: bytes) -> bytes:
        card = msgspec.json.decode(np.load(io.BytesIO(old)).tobytes(), type=Card)
        new = msgspec.structs.replace(card, thresholds={})
        return _array(np.frombuffer(msgspec.json.encode(new), np.uint8))

    _with(saved, "card", emptied)
    with pytest.raises(InputError, match="no threshold for each mixture"):
        load_model(saved)


def _with(path: Path, member: str, change: Callable[[bytes], bytes]) -> None:
    """The file with another member in place of one."""
    with zipfile.ZipFile(path) as packed:
        members = {name: packed.read(name) for name in packed.namelist()}
    members[f"{member}.npy"] = change(members[f"{member}.npy"])
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in members.items():
            packed.writestr(name, content)


@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_file_is_refused_or_read_but_never_a_crash(saved: Path, seed: int) -> None:
    dice = random.Random(seed)
    data = bytearray(saved.read_bytes())
    for _ in range(dice.randint(1, 4)):
        place = dice.choice([dice.randrange(len(data)), dice.randrange(300), -1 - dice.randrange(600)])
        data[place] = dice.randrange(256)
    saved.write_bytes(bytes(data[: dice.choice([len(data), len(data) // 2])]))
    with suppress(InputError):
        assert load_model(saved).card.intents


def test_harm_and_harmless_are_told_apart(small_model: MailModel, small_examples: Examples) -> None:
    reading = small_model.read_vectors(small_examples.rows, small_examples.anatomy)
    bad = small_examples.labels == 1
    harm, harmless = PARTS.index("harm"), PARTS.index("harmless")
    assert reading.parts[bad, harm].mean() > reading.parts[~bad, harm].mean()
    assert reading.parts[bad, harmless].mean() < reading.parts[~bad, harmless].mean()
    assert set(small_model.card.intents) > set(MALICIOUS)
