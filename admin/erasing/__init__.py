"""Erasing a user: everything that they stored, and what names them.

| Module | Does |
|---|---|
| `mentions` | finds what a user has in the table, and what names them there |
| `object_versions` | finds and removes every version of objects |
| `erasure` | blocks the user's writes, and removes what is found until nothing is |
| `notes` | says who was erased, without naming them |
| `receipt` | is the account of an erasure |
| `command` | is the command `erase` |
"""
