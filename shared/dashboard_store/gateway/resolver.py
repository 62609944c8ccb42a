"""Registers a function's handlers, each of which takes a Request and returns an ApiResponse.

Every request goes through `Resolver._respond`, whether or not a route matches: it requires a user, counts the request,
turns errors into problem details, encodes the response and reports the exchange. Powertools matches the route.

A handler for a project is registered with the least role that it is for, and gets the project opened for this role: it
has no other way to one, so it cannot forget to ask who may use it.
"""

import time
from collections.abc import Callable, Mapping
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Protocol

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from dashboard_store import retry
from dashboard_store.errors import Forbidden, MethodNotAllowed, NoProject, NoRoute, StoreError
from dashboard_store.gateway import telemetry
from dashboard_store.gateway.problems import problem
from dashboard_store.gateway.request import READ_SCOPE, Request
from dashboard_store.gateway.response import AnswerTooLarge, ApiResponse, empty_response, encoded
from dashboard_store.gateway.routes import methods_at
from dashboard_store.gateway.watchdog import ANSWER_SECONDS, prepare, watched
from dashboard_store.identifiers import ProjectAddress, Role
from dashboard_store.settings import Settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

type Handler = Callable[..., ApiResponse]
"""Called with the Request, the opened project if the path names one, and the other path parameters by name."""

type OpenProject = Callable[[ProjectAddress, Role], Any]
"""Opens a project for its user, in a role. Raises NoProject or Forbidden, at the latest on its first use."""

_PROJECT: Final = "<project_id>"

# It changes nothing of a user's, so tokens that may only read may send it.
_TICKET: Final = "POST /api/live"

# https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Limit(Protocol):
    def __call__(self, user: str, answer: Callable[[], ApiResponse], *, is_change: bool) -> ApiResponse:
        """Count a request of a user and return what `answer` returns. Raises RateLimited, or like `answer`."""
        ...


class _Event(APIGatewayProxyEventV2):
    """An event that Powertools reads as it is: it would otherwise fold the headers' names on every access.

    It would also make an object of the request's context for the method, and another one for the path.
    """

    @property
    def http_method(self) -> str:
        return str(self.raw_event["requestContext"]["http"]["method"])

    @property
    def path(self) -> str:
        return str(self.raw_event["rawPath"])

    @cached_property
    def headers(self) -> dict[str, str]:
        return self.raw_event.get("headers") or {}

    @property
    def resolved_headers_field(self) -> dict[str, Any]:
        return self.headers


class _Router(APIGatewayHttpResolver):
    def _to_proxy_event(self, event: dict[str, Any]) -> _Event:
        return _Event(event)


