"""The figures that a long test measures: written to the file that `make prove` names, and discarded otherwise."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

PLACE = "PROVE_FIGURES"


def keep(figures: Mapping[str, str | int]) -> None:
    """Add figures, by name and with their units, to those of the part that `make prove` is running."""
    place = os.environ.get(PLACE)
    if place is None:
        return
    file = Path(place)
    kept = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps({**kept, **figures}, ensure_ascii=False, indent=2) + "\n")
