"""What a long test measured, kept for the documents: `make prove` says where, and nothing is kept elsewhere."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

PLACE = "PROVE_FIGURES"


def keep(figures: Mapping[str, str | int]) -> None:
    """Add figures to those of the part that `make prove` runs: what each one is, and its value with its unit."""
    place = os.environ.get(PLACE)
    if place is None:
        return
    file = Path(place)
    kept = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps({**kept, **figures}, ensure_ascii=False, indent=2) + "\n")
