"""Settings are read from the environment, and an error names the invalid variable."""

import pytest

from dashboard_store.settings import Settings

# The names in the response of `GET /api/limits`, with the contract's defaults.
LIMITS = {
    "maxConfigBytes": 262_144,
    "maxCharts": 500,
    "maxDepth": 32,
    "maxAnalysisBytes": 262_144,
    "maxRequestBytes": 6_000_000,
    "maxDecompressedBytes": 5_000_000,
    "maxUploadBytes": 100_000_000,
    "maxColumns": 1_000,
    "maxTableCells": 60_000_000,
    "maxCellCharacters": 1_000_000,
    "maxRawDataBytes": 4_000_000,
    "maxInlineTableBytes": 32_768,
    "dataVersionsKept": 5,
    "writesPerMinute": 120,
    "requestsPerMinute": 1_200,
    "maxProjects": 1_000,
    "maxStoredBytes": 1_000_000_000,
    "maxHistoryBytes": 50_000_000,
    "maxDrafts": 20,
    "maxMembers": 100,
    "maxTeams": 20,
    "maxInvitations": 20,
    "maxLinks": 20,
    "maxMemberBytes": 250_000_000,
    "linkRequestsPerMinute": 120,
    "maxConnections": 20,
    "maxFollowed": 50,
    "maxFollowers": 1_000,
    "historyRetentionDays": 90,
    "sessionTtlDays": 30,
}
NAMES = {"TABLE_NAME": "t", "BUCKET_NAME": "b", "FLAGS_PATH": "a/e/p", "LOG_KEY": "k", "DEPLOYMENT": "d"}


def test_the_defaults_are_the_contracts() -> None:
    """A deployment that sets only its resources has the documented limits and requires preconditions."""
    settings = Settings.from_environment({**NAMES, "UNRELATED": "x"})
    assert (settings.table_name, settings.bucket_name, settings.flags_path) == ("t", "b", "a/e/p")
    assert settings.log_key == "k"
    assert settings.user_claim == "sub"
    assert not settings.database_load_default
    assert settings.require_precondition
    assert settings.limits() == LIMITS


def test_every_limit_can_be_set() -> None:
    """Each limit is read from the variable with its name."""
    names = {"".join(f"_{c}" if c.isupper() else c for c in name).upper(): name for name in LIMITS}
    environment = {variable: str(number) for number, variable in enumerate(names, start=1)}
    settings = Settings.from_environment({**NAMES, **environment})
    assert settings.limits() == {name: number for number, name in enumerate(names.values(), start=1)}


@pytest.mark.parametrize("value", ["0", "-1", "", "1.5", "1e3", "many", " 5", "²"])
def test_an_invalid_limit_is_named(value: str) -> None:
    """A limit that is not a positive integer raises an error with the variable's name."""
    with pytest.raises(ValueError, match="MAX_CHARTS"):
        Settings.from_environment({**NAMES, "MAX_CHARTS": value})


@pytest.mark.parametrize("missing", NAMES)
def test_a_missing_resource_is_named(missing: str) -> None:
    """Without the name of a resource of the stack, an error names the missing variable."""
    with pytest.raises(KeyError, match=missing):
        Settings.from_environment({name: value for name, value in NAMES.items() if name != missing})


def test_the_claim_that_names_the_user_can_be_set() -> None:
    """`UserClaim` is for issuers whose `sub` is not opaque or not permanent."""
    assert Settings.from_environment({**NAMES, "USER_CLAIM": "uid"}).user_claim == "uid"


@pytest.mark.parametrize(("value", "required"), [("true", True), ("false", False)])
def test_preconditions_can_be_made_optional(value: str, required: bool) -> None:  # noqa: FBT001
    """`RequirePrecondition=false` is for clients that cannot send one."""
    environment = {**NAMES, "REQUIRE_PRECONDITION": value}
    assert Settings.from_environment(environment).require_precondition is required


@pytest.mark.parametrize("value", ["True", "yes", "1", ""])
def test_a_misspelled_value_does_not_disable_preconditions(value: str) -> None:
    """Any value other than true and false is refused with the variable's name."""
    with pytest.raises(ValueError, match="REQUIRE_PRECONDITION"):
        Settings.from_environment({**NAMES, "REQUIRE_PRECONDITION": value})
