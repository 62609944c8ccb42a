"""The settings that the template passes through the environment, read and checked once."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self


# Nothing compares or shows settings, and making the methods for so many fields takes 1 % of a start.
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Settings:
    """The deployment's settings. Every integer is a limit, and a parameter of the same name in template.yaml."""

    table_name: str
    bucket_name: str = ""
    flags_path: str = ""
    log_key: str = ""
    deployment: str = ""
    user_claim: str = "sub"
    team_claim: str = ""
    tenant_claim: str = ""
    name_claim: str = "name"
    reader: str = ""
    live_url: str = ""
    allowed_origins: tuple[str, ...] = ()
    database_load_default: bool = False
    require_precondition: bool = True
    history_retention_days: int = 90
    session_ttl_days: int = 30
    max_config_bytes: int = 262_144
    max_charts: int = 500
    max_depth: int = 32
    max_analysis_bytes: int = 262_144
    max_request_bytes: int = 6_000_000
    max_decompressed_bytes: int = 5_000_000
    max_upload_bytes: int = 100_000_000
    max_columns: int = 1_000
    max_table_cells: int = 60_000_000
    max_cell_characters: int = 1_000_000
    max_raw_data_bytes: int = 4_000_000
    max_inline_table_bytes: int = 32_768
    data_versions_kept: int = 5
    writes_per_minute: int = 120
    requests_per_minute: int = 1_200
    max_projects: int = 1_000
    max_stored_bytes: int = 1_000_000_000
    max_history_bytes: int = 50_000_000
    max_drafts: int = 20
    max_members: int = 100
    max_teams: int = 20
    max_invitations: int = 20
    max_links: int = 20
    max_member_bytes: int = 250_000_000
    link_requests_per_minute: int = 120
    max_connections: int = 20
    max_followed: int = 50
    max_followers: int = 1_000

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read a function's environment variables. Raises KeyError or ValueError naming the invalid one."""
        limits = {name: _positive(environment, name.upper()) for name in _LIMITS if name.upper() in environment}
        return cls(
            table_name=environment["TABLE_NAME"],
            bucket_name=environment["BUCKET_NAME"],
            flags_path=environment["FLAGS_PATH"],
            log_key=environment["LOG_KEY"],
            reader=environment.get("READER", ""),
            live_url=environment.get("LIVE_URL", ""),
            allowed_origins=tuple(filter(None, environment.get("ALLOWED_ORIGINS", "").split(","))),
            user_claim=environment.get("USER_CLAIM", "sub"),
            team_claim=environment.get("TEAM_CLAIM", ""),
            tenant_claim=environment.get("TENANT_CLAIM", ""),
            name_claim=environment.get("NAME_CLAIM", "name"),
            deployment=environment["DEPLOYMENT"],
            database_load_default=_switch(environment, "DATABASE_LOAD_DEFAULT", default="false"),
            require_precondition=_switch(environment, "REQUIRE_PRECONDITION", default="true"),
            **limits,
        )

    def limits(self) -> dict[str, int]:
        """Return every limit under its name in `GET /api/limits`."""
        return {_camel_case(name): getattr(self, name) for name in _LIMITS}


_LIMITS = tuple(field.name for field in fields(Settings) if field.type is int)


def _positive(environment: Mapping[str, str], name: str) -> int:
    value = environment[name]
    if not value.isdecimal() or not int(value):
        raise ValueError(f"The environment variable {name} must be a positive integer, not {value!r}.")
    return int(value)


def _switch(environment: Mapping[str, str], name: str, default: str) -> bool:
    value = environment.get(name, default)
    if value not in {"true", "false"}:
        raise ValueError(f"The environment variable {name} must be true or false, not {value!r}.")
    return value == "true"


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
