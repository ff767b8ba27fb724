"""Rows as token ids on disk; windows of whole rows; batches by step number.

Memory does not depend on the size of the input. What a step reads is a function of (seed, step)
alone, which is what makes a resumed run exact.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Generic, Protocol, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from icelos.errors import InputError
from icelos.gpt.files import read_json, write_json
from icelos.gpt.redraw import Redraw, Slot, SlotCounts
from icelos.gpt.tokenizers import END, LONGEST_PIECE, Ids, Tokenizer

_LONG = struct.Struct("<q")
_Kind = TypeVar("_Kind", np.uint16, np.uint8)
_Stored_co = TypeVar("_Stored_co", bound=np.generic, covariant=True)
Numbers = npt.NDArray[np.integer]

IGNORED = -1
"""The target of padding: no loss there."""


class Packed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What rows.json holds. `too_long` rows had more tokens than the limit and were left out; `slots` are
    those of identifiers (see `redraw`)."""

    rows: int
    tokens: int
    bytes: int
    longest: int
    too_long: int = 0
    empty: int = 0
    slots: tuple[Slot, ...] = ()


class Sliced(Protocol[_Stored_co]):
    """An array of which parts are taken."""

    def __getitem__(self, part: slice, /) -> npt.NDArray[_Stored_co]:
        """From `part.start` to `part.stop`."""


class Stored(Generic[_Kind]):
    """An array in a file, read part by part. Pages of a memory map count to the process that looked at them,
    and in the course of a run it looks at all of them."""

    def __init__(self, path: Path, kind: type[_Kind], length: int) -> None:
        """Raises OSError, and ValueError where the file has not `length` values."""
        self._path = path
        self._kind: np.dtype[_Kind] = np.dtype(kind).newbyteorder("<")
        if path.stat().st_size != length * self._kind.itemsize:
            raise ValueError(f"{path.name} has not {length} values")

    def __getitem__(self, part: slice, /) -> npt.NDArray[_Kind]:
        count, offset = part.stop - part.start, part.start * self._kind.itemsize
        return np.fromfile(self._path, dtype=self._kind, count=count, offset=offset)


@dataclass(frozen=True)
class Rows:
    """Rows `first` to `last` (exclusive) of a packed folder.

    `tokens` are the ids of all rows with `END` behind each, shape (tokens,); row i is
    `tokens[offsets[i]:offsets[i + 1]]`; `offsets` has one more element than there are rows. Rows of the
    same number in `groups` (rows,) belong together. `slots` (tokens,) are those of identifiers (see
    `redraw`).
    """

    tokens: Sliced[np.uint16]
    offsets: npt.NDArray[np.int64]
    groups: npt.NDArray[np.int64]
    slots: Sliced[np.uint8]
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first

    def row(self, index: int) -> Ids:
        """The ids of row `index` of this part, without its end mark."""
        at = self.first + index
        return self.tokens[self.offsets[at] : self.offsets[at + 1] - 1]

    def split(self, held_out: int) -> tuple[Rows, Rows]:
        """All but the last `held_out` rows, and those: in a log, the later ones."""
        middle = self.last - held_out
        return (
            replace(self, last=middle),
            replace(self, first=middle),
        )


