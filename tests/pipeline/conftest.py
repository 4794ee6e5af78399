"""A small workspace that whole runs are tried on."""

import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.pool import InProcess
from pipeline.run import clean

SENTENCES = (
    "清晨的雾气还没有散去，渔民已经把第一网鱼拉上了岸。",
    "图书馆三楼新开了一间自习室，周末要提前两天预约才有座位。",
    "工程师检查了每一颗螺栓，确认吊桥可以承受八级大风。",
    "外婆把晒干的桂花收进玻璃瓶，留到冬天煮汤圆的时候用。",
    "实验连续失败了十七次，第十八次的曲线终于落在了预期的区间里。",
    "列车穿过隧道的时候，车厢里的人都不约而同地安静了下来。",
    "村口的老槐树去年遭了雷劈，今年春天又从断处抽出了新枝。",
    "审计报告指出，三笔支出缺少原始凭证，需要在月底以前补齐。",
)

OTHER = "港务局昨天公布了新的潮汐表，渡轮首班提前到六点一刻。去往外岛的旅客请留意码头的广播，逾期不候。"
"""A text that resembles none of those."""


class Quiet:
    """Shows nothing."""

    def stage(self, name, total, unit):
        pass

    def advance(self, weight):
        pass

    def finish(self):
        pass


class Recording(InProcess):
    """Carries items out and remembers which."""

    def __init__(self):
        super().__init__()
        self.done = []

    def run(self, stage, items):
        self.done += [item.name for item in items]
        return super().run(stage, items)

    def stages(self):
        return {name.split()[0] for name in self.done}


@dataclass
class Desk:
    """A folder with a recipe, inputs and a workspace."""

    path: Path

    def recipe(self, *sources, more="", name="small"):
        """Write the recipe: each source is the TOML lines of a [[sources]]."""
        blocks = "".join(f"[[sources]]\n{source}\n" for source in sources)
        short = '[[rules]]\nreason = "too_short"\nattribute = "length.text_chars"\nat_least = 30\n'
        (self.path / "recipe.toml").write_text(f'[recipe]\nname = "{name}"\n{blocks}{short}{more}', "utf-8")

    def write(self, name, rows):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")

    def run(self, executor=None):
        executor = executor or Recording()
        summary = clean(self.path / "recipe.toml", self.path / "ws", executor, memory=10**9, progress=Quiet())
        return summary, executor

    @property
    def folder(self):
        return self.path / "ws/runs/small"

    def rows(self, table):
        parts = sorted((self.folder / table).glob("*.parquet"))
        return [row for part in parts for row in pq.read_table(part).to_pylist()]

    def verdicts(self):
        return {row["id"]: row for row in self.rows("verdicts")}


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def text(number, length=4):
    """A text of a few sentences, another one for each number."""
    chosen = ((number * 3 + i * (number + 1)) % len(SENTENCES) for i in range(length))
    return "\n".join(SENTENCES[i] for i in chosen) + f"第{number}篇。"
