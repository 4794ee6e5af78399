"""Sharing a whole number out exactly: by largest remainder, equals by name."""

from collections.abc import Mapping


def share_out(pool: int, points: Mapping[str, int]) -> dict[str, int]:
    """Share `pool` out in proportion to points: the parts sum to it exactly, or are all 0 if nobody has points.

    Each gets the whole part of his quota; what is left goes one by one to the largest remainders, among equal ones in
    the order of names (Hamilton's method, also Hare–Niemeyer). Who has more points than before, all else alike, never
    gets less: his quota grows and every other's shrinks.

    Raises:
        ValueError: a pool or points below 0.
    """
    if pool < 0 or any(number < 0 for number in points.values()):
        raise ValueError("neither a pool nor points can be below 0")
    total = sum(points.values())
    if total == 0:
        return dict.fromkeys(points, 0)
    parts = {name: pool * number // total for name, number in points.items()}
    left = pool - sum(parts.values())
    order = sorted(points, key=lambda name: (-(pool * points[name] % total), name))
    for name in order[:left]:
        parts[name] += 1
    return parts
