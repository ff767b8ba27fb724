"""Object stores by fsspec: where one is, what is in it, its objects as streams, and what its errors mean.

`s3://bucket/prefix/`, and with their packages for fsspec `gs://`, `az://`, `abfs://`, `oss://`, `oci://`.
Who we are comes from the store's usual environment or profile (AWS_PROFILE, AWS_ACCESS_KEY_ID, …) and stands
in no location; AWS_ENDPOINT_URL names another S3. Only S3 is tested here.
"""

from __future__ import annotations

import contextlib
import io
import re
import secrets
from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any

import msgspec

from icelos.data.globs import Pattern, States, has_wildcards, split_pattern
from icelos.errors import IcelosError, InputError, MissingExtra, SettingsError, StoreError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

SCHEMES = {
    "s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs",
    "abfss": "adlfs", "oss": "ossfs", "oci": "ocifs",
}  # fmt: skip
"""Object stores, and who speaks to each; what else fsspec knows (shells, archives, …) is not wanted."""
BLOCK = 1 << 22
"""Bytes that are read ahead of an object."""
_LOCATION = re.compile(
    r"(?P<scheme>[a-z0-9]+)://(?P<bucket>[A-Za-z0-9][A-Za-z0-9._@-]{1,254})(?:/(?P<key>.*))?", re.S
)


_NO_BUCKET = "bucket does not exist"  # as S3 words it


class Place(msgspec.Struct, frozen=True):
    """Where objects are: all below `base` (no slash at its end), those that `pattern` means, or `one`."""

    scheme: str
    bucket: str
    base: str = ""
    pattern: str = ""
    one: str = ""

    @property
    def root(self) -> str:
        """Bucket and base, as fsspec takes them."""
        return f"{self.bucket}/{self.base}" if self.base else self.bucket

    def __str__(self) -> str:
        return f"{self.scheme}://{self.root}/{self.pattern or self.one}"


def place_of(location: str) -> Place:
    """Raises SettingsError for what is no location in an object store, or has a secret in it."""
    found = _LOCATION.fullmatch(location)
    if found is None or found["scheme"] not in SCHEMES:
        raise SettingsError(
            "not a location in an object store", source=_shown(location), hint="write s3://bucket/prefix/"
        )
    key = found["key"] or ""
    if "@" in found["bucket"] and not found["scheme"].startswith("abfs"):
        raise SettingsError(
            "a user in an object store's location",
            hint="credentials come from the environment or a profile",
        )
    if "::" in location or any(ord(character) < 32 for character in key):
        raise SettingsError("'::' or control characters in an object store's location")
    base, pattern = split_pattern(key) if has_wildcards(key) else (key, "")
    one = ""
    if not pattern and base and not base.endswith("/"):
        base, _, one = base.rpartition("/")
    return Place(found["scheme"], found["bucket"], base.strip("/"), pattern, one)


def _shown(location: str) -> str:
    """Without what may be a secret."""
    scheme, separator, rest = location.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"[:200]


class Entry(msgspec.Struct, frozen=True):
    """One object, or folder of them: its name below the place's base, by parts; `tag` is its content's."""

    parts: tuple[str, ...]
    is_folder: bool = False
    tag: str = ""

    @property
    def name(self) -> str:
        return "/".join(self.parts)


