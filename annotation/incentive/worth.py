"""What an answer is worth, the multiplier of a J, and what an entitlement comes to: integers in, integers out.

No float after J and seconds were quantised. Every rounding is said: values half up, variable pay down, floors and
reserves up; so the reserve is never below what can be owed (incentive reference, 5.6).
"""

from dataclasses import dataclass

from annotation.incentive.policy import PolicyFile
from annotation.incentive.tables import FULL

HOUR_MS = 3_600_000


def ceil_div(number: int, by: int) -> int:
    """Divide and round up."""
    return -(-number // by)


def multiplier_bp(policy: PolicyFile, j_bp: int) -> int:
    """Return m(J) = clip((J - J_zero) / (J_full - J_zero), 0, most), basis points, rounded down."""
    form = policy.multiplier
    m_bp = (j_bp - form.j_zero_bp) * FULL // (form.j_full_bp - form.j_zero_bp)
    return max(0, min(m_bp, form.most_bp))


def value_fen(policy: PolicyFile, domain: str, norm_ms: int, tier: int, stratum: str = "") -> int:
    """Return what one answer is worth at a multiplier of 1: rate · norm · tier · difficulty, rounded half up."""
    factors = policy.rate(domain) * norm_ms * policy.tier_bp(tier) * policy.difficulty.get(stratum, FULL)
    whole = HOUR_MS * FULL * FULL
    return (2 * factors + whole) // (2 * whole)


def reserve_fen(policy: PolicyFile, value: int, norm_ms: int) -> int:
    """Return the most that an answer of this value can come to: at the highest multiplier, or as a floor.

    Several answers together never come to more than their reserves: variable pay is rounded down once, each reserve
    up; a floor is rounded up once, each reserve by itself.
    """
    most = max(policy.multiplier.most_bp, policy.roles.adjudication_bp, policy.roles.review_bp or 0)
    floor = ceil_div(policy.floor.wmin_fen_h * policy.floor.credited_norms * norm_ms, HOUR_MS)
    return max(ceil_div(value * most, FULL), floor)


def credited_ms(
    policy: PolicyFile, norm_ms: int, server_seconds: float | None, client_seconds: float | None, gap_ms: int | None
) -> int:
    """Return the time that an answer is credited with, milliseconds.

    What the server saw, else what the browser claims; never more than `credited_norms` norms, nor more than passed
    since the person's submission before: who keeps two hundred tasks open works one hour an hour.

    Args:
        policy: the rules.
        norm_ms: how long it should take.
        server_seconds: from opening to sending, by the server's clock.
        client_seconds: as claimed; counts only together with a gap.
        gap_ms: since the same person's submission before; None of the first.
    """
    seconds = server_seconds
    if seconds is None and gap_ms is not None:
        seconds = client_seconds
    if seconds is None or not seconds > 0:
        return 0
    most = policy.floor.credited_norms * norm_ms
    most = most if gap_ms is None else min(most, max(gap_ms, 0))
    return int(min(seconds * 1000, most))


@dataclass(frozen=True, slots=True)
class Measured:
    """What scoring says of a person in a kind of round, as far as money needs it."""

    j_bp: int
    j_low_bp: int
    gold_cap_bp: int | None = None
    golds: int = 0
    state: str = "none"
    cap: str = "none"
    copy_size: int = 1
    copying: str = ""
    """"" of nobody who is suspected; "suspected", "confirmed" or "cleared"."""


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What somebody is entitled to for a period and a kind of round, fen."""

    m_bp: int
    variable_fen: int
    floor_fen: int
    held_fen: int
    """Variable pay that waits for a person's decision about copying."""
    entitled_fen: int


def entitle(
    policy: PolicyFile, kind: str, value: int, credited: int, measured: Measured, *, low: bool = False
) -> Entitlement:
    """Return the entitlement: variable pay by what was measured, or the floor if that is more.

    Args:
        policy: the rules.
        kind: of round, with its role.
        value: sum of the values of all answers, fen.
        credited: sum of credited time, whole seconds.
        measured: of the person.
        low: at the lower bound of J, for an advance.
    """
    flat = flat_bp(policy, kind, measured)
    m_bp = multiplier_bp(policy, measured.j_low_bp if low else measured.j_bp) if flat is None else flat
    size = 1 if measured.copying == "cleared" else max(measured.copy_size, 1)
    variable = value * m_bp // (FULL * size)
    floor = ceil_div(policy.floor.wmin_fen_h * credited, 3600) if in_good_standing(policy, measured) else 0
    waits = measured.copying == "suspected"
    return Entitlement(m_bp, variable, floor, variable if waits else 0, max(0 if waits else variable, floor))


def flat_bp(policy: PolicyFile, kind: str, measured: Measured) -> int | None:
    """Return the multiplier of a role in which nothing can be measured; None where J decides."""
    role = kind.partition("/")[2]
    if role == "adjudication":
        return policy.roles.adjudication_bp
    return policy.roles.review_bp if role == "review" and measured.state != "anchored" else None


def in_good_standing(policy: PolicyFile, measured: Measured) -> bool:
    """Return whether the floor is owed: not to who copied, nor to whom many golds say that he does not read."""
    if measured.copying == "confirmed":
        return False
    cap = measured.gold_cap_bp
    return cap is None or measured.golds < policy.caps.standing_golds or cap >= policy.caps.standing_bp


def points(value: int, m_bp: int, size: int) -> int:
    """Return contribution points, by which the dividend is shared: value · m over who answers as one, rounded down.

    Over five real crowds their rank correlation with each person's Shapley value for the accuracy of the labels is
    0.80, that of the count of labels 0.37 (tests/benchmarks/incentive/planted.py; reference 3.6, fourteen: 0.74, 0.57).

    Raises:
        ValueError: a value or a multiplier below 0.
    """
    if value < 0 or m_bp < 0:
        raise ValueError("points need a value and a multiplier of 0 or more")
    return value * m_bp // (FULL * max(size, 1))
