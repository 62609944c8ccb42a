"""Run MiniStack in this process, with the local run's additions.

The supervisor starts it with a separate environment:
`python -m local.emulator <state folder> <the deployment's parameters as JSON>`.
"""

import contextlib
import functools
import hashlib
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from ministack import app  # type: ignore[import-untyped] # it ships no types
from ministack.core import lambda_runtime, persistence  # type: ignore[import-untyped] # it ships no types
from ministack.services import appconfig, dynamodb, lambda_svc  # type: ignore[import-untyped] # it ships no types

from local import template, websocket_api
from local.template import Json

SNAPSHOT_DONE = "snapshot-done"

_SAM_TRANSFORM = "samtranslator.translator.transform"
# The services that the stack uses. A snapshot without one of them is incomplete.
_SERVICES = ("apigateway", "appconfig", "cloudformation", "dynamodb", "iam", "lambda", "s3", "sqs")
# The thread in which the emulator's database removes expired items, once a minute.
_REAPER = "dynamodb-ttl-reaper"
# Lambda's limits for JSON: the second, which its error message names, is indeed 100 bytes more.
_EVENT_BYTES, _ANSWER_BYTES = 6_291_456, 6_291_556


def main(state: Path, parameters: dict[str, str]) -> None:
    sys.modules[_SAM_TRANSFORM] = _transform_module(parameters)
    sys.executable = str(_bare_python(state / "runtime"))
    lambda_runtime.zipfile = _sharing_layers(state / "layers")
    # The bridge reads the stream instead.
    lambda_svc._poll_dynamodb_streams = lambda: False  # noqa: SLF001 - it has no public name
    dynamodb._remove_item = _recording_expiry(dynamodb._remove_item)  # noqa: SLF001 - the same
    lambda_svc._execute_function = _limiting(lambda_svc._execute_function)  # noqa: SLF001 - the same
    lambda_svc.invoke_async_with_retry = _as_configured(lambda_svc.invoke_async_with_retry)
    # Functions inherit it, like those of the other services.
    connections = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}{template.CONNECTIONS_PATH}"
    os.environ["AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"] = connections
    websocket_api.install()
    _keep_used_flags()
    signal.signal(signal.SIGUSR1, lambda _number, _frame: _snapshot(state))
    sys.argv = ["ministack"]
    app.main()


def _transform_module(parameters: dict[str, str]) -> ModuleType:
    """Replace the module of the SAM transform, which MiniStack imports whenever it deploys a template.

    Importing the real one takes a second, so it is imported only for a deployment.
    """

    def transform(source: Json, _no_parameters: Json, policies: Any) -> Json:  # noqa: ANN401 - MiniStack's own type
        del sys.modules[_SAM_TRANSFORM]
        _provision_expiry()
        try:
            sam = importlib.import_module(_SAM_TRANSFORM).transform
            return template.transform(lambda seen, values: sam(seen, values, policies), source, parameters)
        finally:
            sys.modules[_SAM_TRANSFORM] = module

    module = ModuleType(_SAM_TRANSFORM)
    module.transform = transform  # type: ignore[attr-defined] # modules take any attribute
    return module


@functools.cache
def _provision_expiry() -> None:
    """Make CloudFormation set which attribute of a table's items says when they expire, which MiniStack ignores."""
    handlers = _provisioner("AWS::DynamoDB::Table")
    create, update = handlers["create"], handlers["update"]

    def expiring(provisioned: tuple[str, Json], properties: Json) -> tuple[str, Json]:
        if specification := properties.get("TimeToLiveSpecification"):
            dynamodb._update_ttl({"TableName": provisioned[0], "TimeToLiveSpecification": specification})  # noqa: SLF001 - the same
        return provisioned

    handlers["create"] = lambda logical_id, new, stack: expiring(create(logical_id, new, stack), new)
    handlers["update"] = lambda table, old, new, *rest: expiring(update(table, old, new, *rest), new)


def _keep_used_flags() -> None:
    """Make CloudFormation refuse to delete what of AppConfig is still used, as AppConfig does.

    That is a profile with versions, and an application with profiles. Those of the template are deleted before.
    """

    def versions(profile: str, properties: Json) -> list[str]:
        place = f"{properties['ApplicationId']}/{profile}/"
        return [key for key in appconfig._hosted_versions if key.startswith(place)]  # noqa: SLF001 - it has no public name

    def profiles(application: str, _: Json) -> list[str]:
        return [key for key in appconfig._config_profiles if key.startswith(f"{application}/")]  # noqa: SLF001 - the same

    _delete_only_unused("AWS::AppConfig::ConfigurationProfile", versions)
    _delete_only_unused("AWS::AppConfig::Application", profiles)


def _delete_only_unused(kind: str, users: Callable[[str, Json], list[str]]) -> None:
    handlers = _provisioner(kind)
    delete = handlers["delete"]

    def delete_unused(name: str, properties: Json) -> None:
        if used_by := users(name, properties):
            raise ValueError(f"{kind} {name} cannot be deleted because there is still {', '.join(used_by)}.")
        delete(name, properties)

    handlers["delete"] = delete_unused


