"""Who may look after the robots: names and passwords, kept as scrypt hashes (RFC 7914)."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from pathlib import Path

COST, BLOCK, PARALLEL = 2**14, 8, 1
"""Of scrypt: 16 MB and some 50 ms a try (RFC 7914, section 2)."""

NOBODY = "scrypt$00$00"
"""Is compared where the name is unknown, so that a name cannot be told by the time its refusal takes."""


class People:
    """Checks a name and a password; each try takes some 50 ms, so call it from a thread."""

    def __init__(self, hashes: Mapping[str, str]) -> None:
        for name, entry in hashes.items():
            _parts(name, entry)
        self._hashes = dict(hashes)

    @staticmethod
    def read(path: Path) -> People:
        """From a JSON object of names and `hashed` passwords; ValueError, one line, for anything else."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except json.JSONDecodeError as error:
            raise ValueError(f"{path}: not JSON: {error}") from error
        if not isinstance(content, dict) or not content:
            raise ValueError(f"{path}: expected an object of names and hashes, at least one")
        return People(content)

    def knows(self, name: str, password: str) -> bool:
        """Whether these belong together."""
        salt, digest = _parts(name, self._hashes.get(name, NOBODY))
        right = hmac.compare_digest(_digest(password, salt), digest)
        return right and name in self._hashes


def hashed(password: str) -> str:
    """What a file of people holds for a password. ValueError for a short one."""
    if len(password) < 8:
        raise ValueError(f"password: got {len(password)} characters, expected at least 8")
    salt = secrets.token_bytes(16)
    return f"scrypt${salt.hex()}${_digest(password, salt).hex()}"


def _digest(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=COST, r=BLOCK, p=PARALLEL)


def _parts(name: str, entry: object) -> tuple[bytes, bytes]:
    try:
        kind, salt, digest = str(entry).split("$")
        if kind != "scrypt":
            raise ValueError(f"got {kind}, expected scrypt")
        return bytes.fromhex(salt), bytes.fromhex(digest)
    except ValueError as error:
        raise ValueError(f"people: the entry of {name!r} is none that `xr0-robot person` made") from error
