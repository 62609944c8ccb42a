"""Everything that knows DynamoDB and S3: one table, one partition for each user, and one bucket.

| Item | sk | Holds |
|---|---|---|
| project | `PROJECT#<id>` | settings, own version, `summary` |
| config head | `CONFIG#<id>#<session>` | the newest config; the session is empty for the config itself |
| config version | `CONFIGVERSION#<id>#<session>#<version>` | that version, until it expires |
| data | `DATA#<id>` | the newest table's schema; the table, or the object that holds it; `kept`, what was before |
| data version | `DATAVERSION#<id>#<version>` | a table that is kept, with its analysis |
| upload | `UPLOAD#<id>#<upload>` | a file that was announced, or a table on its way; until it expires |
| analysis | `ANALYSIS#<id>` | what was made of that table |
| rate window | `RATE#<minute>` | how often the user wrote within that minute; until it expires |
| deleted | `DELETED#…` | project, config head, data or analysis of a deleted project, until it is restored or purged |

`pk` is `USER#<sub>` for all of them. Ids and session ids have no `#`, so no key can be read two ways. The index
`listing` holds, of projects and config versions, `listKey` and `summary`: what a list shows and never a document.

A project is born with its config head at version 0, so reading the head also answers whether the project exists, and
a write that is conditional on the head needs no other check. `expiresAt` is in epoch seconds; DynamoDB removes expired
items some time later, so readers treat an expired item as absent.

| Object, after `<folder>/<user's hash>/<id>/` | Holds | Goes |
|---|---|---|
| `uploads/…<upload>` | a file as it was sent | by the bucket's lifecycle, after a day |
| `tables/…<upload>/<SHA-256>` | a stored table that is too large for its item | with the item that names it |
| `downloads/…<digest>.<form>` | a table as JSON or CSV, to be fetched | by the bucket's lifecycle, after a day |

`table` says what is done to items, in the form of `wire`; `dynamodb` does it over `connections`, signed by `sigv4`
with `credentials`. No SDK takes part; boto3 serves the bucket alone, in `objects`.
"""
