"""What `check-issuer` finds at an issuer, served over TLS under a public name, and in its tokens."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from support.running.servers import Authority, Exchange, Server, Step, answers, hangs, serving

from admin import CannotRunError, __main__
from admin.check_issuer import find, report
from admin.issuer import MAX_BYTES, Finding
from admin.issuer_token import Expected
from local.issuer import AUDIENCE, Issuer

HOST = "issuer.example.com"
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
JWK = {**RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "one", "use": "sig", "alg": "RS256"}
EC_JWK = {**ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key(), as_dict=True), "kid": "ec"}
DISCOVERY = "/.well-known/openid-configuration"
KEYS = "/keys"


def without(document: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}


@dataclass
class Site:
    """An issuer's web server; `pages` has the step that answers each path."""

    server: Server
    pages: dict[str, Step] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        return f"https://{HOST}:{self.server.port}"

    def publish(self, *keys: Any, **configuration: Any) -> None:
        """Publish these keys, and a discovery document with these members; one that is None is left out."""
        usual = {
            "issuer": self.issuer,
            "jwks_uri": self.issuer + KEYS,
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        members = {name: value for name, value in {**usual, **configuration}.items() if value is not None}
        self.pages = {DISCOVERY: answers(members), KEYS: answers({"keys": list(keys or (JWK,))})}

    def found(self, token: str | None = None, *audiences: str, claim: str = "sub", at: str = "") -> list[Finding]:
        return list(find(Expected(self.issuer + at, audiences, claim), token, NOW))

    def wrong(self, token: str | None = None, *audiences: str, claim: str = "sub") -> list[str]:
        return [finding.what for finding in self.found(token, *audiences, claim=claim) if finding.is_fatal]

    def signed(self, key: Any = KEY, algorithm: str = "RS256", kid: str | None = "one", **claims: Any) -> str:
        """Sign a token; a claim that is None is left out."""
        seconds = int(NOW.timestamp())
        usual = {"iss": self.issuer, "aud": "api", "sub": "user-1", "iat": seconds, "exp": seconds + 600}
        kept = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        return jwt.encode(kept, key, algorithm, headers={"kid": kid} if kid else {})


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def site(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """An issuer with nothing wrong, whose name leads to this machine."""
    resolve = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *more, **named: resolve(host.replace(HOST, "127.0.0.1"), *more, **named)
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle))

    def respond(exchange: Exchange) -> bool:
        path = exchange.request.line.split()[1]
        return made.pages.get(path, answers({}, 404))(exchange)

    with serving(respond, tls=authority.server(HOST)) as server:
        made = Site(server)
        made.publish()
        yield made


