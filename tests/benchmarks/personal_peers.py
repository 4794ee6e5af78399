"""Other libraries on the rows of `python -m tests.benchmarks.personal --rows FILE`, in an environment of their own.

    uv venv peers && uv pip install --python peers/bin/python presidio-analyzer jionlp
    uv pip install --python peers/bin/python --no-deps py-data-juicer
    peers/bin/python tests/benchmarks/personal_peers.py FILE presidio|jionlp|data-juicer

Kept generous: a row counts as found when anything that the library finds, of whatever kind, covers the identifier; an
ordinary number counts as touched when anything that it finds overlaps it. Of data-juicer these are the operators
`clean_email_mapper` and `clean_ip_mapper`; it has none for telephones or identity numbers.
"""

import importlib.util
import json
import re
import sys
import time
import types
from collections import Counter
from pathlib import Path


def presidio():
    from presidio_analyzer import predefined_recognizers as known

    names = (
        "EmailRecognizer",
        "CreditCardRecognizer",
        "IpRecognizer",
        "MacAddressRecognizer",
        "IbanRecognizer",
        "CryptoRecognizer",
    )
    chosen = [getattr(known, name)() for name in names]
    chosen.append(known.PhoneRecognizer(supported_regions=("CN", "HK", "TW", "MO")))

    def find(text):
        return [(r.start, r.end) for each in chosen for r in each.analyze(text, each.supported_entities, None) or []]

    return find


def jionlp():
    import jionlp as jio

    extract = [jio.extract_phone_number, jio.extract_id_card, jio.extract_email, jio.extract_ip_address, jio.extract_qq,
               jio.extract_wechat_id, jio.extract_motor_vehicle_licence_plate]  # fmt: skip

    def find(text):
        found = []
        for one in extract:
            found += [tuple(entry["offset"]) for entry in one(text, detail=True) or []]
        return found

    return find


def data_juicer():
    """The patterns of its operators, from the installed files; the package itself wants several gigabytes of others."""
    folder = Path(importlib.util.find_spec("data_juicer").submodule_search_locations[0]) / "ops" / "mapper"
    for name in ("stub", "stub.ops", "stub.ops.mapper", "stub.ops.base_op"):
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = []
    base = sys.modules["stub.ops.base_op"]
    base.OPERATORS = types.SimpleNamespace(register_module=lambda _: lambda made: made)
    base.Mapper = type("Mapper", (), {"__init__": lambda *_, **__: None})
    patterns = []
    for name, made in (("clean_email_mapper", "CleanEmailMapper"), ("clean_ip_mapper", "CleanIpMapper")):
        spec = importlib.util.spec_from_file_location(f"stub.ops.mapper.{name}", folder / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        patterns.append(re.compile(getattr(module, made)().pattern, re.DOTALL))
    return lambda text: [match.span() for pattern in patterns for match in pattern.finditer(text)]


def main():
    rows = [json.loads(line) for line in Path(sys.argv[1]).read_text("utf-8").splitlines()]
    find = {"presidio": presidio, "jionlp": jionlp, "data-juicer": data_juicer}[sys.argv[2]]()
    find("热身13812345678")
    number, hit, size = Counter(), Counter(), 0
    begun = time.process_time()
    for row in rows:
        spans = find(row["text"])
        size += len(row["text"].encode())
        start, end = row["start"], row["end"]
        if row["form"] == "loopback":
            continue  # an IP address all the same
        if row["category"] is None:
            group, right = "ordinary numbers untouched", not any(s < end and start < e for s, e in spans)
        else:
            group = "with a check character" if row["checked"] else "without"
            right = any(s <= start and end <= e for s, e in spans)
            number[row["category"]] += 1
            hit[row["category"]] += right
        number[group] += 1
        hit[group] += right
    seconds = time.process_time() - begun
    print(f"{sys.argv[2]}: {seconds / size * 1e6:.2f} CPU-seconds per MB")
    for key in number:
        print(f"  {key:<28}{hit[key] / number[key]:>7.3f} of {number[key]:,}")


if __name__ == "__main__":
    main()
