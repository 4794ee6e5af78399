"""Triggers of the tables of money, in the words of SQLite and of PostgreSQL.

What is set aside for an assignment counts against its budgets and in its person's account; what is paid counts there
too. The checks of those two tables then refuse what would be too much, whoever asks. Rows of history do not change.
"""

HOLD = """
    UPDATE budget SET held_fen = held_fen {sign} {row}.fen
     WHERE policy = {row}.policy AND scope IN ({row}.period, 'round:' || {row}.round);
    INSERT INTO account (policy, period, party, held_fen, paid_fen)
    SELECT {row}.policy, {row}.period, {row}.contributor, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM account
     WHERE policy = {row}.policy AND period = {row}.period AND party = {row}.contributor);
    UPDATE account SET held_fen = held_fen {sign} {row}.fen
     WHERE policy = {row}.policy AND period = {row}.period AND party = {row}.contributor;
"""
PAY = """
    INSERT INTO account (policy, period, party, held_fen, paid_fen)
    SELECT NEW.policy, NEW.period, NEW.party, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM account
     WHERE policy = NEW.policy AND period = NEW.period AND party = NEW.party);
    UPDATE account SET paid_fen = paid_fen + NEW.amount
     WHERE policy = NEW.policy AND period = NEW.period AND party = NEW.party;
"""
SHARE = """
    INSERT INTO budget (policy, scope, fen, held_fen)
    SELECT NEW.policy, 'dividend:' || NEW.period, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM budget
     WHERE policy = NEW.policy AND scope = 'dividend:' || NEW.period);
    UPDATE budget SET held_fen = held_fen + NEW.amount
     WHERE policy = NEW.policy AND scope = 'dividend:' || NEW.period;
"""
PAID = "NEW.kind IN ('advance', 'settlement', 'correction')"
FIXED = " OR ".join(
    f"OLD.{column} <> NEW.{column}"
    for column in (
        "id", "assignment", "contributor", "policy", "version", "period", "round", "kind", "value_fen", "norm_ms",
        "tier", "tier_bp", "fen", "at",
    )
)  # fmt: skip
STEPS = (
    ("reservation_held", "AFTER INSERT ON reservation", "NEW.standing", HOLD.format(sign="+", row="NEW")),
    ("reservation_released", "AFTER UPDATE ON reservation", "OLD.standing AND NOT NEW.standing",
     HOLD.format(sign="-", row="NEW")),
    ("reservation_held_again", "AFTER UPDATE ON reservation", "NEW.standing AND NOT OLD.standing",
     HOLD.format(sign="+", row="NEW")),
    ("ledger_paid", "AFTER INSERT ON ledger", PAID, PAY),
    ("ledger_shared", "AFTER INSERT ON ledger", "NEW.kind = 'dividend'", SHARE),
)  # fmt: skip
"""Name, event, condition, statements."""
REFUSED = (
    ("ledger", "UPDATE", "TRUE"), ("ledger", "DELETE", "TRUE"), ("score", "UPDATE", "TRUE"),
    ("score", "DELETE", "TRUE"), ("reservation", "UPDATE", FIXED), ("reservation", "DELETE", "TRUE"),
    ("pay_policy", "DELETE", "TRUE"),
)  # fmt: skip


def triggers(dialect: str) -> list[str]:
    """Return the statements that make all triggers; of other databases none are known, and the chain must do."""
    if dialect == "sqlite":
        return [
            *(f"CREATE TRIGGER {name} {on} WHEN {when} BEGIN {body} END" for name, on, when, body in STEPS),
            *(
                f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table} WHEN {when}"
                f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                for table, verb, when in REFUSED
            ),
        ]
    if dialect == "postgresql":
        made = []
        for name, on, when, body in STEPS:
            made.append(_function(name, f"{body} RETURN NULL;"))
            made.append(f"CREATE TRIGGER {name} {on} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {name}()")
        for table, verb, when in REFUSED:
            name = f"{table}_no_{verb}".lower()
            refusal = f"RAISE integrity_constraint_violation USING MESSAGE = '{table} is append-only';"
            made.append(_function(name, refusal))
            event = f"BEFORE {verb} ON {table} FOR EACH ROW WHEN ({when})"
            made.append(f"CREATE TRIGGER {name} {event} EXECUTE FUNCTION {name}()")
        return made
    return []


def _function(name: str, body: str) -> str:
    return f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$"