def _provisioner(kind: str) -> Json:
    """Return the functions by which MiniStack's CloudFormation creates, updates and deletes resources of a type."""
    provisioners = importlib.import_module("ministack.services.cloudformation.provisioners")
    handlers: Json = provisioners._RESOURCE_HANDLERS[kind]  # noqa: SLF001 - it has no public name
    return handlers


def _bare_python(folder: Path) -> Path:
    """Return an interpreter without packages, for MiniStack to run functions with.

    By default it uses its own interpreter, whose packages would hide what is missing in the layer.
    """
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", "--clear", str(folder)], check=True)
    return python


def _sharing_layers(folder: Path) -> SimpleNamespace:
    """Replace `zipfile` for workers, so that a layer is unpacked once, not for each worker and at each start.

    Unpacking takes longer than the rest of a cold start. Nothing writes to a layer, which is read-only on AWS.
    """
    for outdated in sorted(folder.glob("*"), key=lambda layer: layer.stat().st_mtime)[:-1]:
        shutil.rmtree(outdated)

    class Archive(zipfile.ZipFile):
        def namelist(self) -> list[str]:
            # The worker looks up every name on disk, which is unnecessary for an unpacked layer.
            return [] if self.layer.exists() else super().namelist()

        def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:  # noqa: ANN401
            if not Path(path).name.startswith("layer_"):
                super().extractall(path, members, pwd)
                return
            if not self.layer.exists():
                self._unpack()
            Path(path).rmdir()
            Path(path).symlink_to(self.layer)

        @functools.cached_property
        def layer(self) -> Path:
            content = Path(self.filename or "").read_bytes()
            return folder / hashlib.sha256(content).hexdigest()

        def _unpack(self) -> None:
            """Unpack the layer atomically, because several workers may start at once."""
            folder.mkdir(exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder.parent / "tmp") as unpacked:
                super().extractall(unpacked)
                with contextlib.suppress(OSError):
                    Path(unpacked).rename(self.layer)

    return SimpleNamespace(**{**vars(zipfile), "ZipFile": Archive})


def _recording_expiry(remove: Callable[..., Any]) -> Callable[..., Any]:
    """Make the emulator's database record in a table's stream which items expired, which it only removes."""

    def remove_and_record(table: Json, partition: str, sort: str) -> Any:  # noqa: ANN401 - MiniStack's own type
        removed = remove(table, partition, sort)
        if removed is not None and threading.current_thread().name == _REAPER and table.get("StreamSpecification"):
            name = table["TableName"]
            dynamodb._emit_stream_event(name, "REMOVE", removed, None)  # noqa: SLF001 - it has no public name
            identity = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
            dynamodb._stream_records[name][-1]["userIdentity"] = identity  # noqa: SLF001 - the same
        return removed

    return remove_and_record


def _limiting(execute: Callable[[Json, Json], Json]) -> Callable[[Json, Json], Json]:
    """Refuse the events and the answers that are too large for Lambda, as API Gateway then answers."""

    def execute_within_limits(function: Json, event: Json) -> Json:
        if (size := _json_bytes(event)) > _EVENT_BYTES:
            print(f"Lambda would refuse this event of {size:,} bytes; it allows {_EVENT_BYTES:,}.")
            return {"body": _gateway_answer(413, "Request Entity Too Large")}
        result = execute(function, event)
        if (size := _json_bytes(result.get("body"))) > _ANSWER_BYTES:
            print(f"Lambda would refuse this answer of {size:,} bytes; it allows {_ANSWER_BYTES:,}.")
            return {"error": True, "body": _gateway_answer(500, "Internal Server Error")}
        return result

    return execute_within_limits


def _as_configured(invoke: Callable[[Json, Json], None]) -> Callable[[Json, Json], None]:
    """Apply an alias's retries and failure destination to asynchronous invocations.

    MiniStack stores them with the function, but looks for them in the version that it runs.
    """

    def invoke_as_configured(called: Json, event: Json) -> None:
        arn = called["config"]["FunctionArn"]
        name, alias = lambda_svc._lambda_function_name_and_qualifier_from_arn(arn)  # noqa: SLF001 - it has no public name
        configured = lambda_svc._event_invoke_config(lambda_svc._functions[name], alias)  # noqa: SLF001 - the same
        invoke({**called, "event_invoke_config": configured}, event)

    return invoke_as_configured


def _json_bytes(value: Any) -> int:  # noqa: ANN401 - any JSON value
    """Return how many bytes a value has as Lambda's runtime for Python writes it."""
    return len(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _gateway_answer(status: int, message: str) -> Json:
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps({"message": message}, separators=(",", ":")),
    }


def _snapshot(state: Path) -> None:
    """Save all state now, which MiniStack itself does only at a clean stop, and signal it with a file."""
    started = time.time_ns()
    services = app._build_persistence_save_dict()  # noqa: SLF001 - it has no public name
    persistence.save_all(services)
    # save_all only logs a failure, so check what it wrote. Empty state is written too.
    files = {name: Path(persistence.STATE_DIR) / f"{name}.json" for name in _SERVICES}
    stale = [name for name, file in files.items() if not file.exists() or file.stat().st_mtime_ns < started]
    (state / SNAPSHOT_DONE).write_text(" ".join(stale))


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
