"""Run the functions in Docker, in AWS's own runtime, on the data of the running local stack.

`python -m local.sam_local invoke events/get_health/200-ok.json` runs one function with one event.
`python -m local.sam_local start-api` serves the routes that need no token.

SAM passes on only those variables that the template declares, so both use a copy of the built template whose functions
have the variables with which the stack deployed them, and where its services are.
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/using-sam-cli-local-invoke.html
"""

import argparse
import asyncio
import json
import signal
import sys
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError
from samcli.yamlhelper import yaml_parse

from local import ROOT, build
from local.aws import REGION, Json
from local.docker_network import NoDockerError, address, reachable
from local.lambda_events import NoFunctionError, function_of, has_failed, renewed, shown
from local.template import CONNECTIONS_PATH

_BUILT = build.SAM_FOLDER / "local"
# As in samconfig.toml.
_STACK = "dashkeep"
_FUNCTION, _LAYER = "AWS::Serverless::Function", "AWS::Serverless::LayerVersion"
_CODE = {_FUNCTION: "CodeUri", _LAYER: "ContentUri"}
_WITHOUT_CLAIMS = """
Only routes that need no token answer here: `sam local start-api` has no JWT authorizer, so it passes on no claims, and
the functions answer 401. For all routes use `make run`; for one function in Docker, with claims, `make invoke EVENT=…`.
"""


class CannotInvokeError(Exception):
    """There is nothing to invoke, or SAM could not; the message says what to do."""


@dataclass(frozen=True)
class Deployed:
    """What the running stack deployed: its parameters, the variables of each function, and the URLs of its services."""

    parameters: Mapping[str, str]
    variables: Mapping[str, Mapping[str, str]]
    aws: str
    database: str

    @property
    def image(self) -> str:
        """The image in which SAM runs the functions."""
        return f"public.ecr.aws/lambda/python:3.13-{self.parameters['Architecture']}"


def deployed(state: Path) -> Deployed:
    """Ask the running stack with this state what it deployed. Raises CannotInvokeError."""
    ready = state / "ready.json"
    if not ready.exists():
        raise CannotInvokeError(f"No local stack runs on the data in {state}. Start it with `make run`.")
    urls = json.loads(ready.read_text())
    try:
        return Deployed(_parameters(urls), _variables(urls), urls["aws"], urls["database"])
    except EndpointConnectionError as error:
        raise CannotInvokeError(f"The local stack of {state} was killed: {error} Start it with `make run`.") from None


def _parameters(urls: Json) -> dict[str, str]:
    (stack,) = _aws("cloudformation", urls).describe_stacks(StackName=_STACK)["Stacks"]
    return {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}


def _variables(urls: Json) -> dict[str, dict[str, str]]:
    """Return the variables of each function under its name in the template."""
    resources = _aws("cloudformation", urls).describe_stack_resources(StackName=_STACK)["StackResources"]
    client = _aws("lambda", urls)
    return {
        each["LogicalResourceId"]: client.get_function_configuration(FunctionName=each["PhysicalResourceId"])[
            "Environment"
        ]["Variables"]
        for each in resources
        if each["ResourceType"] == "AWS::Lambda::Function"
    }


def _aws(service: Any, urls: Json) -> Any:  # noqa: ANN401 - boto3 has a type for each service
    return boto3.client(
        service,
        endpoint_url=urls["aws"],
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - not a secret
        # A stack that was killed refuses connections at once, however often one tries.
        config=Config(retries={"total_max_attempts": 1}),
    )


def with_variables(template: Json, stack: Deployed, aws: str, database: str) -> Json:
    """Return a copy of the built template that runs from any folder, on the data of a stack reached at two URLs."""
    copy: Json = json.loads(json.dumps(template))
    for name, resource in copy["Resources"].items():
        if code := _CODE.get(resource["Type"]):
            properties = resource["Properties"]
            properties[code] = str(_BUILT / properties[code])
        if resource["Type"] == _FUNCTION:
            endpoints = {
                "AWS_ENDPOINT_URL": aws,
                "AWS_ENDPOINT_URL_DYNAMODB": database,
                "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": f"{aws}{CONNECTIONS_PATH}",
            }
            properties["Environment"] = {"Variables": {**stack.variables[name], **endpoints}}
    return copy


