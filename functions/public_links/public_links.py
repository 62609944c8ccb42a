"""Shows anybody what a public link shows. It is a function of its own, because it answers without a token.

Every handler here may also return the problems not-found, rate-limited and storage-unavailable.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from dashboard_store.app import App
from dashboard_store.data_view import Shown, shown_response, view_of
from dashboard_store.documents.config import never_saved_body
from dashboard_store.gateway.request import Request
from dashboard_store.gateway.response import ApiResponse, document_headers, empty_response, stored_response
from dashboard_store.preconditions import entity_tag

PARTS: Final = ("rawData", "dataSchema")

# A link that was taken back is gone from every cache within a minute, and search engines do not list it.
HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "public, max-age=60",
    "Vary": "Accept-Encoding",
    "X-Robots-Tag": "noindex",
}

app = App("public_links", "link_limit", "downloads")
api = app.resolver
handler = app.handler


@api.get("/api/links/<token>/config")
def get_link_config(request: Request, token: str) -> ApiResponse:
    """Return 200 with the config that a link shows, like `get_config`, or 304."""
    app.store.link_limit.count(token)
    found = app.store.public_links.config(token)
    headers = {**document_headers(found.version, found.updated_at), **HEADERS}
    if request.has_current(found.version):
        return empty_response(HTTPStatus.NOT_MODIFIED, headers)
    return stored_response(found.body or never_saved_body(), headers)


@api.get("/api/links/<token>/data")
def get_link_data(request: Request, token: str) -> ApiResponse:
    """Return 200 with the table that a link shows, without its analysis, 302 to a CSV file, or 304.

    Problems: not-found (CSV without a table), invalid-query.
    """
    app.store.link_limit.count(token)
    view = view_of(request, PARTS)
    address, dataset = app.store.public_links.table(token)
    tag = entity_tag(dataset.version if dataset else 0)
    shown = Shown(dataset, tag, dataset.updated_at if dataset else None, is_public=True)
    response = shown_response(request, app.store.for_link(token), address, shown, view)
    return response._replace(headers={**response.headers, **HEADERS})
