"""What docs/deploying.md promises: its prices are computed, and its stack for a domain leaks nothing between users."""

from typing import Any

import pytest
from cfnlint import api
from samcli.yamlhelper import yaml_parse
from support.project.template import ROOT, routes, template

from benchmarks import live, month

EDGE = ROOT / "docs" / "edge.yaml"
GUIDE = ROOT / "docs" / "live.md"
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html: what CloudFront always keeps.
KEPT_BY_CLOUDFRONT = {404, 414, 500, 501, 502, 503, 504}


def behavior(distribution: dict[str, Any], origin: str) -> dict[str, Any]:
    """Return how CloudFront treats what it passes on to an origin besides the page."""
    (found,) = (each for each in distribution["CacheBehaviors"] if each["TargetOriginId"] == origin)
    return dict(found)


@pytest.fixture(scope="module")
def distribution() -> dict[str, Any]:
    found: dict[str, Any] = yaml_parse(EDGE.read_text())["Resources"]["Distribution"]["Properties"][
        "DistributionConfig"
    ]
    return found


def test_the_price_of_a_month_is_computed() -> None:
    """The table of docs/deploying.md is what `benchmarks.month` computes from the measured prices and the template."""
    assert month.table().markdown() in (ROOT / "docs" / "deploying.md").read_text()


def test_the_price_of_live_connections_is_computed() -> None:
    """The month of a thousand editors is what `benchmarks.live` computes from the units and prices of the same page.

    The page says from what it is computed.
    """
    page = live.PAGE.read_text()
    assert live.renewed(page) == page
    for line in live.explained(live.stated(page)):
        assert f"\n- {line}\n" in page
    found = live.month(live.EDITORS[live.VISIBLE], live.stated(page), live.load_price(page))
    assert f"a dashboard open all day, {found.total:.0f} dollars a month, of which under three are" in GUIDE.read_text()
    assert 2 < found.minutes < 3


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
    api_paths = behavior(distribution, "api")
    assert {route.path.startswith("/api/") for route in routes() if route.path != "$default"} == {True}
    assert api_paths["PathPattern"] == "/api/*"
    assert {route.method for route in routes()} - {"ANY"} <= set(api_paths["AllowedMethods"])
    assert api_paths["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "Managed-CachingDisabled"
    assert api_paths["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac", "AllViewerExceptHostHeader"


def test_handshakes_reach_the_websocket_api(distribution: dict[str, Any]) -> None:
    """The path of a handshake is the WebSocket API's stage. All headers of it but Host are passed on, Origin included.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/distribution-working-with.websockets.html
    """
    live_path, api_paths = behavior(distribution, "live"), behavior(distribution, "api")
    stage = template()["Resources"]["LiveStage"]["Properties"]["StageName"]
    assert live_path["PathPattern"] == f"/{stage}"
    assert set(live_path["AllowedMethods"]) == {"GET", "HEAD"}
    assert live_path["ViewerProtocolPolicy"] == "https-only"
    for name in ("CachePolicyId", "OriginRequestPolicyId"):
        assert live_path[name] == api_paths[name]
    origins = {each["Id"]: each for each in distribution["Origins"]}
    assert origins["live"]["DomainName"] == {"Ref": "LiveHost"}
    assert "OriginPath" not in origins["live"]
    assert origins["live"]["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    given = template()["Outputs"]["LiveUrl"]["Value"]["Fn::Sub"]
    assert given == f"wss://${{LiveApi}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/{stage}"