class Resolver:
    """A function's handlers, and the deployment's settings."""

    _settings: Settings
    _units: Callable[[], float]
    _limit: Limit | None
    _open_project: OpenProject | None
    _seconds: float
    """How long the current request may take."""

    def __init__(self) -> None:
        self._router = _Router()
        self._router.not_found(self._not_found)
        prepare()
        self._is_new = True
        """Whether this instance has not answered a request yet."""

    def connect(
        self,
        settings: Settings,
        units: Callable[[], float] = lambda: 0.0,
        limit: Limit | None = None,
        open_project: OpenProject | None = None,
    ) -> None:
        """Set the settings; `units` returns the request units that the database has consumed so far.

        Without a `limit`, no request is counted.
        """
        self._settings = settings
        self._open_project = open_project
        self._units = units
        self._limit = limit

    def handler(self, event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
        """Handle one request; the entry point for Lambda."""
        self._seconds = context.get_remaining_time_in_millis() / 1_000
        with retry.limited(self._seconds - retry.SPARE_SECONDS):
            return self._router.resolve(event, context)

    def get(self, path: str, role: Role | None = None) -> Callable[[Handler], Handler]:
        return self._register("GET", path, role)

    def post(self, path: str, role: Role | None = None) -> Callable[[Handler], Handler]:
        return self._register("POST", path, role)

    def put(self, path: str, role: Role | None = None) -> Callable[[Handler], Handler]:
        return self._register("PUT", path, role)

    def patch(self, path: str, role: Role | None = None) -> Callable[[Handler], Handler]:
        return self._register("PATCH", path, role)

    def delete(self, path: str, role: Role | None = None) -> Callable[[Handler], Handler]:
        return self._register("DELETE", path, role)

    def _register(self, method: str, path: str, role: Role | None) -> Callable[[Handler], Handler]:
        if (_PROJECT in path) != (role is not None):
            raise TypeError(f"{method} {path} needs a role if, and only if, it names a project.")

        def register(handler: Handler) -> Handler:
            @self._router.route(path, method)
            def respond(**parameters: str) -> Response[str]:
                return self._respond(lambda request: handler(request, **self._opened(request, role, parameters)))

            return handler

        return register

    def _opened(self, request: Request, role: Role | None, parameters: dict[str, str]) -> dict[str, Any]:
        """Replace the text that names a project by the project, opened for a role."""
        if role is None or self._open_project is None:
            return parameters
        project_id = parameters.pop("project_id")
        return {"project": self._open_project(request.project(project_id), role), **parameters}

    def _not_found(self, _: NotFoundError) -> Response[str]:
        return self._respond(_unrouted)

    def _respond(self, handle: Callable[[Request], ApiResponse]) -> Response[str]:
        began, units_before = time.perf_counter(), self._units()
        request = Request(self._router.current_event.raw_event, self._settings)
        failure: Exception | None = None
        try:
            with watched(self._seconds - ANSWER_SECONDS):
                response = self._answer(request, handle)
                sent = _sent(request, response)
        except Exception as exc:  # noqa: BLE001 - a defect is logged, and its response reveals nothing
            failure = exc
            response, sent = _refusal(request, exc)
        telemetry.report(
            telemetry.Exchange(
                request,
                sent,
                response.outcome,
                units=self._units() - units_before,
                milliseconds=(time.perf_counter() - began) * 1_000,
                failure=failure,
                is_first=self._is_new,
                limit_milliseconds=self._seconds * 1_000,
            )
        )
        self._is_new = False
        return sent

    def _answer(self, request: Request, handle: Callable[[Request], ApiResponse]) -> ApiResponse:
        # A token that API Gateway accepts but this service does not is rejected before anything else.
        request.require_user()
        is_change = request.method not in SAFE_METHODS and request.route != _TICKET
        if self._limit is None or request.claimed_user is None:
            return _permitted(request, handle, is_change=is_change)
        return self._limit(request.user, lambda: _permitted(request, handle, is_change=is_change), is_change=is_change)


def _permitted(request: Request, handle: Callable[[Request], ApiResponse], *, is_change: bool) -> ApiResponse:
    """Handle a request that its token allows. Raises Forbidden, before anything is read, or like `handle`."""
    if is_change and request.is_read_only:
        raise Forbidden(f"A token with the scope {READ_SCOPE} may only read.")
    return handle(request)


def _refusal(request: Request, error: Exception) -> tuple[ApiResponse, Response[str]]:
    """Return the problem that explains an error, and how it is sent."""
    if not isinstance(error, StoreError):
        telemetry.logger.error("defect", exc_info=error, request_id=request.id)
    response = problem(error, request.id)
    try:
        return response, _sent(request, response)
    except AnswerTooLarge as exc:
        return _refusal(request, exc)


def _sent(request: Request, response: ApiResponse) -> Response[str]:
    return encoded(response, request.accept_encoding, _headers(request))


def _headers(request: Request) -> dict[str, str]:
    """Return the headers of every response; a response's own headers override them."""
    return {
        "Cache-Control": "private, no-cache",
        # Two users' configs may have one address and one version: a browser's cache must not confirm one by the other.
        "Vary": "Accept-Encoding, Authorization",
        "X-Content-Type-Options": "nosniff",
        "X-Request-Id": request.id,
    }


def _unrouted(request: Request) -> ApiResponse:
    allowed = methods_at(request.path)
    if request.method == "OPTIONS":
        # API Gateway handles a browser's preflight itself, and adds its CORS headers to this response.
        return empty_response(HTTPStatus.NO_CONTENT, {"Allow": ", ".join(allowed)} if allowed else None)
    if not allowed:
        raise NoRoute("No route matches this path.")
    if request.method not in allowed:
        raise MethodNotAllowed(allowed)
    # The path contains a character that is not allowed in an id.
    raise NoProject
