"""Golds too few to measure anybody: pay then rests on the floor alone, and that is said when a round is sent."""

from annotation.standing import Reading
from pipeline.registry import ISSUED, WITHDRAWN, Assignment, Item, Round, Session, func, select

LEAST = 20
"""Golds of one person that pay rests on."""


def gold_warnings(opened: Session, round_: Round, reading: Reading) -> list[str]:
    """Return a sentence where a paid round's golds are of fewer than two classes, or where people get too few.

    Golds that a person has had in other rounds of the kind count too: J is measured over all of them.
    """
    golds = opened.scalars(select(Item.gold).where(Item.round == round_.id, Item.is_gold)).all()
    classes = sorted({reading.category(gold) for gold in golds if gold})
    if len(classes) < 2:  # noqa: PLR2004 - apart can only be told what differs
        what = f"are of one class ({classes[0]})" if classes else "do not exist"
        said = (
            f'the golds of round "{round_.name}" {what}, and nobody can be measured by fewer than two: the pay of'
            " everybody rests on the floor alone. [gold] file in the round's file names them"
        )
        return [said]
    mine = select(Assignment.contributor).join(Item, Item.id == Assignment.item).where(
        Item.round == round_.id, Assignment.role == "annotator", Assignment.state == ISSUED
    )  # fmt: skip
    people = sorted(set(opened.scalars(mine)))
    counted = opened.execute(
        select(Assignment.contributor, func.count())
        .join(Item, Item.id == Assignment.item).join(Round, Round.id == Item.round)
        .where(Round.kind == round_.kind, Round.purpose == "work", Item.is_gold, Assignment.role == "annotator",
               Assignment.state != WITHDRAWN, Assignment.contributor.in_(people))
        .group_by(Assignment.contributor)
    ).all()  # fmt: skip
    golds_of = dict.fromkeys(people, 0) | {row[0]: row[1] for row in counted}
    few = ", ".join(f"{person} ({number})" for person, number in golds_of.items() if number < LEAST)
    said = (
        f'fewer than {LEAST} golds in round "{round_.name}" and the others of its kind: the pay of {few} rests on the'
        f" floor alone, or nearly. [gold] least = {LEAST}, and a file with so many, gives each enough"
    )
    return [said] if few else []
