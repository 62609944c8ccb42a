"""Errors as problem details (RFC 9457): one table maps each error to its status, code and title."""

from typing import Any, Final

from dashboard_store import errors
from dashboard_store.documents.excerpts import MAX_PLACES, listed, shortened
from dashboard_store.documents.json_text import MAX_FIELD_ERRORS, encodable
from dashboard_store.gateway.response import ApiResponse, json_response

MEDIA_TYPE: Final = "application/problem+json"

"""How many conflicts a response lists."""

# A member's name may be as long as a request: twenty whole pointers would not fit into a response.
_LONGEST_TEXT: Final = 2_000

# An error without a row uses that of its nearest base class. Only StoreErrors are explained; all others are defects.
PROBLEMS: Final[dict[type[Exception], tuple[int, str, str]]] = {
    errors.MalformedJson: (400, "malformed-json", "The body is not valid JSON"),
    errors.InvalidPrecondition: (400, "invalid-precondition", "Invalid precondition header"),
    errors.Unauthorized: (401, "unauthorized", "The token is not valid"),
    errors.Forbidden: (403, "forbidden", "This is not allowed"),
    errors.NotFound: (404, "not-found", "Not found"),
    errors.MethodNotAllowed: (405, "method-not-allowed", "Method not allowed"),
    errors.ProjectExists: (409, "project-exists", "The id is already taken"),
    errors.QuotaExceeded: (403, "quota-exceeded", "A quota is used up"),
    errors.Gone: (410, "gone", "The table is gone"),
    errors.VersionConflict: (412, "version-conflict", "Someone else saved in the meantime"),
    errors.ConfigTooLarge: (413, "config-too-large", "The config is too large"),
    errors.AnalysisTooLarge: (413, "analysis-too-large", "The analysis is too large"),
    errors.RequestTooLarge: (413, "request-too-large", "The request is too large"),
    errors.UploadTooLarge: (413, "upload-too-large", "The file is too large"),
    errors.UnsupportedMediaType: (415, "unsupported-media-type", "Unsupported media type"),
    errors.InvalidConfig: (422, "invalid-config", "The config is not valid"),
    errors.InvalidData: (422, "invalid-data", "The data is not valid"),
    errors.InvalidMessage: (422, "invalid-message", "The message is not valid"),
    errors.InvalidProject: (422, "invalid-project", "The project is not valid"),
    errors.InvalidQuery: (422, "invalid-query", "The query is not valid"),
    errors.InvalidSharing: (422, "invalid-sharing", "The request is not valid"),
    errors.UnsafeText: (422, "unsafe-text", "A browser would execute this text"),
    errors.PreconditionRequired: (428, "precondition-required", "A precondition is required"),
    errors.RateLimited: (429, "rate-limited", "Too many requests"),
    errors.StorageUnavailable: (503, "storage-unavailable", "Storage is temporarily unavailable"),
    Exception: (500, "internal-error", "Something went wrong on the server"),
}


def problem(error: Exception, request_id: str) -> ApiResponse:
    """Make the response to an error; `request_id` identifies the request in the log."""
    status, code, title = next(PROBLEMS[kind] for kind in type(error).__mro__ if kind in PROBLEMS)
    is_ours = isinstance(error, errors.StoreError)
    document = {
        "type": f"urn:problem:{code}",
        "title": title,
        "status": status,
        "detail": encodable(str(error)) if is_ours else "The error is logged under the request's id.",
        "instance": request_id,
        **_members(error),
    }
    headers = {"Cache-Control": "no-store", **_headers(error)}
    return json_response(document, status=status, headers=headers, outcome=code, media_type=MEDIA_TYPE)


def _members(error: Exception) -> dict[str, Any]:
    match error:
        case errors.BadInput(field_errors=found) if found:
            return {"errors": [_field_error(each) for each in found[:MAX_FIELD_ERRORS]]}
        case errors.TooLarge():
            return _sizes(error)
        case errors.QuotaExceeded(used=used, limit=limit):
            return {"used": used, "limit": limit}
        case errors.PreconditionRequired():
            return _versions(error)
        case errors.VersionConflict():
            return _conflict(error)
    return {}


def _field_error(error: errors.FieldError) -> dict[str, str]:
    return {"pointer": shortened(error.pointer, _LONGEST_TEXT), "message": shortened(error.message, _LONGEST_TEXT)}


def _versions(error: errors.PreconditionRequired) -> dict[str, Any]:
    versions = {"currentVersion": error.version}
    if error.analysis_version is not None:
        versions["currentAnalysisVersion"] = error.analysis_version
    return versions


def _conflict(error: errors.VersionConflict) -> dict[str, Any]:
    """Return the newest version, and everything else that a client needs to resolve the conflict."""
    version, current = {"currentVersion": error.version}, {"current": error.document}
    match error:
        case errors.ConfigConflict(conflicts=conflicts):
            by = {"updatedBy": {"id": error.updated_by}} if error.updated_by else {}
            newest = {"updatedAt": error.updated_at, **by, "source": error.source, "baseVersion": error.base}
            known = {} if conflicts is None else listed("conflict", conflicts, MAX_PLACES)
            return version | current | newest | known
        case errors.DatasetConflict():
            return version | current | {"updatedAt": error.updated_at, "baseVersion": error.base}
        case errors.AnalysisConflict():
            analysis = {"currentAnalysisVersion": error.analysis_version}
            return version | analysis | current | {"updatedAt": error.updated_at}
    return version | current | {"baseVersion": error.base}


def _sizes(error: errors.TooLarge) -> dict[str, Any]:
    members: dict[str, Any] = {"limitBytes": error.limit_bytes}
    if error.actual_bytes is not None:
        members["actualBytes"] = error.actual_bytes
    if isinstance(error, errors.ConfigTooLarge):
        members["largest"] = [
            {"pointer": shortened(pointer, _LONGEST_TEXT), "bytes": size} for pointer, size in error.largest
        ]
    return members


def _headers(error: Exception) -> dict[str, str]:
    match error:
        case errors.MethodNotAllowed(allowed=allowed):
            return {"Allow": ", ".join(allowed)}
        case errors.StorageUnavailable(retry_after=seconds) | errors.RateLimited(retry_after=seconds):
            return {"Retry-After": str(seconds)}
    return {}
