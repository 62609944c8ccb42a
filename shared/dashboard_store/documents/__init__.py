"""Pure functions on documents: no HTTP, no database, no clock.

`json_text`      JSON that is returned exactly as it was sent, or rejected with the location of the error
`json_fast`      the same with Pydantic's core, for whole request bodies
`validation`     Pydantic's errors as field errors with JSON pointers
`config`         the dashboard config as a value, and its stored form
`config_schema`  the members and limits of a config
`project`        the name, description and settings of a project
`dataset`        the table behind a dashboard
`json_patch`     applying RFC 6902 patches
`excerpts`       what a response shows of something that may be larger than a response
`merge`, `diff`  merging the changes of two sides; listing the changes between two versions
`unsafe_html`    text that a browser would execute
"""
