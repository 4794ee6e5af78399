"""Packs: rules that go with any policy, which risks they serve, and what they leave to people or to nobody."""

from collections.abc import Container, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from filters.policy import Policy, Rule
from filters.risks import RISKS
from pipeline.errors import RecipeError
from pipeline.policy_file import override
from pipeline.policy_form import PackFile, RiskEntry
from pipeline.toml import nearest, parse, read_named, shipped

DEFAULT_PACKS = ("safety_default",)
"""The packs of a recipe that names none; their rules on what it does not measure are left out, and that is said."""

LEFT_TO = {
    "people": "人工 people (samples)",
    "records": "来源文件与投诉 papers and complaints",
    "nobody": "无 nobody",
}

DISCLAIMER = (
    "自评估，不是合规认证：只说本次运行的规则看了什么。0 条命中不等于 0 条内容，漏检率只有抽检才能估计。"
    "风险名称依据 GB/T 45654-2025 附录 A，经二手来源互相印证，未核对标准原文。 "
    "Self-assessment, no certification: what this run's rules look at. No hit does not mean no content. "
    "Names of the risks are those that secondary sources quote; they were not read in the standard itself."
)

_FOLDER = files("filters.packs")


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack's rules, those of the one that it extends first, and its statements on risks."""

    rules: tuple[Rule, ...]
    risks: tuple[RiskEntry, ...]


@dataclass(frozen=True, slots=True)
class Packed:
    """A policy with the rules of packs behind its own."""

    policy: Policy
    rules: tuple[Rule, ...]
    """Those of the packs alone, as they apply."""
    risks: tuple[RiskEntry, ...]
    """What the packs say of what remains; a later pack's word on a risk counts."""
    left_out: tuple[str, ...]
    """Reasons of rules that could not be applied, since the recipe leaves out what measures them."""

    def settings(self, policy: Policy) -> dict[str, Any]:
        """Return what a run stores of them beside the rules of its whole policy, the recipe's own among these."""
        whole = {rule.reason: rule for rule in policy.rules}  # a pack's rule as the recipe may have overridden it
        return {
            "rules": [asdict(rule) for rule in policy.rules],
            "pack_rules": [asdict(whole.get(rule.reason, rule)) for rule in self.rules],
            "risks": [entry.model_dump() for entry in self.risks],
        }


def shipped_packs() -> list[str]:
    """Return the names of the packs that come with Qingyuan."""
    return shipped(_FOLDER)


def load_pack(name: str, beside: Path) -> Pack:
    """Load a shipped pack by name, or a TOML file by its path relative to `beside`.

    Raises:
        RecipeError: there is none of that name, it cannot be read, two of its rules have one reason, or it names a
            risk that there is not.
    """
    text, where = read_named("pack", name, beside, _FOLDER)
    form = parse(PackFile, text, where)
    if form.extends is not None and form.extends not in shipped_packs():
        raise RecipeError(
            f'{where}, extends: there is no pack "{form.extends}"{nearest(form.extends, shipped_packs())}'
        )
    for entry in form.risks:
        if entry.risk not in RISKS:
            raise RecipeError(f'{where}, risks: there is no risk "{entry.risk}"{nearest(entry.risk, RISKS)}')
    first = Pack((), ()) if form.extends is None else load_pack(form.extends, beside)
    rules = override(first.rules, form.rules, where)
    return Pack(hold(rules) if form.review == "hold" else rules, (*first.risks, *form.risks))


def hold(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Return the rules with those that ask for review holding documents back until it has been."""
    return tuple(replace(rule, action="hold") if rule.action == "review" else rule for rule in rules)


def add_packs(
    policy: Policy, packs: Sequence[str] | None, beside: Path, measured: Container[str], review: str | None = None
) -> Packed:
    """Put the rules of packs behind a policy's own; one of the same reason takes the place of the earlier one.

    Args:
        policy: the policy.
        packs: their names, in order; None for the default ones without their rules on what is not measured.
        beside: folder that paths are relative to.
        measured: names of the attributes of the run.
        review: "hold" or "keep" for the rules of every pack, whatever it says itself.

    Raises:
        RecipeError: a pack is wrong.
    """
    added: dict[str, Rule] = {}
    risks: dict[str, RiskEntry] = {}
    left_out = []
    for name in DEFAULT_PACKS if packs is None else packs:
        pack = load_pack(name, beside)
        risks |= {entry.risk: entry for entry in pack.risks}
        for rule in settle(pack.rules, review):
            if packs is None and not all(attribute in measured for attribute in rule.attributes):
                left_out.append(rule.reason)
            else:
                added[rule.reason] = rule
    rules = tuple(added.values())
    return Packed(merge(policy, rules), rules, tuple(risks.values()), tuple(left_out))


def merge(policy: Policy, rules: Sequence[Rule]) -> Policy:
    """Return the policy with rules behind its own; one of the same reason takes the place of the earlier one."""
    merged = {rule.reason: rule for rule in policy.rules}
    return Policy(tuple((merged | {rule.reason: rule for rule in rules}).values()))


def settle(rules: Sequence[Rule], review: str | None) -> tuple[Rule, ...]:
    """Return the rules with their review as the recipe wants it: kept, held, or as they say themselves (None)."""
    if review == "hold":
        return hold(rules)
    if review == "keep":
        return tuple(replace(rule, action="review") if rule.action == "hold" else rule for rule in rules)
    return tuple(rules)


@dataclass(frozen=True, slots=True)
class RiskLine:
    """What a run's rules do about one risk, and what they leave: a line of a self-assessment, no certificate."""

    risk: str
    name: str
    drops: tuple[str, ...]
    """Reasons of the rules that keep documents out for it."""
    reviews: tuple[str, ...]
    """Reasons of the rules that send documents to people for it, whether these are held meanwhile or not."""
    left_to: Literal["people", "records", "nobody"]
    note: str

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "risk": self.risk, "name": self.name, "drops": list(self.drops), "reviews": list(self.reviews),
            "left_to": self.left_to, "note": self.note,
        }  # fmt: skip


def assess(policy: Policy, risks: Sequence[RiskEntry]) -> list[RiskLine]:
    """Say for each of the 31 risks which rules look for it, and what remains by the packs' own word.

    A risk of which no pack says anything is left to nobody.
    """
    said = {entry.risk: entry for entry in risks}
    lines = []
    for risk in RISKS.values():
        entry = said.get(risk.id, RiskEntry(risk=risk.id, left_to="nobody", note=""))
        serving = [rule for rule in policy.rules if risk.id in rule.risks]
        drops = tuple(rule.reason for rule in serving if rule.action == "drop")
        reviews = tuple(rule.reason for rule in serving if rule.action != "drop")
        lines.append(RiskLine(risk.id, risk.name, drops, reviews, entry.left_to, entry.note))
    return lines
