"""One request to Label Studio, carried out: who we are, when to try again, and what a failure means."""

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeAlias

import httpx

from pipeline.errors import RecipeError, ServiceError

JSON: TypeAlias = Any
Params: TypeAlias = Mapping[str, str | int | list[int]]

WAITS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each further attempt: a restart of the server (5 to 10 s) falls within them."""

LONGEST_WAIT = 60.0
"""Of what a 429 may ask for by Retry-After, in seconds."""

TIMEOUT = httpx.Timeout(120.0, connect=10.0)
"""Seconds; an export of a hundred long documents or an import of a thousand takes several on a busy machine."""

ACCESS_SECONDS = 240.0
"""An access token lives 300 s; it is exchanged before that."""

_AGAIN = frozenset({429, 500, 502, 503, 504})
_NEVER_DONE = frozenset({429, 503})
"""Statuses by which a server says that it has not begun; only after them is a POST sent again."""

_REPEATABLE = frozenset({"GET", "PUT", "PATCH", "DELETE"})


class UncertainError(ServiceError):
    """A request that must not be repeated was sent, and no answer came: it may have been done. Look before going on."""


class ConflictError(ServiceError):
    """409: what was to be made is there already."""


class AbsentError(ServiceError):
    """404: what was asked for is not there."""


@dataclass(slots=True)
class Transport:
    """Sends requests with a token of either kind.

    A legacy token goes as it is; a personal access token (a JWT) is exchanged for one that lives five minutes.
    """

    url: str
    token: str = field(repr=False)
    sleep: Callable[[float], None] = time.sleep
    _client: httpx.Client = field(init=False, repr=False)
    _access: str = field(default="", init=False, repr=False)
    _access_until: float = field(default=0.0, init=False, repr=False)

    def __post_init__(self) -> None:
        self.url = self.url.rstrip("/")
        try:
            address = httpx.URL(self.url)
        except httpx.InvalidURL:
            address = httpx.URL("")
        if address.scheme not in {"http", "https"} or not address.host:
            raise RecipeError(f"{self.url!r} is no address of a Label Studio; it begins with http:// or https://")
        local = address.host in {"127.0.0.1", "localhost", "::1"}
        self._client = httpx.Client(base_url=self.url, timeout=TIMEOUT, trust_env=not local)

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def call(self, method: str, path: str, body: JSON = None, params: Params | None = None) -> JSON:
        """Send a request and return the JSON of its answer, or None where that is empty.

        It is tried again, with growing waits, when the server is away, busy or answers half; a POST only where it
        cannot have been carried out.

        Raises:
            UncertainError: a POST was sent and its answer never came.
            AbsentError, ConflictError: 404, 409.
            RecipeError: the token was refused.
            ServiceError: every attempt failed, or the request was refused; the message has the server's own words.
        """
        trouble = ""
        for wait in (*WAITS, None):
            asked = 0.0
            try:
                answer = self._client.request(method, path, json=body, params=params, headers=self._headers())
                if answer.status_code == httpx.codes.UNAUTHORIZED and self._access_until:
                    self._access_until = 0.0  # it ran out earlier than it said: once more with a new one
                    answer = self._client.request(method, path, json=body, params=params, headers=self._headers())
                if answer.status_code not in _AGAIN:
                    return self._read(answer, method, path)
                trouble = f"it answered {answer.status_code}: {_words(answer)}"
                asked = _retry_after(answer)
                done = answer.status_code not in _NEVER_DONE
            except (httpx.TransportError, json.JSONDecodeError) as error:
                trouble = f"{type(error).__name__}: {error}"
                done = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
            if done and method not in _REPEATABLE:
                raise UncertainError(f"Label Studio at {self.url} took {method} {path}, but then {trouble}")
            if wait is not None:
                self.sleep(max(wait, min(asked, LONGEST_WAIT)))
        raise ServiceError(f"Label Studio at {self.url} failed {len(WAITS) + 1} times at {method} {path}; {trouble}")

    def _headers(self) -> dict[str, str]:
        if not _is_refresh_token(self.token):
            return {"Authorization": f"Token {self.token}"}
        if time.monotonic() >= self._access_until:
            answer = self._client.post("/api/token/refresh/", json={"refresh": self.token})
            if answer.status_code == httpx.codes.UNAUTHORIZED:
                raise RecipeError(f"Label Studio at {self.url} refuses the personal access token; make a new one")
            if answer.status_code != httpx.codes.OK:
                raise httpx.RemoteProtocolError(f"no access token: {answer.status_code} {_words(answer)}")
            self._access = str(answer.json()["access"])
            self._access_until = time.monotonic() + ACCESS_SECONDS
        return {"Authorization": f"Bearer {self._access}"}

    def _read(self, answer: httpx.Response, method: str, path: str) -> JSON:
        if answer.is_success:
            return answer.json() if answer.content else None
        if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            raise RecipeError(
                f"Label Studio at {self.url} refuses {method} {path} ({answer.status_code}): {_words(answer)}"
                " Is the token an operator's, of that server, and its kind enabled there?"
            )
        kinds = {httpx.codes.NOT_FOUND: AbsentError, httpx.codes.CONFLICT: ConflictError}
        kind = kinds.get(httpx.codes(answer.status_code), ServiceError)
        raise kind(f"Label Studio at {self.url} answered {answer.status_code} to {method} {path}: {_words(answer)}")


def _is_refresh_token(token: str) -> bool:
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, claims, signature
        return False
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))
    except ValueError:
        return False
    return isinstance(claims, dict) and claims.get("token_type") == "refresh"


def _words(answer: httpx.Response) -> str:
    return " ".join(answer.text.split())[:300]


def _retry_after(answer: httpx.Response) -> float:
    value = answer.headers.get("Retry-After", "")
    return float(value) if value.isdigit() else 0.0
