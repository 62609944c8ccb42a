"""The browser client merges as the service does."""

import json
import subprocess
from typing import Any

from merging.pairs import pair
from support.project.template import ROOT
from support.storage.model import by_value

from dashboard_store.documents.merge import merge

PAIRS = 300
MERGES = """
import { createInterface } from "node:readline";
import { toJson } from "./web/client/dist/json.js";
import { merge } from "./web/client/dist/merge.js";
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(merge(...JSON.parse(line).map((side) => toJson(side)))));
}
"""


def test_the_client_merges_generated_dashboards_as_the_service_does() -> None:
    """Both find the same conflicts, and without any they make the same document and adjust the same elements."""
    pairs = [pair(24, number) for number in range(PAIRS)]
    sides = [(each.base, each.theirs.document, each.mine.document) for each in pairs]
    lines = "\n".join(json.dumps(each) for each in sides)
    node = ["node", "--input-type=module", "--eval", MERGES]
    merged = subprocess.run(node, input=lines, capture_output=True, text=True, check=True, cwd=ROOT)  # noqa: S603 - the script above
    differences = []
    for number, (each, line) in enumerate(zip(sides, merged.stdout.splitlines(), strict=True)):
        ours, client = merge(*each), json.loads(line)
        same = sorted(ours.conflicts) == sorted(client["conflicts"]) and list(ours.adjusted) == client["adjusted"]
        if not same or (not ours.conflicts and text(ours.document) != text(client["document"])):
            differences.append(f"{number}: {list(ours.conflicts)} {list(ours.adjusted)}, client {client}")
    assert differences == []


def text(document: Any) -> str:
    return json.dumps(by_value(document))