def test_a_good_issuer_passes(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """If nothing is wrong, the exit code is 0, and the report names the keys and the user; it never has the token."""
    token = site.signed(exp=int(datetime.now(UTC).timestamp()) + 600, iat=None)
    options = ["--token", f"Bearer {token}", "--audience", "other, api"]
    assert __main__.main(["check-issuer", site.issuer, *options]) == 0
    output = capsys.readouterr().out
    assert "RSA keys that can verify tokens: 1 (one)." in output
    assert "The user is sub: user-1" in output
    assert output.endswith("Nothing was found that would not work.\n")
    assert token not in output


def test_an_issuer_that_would_not_work_fails(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """If something is wrong, the exit code is 1, and the report says what and what to do."""
    site.publish(EC_JWK)
    assert __main__.main(["check-issuer", site.issuer]) == 1
    assert capsys.readouterr().out.splitlines()[1:] == [
        "  wrong  No key is an RSA key, only EC.",
        "         Let the issuer sign with RS256.",
        "1 of these would not work.",
    ]


@pytest.mark.parametrize("issuer", ["issuer.example.com", "", "ftp://issuer.example.com", "https://[", "https://a b"])
def test_an_issuer_is_an_address(issuer: str) -> None:
    """What cannot be an issuer's address is not looked up."""
    with pytest.raises(CannotRunError, match="whole address"):
        __main__.main(["check-issuer", issuer])


@pytest.mark.parametrize(
    ("configuration", "wrong"),
    [
        pytest.param({"issuer": None}, "names the issuer None", id="no issuer"),
        pytest.param({"issuer": "https://other.example.com"}, "names the issuer https://other", id="another issuer"),
        pytest.param({"jwks_uri": None}, "has no jwks_uri", id="no jwks_uri"),
        pytest.param({"jwks_uri": 7}, "has no jwks_uri", id="a jwks_uri that is not a text"),
        pytest.param(
            {"id_token_signing_alg_values_supported": ["ES256", "EdDSA"]}, "with ES256, EdDSA;", id="no RSA signatures"
        ),
        pytest.param({"id_token_signing_alg_values_supported": ["PS256"]}, "with PS256;", id="only RSA-PSS"),
    ],
)
def test_the_discovery_document_is_compared(site: Site, configuration: dict[str, Any], wrong: str) -> None:
    """Each member of the discovery document that API Gateway depends on is checked."""
    site.publish(**configuration)
    (found,) = site.wrong()
    assert wrong in found


@pytest.mark.parametrize(
    ("named", "remedy"),
    [
        pytest.param("{issuer}/", "the slash at the end: set JwtIssuer to {issuer}/", id="a slash more"),
        pytest.param("https://login.example.com/{{tenantid}}/v2.0", "name the one", id="a template for tenants"),
    ],
)
def test_the_remedy_fits_the_difference(site: Site, named: str, remedy: str) -> None:
    """A slash at the end and a template for tenants, the usual differences of issuers, have remedies of their own."""
    site.publish(issuer=named.format(issuer=site.issuer))
    (found,) = (finding for finding in site.found() if finding.is_fatal)
    assert remedy.format(issuer=site.issuer) in found.remedy


def test_an_issuer_may_end_in_a_slash(site: Site) -> None:
    """The discovery document of an issuer that ends in a slash has the same address, as OpenID Connect says."""
    site.publish(issuer=site.issuer + "/")
    assert not [finding for finding in site.found(at="/") if finding.is_fatal]


def test_other_algorithms_are_noted(site: Site) -> None:
    """An issuer that signs with RS256 among others works, but its tokens need a look."""
    site.publish(id_token_signing_alg_values_supported=["HS256", "RS256"])
    assert not site.wrong()
    assert any("may also be signed with HS256" in finding.what for finding in site.found())
    site.publish(id_token_signing_alg_values_supported=None)
    assert not site.wrong()
    assert any("does not say with which algorithms" in finding.what for finding in site.found())


def endless(exchange: Exchange) -> bool:
    """Announce more bytes than are sent, one at a time."""
    exchange.connection.sendall(b"HTTP/1.1 200 -\r\ncontent-length: 1000\r\n\r\n")
    while not exchange.stopped.wait(0.02):
        exchange.connection.sendall(b" ")
    return False


@pytest.mark.parametrize("page", [DISCOVERY, KEYS])
@pytest.mark.parametrize(
    ("step", "wrong"),
    [
        pytest.param(answers({}, 404), "is answered with 404", id="missing"),
        pytest.param(answers({}, 302, {"location": "/elsewhere"}), "is a redirect to /elsewhere", id="a redirect"),
        pytest.param(answers(b"<html>"), "is not a JSON object", id="not JSON"),
        pytest.param(answers([]), "is not a JSON object", id="not an object"),
        pytest.param(answers(b"[" * 100_000), "is not a JSON object", id="nested too deeply"),
        pytest.param(answers(b" " * (MAX_BYTES + 1)), f"is larger than {MAX_BYTES} bytes", id="too large"),
        pytest.param(hangs, "cannot be read", id="hangs"),
        pytest.param(endless, "it did not end within", id="does not end"),
    ],
)
def test_both_documents_must_be_readable(
    site: Site, monkeypatch: pytest.MonkeyPatch, page: str, step: Step, wrong: str
) -> None:
    """A document that cannot be read within API Gateway's limits is named, and nothing else is reported."""
    monkeypatch.setattr("admin.issuer.PATIENCE_SECONDS", 0.5)
    site.pages[page] = step
    (found,) = site.wrong()
    assert found.startswith("The discovery document" if page == DISCOVERY else "The key set")
    assert wrong in found


def test_a_document_as_large_as_the_limit_is_read(site: Site) -> None:
    """API Gateway reads key sets of 150,000 bytes."""
    small = str({"keys": [JWK]}).replace("'", '"').encode()
    site.pages[KEYS] = answers(small + b" " * (150_000 - len(small)))
    assert not site.wrong()


def test_slow_documents_are_noted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents that take longer than API Gateway waits are read, and named."""
    assert not any(" s from here" in finding.what for finding in site.found())
    monkeypatch.setattr("admin.issuer.GATEWAY_SECONDS", 0)
    assert sum(" s from here" in finding.what for finding in site.found()) == 2


@pytest.mark.parametrize(
    ("keys", "wrong"),
    [
        pytest.param([EC_JWK, {"kty": "OKP", "crv": "Ed25519"}], "No key is an RSA key, only EC, OKP.", id="no RSA"),
        pytest.param([without(JWK, "kid")], "No RSA key can verify a token.", id="no kid"),
        pytest.param([{**JWK, "use": "enc"}], "No RSA key can verify a token.", id="for encryption"),
        pytest.param([{**JWK, "alg": "PS256"}], "No RSA key can verify a token.", id="for another algorithm"),
        pytest.param([{**JWK, "n": "!"}], "No RSA key can verify a token.", id="unreadable"),
        pytest.param([without(JWK, "n")], "No RSA key can verify a token.", id="half a key"),
        pytest.param(["key"], "No key is an RSA key, only .", id="not keys"),
    ],
)
def test_a_key_that_verifies_tokens_is_needed(site: Site, keys: list[Any], wrong: str) -> None:
    """At least one RSA key with a kid that may sign is needed."""
    site.publish(*keys)
    assert site.wrong() == [wrong]
    site.publish(*keys, {**JWK, "kid": "good"})
    assert not site.wrong()


def test_a_key_may_leave_out_its_use(site: Site) -> None:
    """`use` and `alg` are optional (RFC 7517)."""
    site.publish(without(JWK, "use", "alg"))
    assert not site.wrong(site.signed(), "api")


def test_an_empty_key_set_is_named(site: Site) -> None:
    """A key set without keys verifies nothing."""
    site.pages[KEYS] = answers({"keys": []})
    assert site.wrong() == ["The key set has no keys."]


def test_the_flaw_of_each_key_is_named(site: Site) -> None:
    """Each RSA key that verifies no token is named with its flaw."""
    site.publish(JWK, without(JWK, "kid"), {**JWK, "kid": "two", "use": "enc"})
    notes = [finding.what for finding in site.found()]
    assert "RSA key 2 of 3 verifies no token: it has no kid." in notes
    assert "RSA key 3 of 3 verifies no token: its use is enc, not sig." in notes


@pytest.mark.parametrize(
    ("issuer", "wrong"),
    [
        ("http://issuer.example.com", ["is not an https address"]),
        ("https://localhost", ["API Gateway cannot reach localhost"]),
        ("https://keycloak", ["API Gateway cannot reach keycloak"]),
        ("https://10.0.0.7/realms/a", ["API Gateway cannot reach 10.0.0.7"]),
        ("https://[::1]/a".replace("[::1]", "127.0.0.1"), ["API Gateway cannot reach 127.0.0.1"]),
        ("https://issuer.example.com?tenant=a", ["has a query or a fragment"]),
        ("http://127.0.0.1#a", ["is not an https address", "has a query or a fragment", "cannot reach 127.0.0.1"]),
    ],
)
def test_an_issuer_has_a_public_https_address(monkeypatch: pytest.MonkeyPatch, issuer: str, wrong: list[str]) -> None:
    """An address that OpenID Connect does not allow, or that leads nowhere on the internet, is named."""

    def unreachable(*_: Any, **__: Any) -> Any:
        raise OSError("unreachable")

    monkeypatch.setattr(socket, "getaddrinfo", unreachable)
    *found, unread = (finding.what for finding in find(Expected(issuer, (), "sub"), None, NOW))
    assert "cannot be read" in unread
    assert [text for text, part in zip(found, wrong, strict=True) if part not in text] == []


def test_keys_need_https(site: Site) -> None:
    """Keys that are published without TLS are named, and read all the same."""
    with serving(answers({"keys": [JWK]})) as plain:
        site.publish(jwks_uri=plain.url)
        assert site.wrong() == [f"The jwks_uri {plain.url} is not an https address."]
        assert any("can verify tokens: 1" in finding.what for finding in site.found())


@pytest.mark.usefixtures("site")
def test_an_invalid_certificate_is_named(authority: Authority) -> None:
    """An issuer whose certificate is for another name cannot be read."""
    with serving(answers({}), tls=authority.server("other.example.com")) as server:
        (found,) = find(Expected(f"https://{HOST}:{server.port}", (), "sub"), None, NOW)
    assert "CERTIFICATE_VERIFY_FAILED" in found.what


type Make = Callable[[Site], str]

SECONDS = int(NOW.timestamp())
TOKENS: dict[str, tuple[Make, str]] = {
    "opaque": (lambda _: "opaque", "The token is not a JWT"),
    "three parts of garbage": (lambda _: "a.b.c", "The token is not a JWT"),
    "signed with HMAC": (lambda site: site.signed("x" * 64, "HS256"), "signed with HS256;"),
    "signed with ECDSA": (
        lambda site: site.signed(ec.generate_private_key(ec.SECP256R1()), "ES256"),
        "signed with ES256;",
    ),
    "signed with RSA-PSS": (lambda site: site.signed(algorithm="PS256"), "signed with PS256;"),
    "not signed": (lambda site: site.signed("", "none"), "signed with none;"),
    "no kid": (lambda site: site.signed(kid=None), "header has no kid"),
    "unknown kid": (lambda site: site.signed(kid="two"), "kid two is not among the keys"),
    "another key": (lambda site: site.signed(OTHER_KEY), "The key one does not verify the token"),
    "another issuer": (lambda site: site.signed(iss="https://other"), "iss is https://other, not"),
    "a slash more": (lambda site: site.signed(iss=f"{site.issuer}/"), "/, not https://"),
    "no issuer": (lambda site: site.signed(iss=None), "iss is None"),
    "another audience": (lambda site: site.signed(aud="web"), "aud is web, which JwtAudience does not name"),
    "other audiences": (lambda site: site.signed(aud=["web", "app"]), "aud is web, app, which"),
    "another client": (lambda site: site.signed(aud=None, client_id="web"), "client_id is web, which"),
    "aud before client_id": (lambda site: site.signed(aud="web", client_id="api"), "aud is web, which"),
    "no audience": (lambda site: site.signed(aud=None, azp="api"), "neither aud nor client_id"),
    "no expiry": (lambda site: site.signed(exp=None), "has no exp"),
    "expired": (lambda site: site.signed(exp=SECONDS), "expired at 2026-11-29 12:00:00 UTC"),
    "expired before time": (lambda site: site.signed(exp=-(10**30)), "expired at -1000000000000000000000000000000"),
    "not yet valid": (lambda site: site.signed(nbf=SECONDS + 60), "nbf is 2026-11-29 12:01:00 UTC"),
    "from the future": (lambda site: site.signed(iat=SECONDS + 60), "iat is 2026-11-29 12:01:00 UTC"),
    "no subject": (lambda site: site.signed(sub=None), "has no claim sub"),
    "an empty subject": (lambda site: site.signed(sub=""), "has no claim sub"),
    "a long subject": (lambda site: site.signed(sub="é" * 128), "sub has 256 bytes; the limit is 255"),
}


@pytest.mark.parametrize("name", TOKENS)
def test_what_is_wrong_with_a_token_is_named(site: Site, name: str) -> None:
    """Each flaw for which API Gateway or this service would refuse a token is the one finding about it."""
    make, wrong = TOKENS[name]
    (found,) = site.wrong(make(site), "api")
    assert wrong in found


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({}, id="as usual"),
        pytest.param({"aud": ["web", "api"]}, id="several audiences"),
        pytest.param({"aud": None, "client_id": "api"}, id="a client"),
        pytest.param({"nbf": SECONDS, "iat": SECONDS}, id="valid from now on"),
        pytest.param({"sub": "é" * 127 + "x"}, id="a user of 255 bytes"),
    ],
)
def test_a_good_token_passes(site: Site, claims: dict[str, Any]) -> None:
    """A token that would be accepted has nothing wrong."""
    assert not site.wrong(site.signed(**claims), "api")


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512"])
def test_every_accepted_algorithm_is_verified(site: Site, algorithm: str) -> None:
    """A signature of each algorithm that API Gateway accepts is verified with a key that names none."""
    site.publish(without(JWK, "alg"))
    assert not site.wrong(site.signed(algorithm=algorithm), "api")
    assert site.wrong(site.signed(OTHER_KEY, algorithm), "api")


@pytest.mark.parametrize(
    ("claim", "value", "wrong"),
    [
        ("uid", "00u1", None),
        ("https://example.com/user", "00u1", None),
        ("uid", None, "has no claim uid"),
        ("uid", 7, "uid is not a text"),
        ("uid", ["a", "b"], "uid is not a text"),
        ("iss", None, "The claim iss does not name a user."),
        ("jti", "1", "The claim jti does not name a user."),
    ],
)
def test_the_claim_that_names_the_user_is_checked(site: Site, claim: str, value: Any, wrong: str | None) -> None:
    """The claim of `--claim` must be a text of each user's own."""
    claims = {} if claim == "iss" else {claim: value}
    found = site.wrong(site.signed(**claims), "api", claim=claim)
    assert [text for text in found if wrong is None or wrong not in text] == []
    assert len(found) == (wrong is not None)


def noted(site: Site, token: str, *audiences: str) -> str:
    return "\n".join(f"{finding.what} {finding.remedy}" for finding in site.found(token, *audiences))


def test_what_needs_a_look_in_a_token_is_noted(site: Site) -> None:
    """An e-mail address as the user, a large token, an audience to configure, and the right to read only are noted."""
    assert "looks like an e-mail address" in noted(site, site.signed(sub="ann@example.com"))
    assert "looks like an e-mail address" not in noted(site, site.signed(sub="auth0|1@"))
    assert "API Gateway allows 10240" in noted(site, site.signed(roles=["role"] * 2_000))
    assert "Set JwtAudience to api" in noted(site, site.signed())
    for scopes in ({"scope": "openid dashkeep:read"}, {"scp": ["dashkeep:read"]}):
        assert "may only read" in noted(site, site.signed(**scopes))
    assert "may only read" not in noted(site, site.signed(scope="dashkeep:read dashkeep:write"))


def test_without_keys_the_claims_are_checked(site: Site) -> None:
    """If the keys cannot be read, the signature is not verified, and the report says so."""
    del site.pages[KEYS]
    token = site.signed(OTHER_KEY, aud="web")
    assert "was not verified" in noted(site, token, "api")
    assert len(site.wrong(token, "api")) == 2


def test_the_report_is_printable() -> None:
    """What an issuer sent cannot move the terminal's cursor or end a line, and unpaired surrogates can be printed."""
    lines = list(report("https://a", [Finding(is_fatal=True, what="\x1b[2J\n\ud800é", remedy="\r")]))
    assert lines[1:3] == ["  wrong  �[2J��é", "         �"]


def test_the_local_runs_issuer_fails_only_for_its_address(tmp_path: Path) -> None:
    """Tokens of the local run's issuer are like those of a real one; only its address would not do on AWS."""

    def respond(exchange: Exchange) -> bool:
        is_discovery = DISCOVERY in exchange.request.line
        return answers(issuer.configuration() if is_discovery else issuer.key_set())(exchange)

    with serving(respond) as server:
        issuer = Issuer(server.url, tmp_path)
        expected = Expected(server.url, (AUDIENCE,), "sub")
        found = list(find(expected, issuer.token("user-1"), datetime.now(UTC)))
    assert [finding.what for finding in found if finding.is_fatal] == [
        f"The issuer {issuer.url} is not an https address.",
        "API Gateway cannot reach 127.0.0.1.",
        f"The jwks_uri {issuer.url}/.well-known/jwks.json is not an https address.",
    ]
