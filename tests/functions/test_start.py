"""How an instance starts on Lambda, and how it answers an unexpected error."""

from typing import Any

import pytest
from support.handlers.http_api import Client, apps

from dashboard_store.app import App, Repository
from dashboard_store.errors import StorageUnavailable
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.store import Store

ENVIRONMENT = {
    "AWS_LAMBDA_FUNCTION_NAME": "a-function",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "TABLE_NAME": "a-table",
    "BUCKET_NAME": "a-bucket",
    "FLAGS_PATH": "an-application/an-environment/a-profile",
    "LOG_KEY": "a-key",
    "DEPLOYMENT": "1795937405",
    "DATABASE_LOAD_DEFAULT": "true",
}


@pytest.fixture
def on_lambda(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.usefixtures("on_lambda")
@pytest.mark.parametrize(
    ("repositories", "uses_bucket"),
    [(("datasets", "downloads"), True), (("configs", "config_saves"), False), (("rate_limit", "connections"), False)],
)
def test_on_lambda_an_instance_is_ready_when_it_has_started(
    repositories: tuple[Repository, ...],
    uses_bucket: bool,  # noqa: FBT001
) -> None:
    """The environment's resources are connected before the first request, the bucket only if a repository uses it."""
    store = App(*repositories).store
    assert (store.settings.table_name, store.settings.bucket_name) == ("a-table", "a-bucket")
    assert {"items", *repositories} <= vars(store).keys()
    assert ("bucket" in vars(store)) == uses_bucket


@pytest.mark.usefixtures("on_lambda")
def test_the_function_that_reads_is_opened_for_the_first_large_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that only might need it does not wait for its client to be created."""
    monkeypatch.setenv("READER", "arn:aws:lambda:eu-central-1:123456789012:function:reader:live")
    store = App("background_reads").store
    assert "invocations" not in vars(store)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(StorageUnavailable):
        store.invocations.read(ProjectAddress("user-1", "p"), "0" * 32)


def test_outside_lambda_nothing_is_opened() -> None:
    """An instance outside Lambda is connected by its creator."""
    assert not hasattr(App("datasets", "downloads"), "store")


def test_unreachable_flags_have_the_deployments_default(on_lambda: pytest.MonkeyPatch) -> None:
    """A new instance whose AppConfig refuses the connection uses the default in its environment."""
    on_lambda.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert App().flags.of("user-1") == {"databaseLoad": True}


def test_an_unexpected_error_is_500_without_details(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    """An unexpected error is `internal-error` for the client, and in the log with its traceback."""
    for app in apps():
        app.connect(Store(app.store.settings, app.store.items, app.store.bucket, broken))
    reply = client.post("/api/projects", {"name": "P"})
    assert (reply.status, reply.code) == (500, "internal-error")
    assert "a broken clock" not in reply.body.decode()
    assert "a broken clock" in caplog.text


def broken() -> Any:
    raise ZeroDivisionError("a broken clock")
