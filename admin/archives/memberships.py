"""A user's memberships in the projects of others, with the drafts that they have there: in archives, and back.

A membership comes back only into the same project, and only if the owner did not end it since.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from admin.archives.checks import RefusedError, check_item
from admin.archives.contents import read_drafts, without
from admin.archives.file import ArchiveReader, ArchiveWriter, LineTooLongError
from admin.archives.items import ItemError, decoded, encoded
from admin.archives.projects import most_line_bytes, write_lines
from dashboard_store.documents.json_text import JsonObject
from dashboard_store.errors import NoProject, QuotaExceeded
from dashboard_store.identifiers import Guest, ProjectAddress, Role
from dashboard_store.repository import keys, retention
from dashboard_store.repository.expressions import IS_NEW, Condition, Item, Write, check, put
from dashboard_store.repository.grants import incarnation_of
from dashboard_store.repository.items import ConditionFailed
from dashboard_store.repository.member_ids import member_id
from dashboard_store.repository.shares import LONGEST_INVITATION, Decided, Roster
from dashboard_store.store import Store

MEMBERSHIPS: Final = "memberships.json"


class Membership(NamedTuple):
    """A user's grant in a project of somebody else."""

    address: ProjectAddress
    grant: Item


def memberships(store: Store, user: str) -> Iterator[Membership]:
    """Yield where a user is a member."""
    for entry in store.items.query(keys.partition(user), keys.SHARED):
        address = ProjectAddress(entry["summary"]["owner"], entry["summary"]["projectId"], Guest(user))
        project, grant = store.items.get_together([keys.project(address), keys.member(address, user)])
        if project and grant and "role" in grant and grant["incarnation"] == incarnation_of(project):
            yield Membership(address, grant)


def write_memberships(archive: ArchiveWriter, store: Store, user: str) -> int:
    """Write where a user is a member, and their drafts there; return how many projects."""
    found = []
    for number, membership in enumerate(memberships(store, user), 1):
        name = f"memberships/{number}.jsonl"
        write_lines(archive, name, read_drafts(store, membership.address))
        found.append({**_described(store, membership), "drafts": name})
    archive.document(MEMBERSHIPS, {"memberships": found})
    return len(found)


def _described(store: Store, membership: Membership) -> JsonObject:
    address, grant = membership
    return {
        "address": address.text,
        "owner": address.owner,
        "projectId": address.project_id,
        "role": grant["role"],
        "since": grant["since"],
        "id": store.member_id(address),
        "grant": encoded(without(grant, "pk")),
    }


