"""AppConfig as a reader of one document sees it; the local stack's tests use the emulator's instead."""

import io
import json
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectTimeoutError
from support.storage.faults import BucketFault

from dashboard_store.gateway.flags import DATABASE_LOAD, Flags, appconfig

PATH = "application/environment/profile"


class AppConfig:
    """Serves `document`, or fails with `fault` while it is set; counts the sessions started."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self.fault: BucketFault | None = None
        self.sessions = 0
        self.client = boto3.client(
            "appconfigdata", region_name="eu-central-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        self.client.meta.events.register("before-call.appconfigdata", self._answer)

    def flags(self, *, fallback: bool = False, **options: Any) -> Flags:
        return Flags(lambda: appconfig(PATH, self.client), {DATABASE_LOAD: fallback}, **options)

    def _answer(self, model: Any, **parameters: Any) -> Any:
        if self.fault:
            return self.fault(model=model, **parameters)
        response = AWSResponse("", 200, HTTPHeaders(), None)
        if model.name == "StartConfigurationSession":
            self.sessions += 1
            return response, {"InitialConfigurationToken": "first", "ResponseMetadata": {}}
        content = json.dumps(self.document).encode()
        return response, {
            "Configuration": io.BytesIO(content),
            "NextPollConfigurationToken": "next",
            "ResponseMetadata": {},
        }


def out_of_reach(**_: Any) -> Any:
    raise ConnectTimeoutError(endpoint_url="https://appconfigdata.example.com")


def refused(status: int, code: str) -> BucketFault:
    def fault(**_: Any) -> Any:
        error = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
        return AWSResponse("", status, HTTPHeaders(), None), error

    return fault
