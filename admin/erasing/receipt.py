"""The account of an erasure: what was removed, without saying whose it was."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from admin.erasing.mentions import Mention
from admin.erasing.object_versions import ObjectVersion
from dashboard_store.repository import keys, retention


class Times(NamedTuple):
    """When writes were blocked and when what was found last was gone, and until when writes are blocked."""

    blocked_at: datetime
    erased_at: datetime
    blocked_until: datetime


class Receipt:
    """Counts each item and each version of an object once, however often it is found."""

    def __init__(self, user_hash: str, began: datetime) -> None:
        self._user_hash = user_hash
        self._began = began
        self._items: dict[tuple[str, str], Mention] = {}
        self._objects: dict[tuple[str, str], ObjectVersion] = {}

    def add(self, found: Iterable[Mention], versions: Iterable[ObjectVersion]) -> None:
        self._items |= {(mention.pk, mention.sk): mention for mention in found}
        self._objects |= {(version.key, version.version): version for version in versions}

    @property
    def is_empty(self) -> bool:
        return not self._items and not self._objects

    def document(self, ended: datetime, units: float) -> dict[str, Any]:
        """Return what was found; its digest is that of the sorted keys, each as a line of JSON."""
        found = sorted([*map(list, self._items), *map(list, self._objects)])
        lines = "".join(f"{json.dumps(key)}\n" for key in found)
        return {
            "user": self._user_hash,
            "dryRun": True,
            "beganAt": keys.timestamp(self._began),
            "endedAt": keys.timestamp(ended),
            "nothingFound": self.is_empty,
            "items": _account((each.kind, each.size) for each in self._items.values()),
            "objectVersions": _account((each.kind, each.size) for each in self._objects.values()),
            "keysDigest": hashlib.sha256(lines.encode()).hexdigest(),
            "units": units,
        }

    def of_removal(self, ended: datetime, units: float, times: Times, recovery_days: int) -> dict[str, Any]:
        """Return what was removed, and what follows from that."""
        last_form = times.blocked_at + retention.UPLOADABLE
        recoverable = times.erased_at + timedelta(days=recovery_days)
        return {
            **self.document(ended, units),
            "dryRun": False,
            "writesBlockedUntil": keys.timestamp(times.blocked_until),
            "recoverableUntil": keys.timestamp(recoverable) if recovery_days else None,
            "runAgainAfter": keys.timestamp(last_form) if last_form > ended else None,
        }


def _account(found: Iterable[tuple[str, int]]) -> dict[str, Any]:
    """Count what was found by its kind."""
    kinds: Counter[str] = Counter()
    size = 0
    for kind, each in found:
        kinds[kind] += 1
        size += each
    return {"count": kinds.total(), "bytes": size, "kinds": dict(sorted(kinds.items()))}
