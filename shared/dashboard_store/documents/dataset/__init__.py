"""The table behind a dashboard: read from rows or from a file, stored by column, returned as rows or as CSV.

`upload`                the bodies that bring a table or an analysis, or announce a file
`csv_file`, `json_file` tables in files, read in bounded memory with the place of whatever is wrong
`rows`                  rows of JSON values, checked, typed and stored
`column_types`          which type a column has, told from its cells as they come
`schema`                a table's name, columns and types, as answers show them
`stored`                the stored form, and the answers that are made of it

A table is stored as gzip of one line a group of rows. A line is `{"names": [name], "shapes": [[index into names]],
"rows": count, or [index into shapes], "columns": [[cell]]}`. Cells of one column stand together, because like beside
like compresses a third better than rows do; groups are there so that no table has to be held as a whole. A *shape* is
the members of a row in their order: most tables have one, and where rows differ, each names its shape, so that a
missing member stays missing and does not become null. A column holds the cells of the rows that have it.

A cell of a JSON table is any JSON value and comes back equal. A cell of a CSV file is text; where a whole column is
written like JSON numbers, or like true and false, its cells become those, else they stay the text that they are. An
empty cell is null.
"""
