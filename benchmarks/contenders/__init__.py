"""The same two calls, a load and a save, as others would write them: a module for each, with `handler` and `client`.

Each keeps the same item as Dashkeep does, with the gzip of the answer in `answer`, so all of them read and write the
same bytes. They run with their folder and their packages on the path and nothing else, as a function does on Lambda;
hence they import nothing of this package.
"""
