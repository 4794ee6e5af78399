"""`qingyuan annotate people verify` and `revoke`: professions, and who has seen their papers."""

import argparse
import json
from collections.abc import Callable


def add_credential_actions(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    """Add the actions of credentials."""
    verify = add(
        "verify", "enter that somebody has verified a profession",
        'Rounds with domain_locked = "medicine" are for people with a credential in medicine\nthat is in force. Keep '
        "the papers, and whose name they bear, elsewhere.",
    )  # fmt: skip
    verify.add_argument("names", nargs="+")
    verify.add_argument("--domain", required=True, help="medicine, law, finance, ... as filters know them")
    verify.add_argument("--verifier", required=True, help="who has seen the papers: a pseudonym or an office")
    verify.add_argument("--valid-days", type=int, default=365, help="%(default)s")
    verify.add_argument("--evidence", required=True, help="where the papers lie")
    revoke = add(
        "revoke", "end a person's credential now",
        "Their open tasks in locked rounds are taken back with the next push or sync, and\nwhat they send meanwhile "
        "does not count; what they answered before stays.",
    )  # fmt: skip
    revoke.add_argument("name")
    revoke.add_argument("--domain", required=True)
    revoke.add_argument("--verifier", required=True, help="who decides it")
    revoke.add_argument("--why", required=True)


def _verify(options: argparse.Namespace) -> int:
    from annotation.credentials import verify_credential  # noqa: PLC0415
    from pipeline.database import open_registry, session  # noqa: PLC0415

    with session(open_registry(options.workspace)) as opened:
        for name in options.names:
            made = verify_credential(
                opened, name, domain=options.domain, verifier=options.verifier, valid_days=options.valid_days,
                evidence=options.evidence,
            )  # fmt: skip
    until = str(made.verified_until.date())
    said = {"names": options.names, "domain": options.domain, "until": until}
    print(json.dumps(said) if options.json else f"{', '.join(options.names)}: {options.domain} until {until}")
    return 0


def _revoke(options: argparse.Namespace) -> int:
    from annotation.credentials import revoke_credential  # noqa: PLC0415
    from pipeline.database import open_registry, session  # noqa: PLC0415

    with session(open_registry(options.workspace)) as opened:
        number = revoke_credential(
            opened, options.name, domain=options.domain, verifier=options.verifier, why=options.why
        )
    said = {"name": options.name, "domain": options.domain, "ended": number}
    line = f"{options.name}: no credential in {options.domain} any more; the next push or sync takes back what is open"
    print(json.dumps(said) if options.json else line)
    return 0


CREDENTIAL_ACTS: dict[str, Callable[[argparse.Namespace], int]] = {"people verify": _verify, "people revoke": _revoke}
"""By the words of the command line; each returns the exit code."""
