"""Brings installed packages into the form of a layer: `python -m benchmarks.layer <environment>`.

Compiled, and without the descriptions of services that nobody calls, as local.build does with Dashkeep's own layer.
"""

import compileall
import py_compile
import shutil
import sys
from pathlib import Path
from typing import Final

SERVICES: Final = ("dynamodb",)


def main(environment: str) -> None:
    packages = Path(environment) / "lib" / "python3.13" / "site-packages"
    for description in packages.glob("botocore/data/*/"):
        if description.name not in SERVICES:
            shutil.rmtree(description)
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    # Some packages carry templates that are no Python; nothing imports them.
    compileall.compile_dir(packages, quiet=2, workers=0, force=True, invalidation_mode=unchecked)


if __name__ == "__main__":
    main(sys.argv[1])
