"""Deploy what is built to AWS: `python -m local.deploy --stage dev`, with samconfig.toml's parameters of that stage."""

import argparse
import os
import sys
import tomllib
from datetime import UTC, datetime

from local import ROOT
from local.build import SAM, SAM_FOLDER

# A name that is reserved for examples (RFC 2606): whoever deploys has not said yet whose tokens are to be accepted.
_NOBODY = "example.com"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stage", required=True)
    parser.add_argument("--architecture", required=True, help="what the build is for")
    options = parser.parse_args()
    os.execv(SAM, command(options.stage, options.architecture, datetime.now(UTC)))  # noqa: S606 - this checkout's own sam, as the user


def command(stage: str, architecture: str, now: datetime) -> list[str]:
    """Make the command line; exits where samconfig.toml has no such stage, or no issuer of whoever deploys."""
    stages = tomllib.loads((ROOT / "samconfig.toml").read_text())
    parameters = stages.get(stage, {}).get("deploy", {}).get("parameters", {}).get("parameter_overrides")
    if parameters is None:
        sys.exit(f"samconfig.toml has no stage {stage!r} with parameter_overrides.")
    if unnamed := [parameter for parameter in parameters if _NOBODY in parameter]:
        sys.exit(f"Say in samconfig.toml what is yours, instead of: {', '.join(unnamed)}")
    template = ["--template-file", str(SAM_FOLDER / "build" / "template.yaml")]
    configuration = ["--config-file", str(ROOT / "samconfig.toml"), "--config-env", stage]
    # Parameters of the command line replace those of the file, so all of them are given.
    of_this_one = [f"Architecture={architecture}", f"Deployment={now:%Y%m%dT%H%M%SZ}"]
    return [str(SAM), "deploy", *template, *configuration, "--parameter-overrides", *parameters, *of_this_one]


if __name__ == "__main__":
    main()