async def _sam(stack: Deployed, template: Json, command: list[str], files: Mapping[str, Json]) -> tuple[int, bytes]:
    """Run `sam local` with files in its folder; return its exit code and what it wrote to its output."""
    host = address(stack.image)
    async with AsyncExitStack() as until_done:
        aws, database = [
            await until_done.enter_async_context(reachable(url, host)) for url in (stack.aws, stack.database)
        ]
        folder = Path(until_done.enter_context(tempfile.TemporaryDirectory()))
        for name, content in {**files, "template.json": with_variables(template, stack, aws, database)}.items():
            (folder / name).write_text(json.dumps(content))
        # SAM asks for the account's number, and would wait seconds for AWS. Only STS: variables of the same name would
        # replace the functions' own.
        env = build.tool_environment() | {"AWS_ENDPOINT_URL_STS": stack.aws}
        return await _ended(folder, [*command, *_options(stack)], env)


def _options(stack: Deployed) -> list[str]:
    overrides = [f"{name}={value}" for name, value in stack.parameters.items() if value]
    # Docker fetches an image that it does not have; without the option, SAM would ask for a newer one each time.
    return ["--template", "template.json", "--skip-pull-image", "--parameter-overrides", *overrides]


async def _ended(folder: Path, command: list[str], env: Mapping[str, str]) -> tuple[int, bytes]:
    """Run SAM until it ends. A signal ends it, too, and waits until it has removed its containers."""
    process = await asyncio.create_subprocess_exec(
        build.SAM,
        "local",
        *command,
        cwd=folder,
        env=env,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, process.terminate)
    output, _ = await process.communicate()
    return process.returncode or 0, output


def invoke(file: Path, state: Path) -> int:
    """Invoke the function of an event file, print its answer, and return the exit code: 1 if the function failed."""
    stack, event = deployed(state), renewed(read_event(file), datetime.now(UTC))
    with build.exclusive():
        template = built_template()
        command = ["invoke", function_of(template, event, file.resolve().parent.name), "--event", "event.json"]
        code, output = asyncio.run(_sam(stack, template, command, {"event.json": event}))
    if code or not output.strip():
        raise CannotInvokeError(f"`sam local invoke` ended with code {code} and no answer; its message is above.")
    answer = json.loads(output.splitlines()[-1])
    print(shown(answer))
    return 1 if has_failed(answer) else 0


def read_event(file: Path) -> Json:
    """Read an event file. Raises CannotInvokeError."""
    try:
        event = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise CannotInvokeError(f"EVENT must name a file such as events/get_health/200-ok.json: {error}") from None
    if not isinstance(event, dict):
        raise CannotInvokeError(f"{file} is not an event, which is a JSON object.")
    return event


def start_api(port: int, state: Path) -> int:
    """Serve the routes that need no token until a signal ends it."""
    stack = deployed(state)
    print(_WITHOUT_CLAIMS, file=sys.stderr, flush=True)
    command = ["start-api", "--port", str(port), "--warm-containers", "LAZY"]
    code, _ = asyncio.run(_sam(stack, built_template(), command, {}))
    return code


def built_template() -> Json:
    """Read the template that the running stack was deployed from."""
    template: Json = yaml_parse((_BUILT / "template.yaml").read_text())
    return template


def main() -> int:
    options = _parse()
    try:
        if options.command == "invoke":
            return invoke(options.event, options.state.resolve())
        return start_api(options.port, options.state.resolve())
    except (CannotInvokeError, NoDockerError, NoFunctionError) as error:
        print(error, file=sys.stderr)
        return 1


def _parse() -> argparse.Namespace:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--state", type=Path, default=ROOT / ".local", help="the folder of the running stack's state")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    invoked = commands.add_parser("invoke", parents=[shared], help="run one function with one event")
    invoked.add_argument("event", type=Path, help="a file such as those in events/")
    served = commands.add_parser("start-api", parents=[shared], help="serve the routes that need no token")
    served.add_argument("--port", type=int, default=3000, help="the port on 127.0.0.1")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
