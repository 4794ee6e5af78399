"""Masking: what is written of personal data, and what is not."""

import json

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.personal import find_personal
from filters.personal_lexicon import categories
from filters.texts import Texts
from pipeline.disposition import EVERYTHING, KEY, Disposition, placeholders
from pipeline.errors import RecipeError
from pipeline.explain import explain
from pipeline.masking import Masker
from pipeline.policy_file import read_policy, shipped_policies
from pipeline.recipe import load_recipe
from pipeline.runs import open_run
from tests.filters.test_personal import PIECES
from tests.pipeline.conftest import text

WEB = 'name = "web"\npath = "in"'
MOBILE, CARD = "13812345678", "6222021234567890128"
LINE = f"机主张晓棠的手机{MOBILE}，卡号{CARD}，公司统一社会信用代码91110000600037341L。"
SECRET = "a key of the tests, long enough to be one"


def write(desk, more="", **fields):
    desk.recipe(WEB, more=more)
    desk.write("in/a.jsonl", [{"id": "a", "text": f"{LINE}\n{text(3)}", **fields}])


def corpus_line(desk):
    return desk.rows("corpus")[0]["text"].split("\n")[0]


def test_the_corpus_holds_placeholders_and_documents_the_text(desk):
    write(desk)

    summary, _ = desk.run()

    assert corpus_line(desk) == "机主[姓名]的手机[手机]，卡号[银行卡]，公司统一社会信用代码91110000600037341L。"
    assert desk.rows("documents")[0]["text"].split("\n")[0] == LINE
    assert summary["personal_data"] == {
        "disposition": "on", "masked": {"bank_card": 1, "mobile": 1, "name": 1}, "kept": {"uscc": 1},
    }  # fmt: skip
    told = (desk.folder / "run.json").read_text() + (desk.folder / "report.html").read_text()
    told += "".join(path.read_text() for path in (desk.folder / "receipts").rglob("*.json"))
    assert [value for value in (MOBILE, CARD) if value in told] == []
    assert "已遮盖" in told


def test_url_and_meta_are_masked_by_what_their_keys_say(desk):
    write(
        desk, url="https://a.example/u?mail=wang@example.com&page=13812345678", phone="057187654321", order_id=MOBILE,
        note=f"打{MOBILE}",
    )  # fmt: skip

    desk.run()

    row = desk.rows("corpus")[0]
    assert row["url"] == "https://a.example/u?mail=[邮箱]&page=13812345678"
    assert dict(row["meta"]) == {"phone": "[固定电话]", "order_id": MOBILE, "note": "打[手机]"}


def test_a_name_in_meta_is_masked_beside_an_identifier_in_another_field():
    records = [
        [("姓名", "欧阳修远"), ("note", "无"), ("phone", MOBILE)], [], [("姓名", "欧阳修远")],
        [("note", "无"), ("qq", "12345678"), ("姓名", "欧阳修远")],
    ]  # fmt: skip
    maps = pa.array(records, pa.map_(pa.string(), pa.string()))

    masked = (
        Masker(Disposition(tuple((name, "mask") for name in placeholders() if name != "name_alone")))
        .meta(maps.slice(1))
        .to_pylist()
    )

    assert masked == [[], records[2], [("note", "无"), ("qq", "[QQ号]"), ("姓名", "[姓名]")]]


def test_actions_of_the_recipe_replace_the_policys_and_only_writing_is_done_again(desk):
    write(desk)
    desk.run()
    write(desk, '[personal_data]\ndefault = "keep"\n[personal_data.actions]\nuscc = "mask"\n')

    _, executor = desk.run()

    assert corpus_line(desk) == LINE.replace("91110000600037341L", "[统一社会信用代码]")
    assert executor.stages() == {"write"}


def test_switched_off_nothing_is_masked_and_the_report_says_so(desk):
    write(desk)
    path = desk.path / "recipe.toml"
    path.write_text(path.read_text().replace('name = "small"\n', 'name = "small"\npersonal_data = "off"\n'))

    summary, _ = desk.run()

    assert (corpus_line(desk), summary["personal_data"]) == (LINE, {"disposition": "off"})
    assert "personal_data = off" in (desk.folder / "report.html").read_text()


