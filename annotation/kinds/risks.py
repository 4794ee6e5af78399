"""The 31 risks of GB/T 45654-2025, appendix A, in its five groups, as people choose among them.

Names as five transcriptions agree on them (one of pages 7 and 8 of the standard); ids are ours, the standard has none.
"""

from collections.abc import Mapping

GROUPS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "A1": (
        "包含违反社会主义核心价值观的内容",
        (
            "煽动颠覆国家政权、推翻社会主义制度",
            "危害国家安全和利益、损害国家形象",
            "煽动分裂国家、破坏国家统一和社会稳定",
            "宣扬恐怖主义、极端主义",
            "宣扬民族仇恨",
            "宣扬暴力、淫秽色情",
            "传播虚假有害信息",
            "其他法律、行政法规禁止的内容",
        ),
    ),
    "A2": (
        "包含歧视性内容",
        (
            "民族歧视内容",
            "信仰歧视内容",
            "国别歧视内容",
            "地域歧视内容",
            "性别歧视内容",
            "年龄歧视内容",
            "职业歧视内容",
            "健康歧视内容",
            "其他方面歧视内容",
        ),
    ),
    "A3": (
        "商业违法违规",
        (
            "侵犯他人知识产权",
            "违反商业道德",
            "泄露他人商业秘密",
            "利用算法、数据、平台等优势，实施垄断和不正当竞争行为",
            "其他商业违法违规行为",
        ),
    ),
    "A4": (
        "侵犯他人合法权益",
        (
            "危害他人身心健康",
            "侵害他人肖像权",
            "侵害他人名誉权",
            "侵害他人荣誉权",
            "侵害他人隐私权",
            "侵害他人个人信息权益",
            "侵犯他人其他合法权益",
        ),
    ),
    "A5": (
        "无法满足特定服务类型的安全需求",
        (
            "内容不准确，严重不符合科学常识或主流认知",
            "内容不可靠，虽然不包含严重错误的内容，但无法对使用者形成帮助",
        ),
    ),
}
"""Group -> its name, and its risks' names in the standard's order."""

RISKS: Mapping[str, str] = {
    f"{group}-{chr(ord('a') + number)}": name
    for group, (_, names) in GROUPS.items()
    for number, name in enumerate(names)
}
"""Id, as A1-f, -> name."""

ILLEGAL = ("A1", "A2", "A3", "A4")
"""Groups that are 违法不良信息 (29 risks): one such document makes a batch of functional annotation void."""
