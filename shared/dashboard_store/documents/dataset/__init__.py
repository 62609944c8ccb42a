"""The table behind a dashboard: read from rows or from a file, stored by column, returned as rows or as CSV.

`upload`                the request bodies that bring a table or an analysis, or announce a file
`csv_file`, `json_file` files, read in bounded memory; errors name row and column
`rows`                  rows of JSON values, checked, typed and stored
`column_types`          the type of a column, inferred from its cells as they come
`data_schema`           `dataSchema`: a table's file name, columns and types
`storage_format`        the format in which a table is stored, and the JSON and CSV made of it

A table is stored as gzip of one line a group of rows. A line is `{"names": [name], "shapes": [[index into names]],
"rows": count, or [index into shapes], "columns": [[cell]]}`. The cells of a column stand together, which compresses a
third better than whole rows. Groups bound the memory: no table is held as a whole. A *shape* is the members of a row in
their order. Most tables have one; where rows differ, each names its shape, so that a missing member stays missing and
does not become null. A column holds the cells of the rows that have it.

A cell of a JSON table is any JSON value and comes back equal. A cell of a CSV file is text; where a whole column is
written like JSON numbers, or like true and false, its cells become numbers or booleans. An empty cell is null.
"""
