"""A user's archive: what they have, written into a zip and brought into a deployment again.

| Module | Does |
|---|---|
| `contents` | reads a project from the table, as of one moment |
| `projects`, `memberships` | are what an archive holds, both ways |
| `items` | writes an item as JSON, exactly, and reads it |
| `file` | is the zip |
| `shapes`, `checks` | refuse what is not as an export wrote it, or no save would have accepted |
| `relocation` | makes of a project what it is at another place, and gives it to another owner |
| `export`, `importing` | are the commands `export` and `import` |
"""
