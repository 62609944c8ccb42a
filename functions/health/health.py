"""Answers health checks, and requests that match no route. Reads no data and has no permission."""

import os

from dashboard_store.gateway.request import Request
from dashboard_store.gateway.resolver import Resolver
from dashboard_store.gateway.response import ApiResponse, json_response
from dashboard_store.settings import Settings

api = Resolver()
handler = api.handler
# Not an App, which would load the database's client.
if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    api.connect(Settings.from_environment(os.environ))


@api.get("/api/health")
def get_health(_: Request) -> ApiResponse:
    """Return 200, without a token: the function runs."""
    return json_response({"status": "ok"})