class Bucket:
    """The objects of a place. `endpoint` is the URL of another S3; `anonymous` signs nothing.

    Where the store itself does not answer, or not to us, everything raises StoreError, after tries of its
    client; what is wrong with one object is an InputError.
    """

    def __init__(self, place: Place, *, endpoint: str = "", anonymous: bool = False) -> None:
        self._files = _file_system(place.scheme, endpoint, anonymous=anonymous)
        self.place = self._settled(place)

    def _settled(self, place: Place) -> Place:
        """With what does not end in a slash known as an object, or else as a folder."""
        if not place.one:
            return place
        with contextlib.suppress(FileNotFoundError, PermissionError), self._asked(str(place)):
            info = self._files.info(f"{place.root}/{place.one}", refresh=True)
            if info["type"] == "file":
                self._one = _entry(info, Entry(()), place.root)
                return place
        return msgspec.structs.replace(place, base=f"{place.base}/{place.one}".lstrip("/"), one="")

    def entries(self, *, after: tuple[str, ...] = (), maildirs: bool = False) -> Iterator[Entry]:
        """The objects that the place means, ordered by the parts of their names, from the name `after` on.

        One folder's listing at a time is held. With `maildirs`, what of a Maildir is no mail is passed over.
        """
        if self.place.one:
            yield self._one
            return
        pattern = Pattern(self.place.pattern or "**")
        waiting: list[tuple[Entry, States]] = [(Entry((), is_folder=True), pattern.start())]
        while waiting:
            entry, states = waiting.pop()
            if not entry.is_folder:
                yield entry
                continue
            for child in reversed(self._children(entry, maildirs=maildirs)):
                stepped = pattern.follow(states, child.parts[len(entry.parts) :], is_folder=child.is_folder)
                if stepped and _is_from(child, after):
                    waiting.append((child, stepped))

    def _children(self, folder: Entry, *, maildirs: bool) -> list[Entry]:
        found = self._listed(folder)
        if maildirs and {"cur", "new", "tmp"} <= {one.parts[-1] for one in found if one.is_folder}:
            return [one for one in found if one.is_folder and one.parts[-1] != "tmp"]
        return found

    def _listed(self, folder: Entry) -> list[Entry]:
        """What is in a folder, ordered. Below a folder without a name, objects come with all their parts."""
        path = "/".join((self.place.root, *folder.parts))
        try:
            with self._asked(str(self.place)):
                listed = self._files.ls(path, detail=True, refresh=True)
                if any(one["type"] == "directory" and str(one["name"]) == f"{path}/" for one in listed):
                    nameless = self._files.find(path, detail=True).values()
                    listed += [one for one in nameless if str(one["name"]).startswith(f"{path}//")]
        except FileNotFoundError:
            if folder.parts:  # it was emptied meanwhile
                return []
            raise InputError("no such bucket, or nothing below it", source=str(self.place)) from None
        found = {_entry(one, folder, path) for one in listed}
        return sorted((one for one in found if one.name), key=lambda one: (one.parts, one.is_folder))

    def open(self, entry: Entry) -> IO[bytes]:
        """An object's content. Raises InputError where it is gone, changed or not for us."""
        return io.BufferedReader(_Content(self, f"{self.place.root}/{entry.name}"), 1 << 18)

    @contextlib.contextmanager
    def of_object(self) -> Iterator[None]:
        """What an error means while an object is read."""
        try:
            with self._asked(str(self.place)):
                yield
        except FileNotFoundError:
            raise InputError("the object is gone") from None
        except PermissionError as error:
            try:
                self.check()
            except PermissionError:  # to all of it: a token has run out
                raise StoreError(f"access denied: {one_line(error)}", source=str(self.place)) from None
            raise InputError(f"access denied: {one_line(error)}") from None

    @contextlib.contextmanager
    def _asked(self, where: str) -> Iterator[None]:
        """What is not about one object is about the store."""
        try:
            yield
        except (FileNotFoundError, PermissionError, IcelosError):
            raise
        except Exception as error:
            if type(error).__name__ == "FileExpired":
                raise InputError("the object changed while it was read") from None
            raise StoreError(f"the object store does not answer: {one_line(error)}", source=where) from error

    def _open(self, path: str) -> Any:
        return self._files.open(path, "rb", block_size=BLOCK, cache_type="readahead")

    def check(self) -> None:
        """Look for what is not there: that shows whether the bucket is, and the store answers to us.

        Raises InputError where there is no such bucket, StoreError, PermissionError where we may not look.
        """
        try:
            with self._asked(str(self.place)):
                self._files.ls(f"{self.place.root}/{secrets.token_hex(8)}", refresh=True)
        except FileNotFoundError as error:
            if _NO_BUCKET in str(error):
                raise InputError("no such bucket", source=str(self.place)) from None

    # ---- for a sink

    def put(self, name: str, data: bytes) -> None:
        """One object, whole or not at all. Raises StoreError."""
        with self._written():
            self._files.pipe_file(f"{self.place.root}/{name}", data)

    def get(self, name: str) -> bytes:
        """One object of ours. Raises StoreError."""
        with self._written():
            return bytes(self._files.cat_file(f"{self.place.root}/{name}"))

    def delete(self, names: Sequence[str]) -> None:
        """Those that are there. Raises StoreError."""
        for name in names:
            with self._written(), contextlib.suppress(FileNotFoundError):
                self._files.rm_file(f"{self.place.root}/{name}")

    def names(self) -> list[str]:
        """The objects directly below the base, ordered. Raises StoreError."""
        with self._written():
            return [one.name for one in self._listed(Entry(())) if not one.is_folder]

    @contextlib.contextmanager
    def _written(self) -> Iterator[None]:
        try:
            with self._asked(str(self.place)):
                yield
        except OSError as error:
            raise StoreError(f"cannot write: {one_line(error)}", source=str(self.place)) from error


