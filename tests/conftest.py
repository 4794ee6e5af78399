"""What holds for all tests: the files that take longest begin, so that none of them is left alone at the end."""

from collections import Counter

HEAVY = {"slow", "service"}


def pytest_collection_modifyitems(items):
    """Order whole files by how many heavy tests they hold; within a file nothing moves."""
    weights = Counter(item.path for item in items if any(mark.name in HEAVY for mark in item.iter_markers()))
    items.sort(key=lambda item: -weights[item.path])
