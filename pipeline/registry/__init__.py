"""The registry's tables: who may work, what was asked, of whom, and what was answered.

What must never be false is a constraint of the database, not of a report. Times are UTC without a zone. People are
pseudonymous ids; names and addresses are kept outside. No table holds a text: documents are known by their ids.
"""

from pipeline.registry.declarative import (
    ID_CHARS,
    Engine,
    IntegrityError,
    Registry,
    Session,
    SQLAlchemyError,
    create_engine,
    event,
    func,
    make_url,
    select,
    update,
)
from pipeline.registry.desk import Audit, Request
from pipeline.registry.exhibits import Exhibit
from pipeline.registry.money import (
    ADVANCE,
    CORRECTION,
    DIVIDEND,
    FEN,
    MEASURED,
    PAYMENTS,
    RESERVE,
    SETTLEMENT,
    UNITS,
    UNRESERVE,
    Account,
    Budget,
    Ledger,
    PayPolicy,
    Reservation,
    Score,
)
from pipeline.registry.releases import Release
from pipeline.registry.removals import Objection, Removal
from pipeline.registry.sources import Assessment, Authorisation, Draw, Paper, Source
from pipeline.registry.work import (
    ANSWERED,
    CLOSED,
    ISSUED,
    OPEN,
    VOID,
    WITHDRAWN,
    Answer,
    Assignment,
    Contributor,
    Credential,
    Feed,
    Item,
    Qualification,
    Round,
    Seat,
)

__all__ = [  # what the floors above say to the database, through this door
    "ADVANCE", "ANSWERED", "CLOSED", "CORRECTION", "DIVIDEND", "FEN", "ID_CHARS", "ISSUED", "MEASURED", "OPEN",
    "PAYMENTS", "RESERVE", "SETTLEMENT", "UNITS", "UNRESERVE", "VOID", "WITHDRAWN", "Account", "Answer", "Assessment",
    "Assignment", "Audit", "Authorisation", "Budget", "Contributor", "Credential", "Draw", "Engine", "Exhibit", "Feed",
    "IntegrityError", "Item", "Ledger", "Objection", "Paper", "PayPolicy", "Qualification", "Registry", "Release",
    "Removal", "Request", "Reservation", "Round", "SQLAlchemyError", "Score", "Seat", "Session", "Source",
    "create_engine", "event", "func", "make_url", "select", "update",
]  # fmt: skip
