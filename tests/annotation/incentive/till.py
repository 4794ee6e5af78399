"""A board whose people are paid: rules of pay, answers at made-up times, scores made by hand."""

import random
from datetime import datetime, timedelta

import pyarrow as pa

from annotation.incentive.budgets import round_policy
from annotation.incentive.period import score_period
from annotation.incentive.policy import PolicyFile
from annotation.incentive.reserve import reserve
from annotation.incentive.scoring import Scored
from annotation.incentive.tables import COPIES, LABELS, SCORES
from annotation.opening import ITEMS, round_folder
from annotation.questions import question_of
from annotation.stages import advance
from pipeline.database import now, session
from pipeline.registry import ANSWERED, Answer, Assignment, Item, Ledger, Qualification, select, update
from pipeline.store import write_table
from tests.annotation.board import TOY, Board

START = datetime.fromisoformat("2026-11-02T01:00")
"""A moment of the period that is paid."""
AFTER = datetime.fromisoformat("2026-12-05")
PERIOD = "2026-11"


def rules(**parts):
    """Rules of pay: 100 yuan an hour and 36 s an answer make 100 fen each; a floor of 36 yuan an hour."""
    given = {
        "policy": {"name": "p", "version": "1"}, "rates": {"default": 10_000}, "floor": {"wmin_fen_h": 3600},
        "norms": [{"kind": "default", "seconds": 36}], "budget": {"period_fen": 10**6}, **parts,
    }  # fmt: skip
    return PolicyFile.model_validate(given)


def toml(form):
    """The same rules as a file."""
    lines = []
    for name, part in form.model_dump(exclude_none=True).items():
        if name == "norms":
            for norm in part:
                lines += ["[[norms]]", *(_line(key, value) for key, value in norm.items())]
            continue
        nested = {key: value for key, value in part.items() if isinstance(value, dict)}
        lines += [f"[{name}]", *(_line(key, value) for key, value in part.items() if key not in nested)]
        for key, table in nested.items():
            lines += [f"[{name}.{key}]", *(_line(inner, value) for inner, value in table.items())]
    return "\n".join(lines)


def _line(key, value):
    return f'"{key}" = "{value}"' if isinstance(value, str) else f'"{key}" = {value}'


def score_row(contributor, kind, answers, **more):
    row = {
        "contributor": contributor, "kind": kind, "answers": answers, "golds": 20, "gold_classes": [],
        "j_bp": 8000, "j_low_bp": 5000, "j_high_bp": 9000, "j_all_bp": 8000, "j_gold_bp": 8000, "j_peer_bp": 8000,
        "gold_cap_bp": 9000, "peer_cap_bp": 9000, "cap": "none", "state": "anchored", "copy_cluster": 0,
        "copy_size": 1, "strata": 1, "scorer_version": "hand/1",
    }  # fmt: skip
    return {**row, **more}


class Hand:
    """A scorer that says of everybody what it was told; J is that of the golds answered rightly where nothing is."""

    def __init__(self, **people):
        self.people = people

    def __call__(self, answers, _classes):
        rows, kinds = {}, set(answers["kind"].to_pylist())
        (kind,) = kinds
        for row in answers.to_pylist():
            rows[row["contributor"]] = rows.get(row["contributor"], 0) + 1
        table = [score_row(name, kind, number, **self.people.get(name, {})) for name, number in sorted(rows.items())]
        return Scored(pa.Table.from_pylist(table, SCORES), LABELS.empty_table(), COPIES.empty_table(), True, 1, None)


class Till:
    """People, tasks, reserves, answers."""

    def __init__(self, path, form=None, **board):
        self.path, self.form = path, form or rules()
        self.board = Board(path, **board)
        self.engine = self.board.engine
        self.write(self.form)

    def write(self, form, name="incentive.toml"):
        self.form = form
        (self.path / name).write_text(toml(form), "utf-8")
        return self.path / name

    def reserve(self, at=START):
        """Set aside for everything that waits; return what came of it."""
        due = {}
        for held, item in self.board.waiting():
            due.setdefault(held.contributor, []).append((held, item.document))
        with session(self.engine) as opened:
            round_ = self.board.round(opened)
            form = round_policy(opened, round_, self.form, at)
            return reserve(opened, round_, form, [due[name] for name in sorted(due)], {}, at)

    def answer(self, say=lambda *_: "fine", role=None, at=START, seconds=36.0, most=10**6):
        """Everybody answers what waits, one every ten minutes."""
        with session(self.engine) as opened:
            turns = {}
            for held, item in self.board.waiting(role):
                said = say(item.document, held.contributor, held.shown)
                turn = turns[held.contributor] = turns.get(held.contributor, 0) + 1
                if said is None or turn > most:
                    continue
                self.board.sequence += 1
                opened.get(Assignment, held.id).state = ANSWERED
                opened.add(Answer(
                    assignment=held.id, annotation=self.board.sequence, sequence=self.board.sequence, revision=1,
                    at=at + timedelta(minutes=10 * turn), valid=True, label={"said": said}, server_seconds=seconds,
                ))  # fmt: skip

    def score(self, act="show", scorer=None, at=AFTER, **more):
        return score_period(
            self.path, PERIOD, act=act, at=at, scorer=scorer or Hand(), readings=lambda _: TOY, **more
        )  # fmt: skip

    def ledger(self, *kinds):
        with session(self.engine) as opened:
            rows = opened.scalars(select(Ledger).order_by(Ledger.seq)).all()
        return [row for row in rows if not kinds or row.kind in kinds]

    def paid(self):
        sums = {}
        for row in self.ledger("advance", "settlement", "correction", "dividend"):
            sums[row.party] = sums.get(row.party, 0) + row.amount
        return sums


READERS, LAZY = ("h1", "h2", "h3", "h4"), "lazy"


def worked_till(path):
    """Four read, one always says 4; every second item is bad, forty golds lie among the others."""
    till = Till(path, items=60, golds=40,
                settings={"round": {"kind": "quality", "overlap": 3}, "gold": {"rate": 0.4}})  # fmt: skip
    till.board.people(*READERS, LAZY)
    truth = {f"{name}{k}": "4" if k % 2 else "1" for name, number in (("d", 60), ("g", 40)) for k in range(number)}
    with session(till.engine) as opened:
        till.board.round(opened).kind = "quality"
        opened.execute(update(Qualification).values(kind="quality"))
        for item in opened.scalars(select(Item).where(Item.is_gold)):
            item.gold = {"score": truth[item.document]}
    text = "清晨的河面上浮着一层薄雾，船夫把竹篙插进水里，慢慢地把船撑开。"
    rows = [{**dict.fromkeys(ITEMS.names), "document": name, "text": text, "failed": [], "stratum": ""}
            for name in truth]  # fmt: skip
    write_table(round_folder(till.path, "r") / "items.parquet", pa.Table.from_pylist(rows, ITEMS))
    with session(till.engine) as opened:
        advance(opened, till.board.round(opened), question_of("quality"), now())
    till.reserve(now())
    rng = random.Random(2)

    def say(document, person, _):
        right = truth[document]
        return "4" if person == LAZY else right if rng.random() < 0.9 else "14".replace(right, "")

    till.answer(say, at=now() - timedelta(days=2), seconds=20.0)
    with session(till.engine) as opened:
        for answer in opened.scalars(select(Answer)):
            answer.label = {"score": answer.label["said"]}
    return till
