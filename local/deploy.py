"""Deploy the build to AWS, with a stage's parameters from samconfig.toml: `python -m local.deploy --stage dev`."""

import argparse
import os
import sys
import tomllib
from datetime import UTC, datetime

from local import ROOT
from local.build import SAM, SAM_FOLDER

# A domain reserved for examples (RFC 2606): a parameter with it has not been replaced yet.
_PLACEHOLDER = "example.com"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stage", required=True)
    parser.add_argument("--architecture", required=True, help="the architecture of the build")
    options = parser.parse_args()
    os.execv(SAM, command(options.stage, options.architecture, datetime.now(UTC)))  # noqa: S606 - this checkout's own sam


def command(stage: str, architecture: str, now: datetime) -> list[str]:
    """Return the command line; exit if samconfig.toml lacks the stage or still has its placeholders."""
    stages = tomllib.loads((ROOT / "samconfig.toml").read_text())
    parameters = stages.get(stage, {}).get("deploy", {}).get("parameters", {}).get("parameter_overrides")
    if parameters is None:
        sys.exit(f"samconfig.toml has no stage {stage!r} with parameter_overrides.")
    if unnamed := [parameter for parameter in parameters if _PLACEHOLDER in parameter]:
        sys.exit(f"Replace these placeholders in samconfig.toml first: {', '.join(unnamed)}")
    template = ["--template-file", str(SAM_FOLDER / "build" / "template.yaml")]
    configuration = ["--config-file", str(ROOT / "samconfig.toml"), "--config-env", stage]
    # Parameters on the command line replace all of those in the file, so pass every one.
    of_deployment = [f"Architecture={architecture}", f"Deployment={now:%Y%m%dT%H%M%SZ}"]
    return [str(SAM), "deploy", *template, *configuration, "--parameter-overrides", *parameters, *of_deployment]


if __name__ == "__main__":
    main()
