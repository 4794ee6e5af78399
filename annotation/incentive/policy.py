"""The rules of pay, from their TOML file: rates, floor, norms, tiers, budgets. Everything is an integer.

Amounts are fen (1 yuan = 100 fen), rates fen an hour, multipliers basis points (10,000 = 1).
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from annotation.incentive.tables import FULL
from annotation.kinds import Kind
from filters.domains import DOMAINS
from pipeline.errors import RecipeError
from pipeline.form import Count, Factor, Multiple, Name, Points, Whole
from pipeline.toml import Strict, nearest, parse

POLICY_FILE = "incentive.toml"
"""In a workspace: the policy of all its rounds that name none of their own."""
LEAST_OF_RATE = 2
"""A rate is at least so many floors. At 1.6 floors the average person earned 14 % above the floor in simulation: what
depends on the work was hardly felt."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """By which a month begins and ends."""

    timezone: str = "Asia/Shanghai"

    def period_at(self, at: datetime) -> str:
        """Return the month that a moment (UTC without zone) falls into."""
        return self.day_at(at)[:7]

    def day_at(self, at: datetime) -> str:
        """Return the day of a moment (UTC without zone), as people are told it."""
        return f"{at.replace(tzinfo=UTC).astimezone(ZoneInfo(self.timezone)):%Y-%m-%d}"

    def bounds(self, period: str) -> tuple[datetime, datetime]:
        """Return when a month begins and when the next does, UTC without zone.

        Raises:
            RecipeError: it is no month.
        """
        if re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", period) is None:
            raise RecipeError(f'"{period}" is no period; say a month such as 2026-11')
        zone = ZoneInfo(self.timezone)
        first = datetime(int(period[:4]), int(period[5:]), 1, tzinfo=zone)
        following = (first + timedelta(days=32)).replace(day=1)
        return first.astimezone(UTC).replace(tzinfo=None), following.astimezone(UTC).replace(tzinfo=None)


class Head(Strict):
    """`[policy]`: which one it is."""

    name: Name
    version: Name
    """Prices that people were told never change: other ones are a new version. Budgets may."""
    currency: Literal["CNY"] = "CNY"
    period: Literal["month"] = "month"
    timezone: str = "Asia/Shanghai"
    """Of the calendar by which a month ends."""


class Rates(Strict):
    """`[rates]`: fen an hour at a multiplier of 1."""

    default: Count
    domains: dict[str, Count] = {}  # noqa: RUF012 - pydantic copies it
    """Of rounds that are locked to a domain, for those who may work there."""


class Floor(Strict):
    """`[floor]`: what an hour of credited time earns at least, whatever was measured."""

    wmin_fen_h: Whole
    credited_norms: Count = 3
    """Norms of time that one answer is credited with, at most."""
    low_rates_because: str | None = None
    """Why a rate below twice the floor is meant; without it such a rate is refused."""


class Norm(Strict):
    """`[[norms]]`: how long an answer should take, published before the work."""

    kind: str
    """Of round; with "/review" or "/adjudication" behind it of those roles; "default" for all that are not named."""
    seconds: Count
    seconds_per_1000_characters: Whole = 0


class Multiplier(Strict):
    """`[multiplier]`: m(J), straight from 0 at `j_zero_bp` through 1 at `j_full_bp`, never above `most_bp`."""

    j_zero_bp: Points = 2000
    j_full_bp: Points = 8000
    most_bp: Factor = 12500


class Tiers(Strict):
    """`[tiers]`: what standing adds to a rate."""

    t0_bp: Factor = 10000
    t1_bp: Factor = 10000
    t2_bp: Factor = 11500
    t3_bp: Factor = 14000


class Caps(Strict):
    """`[caps]`: when the floor is not owed."""

    standing_bp: Points = 2000
    """Upper bound of J by gold below which somebody is not in good standing."""
    standing_golds: Whole = 40
    """Golds before that is said of anybody."""


class Roles(Strict):
    """`[roles]`: multipliers of those of whom nothing can be measured."""

    adjudication_bp: Multiple = FULL
    """Their verdict is the truth that others are measured by."""
    review_bp: Multiple | None = None
    """Of reviewers without golds of two classes; None: like everybody, by a J that is capped."""


class Budgets(Strict):
    """`[budget]`: fen that may be spent, dividend included."""

    period_fen: Whole
    round_fen: Whole | None = None
    """In any one round, over all periods."""
    periods: dict[str, Whole] = {}  # noqa: RUF012 - pydantic copies it
    """Of single periods, in place of `period_fen`: "2026-12" = 8000000."""


class Dividend(Strict):
    """`[dividend]`: shared out by contribution points when a period is over."""

    pool_fen: Whole = 0


class Appeals(Strict):
    """`[appeals]`: how long somebody may appeal after a payment."""

    days: Count = 10


class PolicyFile(Strict):
    """The whole file."""

    policy: Head
    rates: Rates
    floor: Floor
    norms: list[Norm]
    budget: Budgets
    multiplier: Multiplier = Multiplier()
    tiers: Tiers = Tiers()
    caps: Caps = Caps()
    roles: Roles = Roles()
    difficulty: dict[str, Factor] = {}  # noqa: RUF012 - pydantic copies it
    """`[difficulty]`: basis points by which items of a stratum are worth more."""
    dividend: Dividend = Dividend()
    appeals: Appeals = Appeals()

    @property
    def name(self) -> str:
        """Its name."""
        return self.policy.name

    @property
    def label(self) -> str:
        """Its name and version, as statements and the ledger say it."""
        return f"{self.policy.name} {self.policy.version}"

    @cached_property
    def digest(self) -> str:
        """sha256 of all but the budgets."""
        said = self.model_dump(mode="json", exclude={"budget"})
        return sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def rate(self, domain: str) -> int:
        """Return fen an hour in a domain."""
        return self.rates.domains.get(domain, self.rates.default)

    def norm_ms(self, kind: str, chars: int) -> int:
        """Return how long an answer to a text of so many characters should take, milliseconds."""
        by_kind = {norm.kind: norm for norm in self.norms}
        norm = by_kind.get(kind) or by_kind.get(kind.partition("/")[0]) or by_kind["default"]
        return norm.seconds * 1000 + norm.seconds_per_1000_characters * chars

    def tier_bp(self, tier: int) -> int:
        """Return what a tier adds to a rate, basis points."""
        return (self.tiers.t0_bp, self.tiers.t1_bp, self.tiers.t2_bp, self.tiers.t3_bp)[tier]

    def budget_of(self, period: str) -> int:
        """Return what a period may cost, fen."""
        return self.budget.periods.get(period, self.budget.period_fen)

    @property
    def calendar(self) -> Calendar:
        """By which its months end."""
        return Calendar(self.policy.timezone)


def load_policy(path: Path) -> PolicyFile:
    """Read and check a policy.

    Raises:
        RecipeError: it is missing or no TOML, a key is unknown, or what it says does not fit together.
    """
    where = f"incentive policy {path}"
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{where}: cannot be read: {error}") from error
    form = parse(PolicyFile, text, where)
    check_policy(form, where)
    return form


def stored_policy(content: dict[str, Any]) -> PolicyFile:
    """Return a policy as the registry keeps it."""
    return PolicyFile.model_validate_json(orjson.dumps(content))


def check_policy(form: PolicyFile, where: str) -> None:
    """Refuse what the keys alone do not show to be wrong."""
    try:
        ZoneInfo(form.policy.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise RecipeError(f'{where}, policy.timezone: there is no time zone "{form.policy.timezone}"') from None
    _check_names(form, where)
    kinds = [norm.kind for norm in form.norms]
    if len(set(kinds)) < len(kinds) or "default" not in kinds:
        raise RecipeError(f'{where}, norms: each kind once, and one of kind "default" for the rest')
    if form.multiplier.j_full_bp <= form.multiplier.j_zero_bp:
        raise RecipeError(f"{where}, multiplier.j_full_bp: must be above j_zero_bp")
    tiers = form.tiers
    if not tiers.t0_bp <= tiers.t1_bp <= tiers.t2_bp <= tiers.t3_bp:
        raise RecipeError(f"{where}, tiers: a higher tier cannot be worth less than a lower one")
    for period in form.budget.periods:
        form.calendar.bounds(period)
    for period in ("", *form.budget.periods):
        if form.dividend.pool_fen > form.budget_of(period):
            raise RecipeError(f"{where}, dividend.pool_fen: is more than the budget {period or 'of a period'}")
    least = LEAST_OF_RATE * form.floor.wmin_fen_h
    for domain, rate in {"default": form.rates.default, **form.rates.domains}.items():
        if rate < least and not form.floor.low_rates_because:
            raise RecipeError(
                f"{where}, rates ({domain}): {rate} fen an hour is less than {LEAST_OF_RATE} floors of"
                f" {form.floor.wmin_fen_h}: careful work would then earn hardly more than careless work. Raise it, or"
                " say in floor.low_rates_because why it is meant"
            )


def _check_names(form: PolicyFile, where: str) -> None:
    """Refuse a norm or a rate of what there is not: work would be priced by the default instead."""
    known = {"default", *(kind + role for kind in Kind for role in ("", "/review", "/adjudication"))}
    for norm in form.norms:
        if norm.kind not in known:
            raise RecipeError(f'{where}, norms: there is no kind of round "{norm.kind}"{nearest(norm.kind, known)}')
    for domain in form.rates.domains:
        if domain not in DOMAINS:
            raise RecipeError(f'{where}, rates.domains: there is no domain "{domain}"{nearest(domain, DOMAINS)}')
