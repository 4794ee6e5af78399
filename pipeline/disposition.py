"""What becomes of personal data: masked, pseudonymised or kept, by category, as policy and recipe say."""

import hashlib
import hmac
import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filters.personal import Personal
from filters.personal_lexicon import categories
from pipeline.errors import RecipeError
from pipeline.form import RecipeFile
from pipeline.policy_file import read_policy
from pipeline.policy_form import Disposal, PersonalData
from pipeline.store import fingerprint
from pipeline.toml import nearest

KEY = "QINGYUAN_PSEUDONYM_KEY"
"""The variable of the environment that holds the key of pseudonyms; it stands in no recipe, receipt or log."""
LEAST_KEY = 32
TOKEN_CHARS = 12
"""Letters a to p of a pseudonym: 48 bits, so that among a million different values of a kind two share one with
chance 0.2 %."""
_HEXADECIMAL_AS_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
DONE: Mapping[Disposal, str] = {"mask": "masked", "pseudonymise": "pseudonymised", "keep": "kept"}


@dataclass(frozen=True, slots=True)
class Disposition:
    """What is done with each category of personal data; nothing is decided where there are none: switched off."""

    actions: tuple[tuple[str, Disposal], ...] = ()

    @property
    def disposes(self) -> bool:
        """Whether anything is to be changed at all."""
        return any(action != "keep" for _, action in self.actions)

    @property
    def off(self) -> bool:
        """Whether the recipe has switched it off."""
        return not self.actions

    def fingerprint(self) -> str | None:
        """Return what the corpus depends on: the actions, how values are found, and which key, without telling it."""
        if not self.disposes:
            return None
        key = _token(read_key(), "key", "") if self._pseudonymises else None
        return fingerprint(self.actions, placeholders(), Personal.version, key)

    @property
    def _pseudonymises(self) -> bool:
        return any(action == "pseudonymise" for _, action in self.actions)

    def key(self) -> bytes:
        """Return the key of pseudonyms; empty if none is needed."""
        return read_key() if self._pseudonymises else b""

    def summary(self, receipts: Iterable[Mapping[str, Mapping[str, int]]]) -> dict[str, Any]:
        """Add up what was done, for run.json: counts by category, no values."""
        if self.off:
            return {"disposition": "off"}
        totals: dict[str, Counter[str]] = {}
        for receipt in receipts:
            for done, counts in receipt.items():
                totals.setdefault(done, Counter()).update(counts)
        order = list(categories())
        return {
            "disposition": "on",
            **{done: dict(sorted(counts.items(), key=lambda c: order.index(c[0]))) for done, counts in totals.items()},
        }


EVERYTHING = Disposition(tuple((name, "mask") for name in sorted(categories())))
"""Every category masked: for what is shown to people who only want to know where something stands."""


def placeholders() -> dict[str, str]:
    """Return what a masked value of each category is replaced by."""
    return {name: f"[{category.placeholder}]" for name, category in categories().items()}


def replacement(category: str, action: Disposal, value: str, key: bytes) -> str:
    """Return what stands in the place of a value.

    A pseudonym is the same for the same value of a category, however it is written: full-width, spaced or dashed.
    """
    if action == "pseudonymise":
        plain = "".join(char for char in unicodedata.normalize("NFKC", value).lower() if char.isalnum())
        return f"[{categories()[category].placeholder}#{_token(key, category, plain)}]"
    return f"[{categories()[category].placeholder}]"


def _token(key: bytes, category: str, value: str) -> str:
    digest = hmac.new(key, f"{category}\0{value}".encode(), hashlib.sha256).hexdigest()
    return digest[:TOKEN_CHARS].translate(_HEXADECIMAL_AS_LETTERS)  # letters alone: a token is no number to be found


def read_key() -> bytes:
    """Return the key of pseudonyms.

    Raises:
        RecipeError: it is not set, or too short to keep anybody from trying all numbers.
    """
    key = os.environ.get(KEY, "").encode()
    if len(key) < LEAST_KEY:
        raise RecipeError(
            f"pseudonyms need a key of at least {LEAST_KEY} bytes in the environment variable {KEY}"
            + (f"; it has {len(key)}" if key else "")
        )
    return key


def load_disposition(form: RecipeFile, beside: Path, where: str) -> Disposition:
    """Lay the recipe's section over the policy's.

    Raises:
        RecipeError: a category is unknown, or pseudonyms are asked for and there is no key.
    """
    policy, policy_where = read_policy(form.recipe.policy, beside)
    if form.recipe.personal_data == "off":
        return Disposition()
    actions: dict[str, Disposal] = {}
    default = form.personal_data.default or policy.personal_data.default or "mask"
    for name, category in categories().items():
        actions[name] = "keep" if category.open else default
    for section, place in ((policy.personal_data, policy_where), (form.personal_data, where)):
        actions |= _checked(section, place)
    disposition = Disposition(tuple(sorted(actions.items())))
    disposition.key()  # missing, it is said now and not after an hour
    return disposition


def _checked(section: PersonalData, where: str) -> dict[str, Disposal]:
    for name in section.actions:
        if name not in categories():
            raise RecipeError(
                f'{where}, [personal_data.actions]: no category is called "{name}"{nearest(name, categories())}'
            )
    return dict(section.actions)
