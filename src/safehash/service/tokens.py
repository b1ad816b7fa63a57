"""Who may ask what: tokens of a file, compared in constant time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass

from ..errors import SafehashError, logger_of
from ..files import exposed, read_regular
from .refusing import Refused

__all__ = ["ROLES", "Tokens"]

_LOG = logger_of(__name__)

#: What a token is for; an administrator may ask everything that a pipeline may.
ROLES = ("check", "admin")

_MAX_FILE_BYTES = 1 << 20
#: A shorter one could be guessed, and what a header cannot say could never be given.
_TOKEN = re.compile(r"[\x21-\x7e]{16,}")


@dataclass(frozen=True, slots=True)
class _Token:
    name: str
    role: str
    digest: bytes  # SHA-256 of the token: what is compared has one length, and no token stays in memory


class Tokens:
    """The tokens of one file; read anew by `reload`.

    A line is ``ROLE NAME TOKEN``: ``check`` or ``admin``, what the log calls its bearer, and at least 16 characters of
    ASCII without a space. Lines that begin with # are remarks.

    Parameters
    ----------
    path : str or None
        None: everybody may ask what a pipeline may, and what is an administrator's, but explanations: these, nobody;
        where the service is open to all, no more than what a pipeline may.

    Raises
    ------
    SafehashError
        The file cannot be read or understood; the message says the line, and shows none of it.
    """

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._tokens: tuple[_Token, ...] = ()
        self.reload()

    @property
    def are_needed(self) -> bool:
        """Whether a request must bear one."""
        return self._path is not None

    def reload(self) -> None:
        """Read the file again; the tokens before stay where it cannot be used.

        Raises
        ------
        SafehashError
        """
        if self._path is not None:
            self._tokens = _read(self._path)
            if said := exposed(self._path):
                _LOG.warning("%s: %s", self._path, said)

    def bearer(self, header: str | None, *, role: str) -> str | None:
        """Return the name of who bears an Authorization header; None where no tokens are needed.

        Raises
        ------
        Refused
            401 without a known token, 403 with one that is for something else.
        """
        if self._path is None:
            return None
        given = _given(header)
        if given is None:
            raise Refused(401, "this needs a token: Authorization: Bearer TOKEN", headers=_CHALLENGE)
        digest = hashlib.sha256(given).digest()
        found = None
        for token in self._tokens:  # all of them, so that the time tells nothing of which
            if hmac.compare_digest(token.digest, digest):
                found = token
        if found is None:
            raise Refused(401, "the token is not known here", headers=_CHALLENGE)
        if role == "admin" and found.role != "admin":
            raise Refused(403, "this is an administrator's, and the token is for checking alone")
        return found.name


_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="safehash"'}


def _given(header: str | None) -> bytes | None:
    """Return the token of ``Bearer TOKEN``, or the password of ``Basic``, which stands in a URL."""
    scheme, _, value = (header or "").partition(" ")
    if scheme.lower() == "bearer" and value:
        return value.strip().encode("utf-8", "surrogateescape")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value.strip(), validate=True).partition(b":")[2] or None
        except (binascii.Error, ValueError):
            return None
    return None


def _read(path: str) -> tuple[_Token, ...]:
    try:
        text = read_regular(path, _MAX_FILE_BYTES).decode("utf-8-sig")
    except OSError as exc:
        raise SafehashError(f"{path}: the file of tokens cannot be read: {exc.strerror or exc}") from exc
    except UnicodeDecodeError as exc:
        raise SafehashError(f"{path}: the file of tokens is not UTF-8") from exc
    tokens: list[_Token] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        words = line.split()
        if len(words) != 3 or words[0] not in ROLES:
            raise SafehashError(f"{path}, line {number}: expected `{'|'.join(ROLES)} NAME TOKEN`")
        role, name, token = words
        if _TOKEN.fullmatch(token) is None:
            raise SafehashError(
                f"{path}, line {number}: a token has at least 16 characters, all of them ASCII"
            )
        if re.fullmatch(r"[\w.@-]{1,64}", name) is None:
            raise SafehashError(
                f"{path}, line {number}: a name has letters, digits, dots, dashes and @ alone"
            )
        known = _Token(name, role, hashlib.sha256(token.encode()).digest())
        if known.digest in {each.digest for each in tokens}:
            raise SafehashError(
                f"{path}, line {number}: the same token stands above: whose it is, nobody could tell"
            )
        tokens.append(known)
    if not tokens:
        raise SafehashError(f"{path}: no token in it, and so nobody could ask anything")
    return tuple(tokens)
