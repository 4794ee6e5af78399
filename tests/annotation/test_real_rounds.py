"""Rounds that end in a decision, at a real Label Studio: two runs compared, sources assessed, a release accepted."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from annotation.kinds import QUESTIONS, Kind
from annotation.status import find_round
from flows.cli import main
from pipeline.database import session
from pipeline.registry import Answer, Assignment, Item, select
from tests.annotation.crowd import Crowd
from tests.annotation.small_run import recipe_of

pytestmark = [pytest.mark.service, pytest.mark.slow]

SENTENCE = "清晨的河面上浮着一层薄雾，船夫把竹篙插进水里，轻轻一推，小船便离开了岸边的石阶。"
MENU = "上一篇：河边 下一篇：山上\n"


class Bench:
    """A workspace at a server, and the commands on it."""

    def __init__(self, path, server, people, monkeypatch):
        self.path, self.workspace = path, path / "work"
        monkeypatch.setenv("QINGYUAN_LABELSTUDIO_URL", server.url)
        monkeypatch.setenv("QINGYUAN_LABELSTUDIO_TOKEN", server.operator.token)
        self.crowd = Crowd(server, self.workspace, people)

    def write(self, name, text):
        (self.path / name).write_text(text, "utf-8")
        return self.path / name

    def rows(self, name, rows):
        return self.write(name, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))

    def do(self, *words, code=0):
        out, error = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(error):
            found = main([*map(str, words), "--workspace", str(self.workspace), "--json"])
        assert found == code, out.getvalue() + error.getvalue()
        return json.loads(out.getvalue()) if out.getvalue() else error.getvalue()

    def ask(self, file, name, say):
        """Push a round and have everybody look at his pages until nobody is asked any more; return how many answers."""
        self.do("annotate", "push", file, "--direct")
        answers = 0
        while done := self.crowd.look(name, say):
            answers += done
            self.do("annotate", "sync", name, "--direct")
        return answers


@pytest.fixture
def bench(tmp_path, label_studio, monkeypatch):
    made = []

    def make(*people):
        made.append(Bench(tmp_path, label_studio, people, monkeypatch))
        return made[0]

    yield make
    for one in made:
        one.crowd.close()


SHORT = '[[rules]]\nreason = "too_short"\nattribute = "length.text_chars"\nat_least = {least}\n'
PREFERENCE = """
[round]
name = "pair-1"
kind = "preference"
rule_version = "1"
runs = ["plain", "cut"]
overlap = 3
consensus = "majority"
[sampling]
size = 8
[gold]
file = "gold.jsonl"
least = 2
[review]
batch = 4
share = 0.5
most_wrong = 0.5
[people]
floor_seconds = 0.0
"""
GOLDEN = "村口的老槐树今年春天又抽出了新枝。"


def better(data):
    """The side without the menu; where one is golden, the left one; a tie where both are alike."""
    left, right = ("上一篇" in data[side] for side in ("left", "right"))
    return "left" if right and not left else "right" if left and not right else "tie"


def test_two_runs_are_compared_by_people_who_see_both_texts_and_not_whose_they_are(bench):
    names = ("pr-an", "pr-bo", "pr-cy", "pr-rex", "pr-zhu")
    bench = bench(*names)
    bench.crowd.enter("preference", "1", annotator=names[:3], reviewer=names[3:4], adjudicator=names[4:])
    texts = [f"{k}。" + SENTENCE * (k % 3 + 1) for k in range(12)]
    bench.rows("a.jsonl", [{"id": f"d{k}", "text": (MENU if k < 8 else "") + text} for k, text in enumerate(texts)])
    bench.rows("gold.jsonl", [
        {"id": f"g{k}", "left": GOLDEN + (MENU if label == "right" else "") + str(k),
         "right": GOLDEN + (MENU if label == "left" else "") + str(k), "label": label}
        for k, label in enumerate(("left", "right", "left", "right"))
    ])  # fmt: skip
    for name, cut, least in (("plain", "false", 5), ("cut", "true", 60)):
        bench.write(f"{name}.toml", SHORT.format(least=least))
        bench.do("run", bench.write(f"recipe-{name}.toml", recipe_of(name, cut)), "--direct", "--quiet")
    seen = []

    def say(person, role, task):
        seen.append((role, task))
        answer = better(task["data"])
        if person in {"pr-bo", "pr-cy"} and f"\n3。{SENTENCE[:4]}" in f"\n{task['data']['left']}":
            answer = "tie"  # two of three are wrong about one document
        return QUESTIONS[Kind.PREFERENCE].write({"better": answer}, "")

    answers = bench.ask(bench.write("round.toml", PREFERENCE), "pair-1", say)
    found = bench.do("annotate", "status", "pair-1")[0]
    assert (found["left"], found["answers"]["refused"], found["answers"]["valid"]) == (0, {}, answers)
    roles = {role: counts["answered"] for role, counts in found["roles"].items()}
    # Two golds each; of both batches a half is audited; what two of three were wrong about goes to a third person.
    assert roles == {"annotator": 8 * 3 + 2 * 3, "reviewer": 4, "adjudicator": 1}
    shown = json.dumps([task for _, task in seen], ensure_ascii=False)
    assert [word for word in ("plain", '"cut"', "a.jsonl", '"d1"', "is_gold") if word in shown] == []
    assert {tuple(sorted(task["data"])) for _, task in seen} == {("difference", "key", "left", "right")}
    # A reviewer finds the annotators' answer filled in, and nobody else does.
    filled = {(role, len(task["predictions"])) for role, task in seen}
    assert filled == {("annotator", 0), ("reviewer", 1), ("adjudicator", 0)}

    folder = bench.workspace / "rounds/pair-1"
    items = {row["document"]: row for row in pq.read_table(folder / "items.parquet").to_pylist()}
    assert {items[f"d{k}"]["left_run"] for k in range(8)} == {"plain", "cut"}  # the order is random
    results = json.loads((folder / "results.json").read_text("utf-8"))
    prefer = results["estimates"]["comparison"]["prefer"]
    assert {name: one["value"] for name, one in prefer.items()} == {"plain": 0.0, "cut": 1.0}
    consensus = {row["document"]: row for row in pq.read_table(folder / "consensus.parquet").to_pylist()}
    assert {name: row["final"] for name, row in consensus.items() if name.startswith("d")} == {
        f"d{k}": "left" if items[f"d{k}"]["left_run"] == "cut" else "right" for k in range(8)
    }  # fmt: skip
    assert list(results["estimates"]["comparison"]["rules"]["too_short"]) == ["cut"]


OPEN = """
[recipe]
name = "river"
policy = "policy.toml"
[[sources]]
name = "river"
path = "river.jsonl"
[[sources]]
name = "pond"
path = "pond.jsonl"
[dedup]
near = false
"""
POLICY = """
[[rules]]
reason = "duplicate"
attribute = "dedup.rank"
at_most = 0
[personal_data.actions]
name_alone = "keep"
"""
PEOPLE = ("渔民", "图书管理员", "工程师", "外婆", "列车长", "老师傅", "审计员", "船夫", "园丁", "木匠", "邮差", "牧人",
          "医生", "画家", "裁缝")  # fmt: skip
BAD = {"verdict": "fail", "risk_A1": ["A1-f"]}


def hurried(file):
    """Let people answer without reading, as nobody should: the file may be added to before it is pushed."""
    with Path(file).open("a", encoding="utf-8") as round_file:
        round_file.write("[people]\nfloor_seconds = 0.0\n")
    return file


def test_sources_are_assessed_and_a_release_accepted_by_people_and_the_gates_believe_them(bench):
    bench = bench("ac-an", "ac-rex", "ac-zhu")
    bench.crowd.enter("acceptance", "1", annotator=["ac-an"], reviewer=["ac-rex"], adjudicator=["ac-zhu"])
    texts = [f"{who}在清晨六点起床，先看看窗外的天气，再决定今天要不要出门去{k}号码头，傍晚回来时把见闻写进日记。"
             for k, who in enumerate(PEOPLE)]  # fmt: skip
    for name, first, last in (("river", 0, 11), ("pond", 11, 15)):
        bench.rows(f"{name}.jsonl", [{"id": f"{name}{k}", "text": texts[k]} for k in range(first, last)])
        paper = f"licence={bench.write('LICENSE', 'CC0')}"
        bench.do("source", "add", name, "--class", "open", "--licence", "CC0-1.0", "--paper", paper, "--ip-owner", "x",
                 "--ip-review", "cleared", "--ip-reviewed", "2026-11-01")  # fmt: skip
    bench.write("policy.toml", POLICY)
    made = bench.do("run", bench.write("recipe.toml", OPEN), "--direct", "--quiet")
    assert made["documents"]["kept"] == 15

    def say(_person, _role, task):
        label = BAD if texts[12] in task["data"]["text"] else {"verdict": "pass"}
        return QUESTIONS[Kind.ACCEPTANCE].write(label, task["data"]["text"])

    # A person who finds one of four bad bars the pond; the river passes before and after.
    verdicts = {}
    for name, phase in (("river", "before"), ("river", "after"), ("pond", "after")):
        words = ("source", "assess", name, "--run", "river", "--phase", phase)
        said = bench.do(*words)
        assert [one["verdict"] for one in said["standings"]] == ["undecided"]
        assert (
            bench.ask(hurried(said["round_file"]), f"{phase}-{name}-1", say) == {"river": 11 + 2, "pond": 4 + 1}[name]
        )
        said = bench.do(*words, code=5 if name == "pond" else 0)
        assert said["round_file"] is None
        verdicts[name, phase] = said["standings"][0]["verdict"]
    assert verdicts == {("river", "before"): "passed", ("river", "after"): "passed", ("pond", "after"): "barred"}

    version = ("release", "1-trial", "river", "--trial", "--quiet")
    refused = bench.do(*version, code=5)
    assert "manual_sample" in refused
    assert not (bench.workspace / "releases/1-trial").exists()
    said = bench.do("accept", "1-trial")
    assert [one["verdict"] for one in said["standings"]] == ["trial", "undecided"]
    name = "acceptance-1-trial-1"
    assert (
        bench.ask(hurried(said["round_file"]), name, say) == 11 + 2
    )  # all that is left of both sources, and the audit of it
    with session(bench.crowd.engine) as opened:
        round_ = find_round(opened, name)
        answered = select(Item.document).join(Assignment).join(Answer).where(Item.round == round_.id)
        assert set(opened.scalars(answered)) == {f"river/river{k}" for k in range(11)}
    assert "manual_sample" in bench.do(*version, code=5)  # what is pulled is not entered yet
    said = bench.do("accept", "1-trial")
    assert [one["verdict"] for one in said["standings"]] == ["trial", "trial"]
    manifest = bench.do(*version)
    assert (manifest["documents"], manifest["trial"], list(manifest["sources"])) == (11, True, ["river"])
    assert bench.do("verify", bench.workspace / "releases/1-trial", "--quiet")["whole"] is True
    gates = json.loads((bench.workspace / "releases/1-trial/evidence/gates.json").read_text("utf-8"))
    assert "1-trial" in json.dumps(gates)
