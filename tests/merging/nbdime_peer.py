"""Merge the pairs that come in as lines with nbdime, in its own environment: `python nbdime_peer.py`.

nbdime merges notebooks, but its `decide_merge` works on any JSON. A decision that is marked as a conflict is one; else
the decisions are applied, as its documentation says. It reports some conflicts by an exception. Each line is answered
with the outcomes of both orders and the microseconds of the first merge alone.
"""

import json
import logging
import sys
import time
from typing import Any

from nbdime.merging.decisions import apply_decisions
from nbdime.merging.generic import decide_merge


def merged(base: Any, theirs: Any, mine: Any) -> dict[str, Any]:
    began = time.perf_counter()
    try:
        decisions = decide_merge(base, theirs, mine)
        is_conflict = any(decision.conflict for decision in decisions)
        outcome = {"refused": "conflict"} if is_conflict else {"document": apply_decisions(base, decisions)}
    except Exception as error:  # noqa: BLE001 - whatever it raises, it has not merged
        outcome = {"refused": repr(error)}
    return {**outcome, "microseconds": (time.perf_counter() - began) * 1e6}


def main() -> None:
    # It logs what it recovers from; the answers are on the standard output.
    logging.disable(logging.CRITICAL)
    for line in sys.stdin:
        pair = json.loads(line)
        base, theirs, mine = pair["base"], pair["theirs"], pair["mine"]
        answer = {"forward": merged(base, theirs, mine), "backward": merged(base, mine, theirs)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
