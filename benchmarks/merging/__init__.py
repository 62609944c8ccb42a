"""How well three-way merges of dashboards work, ours and others', on generated pairs of edits: `make merge-bench`.

`styles` and `edits` make dashboards and what people do to them, `pairs` puts them together, `checker` judges an outcome
without any code of a merge, `mergers` merge, `tally` counts, and `results` writes.
"""
