"""The log shows users and projects as keyed hashes."""

import hashlib
import hmac
import re
import shutil
import subprocess

import pytest
from support.project.template import ROOT

from dashboard_store.gateway.log_hash import project_hash, user_hash

KEY = "arn:aws:cloudformation:eu-central-1:123456789012:stack/dashkeep/6f1f2c70-cb1f-11f0-9a3e-0a1b2c3d4e5f"


def test_a_user_is_a_keyed_hash() -> None:
    """A user's hash is the first 16 hexadecimal digits of the HMAC-SHA256 of the id."""
    assert (
        user_hash(KEY, "ann@example.com") == hmac.new(KEY.encode(), b"ann@example.com", hashlib.sha256).hexdigest()[:16]
    )


def test_hashes_of_equal_ids_differ_by_key_and_user() -> None:
    """The hash of a project differs between its users, and every hash between keys; no id of a project is a user's."""
    made = {
        project_hash("key", "ann", "sales"),
        project_hash("key", "bob", "sales"),
        project_hash("another key", "ann", "sales"),
        user_hash("key", "ann"),
        user_hash("another key", "ann"),
        user_hash("", "ann"),
    }
    assert len(made) == 6


def test_any_claim_has_a_hash() -> None:
    """A token's claim that is not text, because it has an unpaired surrogate, has a hash too."""
    assert re.fullmatch("[0-9a-f]{16}", user_hash("key", "\ud800"))


@pytest.mark.parametrize(
    ("name", "expected"), [("user", user_hash(KEY, "ann b")), ("project", project_hash(KEY, "ann b", "sales"))]
)
def test_operators_can_compute_the_hashes(name: str, expected: str) -> None:
    """The commands of docs/operations.md print the hash that the log has."""
    assert shutil.which("openssl")
    section = (ROOT / "docs" / "operations.md").read_text().partition("### Find the lines of a user")[2]
    commands = re.findall(r"^\$ (printf .*)$", section, re.MULTILINE)
    assert len(commands) == 2
    command = commands[0 if name == "user" else 1]
    variables = {"LOG_KEY": KEY, "SUB": "ann b", "PROJECT": "sales", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(["/bin/sh", "-c", command], env=variables, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    assert done.stdout.strip() == expected
