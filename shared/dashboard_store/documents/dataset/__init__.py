"""The table behind a dashboard: read from rows or from a file, stored by column, returned as rows or as CSV.

`upload`                the request bodies that contain a table or an analysis, or announce a file
`upload_body`           the body of an upload, whose rows are read in groups
`json_array`            an array of rows in a JSON text, read in groups
`csv_file`, `json_file` files, read in bounded memory; errors name row and column
`dialect`               the encoding and the delimiter of a CSV file, inferred from a sample
`rows`                  rows of JSON values, checked, typed and stored
`column_types`          the type of a column, inferred from its cells, and why it is text
`readings`              texts as values: types, and the formats in which they are written
`date_pattern`          dates written after a pattern
`data_schema`           `dataSchema`: a table's file name, columns, types, formats and notes
`schema_change`         the same cells with other names, types and formats
`storage_format`        the format in which a table is stored, and its conversion to JSON
`csv_text`              the conversion of a stored table to CSV

A table is stored as gzip, one line per group of rows. A line is `{"names": [name], "shapes": [[index into names]],
"rows": count, or [index into shapes], "columns": [[cell]]}`. The cells of a column are adjacent, which compresses a
third better than whole rows. Groups bound the memory: a table is never in memory as a whole. A *shape* is the ordered
list of a row's members. Most tables have one; where rows differ, each refers to its shape, so that a missing member
stays missing and does not become null. A column contains the cells of the rows that have it.

A cell of a JSON table is any JSON value and is returned unchanged. A cell of a CSV file is text; if a whole column is
written in one form of a number, or like true and false, its cells become numbers or booleans. An empty cell is null.

Every text comes back. The line of a group of texts begins with `"text": true`, and a number is stored with the digits
that it was written with: `12.50`. Where a column's values do not show its texts, such as `1.234,50` read as a number,
the line also has `"originals": {"index of the column": [text]}`.
"""
