"""Everything that knows DynamoDB: one table, one partition for each user.

| Item | sk | Holds |
|---|---|---|
| project | `PROJECT#<id>` | settings, own version, `summary` |
| config head | `CONFIG#<id>#<session>` | the newest config; the session is empty for the config itself |
| config version | `CONFIGVERSION#<id>#<session>#<version>` | that version, until it expires |
| data | `DATA#<id>` | the newest table and its schema |
| analysis | `ANALYSIS#<id>` | what was made of that table |
| deleted | `DELETED#…` | project, config head, data or analysis of a deleted project, until it is restored or purged |

`pk` is `USER#<sub>` for all of them. Ids and session ids have no `#`, so no key can be read two ways. The index
`listing` holds, of projects and config versions, `listKey` and `summary`: what a list shows and never a document.

A project is born with its config head at version 0, so reading the head also answers whether the project exists, and
a write that is conditional on the head needs no other check. `expiresAt` is in epoch seconds; DynamoDB removes expired
items some time later, so readers treat an expired item as absent.
"""
