"""template.yaml as CloudFormation receives it: SAM's transform with the parameters' defaults, but for those given."""

import copy
import os
from functools import cache
from types import SimpleNamespace
from typing import Any
from unittest import mock

from samtranslator.translator.transform import transform  # type: ignore[import-untyped]
from support.project.template import template

type Json = dict[str, Any]

GIVEN = {"JwtIssuer": "https://issuer.example.com", "JwtAudience": "dashboards"}
MANAGED = {
    "AWSXRayDaemonWriteAccess": "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess",
    "AWSXrayWriteOnlyAccess": "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess",
    "AWSLambdaBasicExecutionRole": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
}


@cache
def transformed(deployment: str = "1795910400", tracing: str = "Disabled") -> Json:
    """Return what CloudFormation receives for the deployment of that name, with traces or without."""
    policies = SimpleNamespace(load=lambda: MANAGED)
    values = {name: parameter.get("Default") for name, parameter in template()["Parameters"].items()}
    with mock.patch.dict(os.environ, AWS_DEFAULT_REGION="eu-central-1"):
        made: Json = transform(_packed(), values | GIVEN | {"Deployment": deployment, "Tracing": tracing}, policies)
    return made


def _packed() -> Json:
    """Replace folders with archives, as `sam deploy` does."""
    document = copy.deepcopy(template())
    for resource in document["Resources"].values():
        properties = resource["Properties"]
        properties |= {name: "s3://bucket/archive" for name in ("CodeUri", "ContentUri") if name in properties}
    return document
