"""The documents themselves, as functions of values: no HTTP, no database, no clock.

`json_text`      JSON that comes back exactly as it was sent, or is refused with its place
`json_fast`      the same by Pydantic's core, for whole request bodies
`validation`     Pydantic's errors as field errors with JSON pointers
`config`         the dashboard config as a value, and the form in which it is stored
`config_schema`  the members and limits of a config
`project`        what an owner keeps beside a dashboard
`dataset`        the table behind a dashboard
`merge`, `diff`  joining what two sides changed; naming what changed between two versions
`unsafe_html`    text that a browser would execute
"""