def _is_from(entry: Entry, after: tuple[str, ...]) -> bool:
    """Whether an object is `after` or comes behind it; a folder, whether such an object may be in it."""
    return entry.parts >= (after[: len(entry.parts)] if entry.is_folder else after)


def _entry(listed: dict[str, Any], folder: Entry, path: str) -> Entry:
    below = str(listed["name"]).removeprefix(f"{path}/")
    is_folder = listed["type"] == "directory"
    tag = str(listed.get("ETag") or listed.get("etag") or listed.get("md5Hash") or "")
    return Entry((*folder.parts, *below.split("/")) if below else (), is_folder, "" if is_folder else tag)


class _Content(io.RawIOBase):
    """An object as a raw stream, with its errors told for what they are."""

    def __init__(self, bucket: Bucket, path: str) -> None:
        self._bucket = bucket
        with bucket.of_object():
            self._inner = bucket._open(path)

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """To a byte of the object."""
        return int(self._inner.seek(offset, whence))

    def tell(self) -> int:
        """The next byte."""
        return int(self._inner.tell())

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Raises InputError for what is wrong with the object, StoreError where the store fails."""
        with self._bucket.of_object():
            return int(self._inner.readinto(buffer))

    def close(self) -> None:
        """Let go of what was read ahead."""
        if not self.closed:
            self._inner.close()
        super().close()


def one_line(error: BaseException) -> str:
    """An error of a client library, short."""
    text = " ".join(str(error).split())[:300]
    return text or type(error).__name__


def _file_system(scheme: str, endpoint: str, *, anonymous: bool) -> Any:
    try:
        import fsspec
    except ImportError as error:
        raise MissingExtra("fsspec", extra="s3") from error
    options: dict[str, Any] = {"skip_instance_cache": True, "use_listings_cache": False}
    is_s3 = SCHEMES[scheme] == "s3fs"
    if anonymous:
        options |= {"token": "anon"} if SCHEMES[scheme] == "gcsfs" else {"anon": True}
    if endpoint:
        if not is_s3 or not endpoint.startswith(("http://", "https://")) or "@" in endpoint:
            raise SettingsError("endpoint is the URL of an S3", hint="such as https://s3.example.org")
        options["endpoint_url"] = endpoint
    try:
        return fsspec.filesystem(scheme, **options)
    except ImportError as error:
        package = SCHEMES[scheme]
        if is_s3:
            raise MissingExtra(package, extra="s3") from error
        raise InputError(f"{package} is not installed", hint=f"pip install {package}") from error
