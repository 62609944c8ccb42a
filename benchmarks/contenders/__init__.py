"""The same load and save written with other frameworks, one module each, with a `handler`.

They run with only this folder and their packages on the path, as functions do on Lambda, and import nothing else of
this package than `storage`, whose client the benchmarks replace.
"""
