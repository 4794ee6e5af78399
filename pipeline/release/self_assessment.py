"""The self-assessment of a release, 自评估: one row a clause, 符合, 不符合 or 不适用; without a file nothing conforms.

It says what a program could see, and how well each rule's wording is known. It is no certificate.
"""

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from pipeline.clauses import clauses
from pipeline.gates.chinese import in_chinese
from pipeline.release.assessed import Artefact, Conforms, Fails, Line, NotApplicable, Result, Unseen

SAYS = (
    "自评估证据包：由程序对照所列条款自行核对生成，不是认证，也不代表备案通过。"
    "A self-assessment made by a program from the evidence beside it: no certificate, and no promise of any filing."
)
TRIAL_SAYS = (
    "试用发布 TRIAL：未达到验收抽样条件，本表不构成任何“通过”的结论。"
    "A trial release: too small for the acceptance samples; nothing here says that it passed."
)
VERIFIED = {
    "V1": "已核对原文 read in its own text",
    "V2": "据引述 as quoted by others, not read in its own text",
    "R": "未核实 not verified: read in no source",
}


@dataclass(frozen=True, slots=True)
class _Item:
    """What the table asks of one row."""

    id: str
    title: str
    clauses: tuple[str, ...]
    gates: tuple[str, ...] = ()
    """All of them must have passed."""
    evidence: tuple[str, ...] = ()
    """Files that show it, besides the gates'."""
    classes: tuple[str, ...] = ()
    """It is about sources of these classes only."""
    personal: tuple[str, ...] = ()
    """It is about sources whose registered personal data are of these states only."""
    outside: str = ""
    """What a program cannot see and people must show."""
    facts: tuple[str, ...] = ()
    """What must be there in the evidence: names of checks below."""


def row_names() -> list[str]:
    """Return the names of the table's rows."""
    return [one.id for one in _items()]


def _items() -> tuple[_Item, ...]:
    table = tomllib.loads((files("pipeline.release") / "self_assessment.toml").read_text("utf-8"))
    entries: dict[str, dict[str, Any]] = {
        name: {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
        for name, entry in table.items()
    }
    return tuple(_Item(name, **entry) for name, entry in entries.items())


SAMPLED = {"manual_sample", "technical_sample"}
"""Gates that a trial cannot pass, whatever they found."""
GATES_FILE = "evidence/gates.json"
_NAMED = 5
"""Sources that a reason names; evidence/sources.json has all."""


def assess(folder: Path, manifest: Mapping[str, Any], facts: Mapping[str, Any]) -> list[Line]:
    """Assess every clause of the table by what stands in the folder.

    Args:
        folder: of the candidate, with its evidence.
        manifest: its manifest, gates included.
        facts: what `write_facts` returned.
    """
    attached = facts.get("exhibits", {})
    return [
        Line(one.id, one.title, clauses(*one.clauses),
             _with_exhibits(_result(one, folder, manifest, facts), folder, attached.get(one.id, ())))
        for one in _items()
    ]  # fmt: skip


def _with_exhibits(result: Result, folder: Path, attached: Sequence[Mapping[str, Any]]) -> Result:
    """Add what the operator has attached; what no program can see is met where a person has declared it with a file."""
    if not attached or isinstance(result, NotApplicable):
        return result
    there = [one for one in attached if not one["fault"]]
    evidence = (*result.evidence, *(Artefact.of(folder, one["path"]) for one in there))
    notes = [f"{one['name']}（{one['fault']}）" for one in attached if one["fault"]]
    notes += [f"{one['name']}: {one['note']}（added by {one['added_by']}, {one['added_at'][:10]}"
              + (f", until {one['valid_until']}" if one["valid_until"] else "") + "）" for one in there]  # fmt: skip
    declared = [one for one in there if one["declared_by"]]
    if isinstance(result, Unseen) and declared:
        said = dict.fromkeys(
            f"{one['declared_by']}, {one['declared_at'][:10]}: {one['declared_why']}" for one in declared
        )
        by = f"由操作者声明，程序未核对内容 declared by operator, unseen by the program: {_joined(said)}"
        return Conforms(f"{by}; {_joined(notes)}", evidence, declared=True)
    return replace(result, reason=f"{result.reason}; 操作者附材料 attached by the operator: {_joined(notes)}",
                   evidence=evidence)  # fmt: skip


def _result(item: _Item, folder: Path, manifest: Mapping[str, Any], facts: Mapping[str, Any]) -> Result:  # noqa: PLR0911 - one reason after another
    gates: dict[str, Mapping[str, Any]] = {one["gate"]: one for one in manifest["gates"]}
    known = {name: one for name, one in facts["sources"].items() if one is not None}
    register = Artefact.of(folder, "evidence/sources.json")
    unknown = sorted(set(facts["sources"]) - set(known))
    for asked, key in ((item.classes, "class"), (item.personal, "personal")):
        if asked and unknown:
            return Fails(
                f"登记表中没有这些来源，无从判断 not in the registry of sources: {', '.join(unknown)}",
                "qingyuan source add", (register,),
            )  # fmt: skip
        if asked and not any(one[key] in asked for one in known.values()):
            return NotApplicable(f"没有这类来源 no source with {key} {'/'.join(asked)}", (register,))
    artefacts = tuple(Artefact.of(folder, path) for path in item.evidence if (folder / path).is_file())
    missing = [path for path in item.evidence if not (folder / path).is_file()]
    found = [_narrowed(gates[name], item, known) for name in item.gates if name in gates]
    absent = [name for name in item.gates if name not in gates]
    if item.gates:
        artefacts = (Artefact.of(folder, GATES_FILE), *artefacts)
    # A gate may let pass what it has a remedy for, where a rule says "should": the clause is not met for that.
    refused = [one for one in found if not one["passed"] or one["remedy"] or one["figures"].get("met") is False]
    if refused:
        plans = [one["remedy"] for one in refused if one["remedy"]]
        return Fails(_joined(map(_bilingual, refused)), _joined(plans) or "见 gates.json", artefacts)
    if manifest["trial"] and SAMPLED & set(item.gates):
        return Fails(TRIAL_SAYS, "扩充数据后按正式发布抽样 sample a release of at least 4,000 documents", artefacts)
    if absent or missing:
        lacking = ", ".join((*absent, *missing))
        return Fails(
            f"没有证据 nothing shows it: {lacking}", "补充证据后重新生成 make the evidence, then release again"
        )
    failing = [said for name in item.facts if (said := FACTS[name](facts))]
    if failing:
        return Fails(_joined(failing), "见理由 as the reason says", artefacts)
    if item.outside:
        return Unseen(
            f"程序无法查证 a program cannot see it: {item.outside}",
            f"由责任人出具材料并声明 people must show it: qingyuan evidence add {item.id} FILE; evidence declare",
            artefacts,
        )
    shown = [SHOWN[name](facts) for name in item.facts if name in SHOWN]
    return Conforms(_joined([*map(_bilingual, found), *shown]) or "见证据 as the evidence says", artefacts)


def _narrowed(finding: Mapping[str, Any], item: _Item, known: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return what the gate of papers found of the sources that a row is about: it is not met or broken by others.

    Other gates are about the whole release, and stay as they are.
    """
    if finding["gate"] != "papers" or "lacking" not in finding["figures"] or not (item.classes or item.personal):
        return finding
    names = sorted(
        name for name, one in known.items() if one["class"] in item.classes or one["personal"] in item.personal
    )
    lacking = [one for one in finding["figures"]["lacking"] if one["source"] in names]
    if not lacking:
        shown = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
        return {
            **finding,
            "gate": "",
            "passed": True,
            "reason": f"文件齐备 the papers are there: {shown}",
            "remedy": "",
        }
    said = (f'"{one["source"]}" lacks {"; ".join(lack["what"] for lack in one["lacks"])}' for one in lacking)
    return {
        **finding,
        "gate": "",
        "passed": False,
        "reason": f"缺少材料 {_joined(said)}",
        "remedy": lacking[0]["lacks"][0]["remedy"],
    }


def _bilingual(finding: Mapping[str, Any]) -> str:
    return f"{in_chinese(finding)} {finding['reason']}".lstrip()


def _joined(parts: Any) -> str:  # noqa: ANN401 - any strings
    return "; ".join(str(part).rstrip(".") for part in parts)


def _collected_first(facts: Mapping[str, Any]) -> str:
    """Name the sources whose sample of before collection was drawn when all was collected, or nobody said when."""
    said = []
    for name, source in sorted(facts["sources"].items()):
        of = {phase: [one for one in facts["samples"] if (one["source"], one["phase"]) == (name, phase)]
              for phase in ("before", "after")}  # fmt: skip
        if source is None or not of["before"]:
            continue  # the gate says it
        first, day = of["before"][0]["drawn_at"][:10], source["collected"][0]
        if day is not None and first > day:
            said.append(f"{name}：{day} 起采集，{first} 才抽样 collected from then, sampled only then")
        elif of["before"][0]["root"] in {one["root"] for one in of["after"]}:
            said.append(f"{name}：与采集后的抽样出自同一批文档 of the same documents as the sample of after collection")
        elif day is None:
            said.append(f"{name}：没有登记采集日期 nobody said when it was collected")
    return f"不能证明在采集前评估 not shown to be assessed before collection: {_joined(said)}" if said else ""


def _late(facts: Mapping[str, Any]) -> str:
    late = [str(one["request"]) for one in facts["requests"] if one["late"]]
    return f"逾期的删除请求 requests past their deadline: {', '.join(late)}" if late else ""


def _diverse(facts: Mapping[str, Any]) -> str:
    return "" if len(facts["sources"]) > 1 else f"只有一个来源 a single source: {_spread(facts)}"


def _spread(facts: Mapping[str, Any]) -> str:
    """Say how many sources each language and class has, and how unevenly texts are shared out among them."""
    known = [one for one in facts["sources"].values() if one]
    parts = [f"{len(facts['sources'])} 个来源 source(s)"]
    for title, key in (("语言 by language", "language"), ("类别 by class", "class")):
        counts = Counter(one[key] for one in known)
        parts.append(f"{title}: {', '.join(f'{name} {count}' for name, count in sorted(counts.items()))}")
    even = facts["concentration"].get("source by characters")
    if even:
        parts.append(
            f"按字数等效来源数 effective by characters {even['effective']:.2f}, 最大 largest {even['largest']:.1%}"
        )
    return "，".join(parts)


def _chained(facts: Mapping[str, Any]) -> str:
    return "" if facts["audit"]["rows"] else "审计记录为空 the audit is empty"


FACTS = {
    "before_it_was_collected": _collected_first,
    "requests_in_time": _late,
    "several_sources": _diverse,
    "audit_there": _chained,
}
SHOWN = {"several_sources": _spread}
"""What is said of a fact that is as it should be."""


def totals(lines: Sequence[Line]) -> dict[str, int]:
    """Count the results."""
    return {kind.says: sum(isinstance(one.result, kind) for one in lines) for kind in (Conforms, Fails, NotApplicable)}
