"""Convert installed packages to the form of a layer: `python -m benchmarks.layer <environment>`.

They are compiled, and lose the descriptions of unused services, as local.build does with Dashkeep's own layer.
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
    # Some packages contain templates that are not valid Python; nothing imports them.
    compileall.compile_dir(packages, quiet=2, workers=0, force=True, invalidation_mode=unchecked)


if __name__ == "__main__":
    main(sys.argv[1])
