"""Everything that knows which items and objects there are: one table, one partition for each user, and one bucket.

| Item | sk | Holds |
|---|---|---|
| project | `PROJECT#<id>` | settings, own version, `summary` |
| config | `CONFIG#<id>#<session>` | the newest version; the session is empty for the config itself |
| config version | `CONFIGVERSION#<id>#<session>#<version>` | that version, until it expires |
| data | `DATA#<id>` | the newest table's schema; the table, or the object that holds it; `kept`, the uploads before |
| data version | `DATAVERSION#<id>#<version>` | an upload that is kept, with its analysis |
| upload | `UPLOAD#<id>#<upload>` | a file that was announced, or a table on its way; until it expires |
| analysis | `ANALYSIS#<id>` | the analysis of the newest table |
| rate window | `RATE#<minute>` | how many writes the user made within that minute; until it expires |
| deleted | `DELETED#…` | an item of a deleted project, until it is restored or purged |

`pk` is `USER#<sub>` for all of them. Ids and session ids have no `#`, so no key can be read in two ways. The index
`listing` holds `listKey` and `summary` of projects and config versions: what a list shows, and never a document.

A project is created with its config at version 0, so reading the config also tells whether the project exists, and a
write that is conditional on the config needs no other check. `expiresAt` is in epoch seconds (`retention`).

| Object, after `<folder>/<user's hash>/<id>/` | Holds | Removed |
|---|---|---|
| `uploads/…<upload>` | a file as it was sent | by the bucket's lifecycle, after a day |
| `tables/…<upload>/<SHA-256>` | a table that is too large for its item | with the item that names it |
| `downloads/…<digest>.<suffix>` | a table as JSON or CSV, to be fetched | by the bucket's lifecycle, after a day |

`configs`, `config_saves`, `projects`, `project_deletion`, `datasets`, `dataset_writes`, `uploads`, `downloads` and
`rate_limit` are what handlers call. They are made of `items` (calls to the table), `expressions` (what a call says),
`keys`, `retention`, and `bucket`, which alone uses boto3.
"""
