"""The metadata of a release in Croissant 1.1, with the fields for responsible AI (RAI), from its manifest.

What none of its vocabularies has stands in the manifest and the evidence, which are files of the data set too.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.release.manifest import licences_of

_CONTEXT = {
    "@language": "zh", "@vocab": "https://schema.org/", "citeAs": "cr:citeAs", "column": "cr:column",
    "conformsTo": "dct:conformsTo", "cr": "http://mlcommons.org/croissant/", "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"}, "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/", "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"}, "extract": "cr:extract", "field": "cr:field",
    "fileProperty": "cr:fileProperty", "fileObject": "cr:fileObject", "fileSet": "cr:fileSet", "format": "cr:format",
    "includes": "cr:includes", "excludes": "cr:excludes", "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath", "key": "cr:key", "md5": "cr:md5", "parentField": "cr:parentField", "path": "cr:path",
    "recordSet": "cr:recordSet", "references": "cr:references", "regex": "cr:regex", "repeated": "cr:repeated",
    "replace": "cr:replace", "samplingRate": "cr:samplingRate", "sc": "https://schema.org/",
    "separator": "cr:separator", "source": "cr:source",
    "subField": "cr:subField", "transform": "cr:transform", "isArray": "cr:isArray",
    "arrayShape": "cr:arrayShape", "containedIn": "cr:containedIn", "annotation": "cr:annotation",
    "value": "cr:value", "prov": "http://www.w3.org/ns/prov#",
}  # fmt: skip

_FIELDS = (
    ("id", "sc:Text", "unique in the release"),
    ("text", "sc:Text", "the document, personal data masked"),
    ("source", "sc:Text", "name of its source, as in manifest.json"),
    ("url", "sc:URL", "where it was found, if known"),
    ("licence", "sc:Text", "SPDX: what the document says of itself, else what is said of its source"),
    ("domain", "sc:Text", "subject, by a classifier"),
    ("script", "sc:Text", "Hans, Hant, or Hani where no character tells"),
    ("quality", "sc:Float", "score from 0 to 1, by a classifier"),
    ("characters", "sc:Integer", "code points of the text"),
    ("run", "sc:Text", "the cleaning run it comes from"),
)
_SPDX = "https://spdx.org/licenses/{}.html"
_IN_SPDX = re.compile(
    r"CC0-1\.0|CC-BY(-NC)?(-ND|-SA)?-[1-4]\.\d|MIT|Apache-[12]\.\d|BSD-[23]-Clause|Unlicense|WTFPL|0BSD|PDDL-1\.0|"
    r"ODbL-1\.0|ODC-By-1\.0|OGL-UK-[123]\.0|MulanPSL-[12]\.0|MPL-[12]\.\d|(A|L)?GPL-[123]\.\d-(only|or-later)|"
    r"GFDL-1\.[123]-(only|or-later)"
)
"""Names that SPDX has a page for; any other one is named as SPDX names what it does not list."""


def croissant(
    manifest: Mapping[str, Any], data: Sequence[Mapping[str, Any]], facts: Mapping[str, Any], day: str
) -> dict[str, Any]:
    """Return the content of croissant.json.

    Args:
        manifest: of the release.
        data: path, sha256 and bytes of its data files.
        facts: what `write_facts` returned.
        day: of publication, ISO: the last day that the evidence tells of.
    """
    version, trial = manifest["version"], bool(manifest["trial"])
    shown = f"{'TRIAL 试用：未通过也不能通过验收抽样. ' if trial else ''}"
    parquet = [one for one in data if one["path"].endswith(".parquet")]
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"],
        "name": f"qingyuan-{version}".replace(".", "-"),
        "description": f"{shown}清源中文预训练语料 Chinese pre-training corpus, {manifest['documents']} documents, "
        f"{manifest['characters']} characters, from {len(manifest['sources'])} sources.",
        "url": f"urn:qingyuan:{version}:{manifest['data_root']}",
        "license": [_licence(one) for one in licences_of(manifest)],
        "version": _semantic(version),
        "citeAs": f"Qingyuan {version}, Merkle root of data {manifest['data_root']}",
        "datePublished": day,
        "inLanguage": ["zh"],
        "isLiveDataset": False,
        "keywords": ["pre-training", "Chinese", *(["trial"] if trial else [])],
        "creator": {"@type": "sc:Organization", "name": "(the releaser of this data set)"},
        "distribution": [*map(_file, parquet), {
            "@type": "cr:FileSet", "@id": "shards", "name": "shards", "description": "all shards",
            "encodingFormat": "application/x-parquet", "includes": "data/*.parquet",
        }],
        "recordSet": [{
            "@type": "cr:RecordSet", "@id": "documents", "name": "documents", "description": "one row a document",
            "key": {"@id": "documents/id"}, "field": [_field(*one) for one in _FIELDS],
        }],
        **_responsible(manifest, facts, trial=trial),
    }  # fmt: skip


def _licence(name: str) -> str:
    """Return the address of a licence, or a reference by its name, in the letters that SPDX allows there."""
    if _IN_SPDX.fullmatch(name):
        return _SPDX.format(name)
    allowed = (one if one.isascii() and (one.isalnum() or one in ".-") else f"u{ord(one):x}" for one in name)
    return f"LicenseRef-{''.join(allowed)}"


def _semantic(version: str) -> str:
    """Return a version as Croissant wants it, MAJOR.MINOR.PATCH: its first three numbers."""
    numbers = [str(int(one)) for one in "".join(c if c.isdigit() else " " for c in version).split()][:3]
    return ".".join([*numbers, *["0"] * (3 - len(numbers))])


def _file(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject", "@id": entry["path"], "name": entry["path"].rpartition("/")[2],
        "description": f"{entry.get('rows', '')} rows".strip(), "contentUrl": entry["path"],
        "contentSize": f"{entry['bytes']} B", "encodingFormat": "application/x-parquet",
        "sha256": entry["sha256"],
    }  # fmt: skip


def _field(name: str, kind: str, meaning: str) -> dict[str, Any]:
    return {
        "@type": "cr:Field", "@id": f"documents/{name}", "name": name, "description": meaning, "dataType": kind,
        "source": {"fileSet": {"@id": "shards"}, "extract": {"column": name}},
    }  # fmt: skip


_COLLECTION = {
    "self_crawled": "Web Scraping", "open": "Secondary Data analysis", "commercial": "Secondary Data analysis",
    "public_data": "Secondary Data analysis", "self_made": "Manual Human Curator", "user_input": "Direct measurement",
    "synthetic": "Synthetic Data Generation",
}  # fmt: skip
"""What RAI calls the classes of sources."""


def _responsible(manifest: Mapping[str, Any], facts: Mapping[str, Any], *, trial: bool) -> dict[str, Any]:
    known = {name: one for name, one in facts["sources"].items() if one}
    kinds = sorted({_COLLECTION[one["class"]] for one in known.values()}) or ["Others"]
    days = sorted({day for one in known.values() for day in one["collected"] if day})
    policies = ", ".join(f"{one['name']}: {one['policy']}" for one in manifest["runs"])
    masked = sorted(
        {kind for one in manifest["runs"] for kind in ((one.get("personal_data") or {}).get("masked") or {})}
    )
    removed = manifest["removed"]
    said = {
        "rai:dataCollection": "sources and their papers: evidence/sources.json",
        "rai:dataCollectionType": kinds,
        "rai:dataCollectionTimeframe": [days[0], days[-1]] if days else None,
        "rai:dataPreprocessingProtocol": [
            "decoding, normalisation, measuring, deduplication and policy, run by run: evidence/filtering.json",
            f"policies: {policies}",
        ],
        "rai:dataManipulationProtocol": "personal data are replaced by placeholders when a corpus is written",
        "rai:dataAnnotationProtocol": "verdicts of people on samples only: evidence/samples.json",
        "rai:machineAnnotationTools": sorted(
            {f"{n} {v}" for one in manifest["runs"] for n, v in one["models"].items()}
        ),
        "rai:personalSensitiveInformation": [f"masked: {kind}" for kind in masked]
        or ["see evidence/personal_data.json"],
        "rai:dataBiases": "shares and concentration of sources, domains and scripts: evidence/diversity.json",
        "rai:dataLimitations": [
            "risks are screened by rules, word lists and classifiers; sampling has error",
            *(["trial: fewer documents than the acceptance samples need; it never counts as passed"] if trial else []),
        ],
        "rai:dataUseCases": "pre-training of language models, as the papers of each source allow",
        "rai:dataReleaseMaintenancePlan": "documents are taken out on request and left out of the next release; "
        f"{removed.get('listed', 0)} are on the list; changes: RELEASE_NOTES.md",
    }
    return {key: value for key, value in said.items() if value}
