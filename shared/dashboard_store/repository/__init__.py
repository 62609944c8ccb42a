"""Storage: one DynamoDB table with one partition per user, and one bucket.

| Item | sk | Holds |
|---|---|---|
| project | `PROJECT#<id>` | settings, the project's version, `summary` |
| config | `CONFIG#<id>#<session>` | the newest version; the session is empty unless it is a draft |
| config version | `CONFIGVERSION#<id>#<session>#<version>` | one version, until it expires |
| data | `DATA#<id>` | the newest table's schema; the table, or its object's key; `kept`: the earlier uploads |
| data version | `DATAVERSION#<id>#<version>` | an earlier upload, with its analysis |
| upload | `UPLOAD#<id>#<upload>` | an announced file, and how far it is read, or a table being stored |
| analysis | `ANALYSIS#<id>` | the analysis of the newest table |
| usage | `USAGE` | how much the user stores, and whether they may store more |
| connections | `CONNECTIONS` | which connections of the user are open |
| fence | `FENCE` | where in the stream the last recount of the user began or ended |
| member | `SHARE#<id>#MEMBER#<user's hash>` | a grant (see `grants`); or who saved through a team |
| team | `SHARE#<id>#TEAM#<team's hash>` | a grant to a team |
| invitation | `SHARE#<id>#INVITATION#<name>` | the role that it gives, until when, and the key of its token |
| link | `SHARE#<id>#LINK#<name>` | what it shows, until when, and the key of its token |
| removed | `SHARE#<id>#REMOVED#<user's hash>` | when a member was removed, as long as an invitation may be older |
| roster | `SHARE#<id>#ROSTER` | how often all these changed, and the owner's name |
| pin | `PIN#<id>#<link>#CONFIG`, `…#DATA` | a copy of the config or the table that a link shows |
| deleted | `DELETED#…` | an item of a deleted project, until it is restored or purged |

| Item in another partition | pk, sk | Holds |
|---|---|---|
| entry | `USER#<sub>`, `SHARED#<project's hash>` | a project that was shared with this user, for the list |
| entry | `TEAM#<team's hash>`, `SHARED#<project's hash>` | the same for a team |
| token | `TOKEN#<SHA-256>`, `TOKEN` | which invitation or link a secret is for |
| ticket | `TICKET#<SHA-256>`, `TICKET` | whose connection it opens, and when their token ends; for a minute |
| connection | `CONNECTION#<id>`, `CONNECTION` | whose it is, until when, and what it follows |
| follower | `FOLLOWERS#<project's hash>`, `CONNECTION#<id>` | the grant through which a connection follows a project |
| announced | `FOLLOWERS#<project's hash>`, `ANNOUNCED` | from when on the project may be announced again |
| rate | `RATE#<user's keyed hash>`, `RATE` | when the writes that the user has made are paid off; until then |
| erased | `ERASED`, `USER#<user's keyed hash>` | that the user was erased, under which key, and when |

Otherwise `pk` is the owner's `USER#<sub>`. A guest's draft has the guest's hash and a dot before its session.
Ids and session ids contain neither `#` nor a dot, so keys are unambiguous. The index `listing` holds `listKey` and
`summary` of projects, config versions and entries: what a list shows, never a document.

A project is created with its config at version 0, so reading the config also shows whether the project exists, and a
write conditional on the config needs no other check. `expiresAt` is in epoch seconds (see `retention`). Every item but
the counters has its `format`, a number: an item of a format that this release does not know is neither read nor changed
(see `formats`).

| Object, after `<folder>/<user's hash>/<id>/` | Holds | Removed |
|---|---|---|
| `uploads/…<upload>` | a file as sent | once its upload is completed, else by the bucket's lifecycle after a day |
| `uploads/…<upload>.json` | the request that had it read in the background | with the file |
| `tables/…<upload>/<SHA-256>` | a table too large for its item | when the item that names it expires |
| `downloads/…<digest>.<suffix>` | a table as JSON or CSV, for download | by the bucket's lifecycle, after a day |

The downloads of a public link are under `downloads/links/<token's hash>/`.

`configs`, `config_saves`, `projects`, `project_deletion`, `datasets`, `dataset_writes`, `schema_writes`,
`table_restores`, `uploads`, `background_reads`, `downloads`, `shares`, `invitations`, `links`, `shared_projects`,
`project_copies`, `history_removal`, `version_names`, `connections`, `rate_limit` and `usage` are what handlers call.
`usage`, `object_lifetimes`, `project_purge`, `history_bound` and `announcements` follow the table's stream. All build
on `items` (calls to the table), `guarded_items` (those of a guest), `expressions` (conditions and updates), `versions`,
`formats`, `keys`, `retention`, `stored_bytes`, and `bucket`, `invocations` and `sockets`, the only modules that use
boto3.
"""
