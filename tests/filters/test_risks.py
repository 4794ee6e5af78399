from collections import Counter

from filters.risks import GROUPS, RISKS


def test_there_are_31_risks_in_five_groups():
    assert Counter(risk.group for risk in RISKS.values()) == {"A1": 8, "A2": 9, "A3": 5, "A4": 7, "A5": 2}
    assert list(GROUPS) == ["A1", "A2", "A3", "A4", "A5"]
    assert len({risk.name for risk in RISKS.values()}) == 31
