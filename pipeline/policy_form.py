"""The form of a policy file and of a pack: rules, what becomes of personal data, what remains of each risk."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from filters.policy import Action, Rule
from pipeline.toml import Strict

Disposal: TypeAlias = Literal["mask", "pseudonymise", "keep"]
"""What becomes of an identifier in a kept text."""


class PersonalData(Strict):
    """`[personal_data]` of a policy or recipe: what becomes of the identifiers in kept documents."""

    default: Disposal | None = None
    """For every category that is not public by itself; a recipe that does not say leaves the policy's, and that is
    "mask" unless the policy says otherwise."""
    actions: dict[str, Disposal] = Field(default_factory=dict)
    """By category, as the attributes `personal.…` are called."""


class When(Strict):
    """Condition of a rule."""

    attribute: str
    one_of: tuple[str | bool | int | float, ...] = Field(strict=False)


class RuleEntry(Strict):
    """`[[rules]]`: one bound on one attribute."""

    reason: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    """What the verdict calls it; the policy's rule of the same reason is replaced."""
    attribute: str
    """Which measurement: see the table of attributes."""
    at_least: float | None = None
    """Kept if the value is this or more,"""
    at_most: float | None = None
    """this or less,"""
    one_of: tuple[str | bool | int | float, ...] | None = Field(default=None, strict=False)
    """one of these labels,"""
    none_of: tuple[str | bool | int | float, ...] | None = Field(default=None, strict=False)
    """none of these; every bound that is said must hold."""
    when: When | None = None
    """`{ attribute = …, one_of = […] }`: the rule holds for documents with such a value only."""
    missing: Literal["fail", "pass"] = "fail"
    """What a document without a value does."""
    action: Action = "drop"
    """What breaking it does: "review" keeps the document and lists it, "hold" keeps it out until a person saw it."""
    risks: tuple[str, ...] = Field(default=(), strict=False)
    """Which of the 31 risks of GB/T 45654-2025, appendix A, the rule is about: A1-f, A2-e …"""

    def rule(self) -> Rule:
        """Return the rule that this entry states."""
        when = None if self.when is None else (self.when.attribute, self.when.one_of)
        return Rule(
            self.reason, self.attribute, self.at_least, self.at_most, self.one_of, self.none_of, when, self.missing,
            self.action, self.risks,
        )  # fmt: skip


class PolicyFile(Strict):
    """A policy: rules, and what becomes of personal data."""

    rules: tuple[RuleEntry, ...] = Field(default=(), strict=False)
    personal_data: PersonalData = PersonalData()


class RiskEntry(Strict):
    """`[[risks]]`: what remains of a risk when the rules have done their work."""

    risk: str
    """Its id: A1-a."""
    left_to: Literal["people", "records", "nobody"]
    """`people`: whoever reviews samples can see it in the text. `records`: it is a fact outside the text, so papers of
    the source and complaints decide. `nobody`: nothing here covers it."""
    note: str


class PackFile(Strict):
    """A pack: rules that go with any policy, and what they leave undecided."""

    about: str
    extends: str | None = None
    """Another shipped pack, whose rules come first."""
    review: Literal["keep", "hold"] = "keep"
    """`hold` turns every rule of the pack that asks for review into one that keeps documents out until then."""
    rules: tuple[RuleEntry, ...] = Field(default=(), strict=False)
    risks: tuple[RiskEntry, ...] = Field(default=(), strict=False)
