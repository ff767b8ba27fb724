from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from icelos.errors import InputError
from icelos.gpt import folder
from icelos.gpt.folder import Model


@pytest.fixture
def copy(tiny: Model, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny.folder, tmp_path / "copy"))


def test_a_saved_model_gives_the_same_logits(tiny: Model, tmp_path: Path) -> None:
    folder.save(tiny.network, tiny.tokenizer, tmp_path / "again")
    again = folder.load(tmp_path / "again", device="cpu")
    ids = torch.arange(1, 20)[None]
    with torch.inference_mode():
        assert torch.equal(again.network(ids), tiny.network(ids))


def test_a_folder_without_a_model_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no model here"):
        folder.load(tmp_path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.safetensors", b"\x80\x04pickle"),
        ("model.safetensors", b""),
        ("tokenizer.json", b'{"kind":"char","pieces":["\xc3\xa9"]}'),
        ("config.json", b'{"size":"pico","layers":2,"width":33,"heads":2,"vocabulary":257,"context":64}'),
        ("config.json", b'{"size":"pico","layers":3,"width":32,"heads":1,"vocabulary":257,"context":64}'),
        ("config.json", b'{"size":"pico","layers":-1,"width":32,"heads":1,"vocabulary":257,"context":64}'),
    ],
)
def test_files_that_are_broken_or_do_not_fit_are_one_clear_error(
    copy: Path, name: str, content: bytes
) -> None:
    (copy / name).write_bytes(content)
    with pytest.raises(InputError):
        folder.load(copy, device="cpu")


def test_a_truncated_weights_file_is_refused(copy: Path) -> None:
    path = copy / folder.WEIGHTS
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match="cannot read the weights"):
        folder.load(copy, device="cpu")