def test_pseudonyms_are_equal_for_equal_values_and_need_a_key(desk, monkeypatch):
    monkeypatch.delenv(KEY, raising=False)
    write(desk, '[personal_data.actions]\nmobile = "pseudonymise"\n', note="手机138 1234 5678")
    with pytest.raises(RecipeError, match=KEY):
        desk.run()
    monkeypatch.setenv(KEY, SECRET)

    desk.run()
    row = desk.rows("corpus")[0]
    token = row["text"].partition("手机[")[2].partition("]")[0]
    monkeypatch.setenv(KEY, SECRET[::-1])
    _, executor = desk.run()

    assert dict(row["meta"])["note"] == f"手机[{token}]"
    assert (len(token), token[:3], token[3:].isalpha()) == (15, "手机#", True)
    assert token not in desk.rows("corpus")[0]["text"]
    assert executor.stages() == {"write"}
    assert SECRET not in "".join(p.read_text("utf-8", "replace") for p in desk.folder.rglob("*.json"))


def recipe(tmp_path, head="", more=""):
    path = tmp_path / "recipe.toml"
    path.write_text(f'[recipe]\nname = "r"\n{head}[[sources]]\nname = "s"\npath = "in"\n{more}', "utf-8")
    return load_recipe(path)


LENGTH_ONLY = 'policy = "bare.toml"\nfilters = ["length"]\n'


def test_a_recipe_without_the_filter_must_say_that_personal_data_stay(tmp_path):
    (tmp_path / "bare.toml").write_text("", "utf-8")

    with pytest.raises(RecipeError, match=r'add "personal", or say personal_data = "off"'):
        recipe(tmp_path, LENGTH_ONLY)
    assert recipe(tmp_path, LENGTH_ONLY + 'personal_data = "off"\n').disposition.off
    assert not recipe(tmp_path, LENGTH_ONLY, '[personal_data]\ndefault = "keep"\n').disposition.disposes


def test_an_unknown_category_is_answered_with_the_nearest(tmp_path):
    with pytest.raises(RecipeError, match=r'no category is called "mobil"; did you mean "mobile"\?'):
        recipe(tmp_path, more='[personal_data.actions]\nmobil = "keep"\n')


def test_every_shipped_policy_says_what_becomes_of_personal_data(tmp_path):
    said = {name: read_policy(name, tmp_path)[0].personal_data.default for name in shipped_policies()}

    assert [name for name, default in said.items() if default is None] == []


def test_web_disposes_as_the_design_says(tmp_path):
    kept = {name for name, action in recipe(tmp_path).disposition.actions if action == "keep"}

    assert kept == {
        "uscc", "organisation_code", "service_number", "landline_open", "address_open", "name_alone", "public_role",
        "ip_open", "mac_open", "vin_open",
    }  # fmt: skip


def test_explain_names_places_and_no_values(desk):
    write(desk, note=f"打{MOBILE}")
    desk.run()

    told = explain(open_run("small", desk.path / "ws"), "a")

    assert [span["kind"] for span in told["personal_data"]] == ["name", "mobile", "bank_card", "uscc"]
    assert [value for value in (MOBILE, CARD, "张晓棠") if value in json.dumps(told, ensure_ascii=False)] == []


def masked_texts(texts):
    found = find_personal(Texts(pa.array(texts)))
    return found, Masker(EVERYTHING).column(pa.array(texts, pa.large_string()), found).to_pylist()


@settings(max_examples=120, deadline=None)
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=20).map("".join), min_size=1, max_size=4))
def test_masking_leaves_every_other_character(texts):
    found, masked = masked_texts(texts)

    for number, (before, after) in enumerate(zip(texts, masked, strict=True)):
        rest, last = [], 0
        for start, end, kind in found.get(number, []):
            rest += [before[last:start], placeholders()[kind]]
            last = end
        assert after == "".join([*rest, before[last:]])


@settings(max_examples=120, deadline=None)
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=20).map("。".join), min_size=1, max_size=4))
def test_a_masked_text_has_nothing_to_mask_again(texts):
    # Apart from each other: an identifier that is glued to another may only come to light when that is masked.
    _, masked = masked_texts(texts)

    again = find_personal(Texts(pa.array(masked)))
    assert [(masked[n][s:e], k) for n, spans in again.items() for s, e, k in spans if not categories()[k].open] == []


def test_the_disposition_of_a_policy_file_without_a_section_masks(tmp_path):
    (tmp_path / "bare.toml").write_text("", "utf-8")

    assert dict(recipe(tmp_path, 'policy = "bare.toml"\n').disposition.actions)["mobile"] == "mask"