class MembershipImport:
    """Makes a user a member again where they were when an archive was written; `described` says where.

    Raises KeyError, TypeError or ValueError for an archive that does not say when that was, or where.
    """

    def __init__(self, archive: ArchiveReader, store: Store, user: str) -> None:
        self._archive = archive
        self._store = store
        self._user = user
        self._exported_at = datetime.fromisoformat(archive.manifest["exportedAt"]).astimezone(UTC)
        self.described = _objects(archive.document(MEMBERSHIPS).get("memberships"))

    def bring_back(self, described: JsonObject, *, is_dry_run: bool) -> str:
        """Bring a membership back, with its drafts; return the outcome: a word. Raises RefusedError."""
        try:
            address = ProjectAddress(described["owner"], described["projectId"], Guest(self._user))
            if address.owner == self._user:
                # Their own project needs no grant.
                return "present"
            grant = decoded(described["grant"])
            Role.named(grant["role"])
            drafts = self._drafts(described, address)
            for item in drafts:
                check_item(item, self._store.settings)
            outcome = self._join(address, grant, is_dry_run=is_dry_run)
            if not is_dry_run:
                self._put_drafts(address, drafts)
        except (AttributeError, KeyError, TypeError, ItemError) as exc:
            raise RefusedError("malformed", f"It is not described as a membership: {exc!r}") from exc
        except LineTooLongError as exc:
            raise RefusedError("too-large", str(exc)) from exc
        except NoProject as exc:
            raise RefusedError("no-project", "This project does not exist here, or not any more.") from exc
        except QuotaExceeded as exc:
            raise RefusedError("quota", str(exc)) from exc
        return outcome

    def _join(self, address: ProjectAddress, grant: Item, *, is_dry_run: bool) -> str:
        """Let the user in as before, and return the outcome. Raises RefusedError, NoProject or QuotaExceeded."""

        def decide(roster: Roster) -> Decided[str]:
            if incarnation_of(roster.project) != grant["incarnation"]:
                raise RefusedError("other-project", "Another project has the id by now.")
            member = roster.member(self._user)
            if member and "role" in member:
                return [], "present"
            self._require_not_removed(roster)
            item = {**grant, **keys.member(address, self._user), "user": self._user}
            writes = self._store.shares.member_writes(address, roster, item)
            return ([], "would-import") if is_dry_run else (writes, "imported")

        plain = ProjectAddress(address.owner, address.project_id)
        return self._store.shares.change(plain, decide)

    def _require_not_removed(self, roster: Roster) -> None:
        if roster.removed_at(self._user) >= keys.timestamp(self._exported_at):
            raise RefusedError("removed", "The project's owner has removed the user since the export.")
        if self._exported_at < self._store.now() - LONGEST_INVITATION:
            # A removal is not remembered for longer.
            raise RefusedError("too-old", "The owner may have removed the user since the export. Ask them to invite.")

    def _drafts(self, described: JsonObject, address: ProjectAddress) -> list[Item]:
        """Read the drafts that have not expired, as they are to be put."""
        lines = self._archive.lines(described["drafts"], most_line_bytes(self._store.settings))
        by_id = {described["id"]: member_id(self._store.settings.log_key, address, self._user)}
        found = (_own(decoded(line), address, by_id) for line in lines)
        return [item for item in found if not retention.has_expired(item, self._store.now())]

    def _put_drafts(self, address: ProjectAddress, drafts: list[Item]) -> None:
        """Put drafts that are not there, each with its history."""
        by_name: dict[str, list[Item]] = {}
        for item in drafts:
            by_name.setdefault(item["sk"].split("#")[2], []).append(item)
        for some in by_name.values():
            newest = next((item for item in some if item["sk"].startswith("CONFIG#")), None)
            if newest is None or self._store.items.get({"pk": newest["pk"], "sk": newest["sk"]}):
                continue
            self._store.usage.require_room_for_draft(self._store.configs.draft_count(address))
            self._store.items.put_many([item for item in some if item is not newest])
            self._put_newest(address, newest)

    def _put_newest(self, address: ProjectAddress, newest: Item) -> None:
        writes: list[Write] = [put(newest, IS_NEW), check(keys.member(address, self._user), _HAS_ROLE)]
        try:
            self._store.items.transact(*writes)
        except ConditionFailed as exc:
            raise RefusedError("changed", "The draft or the membership was changed meanwhile.") from exc


def _objects(found: Any) -> list[JsonObject]:  # noqa: ANN401 - any JSON
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise TypeError(f"{MEMBERSHIPS} has no list of memberships")
    return found


_HAS_ROLE: Final = Condition("attribute_exists(#role)")


def _own(item: Item, address: ProjectAddress, ids: dict[Any, str]) -> Item:
    """Return an item of a draft as the guest's own in a project. Raises ItemError."""
    parts = str(item["sk"]).split("#")
    is_draft = (parts[0], len(parts)) in {("CONFIG", 3), ("CONFIGVERSION", 4)} and "." in parts[2]
    if not is_draft or parts[1] != address.project_id:
        raise ItemError(f"{item['sk']} is not a draft in the project")
    session = parts[2].partition(".")[2]
    sk = "#".join([*parts[:2], f"{keys.fingerprint(address.user)}.{session}", *parts[3:]])
    listed = {"listKey": sk} if "listKey" in item else {}
    by = item["summary"].get("updatedBy")
    summary = {**item["summary"], **({"updatedBy": {**by, "id": ids.get(by["id"], by["id"])}} if by else {})}
    return {**item, "pk": keys.partition(address.owner), "sk": sk, **listed, "summary": summary}
