"""The rules of a merge that look beyond one value; `documents.merge` applies them.

`identity`  by which member the elements of arrays are identified
`order`     the order of elements and members that both sides changed
`columns`   the columns of a grid, as a segment tree
`grids`     placements and grids, found in documents
`shifts`    what a grid pushed or pulled, as opposed to what was moved
`overlaps`  moving apart what overlaps
`layout`    these rules, applied to the grids that both sides changed
`elements`  elements that would be there twice, and references to elements that would be gone
"""
