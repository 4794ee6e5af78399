"""Which rules of pay a round is under, and the budgets that it counts against."""

from datetime import datetime
from pathlib import Path

from annotation.incentive.policy import POLICY_FILE, PolicyFile, load_policy, stored_policy
from annotation.standing import form_of
from pipeline.database import record
from pipeline.errors import RecipeError
from pipeline.registry import Budget, PayPolicy, Round, Session


def yuan(fen: int) -> str:
    """Return an amount in yuan with two decimals."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def named_policy(round_file: Path | None, workspace: Path) -> PolicyFile | None:
    """Return the policy that a round's file names, or else the workspace's; None if there is none."""
    path = round_file if round_file is not None else workspace / POLICY_FILE
    return load_policy(path) if round_file is not None or path.exists() else None


def enter_policy(opened: Session, form: PolicyFile, at: datetime) -> None:
    """Keep a policy as it was read; budgets may change, prices of a version may not.

    Raises:
        RecipeError: this version said something else before.
    """
    content, there = form.model_dump(mode="json"), check_version(opened, form)
    if there is None:
        opened.add(PayPolicy(
            name=form.name, version=form.policy.version, digest=form.digest, content=content, since=at
        ))  # fmt: skip
        record(opened, "operator", "pay policy", policy=form.label, digest=form.digest)
    elif there.content != content:
        there.content = content
        record(opened, "operator", "budget changed", policy=form.label, budget=content["budget"])
    opened.flush()


def check_version(opened: Session, form: PolicyFile) -> PayPolicy | None:
    """Return what was entered of this version of a policy; None if it is new.

    Raises:
        RecipeError: it said something else.
    """
    there = opened.get(PayPolicy, (form.name, form.policy.version))
    if there is not None and there.digest != form.digest:
        raise RecipeError(
            f"incentive policy {form.label} was entered with other rates or rules: what people were told cannot change;"
            " give the new one a version of its own"
        )
    return there


def round_policy(
    opened: Session, round_: Round, given: PolicyFile | None, at: datetime, *, keep: bool = False
) -> PolicyFile | None:
    """Return the policy that a round is under, and remember it; None if nobody is paid for it.

    Args:
        opened: the transaction.
        round_: the round; an exam is never paid.
        given: what its file or its workspace names now.
        at: the time it is.
        keep: `given` is only the workspace's: a round whose own file names a policy stays under that.
    """
    if round_.purpose != "work":
        return None
    known = round_.design.get("pay_policy")
    own = form_of(round_).round.policy is not None
    if given is not None and not (keep and own and known is not None):
        enter_policy(opened, given, at)
        if known != [given.name, given.policy.version]:
            round_.design = {**round_.design, "pay_policy": [given.name, given.policy.version]}
            opened.flush()
        return given
    return None if known is None else stored_policy(opened.get_one(PayPolicy, tuple(known)).content)


def hold_budget(opened: Session, policy: PolicyFile, scope: str, fen: int) -> Budget:
    """Return a budget, made or brought to what the policy says.

    Raises:
        RecipeError: more is set aside already.
    """
    budget = opened.get(Budget, (policy.name, scope), populate_existing=True)
    if budget is None:
        budget = Budget(policy=policy.name, scope=scope, fen=fen, held_fen=0)
        opened.add(budget)
    elif budget.fen != fen:
        if fen < budget.held_fen:
            raise RecipeError(
                f"incentive policy {policy.label}, budget: {yuan(budget.held_fen)} yuan are set aside or paid for"
                f" {scope} already; {yuan(fen)} is less"
            )
        budget.fen = fen
    opened.flush()
    return budget


def open_budgets(opened: Session, policy: PolicyFile, period: str, round_: str) -> list[Budget]:
    """Return the budgets that a task of a round counts against in a period; the dividend's pool is taken off first."""
    pool = policy.dividend.pool_fen
    hold_budget(opened, policy, f"dividend:{period}", pool)
    budgets = [hold_budget(opened, policy, period, policy.budget_of(period) - pool)]
    if policy.budget.round_fen is not None:
        budgets.append(hold_budget(opened, policy, f"round:{round_}", policy.budget.round_fen))
    return budgets
