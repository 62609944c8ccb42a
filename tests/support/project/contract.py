"""What the contract fixes, written out here so that neither the code nor the documents can change it unnoticed."""

# The problem codes that clients may branch on (section 7), each with its status.
STATUSES = {
    "malformed-json": 400,
    "invalid-precondition": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "not-found": 404,
    "method-not-allowed": 405,
    "quota-exceeded": 403,
    "project-exists": 409,
    "gone": 410,
    "version-conflict": 412,
    "config-too-large": 413,
    "analysis-too-large": 413,
    "request-too-large": 413,
    "upload-too-large": 413,
    "unsupported-media-type": 415,
    "invalid-config": 422,
    "invalid-data": 422,
    "invalid-project": 422,
    "invalid-query": 422,
    "unsafe-text": 422,
    "precondition-required": 428,
    "rate-limited": 429,
    "internal-error": 500,
    "storage-unavailable": 503,
}
