"""What the notices filter finds in real texts, by source, in planted notices by shape, and what it costs.

    python -m tests.benchmarks.notices SHARED_DATA [--show SOURCE]

Statutes carry no notices: whatever is found in laws_cn and laws_tw is false. The other sources' hits are shown with
--show, to be read. Planted notices are put together from parts (who, by what, doing what, and what else is said), in
both scripts, widths and spacings, at the head or tail of real texts, a text each.
"""

import argparse
import io
import random
import time
from collections import Counter
from pathlib import Path

import opencc
import orjson
import pyarrow as pa
import zstandard

from filters.notices import Notices
from filters.texts import Texts

WHO = ("本文", "本稿件", "以上内容", "该回答", "文中部分段落", "此页面", "上述分析")
BY = ("由AI", "由人工智能", "使用大模型", "借助生成式人工智能", "由DeepSeek", "通过AI工具")
MAKING = ("生成", "自动生成", "辅助撰写", "创作", "整理生成", "翻译", "辅助编写完成")
ELSE = ("", "，仅供参考", "，请注意甄别", "，不构成任何建议", "。", "，经编辑审核")
OWNER = ("临溪日报", "青岑出版社", "本站", "作者", "云麓网络有限公司")
CLAIMS = {
    "copyright_count": ("版权所有 © 2023 {}", "Copyright © 2019-2024 {}. All rights reserved.", "本文版权归{}所有。", "{} 版权所有，侵权必究"),  # noqa: E501
    "no_repost_count": ("未经{}书面授权，任何单位和个人不得转载。", "未经许可，严禁转载、摘编。", "如需转载，请先联系{}取得授权。", "谢绝任何形式的转载"),  # noqa: E501
    "credit_count": ("转载请注明来源：{}", "欢迎转载，但请注明出处及{}。", "转载时请保留{}链接"),
}  # fmt: skip
LICENCES = {
    "CC-BY-NC-SA-4.0": (
        "本文采用 CC BY-NC-SA 4.0 协议授权",
        "本站文章均以知识共享署名-非商业性使用-相同方式共享4.0国际许可协议发布",
    ),
    "CC-BY-SA-3.0": (
        "除非另有说明，内容依 CC-BY-SA 3.0 提供",
        "本手冊採用創用 CC 姓名標示-相同方式分享 3.0 台灣授權條款",
    ),
    "MIT": ("本项目基于 MIT 许可证发布", "许可证：MIT"),
    "GFDL-1.3": ("本文档依据 GNU 自由文档许可证 1.3 版授权",),
}
TRADITIONAL = opencc.OpenCC("s2t")
WIDE = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})


def shared(folder):
    for path in sorted((folder / "docs").glob("*.jsonl.zst")):
        with path.open("rb") as raw:
            lines = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(raw), encoding="utf-8")
            yield path.name.partition(".")[0], [orjson.loads(line)["text"] for line in lines]


def measure(texts, batch=1_000):
    rows, seconds = [], 0.0
    for start in range(0, len(texts), batch):
        views = Texts(pa.array(texts[start : start + batch]))
        views.kinds  # noqa: B018 - shared with other filters
        begun = time.process_time()
        rows += Notices()(views).to_pylist()
        seconds += time.process_time() - begun
    return rows, seconds


def said(row):
    return {name.partition(".")[2] for name, value in row.items() if value not in {0, None, "none"}}


def planted(rng, number):
    for _ in range(number):
        kind = rng.choice(["aigc_explicit_count", *CLAIMS, "licence"])
        want = 1
        if kind == "aigc_explicit_count":
            notice = rng.choice(WHO) + rng.choice(BY) + rng.choice(MAKING) + rng.choice(ELSE)
        elif kind == "licence":
            want = rng.choice(sorted(LICENCES))
            notice = rng.choice(LICENCES[want])
        else:
            notice = rng.choice(CLAIMS[kind]).format(rng.choice(OWNER))
        form = rng.choice(("as it is", "Traditional", "full width", "spaced", "decorated"))
        yield kind, want, form, {"as it is": notice, "Traditional": TRADITIONAL.convert(notice), "full width": notice.translate(WIDE),  # noqa: E501
                                 "spaced": " ".join(notice), "decorated": f"*（{notice}）*"}[form]  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--show", help="a source: show its texts with notices")
    options = parser.parse_args()
    measure(["版权"])
    total, cost, hosts = 0.0, 0.0, []
    print(f"{'source':<15} {'texts':>6} {'CPU-s/MB':>8}  texts with")
    for source, texts in shared(options.data):
        rows, seconds = measure(texts)
        megabytes = sum(len(text.encode()) for text in texts) / 1e6
        total, cost = total + megabytes, cost + seconds
        counts = Counter(name for row in rows for name in said(row))
        hosts += [text for text, row in zip(texts, rows, strict=True) if not said(row) and 300 < len(text) < 5_000][
            :100
        ]
        print(f"{source:<15} {len(texts):>6,} {seconds / megabytes:>8.4f}  {dict(counts)}")
        for text, row in zip(texts, rows, strict=True):
            if source == options.show and said(row):
                print(f"    {said(row)} … {text[:80]!r} … {text[-160:]!r}")
    print(f"all: {cost / total:.4f} CPU-seconds per MB")
    rng = random.Random(5)
    found, number = Counter(), Counter()
    notices = list(planted(rng, 2_000))
    texts = [
        f"{notice}\n{rng.choice(hosts)}" if rng.random() < 0.5 else f"{rng.choice(hosts)}\n{notice}"
        for *_, notice in notices
    ]
    for (kind, want, form, _), row in zip(notices, measure(texts)[0], strict=True):
        number[kind, form] += 1
        found[kind, form] += row[f"notices.{kind}"] == want
    print(f"\nplanted: {found.total()} of {number.total()} found")
    for key in sorted(number):
        print(f"  {key[0]:<20} {key[1]:<12} {found[key]:>4} of {number[key]:>4}")


if __name__ == "__main__":
    main()
