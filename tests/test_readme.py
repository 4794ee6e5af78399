"""The docs are tested: generated tables, commands and exit codes are those of the code."""

import argparse
import re

import pytest

from flows.cli import _parser
from tests.readme_tables import (
    ATTRIBUTES,
    BEGIN,
    CLEANING,
    END,
    KEYS_BEGIN,
    KEYS_END,
    README,
    attributes,
    recipe_keys,
    rules,
)

TEXT = README.read_text("utf-8")
TABLES = CLEANING.read_text("utf-8")
DOCS = (README, CLEANING, README.parent / "annotation/PEOPLE.md", README.parent / "pipeline/release/RELEASING.md")


def verbs():
    actions = _parser()._actions
    return next(action for action in actions if isinstance(action, argparse._SubParsersAction)).choices


def test_the_table_of_attributes_is_the_catalogues():
    assert ATTRIBUTES.read_text("utf-8") == attributes()


def test_the_table_of_rules_is_the_policys():
    assert TABLES.partition(BEGIN)[2].partition(END)[0].strip() == rules()


def test_the_table_of_keys_is_that_of_the_form():
    table = TABLES.partition(KEYS_BEGIN)[2].partition(KEYS_END)[0].strip()

    assert table == recipe_keys()


def test_every_command_is_in_the_docs_and_explains_itself():
    named = set(re.findall(r"`qingyuan (\w+)", TEXT))

    assert named == set(verbs())
    assert [name for name, parser in verbs().items() if not parser.description] == []


def test_the_two_commands_of_a_newcomer_are_there():
    assert [command for command in ("make run", "make test") if command not in TEXT] == []


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_what_the_docs_link_to_is_there(page):
    links = re.findall(r"\]\((?!http|#)([^)#]+)\)", page.read_text("utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []
