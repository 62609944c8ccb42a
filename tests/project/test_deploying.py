"""What docs/deploying.md promises: its prices are computed, and its stack for a domain leaks nothing between users."""

from typing import Any

import pytest
from cfnlint import api
from samcli.yamlhelper import yaml_parse
from support.project.template import ROOT, routes

from benchmarks import month

EDGE = ROOT / "docs" / "edge.yaml"
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html: what CloudFront always keeps.
KEPT_BY_CLOUDFRONT = {404, 414, 500, 501, 502, 503, 504}


@pytest.fixture(scope="module")
def distribution() -> dict[str, Any]:
    found: dict[str, Any] = yaml_parse(EDGE.read_text())["Resources"]["Distribution"]["Properties"][
        "DistributionConfig"
    ]
    return found


def test_the_price_of_a_month_is_computed() -> None:
    """The table of docs/deploying.md is what `benchmarks.month` computes from the measured prices and the template."""
    assert month.table().markdown() in (ROOT / "docs" / "deploying.md").read_text()


def test_the_stack_for_a_domain_is_valid() -> None:
    """cfn-lint finds nothing in docs/edge.yaml, in the only region that it can be deployed to."""
    assert not api.lint_file(EDGE, config=api.ManualArgs(regions=["us-east-1"]))


def test_no_error_of_one_user_is_kept_for_another(distribution: dict[str, Any]) -> None:
    """CloudFront keeps no error, because the same path is another project for another user."""
    seconds = {each["ErrorCode"]: each["ErrorCachingMinTTL"] for each in distribution["CustomErrorResponses"]}
    assert seconds.keys() >= KEPT_BY_CLOUDFRONT
    assert set(seconds.values()) == {0}


def test_every_request_reaches_the_api_unchanged(distribution: dict[str, Any]) -> None:
    """Each route of the template is passed on with its method and headers, and no response of it is stored."""
    (api_paths,) = distribution["CacheBehaviors"]
    assert {route.path.startswith("/api/") for route in routes() if route.path != "$default"} == {True}
    assert api_paths["PathPattern"] == "/api/*"
    assert {route.method for route in routes()} - {"ANY"} <= set(api_paths["AllowedMethods"])
    assert api_paths["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "Managed-CachingDisabled"
    assert api_paths["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac", "AllViewerExceptHostHeader"
