"""The same load and save written with other frameworks: one module each, with `handler` and `client`.

Each stores the same item as Dashkeep, with the gzip of the answer in `answer`, so all of them read and write the same
bytes. They run with only their folder and packages on the path, as functions do on Lambda, so they import nothing from
this package.
"""
