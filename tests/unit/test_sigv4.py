"""Requests are signed exactly as botocore signs them."""

from datetime import UTC, datetime
from unittest.mock import patch

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from dashboard_store.dynamodb.connection_pool import ConnectionPool
from dashboard_store.dynamodb.sigv4 import Credentials, signed

printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)
keys = st.builds(Credentials, st.from_regex(r"[A-Z0-9]{16,20}", fullmatch=True), printable, st.none() | printable)
names = st.from_regex(r"[a-z][a-z0-9-]{0,20}(\.[a-z]{2,8}){0,3}|\[::1\]|127\.0\.0\.1", fullmatch=True)
ports = st.sampled_from(["", ":80", ":443", ":8000"])
regions = st.sampled_from(["eu-central-1", "us-east-1", "us-gov-west-1", "cn-north-1", "ap-southeast-7"])
operations = st.from_regex(r"DynamoDB_20120810\.[A-Za-z]{1,20}", fullmatch=True)
# A signature treats a run of white space within a value as one space.
types = st.sampled_from(["application/x-amz-json-1.0", "application/json;  charset=utf-8", " text/plain "])
moments = st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


urls = st.builds("http://{}{}".format, names, ports)
headers = st.fixed_dictionaries({"Content-Type": types, "X-Amz-Target": operations})


@given(keys, regions, urls, headers, st.binary(max_size=300), moments)
def test_signatures_are_botocores(  # noqa: PLR0917 - each is part of the signature
    credentials: Credentials, region: str, url: str, headers: dict[str, str], body: bytes, moment: datetime
) -> None:
    """Host, date, token and signature equal botocore's, for any request and for temporary or permanent keys."""
    theirs = AWSRequest("POST", f"{url}/", {**headers}, body)
    theirs.context["timestamp"] = ""
    known = BotocoreCredentials(credentials.access_key, credentials.secret_key, credentials.token)
    with patch("botocore.auth.get_current_datetime", lambda: moment.replace(tzinfo=None)):
        SigV4Auth(known, "dynamodb", region).add_auth(theirs)
    ours = signed(
        credentials,
        region=region,
        service="dynamodb",
        host=ConnectionPool(url).host,
        headers=headers,
        body=body,
        moment=moment,
    )
    for header, value in theirs.headers.items():
        assert ours[header.lower()] == value, header
    assert set(ours) - {name.lower() for name in theirs.headers} == {"host"}


def test_the_repr_of_credentials_shows_no_secret() -> None:
    """Credentials in a log or an error show only the access key's id."""
    shown = repr(Credentials("AKIDEXAMPLE", "the-secret", "the-token"))
    assert "AKIDEXAMPLE" in shown
    assert "the-" not in shown
