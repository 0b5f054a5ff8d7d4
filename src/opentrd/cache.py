"""What every run would make anew from the package alone, kept between runs: never anything of a patient.

The folder is ``OPENTRD_CACHE`` (empty: none), else the usual place for caches of the operating system. An entry is named by
a digest of everything it was made from, and its own digest stands in it: another version, another fact or a damaged file
is made anew. A folder that cannot be written, or that others may write into, is not used.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

_VARIABLE = "OPENTRD_CACHE"
_PRIVATE = 0o700
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
# Entries of one name that stay: those of other versions beside this one.
_KEPT = 4


def folder() -> Path | None:
    """The folder of the cache; None when there is to be none."""
    asked = os.environ.get(_VARIABLE)
    if asked is not None:
        return Path(asked) if asked else None
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "opentrd" / "cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "opentrd"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "opentrd"


def digest_of(files: Iterable[Path], *words: str) -> str:
    """The SHA-256 over the names and bytes of files, and some words beside them."""
    total = hashlib.sha256("\0".join(words).encode())
    for file in sorted(files):
        content = file.read_bytes()
        total.update(f"{file.name}\0{len(content)}\0".encode() + content)
    return total.hexdigest()


def kept(name: str, digest: str, make: Callable[[], bytes]) -> bytes:
    """The entry of this name and digest; made now, and kept if it can be, when it is not there or damaged."""
    content = read(name, digest)
    if content is None:
        content = make()
        write(name, digest, content)
    return content


def read(name: str, digest: str) -> bytes | None:
    """The entry of this name and digest; None when it is not there, damaged, or may be somebody else's."""
    place = folder()
    try:
        if place is None or not _ours(place):
            return None
        head, _, content = _file(place, name, digest).read_bytes().partition(b"\n")
    except OSError:
        return None
    return content if head.decode("ascii", "replace") == hashlib.sha256(content).hexdigest() else None


def write(name: str, digest: str, content: bytes) -> None:
    """Keep an entry, if it can be; older ones of its name go."""
    place = folder()
    if place is None:
        return
    try:
        place.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        if not _ours(place):
            return
        handle, half = tempfile.mkstemp(dir=place)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
            Path(half).replace(_file(place, name, digest))
        except OSError:
            Path(half).unlink(missing_ok=True)
            return
        entries = sorted(place.glob(f"{name}-*"), key=lambda one: one.stat().st_mtime, reverse=True)
        for older in entries[_KEPT:]:
            older.unlink(missing_ok=True)
    except OSError:
        return


def _file(place: Path, name: str, digest: str) -> Path:
    return place / f"{name}-{digest[:32]}"


def _ours(place: Path) -> bool:
    """Whether nobody else can have put something there."""
    if not hasattr(os, "geteuid"):
        return True
    about = place.stat()
    return about.st_uid == os.geteuid() and not about.st_mode & _OTHERS_WRITE
