"""What of a project's data a request asks for, and the response with it."""

import hashlib
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from dashboard_store.documents.dataset.storage_format import RowsFormat
from dashboard_store.errors import FieldError, InvalidQuery, NotFound, StorageUnavailable
from dashboard_store.gateway.request import Request
from dashboard_store.gateway.response import (
    LARGEST_BODY,
    ApiResponse,
    attachment,
    csv_response,
    document_headers,
    empty_response,
    json_response,
    redirect_response,
    spliced_response,
)
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository.configs import ConfigVersion
from dashboard_store.repository.datasets import DatasetVersion
from dashboard_store.store import Store

MOST_ROWS: Final = 10_000
"""How many rows a page may have."""

WRITTEN_AT_ONCE: Final = 100_000_000
"""The largest table in bytes of JSON of which a request itself writes a download: it takes less than ten seconds."""


class View(NamedTuple):
    """What a request asks for: some parts of the data, all rows or those between two indices, as JSON or as CSV."""

    parts: tuple[str, ...] = ()
    rows: tuple[int, int] | None = None
    layout: RowsFormat = "json"


class Shown(NamedTuple):
    """What a response is made from: an upload, and the config if the entity tag includes it.

    If it `is_public`, the response does not say whether the table was analysed.
    """

    dataset: DatasetVersion | None
    tag: str
    modified_at: str | None
    config: ConfigVersion | None = None
    is_public: bool = False


def view_of(request: Request, offered: tuple[str, ...]) -> View:
    """Return what the query asks for. Raises InvalidQuery."""
    included, rows = request.choices("include", offered), request.rows(MOST_ROWS)
    is_safe = request.choice("safe", ("false", "true"), "false") == "true"
    if request.choice("format", ("json", "csv"), "json") == "json":
        if is_safe:
            raise _uncombinable("safe", "This can only be combined with format=csv.")
        if rows and included:
            raise _uncombinable("include", "This cannot be combined with rows.")
        return View(("rawData", "dataSchema") if rows else included or offered, rows)
    if included or rows:
        raise _uncombinable("include" if included else "rows", "This cannot be combined with format=csv.")
    return View(layout="safe.csv" if is_safe else "csv")


def _uncombinable(name: str, message: str) -> InvalidQuery:
    return InvalidQuery("These parameters cannot be combined.", [FieldError(name, message)])


def shown_response(request: Request, store: Store, address: ProjectAddress, shown: Shown, view: View) -> ApiResponse:
    """Return 200 with what the request asks for, 302 to a download, or 304.

    Raises NotFound for CSV without a table, Gone or StorageUnavailable.
    """
    headers = document_headers(shown.tag, shown.modified_at)
    if request.has_current(shown.tag):
        return empty_response(HTTPStatus.NOT_MODIFIED, headers)
    if view.layout == "json":
        response = _json_response(request, store, address, shown, view)
    else:
        response = _csv_response(request, store, address, shown.dataset, view.layout)
    return response._replace(headers={**headers, **response.headers})


def _json_response(request: Request, store: Store, address: ProjectAddress, shown: Shown, view: View) -> ApiResponse:
    rest = {part: _part(part, shown) for part in view.parts if part != "rawData"} | _version_members(shown)
    dataset, most = shown.dataset, request.settings.max_raw_data_bytes
    if "rawData" not in view.parts:
        return json_response(rest)
    if dataset is None:
        return json_response({"rawData": None, **rest})
    if view.rows:
        return spliced_response("rawData", store.downloads.page(dataset, *view.rows, most), rest, {})
    if dataset.raw_bytes <= most:
        whole = spliced_response("rawData", store.downloads.rows(dataset, "json"), rest, {})
        if whole.fits:
            return whole
    return json_response({"rawData": None, "rawDataUrl": _url(store, address, dataset, "json"), **rest})


def _url(store: Store, address: ProjectAddress, dataset: DatasetVersion, layout: RowsFormat) -> str:
    """Return the URL of a download; one that takes long is prepared while nobody waits for it.

    Raises Gone, or StorageUnavailable until it is prepared.
    """
    downloads = store.downloads
    if dataset.raw_bytes > WRITTEN_AT_ONCE and not downloads.is_prepared(address, dataset, layout):
        downloads.require_rows(dataset)
        copy = hashlib.sha256(dataset.digest + layout.encode() + downloads.folder.encode()).digest()
        place = {"folder": downloads.folder, "table": dataset.item["sk"]} if downloads.folder else {}
        job = {"copy": layout, "version": dataset.version, **place}
        # The same id for everybody who asks, so that it is written once.
        store.background_reads.start_on_table(address, copy.hex()[:32], dataset.raw_bytes, copy, job)
        raise StorageUnavailable(
            "The download of this table is being prepared. Try again in a few seconds.", retry_after=5
        )
    suffix = "json" if layout == "json" else "csv"
    return downloads.url(address, dataset, layout, attachment(dataset.schema["fileName"], suffix))


def _part(part: str, shown: Shown) -> Any:  # noqa: ANN401 - any JSON value
    match part:
        case "analysis":
            return shown.dataset.analysis_document() if shown.dataset else None
        case "chartCustomizations":
            return ((shown.config.config() if shown.config else None) or {}).get("chartCustomizations", {})
        case _:
            return shown.dataset.schema if shown.dataset else None


def _version_members(shown: Shown) -> dict[str, Any]:
    dataset = shown.dataset
    return {
        "version": dataset.version if dataset else 0,
        **({} if shown.is_public else {"analysisVersion": dataset.analysis_version if dataset else 0}),
        **({"configVersion": shown.config.version} if shown.config else {}),
        "updatedAt": dataset.updated_at if dataset else None,
    }


def _csv_response(
    request: Request, store: Store, address: ProjectAddress, dataset: DatasetVersion | None, layout: RowsFormat
) -> ApiResponse:
    if dataset is None:
        raise NotFound("The project has no data.")
    schema = dataset.schema
    # A row may lack members, which are empty cells: the separators alone may be too long, however short the rows are.
    separators = schema["rowCount"] * (schema["columnCount"] + 1)
    if dataset.raw_bytes <= request.settings.max_raw_data_bytes and separators <= LARGEST_BODY:
        whole = csv_response(store.downloads.rows(dataset, layout), schema["fileName"], {})
        if whole.fits:
            return whole
    return redirect_response(_url(store, address, dataset, layout), {})
