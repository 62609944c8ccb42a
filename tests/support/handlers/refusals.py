"""What a refused request costs."""

import time
from http import HTTPStatus

from support.handlers.http_api import CONTEXT, Client, event, find_route, handler_module, send


def refused_requests(client: Client, count: int, method: str = "GET", path: str = "/api/projects/p/config") -> float:
    """Use up a user's requests, then return the milliseconds of CPU that each of `count` more takes to be refused.

    They are measured from the event to the response, with the log line.
    """
    made = event(method, path, user=client.user)
    while send(made).status != HTTPStatus.TOO_MANY_REQUESTS:
        pass
    handler = handler_module(find_route(method, path).function).handler
    began = time.process_time()
    answers = [handler(made, CONTEXT) for _ in range(count)]
    milliseconds = (time.process_time() - began) * 1_000 / count
    # Time passes meanwhile, and a few may be answered.
    refused = sum(answer["statusCode"] == HTTPStatus.TOO_MANY_REQUESTS for answer in answers)
    assert refused > count * 0.9, f"Only {refused} of {count} requests were refused."
    return milliseconds