def pack(
    rows: Iterable[bytes],
    tokenizer: Tokenizer,
    folder: Path,
    *,
    limit: int,
    group: Callable[[bytes], int] = lambda _: 0,
) -> Packed:
    """Tokenise rows once, to disk: tokens.u16, offsets.i64, groups.i64 (little-endian), slots.u8, then
    rows.json.

    Rows of more than `limit` tokens, end mark included, are left out and counted. `group` says what rows
    belong together, as a number of 64 bits. rows.json is written last: a folder without it was not finished.
    Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rows.json").unlink(missing_ok=True)
    with ExitStack() as stack:
        files = [stack.enter_context((folder / name).open("wb")) for name in _FILES]
        packed = _write(rows, tokenizer, files, limit, group)
    write_json(folder / "rows.json", packed)
    return packed


_FILES = ("tokens.u16", "offsets.i64", "groups.i64", "slots.u8")


def _write(
    rows: Iterable[bytes], tokenizer: Tokenizer, files: Sequence[IO[bytes]], limit: int,
    group: Callable[[bytes], int],
) -> Packed:  # fmt: skip
    tokens, offsets, groups, slots = files
    counts = SlotCounts(tokenizer)
    count = total = size = longest = too_long = empty = 0
    offsets.write(_LONG.pack(0))
    end = np.array([END], dtype="<u2").tobytes()
    for row in rows:
        if not row:
            empty += 1
            continue
        ids = tokenizer.encode(row) if len(row) <= limit * LONGEST_PIECE else None
        if ids is None or len(ids) + 1 > limit:
            too_long += 1
            continue
        tokens.write(ids.astype("<u2", copy=False).tobytes() + end)
        count, total, size = count + 1, total + len(ids) + 1, size + len(row)
        longest = max(longest, len(ids))
        offsets.write(_LONG.pack(total))
        groups.write(_LONG.pack(group(row)))
        slots.write(counts.slots(row, ids).tobytes() + b"\0")
    return Packed(
        rows=count, tokens=total, bytes=size, longest=longest, too_long=too_long, empty=empty,
        slots=counts.learned(),
    )  # fmt: skip


def open_packed(folder: Path) -> tuple[Packed, Rows]:
    """What `pack` left in a folder, not read yet. Raises InputError where it is absent or unfinished."""
    packed = read_json(folder / "rows.json", Packed)
    if not packed.rows:
        none = np.zeros(0, np.int64)
        return packed, Rows(np.zeros(0, np.uint16), np.zeros(1, np.int64), none, np.zeros(0, np.uint8), 0, 0)
    try:
        tokens = Stored(folder / "tokens.u16", np.uint16, packed.tokens)
        offsets = np.memmap(folder / "offsets.i64", dtype="<i8", mode="r", shape=(packed.rows + 1,))
        groups = np.memmap(folder / "groups.i64", dtype="<i8", mode="r", shape=(packed.rows,))
        slots = Stored(folder / "slots.u8", np.uint8, packed.tokens)
    except (OSError, ValueError) as error:
        raise InputError(
            f"the rows of a run are not whole: {error}", source=str(folder), hint="start without --resume"
        ) from error
    return packed, Rows(tokens, offsets, groups, slots, 0, packed.rows)


class Windows:
    """Windows of whole rows, each at most `context` tokens, and the batches of a run."""

    def __init__(
        self, rows: Rows, *, context: int, batch_tokens: int, seed: int, grouped: bool = False,
        multiple: int = 1, padded: bool = False, redraw: Redraw | None = None,
        corruption: float = 0.0,
    ) -> None:  # fmt: skip
        """A window has one row; or, if `grouped`, as many as fit, the rows of a group behind each other in
        their order. A batch has about `batch_tokens` tokens, and a `multiple` of windows; `padded` ones are
        all of `context` tokens, for devices that like one shape. `redraw` changes the identifiers of each
        window that is shown; a share `corruption` of its tokens is replaced by others, in the inputs alone.
        Raises ValueError where there are no rows or
        one is longer than `context`."""
        if not len(rows):
            raise ValueError("no rows to train on")
        self._rows = rows
        part = slice(rows.first, rows.last)
        order = np.argsort(rows.groups[part], kind="stable") if grouped else np.arange(len(rows))
        self._numbers = order + rows.first
        lengths = np.diff(rows.offsets[rows.first : rows.last + 1])[order]
        self._starts = _starts(lengths, context, alone=not grouped)
        wanted = max(1, round(batch_tokens * len(self) / int(lengths.sum())))
        self.batch_size = -(-wanted // multiple) * multiple
        self._padded = context if padded else 0
        self._redraw, self._corruption = redraw, corruption
        self._seed = seed
        self._epoch = -1
        self._order: npt.NDArray[np.int64] = np.zeros(0, np.int64)

    def __len__(self) -> int:
        return len(self._starts) - 1

    def batch(self, step: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Inputs and targets of one step, both (windows, tokens), cut to the longest window in it.

        Each epoch is a new permutation of (seed, epoch). Padding is `END`, its target `IGNORED`. With
        `redraw`, a target from the vocabulary's size on is a class of its `choices`.
        """
        places = range(step * self.batch_size, (step + 1) * self.batch_size)
        windows = [self._shown(place) for place in places]
        longest = self._padded or max(len(window) for window, _ in windows)
        inputs = np.full((len(windows), longest), END, dtype=np.int64)
        targets = np.full((len(windows), longest), IGNORED, dtype=np.int64)
        for i, (window, wanted) in enumerate(windows):
            inputs[i, 1 : len(window)] = self._corrupted(window[:-1], places[i])
            targets[i, : len(window)] = wanted
        return inputs, targets

    def _corrupted(self, window: Numbers, place: int) -> Numbers:
        """Inputs, a share of them replaced by other tokens of the window."""
        if not self._corruption:
            return window
        random = np.random.Generator(np.random.PCG64((self._seed, place, 1)))
        others = window[random.integers(0, len(window), len(window))] if len(window) else window
        return np.where(random.random(len(window)) < self._corruption, others, window)

    def _place(self, place: int) -> int:
        epoch, at = divmod(place, len(self))
        if epoch != self._epoch:
            self._epoch = epoch
            self._order = np.random.default_rng((self._seed, epoch)).permutation(len(self))
        return int(self._order[at])

    def _shown(self, place: int) -> tuple[Numbers, Numbers]:
        """The window at a place of the run, and its targets: a function of (seed, place)."""
        index = self._place(place)
        window = self._window(index, self._rows.tokens)
        if self._redraw is None:
            return window, window
        random = np.random.Generator(np.random.PCG64((self._seed, place)))
        return self._redraw(window, self._window(index, self._rows.slots), random)

    def _window(self, index: int, of: Sliced[_Kind]) -> npt.NDArray[_Kind]:
        numbers = self._numbers[self._starts[index] : self._starts[index + 1]]
        offsets = self._rows.offsets
        return np.concatenate([of[offsets[number] : offsets[number + 1]] for number in numbers])


def _starts(lengths: npt.NDArray[np.int64], context: int, *, alone: bool) -> npt.NDArray[np.int64]:
    """Where windows start among rows of these lengths, and the end: each alone, or as many as fit."""
    if lengths.max() > context:
        raise ValueError(f"row {int(lengths.argmax())} is longer than the context of {context}")
    if alone:
        return np.arange(len(lengths) + 1)
    reached = np.concatenate(([0], lengths.cumsum()))
    starts = [0]
    while starts[-1] < len(lengths):
        starts.append(int(np.searchsorted(reached, reached[starts[-1]] + context, side="right")) - 1)
    return np.array(starts, dtype=np.int64)
