"""The reference page is what the OpenAPI document makes of it, and can be walked."""

import re

from support.openapi import openapi, operations
from support.reference import TARGET, reference


def test_the_page_is_the_documents() -> None:
    """docs/reference.md is what `make reference` writes of docs/openapi.yaml as it is now."""
    assert TARGET.read_text() == reference()


def test_every_link_leads_somewhere() -> None:
    """Every link within the page leads to one heading, under the name that Git hosts give it."""
    page = re.sub(r"^```.*?^```$", "", reference(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    anchors = [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]
    assert not [name for name in re.findall(r"\]\(#([^)]+)\)", page) if anchors.count(name) != 1]


def test_the_page_has_all_of_it() -> None:
    """Every operation, shared answer and schema has its heading."""
    headings = set(re.findall(r"^### (.+)$", reference(), re.MULTILINE))
    components = openapi()["components"]
    assert set(operations()) <= headings
    assert {f"Answer {name}" for name in components["responses"]} <= headings
    assert {f"Schema {name}" for name in components["schemas"]} <= headings
