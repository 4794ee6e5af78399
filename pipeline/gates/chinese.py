"""What gates found, in Chinese: from their figures, so that it says what they say and no more."""

from collections.abc import Callable, Mapping
from typing import Any

Figures = Mapping[str, Any]

_SHOWN = 5
"""Names in a sentence; the figures have all."""
_PHASES = {"before": "采集前", "after": "采集后"}
_VERDICTS = {"none": "尚未抽样", "undecided": "人工结论未齐", "barred": "超过限值"}


def in_chinese(finding: Mapping[str, Any]) -> str:
    """Return what a finding, as its JSON has it, says in Chinese; empty for gates and figures of other versions."""
    says = _SAYS.get(finding["gate"])
    # A trial's finding never reads as passed; whether it was refused is told by its remedy.
    passed = finding["passed"] or (finding.get("trial") is True and not finding["remedy"])
    try:
        return "" if says is None else says(passed, finding["figures"])
    except KeyError:
        return ""


def _names(names: Any) -> str:  # noqa: ANN401 - any names
    every = [str(name) for name in names]
    return "、".join(every[:_SHOWN]) + (f"等 {len(every)} 项" if len(every) > _SHOWN else "")


def _counted(passed: bool, figures: Figures) -> str:
    if passed:
        return f"文件中确有所称的 {figures['documents']:,} 篇文档"
    return f"所称 {figures['documents']:,} 篇，文件中 {figures['in_files']:,} 篇，或内容不同"


def _papers(passed: bool, figures: Figures) -> str:
    if passed:
        return f"{figures['sources']} 个来源的证明材料齐备"
    parts = [f"未登记的来源：{_names(figures['unregistered'])}"] if figures["unregistered"] else []
    parts += [f"材料不全的来源：{_names(one['source'] for one in figures['lacking'])}"] if figures["lacking"] else []
    return "；".join(parts)


def _authorisations(passed: bool, figures: Figures) -> str:
    if not figures["documents_of_users"]:
        return "不含用户输入类来源"
    if passed:
        return f"{figures['documents_of_users']:,} 篇用户输入均在有效授权之内"
    return f"{sum(one['documents'] for one in figures['without_authorisation']):,} 篇用户输入没有有效授权"


def _barred(passed: bool, figures: Figures) -> str:
    return "没有被禁用的来源" if passed else f"含被禁用的来源：{_names(figures['barred'])}"


def _source_rate(passed: bool, figures: Figures) -> str:
    sources = figures["sources"]
    if passed:
        sure = all(one[phase]["pooled"]["confident_pass"] for one in sources.values() for phase in _PHASES)
        level = "，均达到 95 % 置信度" if sure else "，但并非都达到 95 % 置信度"
        return f"{len(sources)} 个来源抽样评估，违法不良信息均未超过 5 %{level}"
    parts = []
    for name, one in sources.items():
        said = [f"{word}{_VERDICTS[one[phase]['verdict']]}" for phase, word in _PHASES.items()
                if one[phase]["verdict"] in _VERDICTS]  # fmt: skip
        if one["faults"]:
            parts.append(f"{name}（{'、'.join(said) or '抽样与现有文档不符'}）")
    return f"未通过来源抽样评估：{_names(parts)}" if parts else "没有来源"


def _taken_down(passed: bool, figures: Figures) -> str:
    if passed:
        return f"已撤除的 {figures['taken_out']:,} 篇文档均不在其中"
    return f"其中有 {figures['found']:,} 篇已撤除的文档"


def _requests(passed: bool, figures: Figures) -> str:
    if not figures["waiting"]:
        return "没有待处理的删除请求"
    if passed:
        return f"{figures['waiting']} 件待处理的删除请求均未逾期，也不涉及其中的文档"
    return f"未处理的删除请求妨碍发布：{_names(one['request'] for one in figures['requests'] if one['why'])} 号"


def _personal_data(passed: bool, figures: Figures) -> str:
    if not passed:
        return "有的清洗没有遮盖个人信息，或记录已不在"
    kept = {kind for one in figures.get("kept", {}).values() for kind in one}
    if kept:
        return f"按策略，这些类别的个人信息保留原文：{_names(sorted(kept))}"
    if figures["pseudonymised"]:
        return "个人信息以密钥假名化，只是去标识化"
    return f"{len(figures['runs'])} 次清洗均按策略以占位符替换个人信息，不保留原值"


def _filtered(passed: bool, figures: Figures) -> str:
    if passed:
        return f"{len(figures)} 次清洗的全部文档均经关键词和分类模型筛查"
    return "有的清洗没有用关键词和分类模型筛查"


def _keywords(_: bool, figures: Figures) -> str:
    if figures["met"]:
        return "词表数量达到标准所列"
    return f"词表数量未达到标准所列（应或宜，不因此拒绝发布），未达到的清洗：{_names(figures['unmet'])}"


def _sample(passed: bool, figures: Figures) -> str:
    if "pooled" not in figures:
        return f"只有 {figures['documents']:,} 篇，不足 4,000 篇，只能试用发布"
    pooled, trial = figures["pooled"], "试用发布，不构成验收；" if figures["verdict"] == "trial" else ""
    if not pooled["n"]:
        return trial + _VERDICTS.get(figures["verdict"], "没有结论")
    rate = 1 - pooled["bad"] / pooled["n"]
    said = f"抽检 {pooled['n']:,} 篇，不合格 {pooled['bad']:,} 篇，合格率 {rate:.2%}"
    said += f"，应不低于 {figures['least_share']:.0%}"
    return f"{trial}{said}" if passed else f"未通过（{_VERDICTS.get(figures['verdict'], '数量不足')}）：{said}"


_SAYS: Mapping[str, Callable[[bool, Figures], str]] = {
    "counted": _counted, "papers": _papers, "authorisations": _authorisations, "barred": _barred,
    "source_rate": _source_rate, "taken_down": _taken_down, "requests": _requests, "personal_data": _personal_data,
    "filtered": _filtered, "keywords": _keywords, "technical_sample": _sample, "manual_sample": _sample,
}  # fmt: skip
