// A filter by a click on a group of a chart.
import assert from "node:assert/strict";
import { test } from "node:test";

import { CrossFilter } from "../cross_filter.js";

const CHART = { kind: "bar", dataMapping: { xAxis: "Region", aggregate: "count" } };
const DATA = {
  order: "size",
  points: [["North", 3, 3], ["South", 2, 2], ["East", 1, 1]],
  selections: [{ operator: "in", values: ["North"] }, null, { operator: "in", values: ["East"] }],
  rest: null,
};
const EAST = { column: "Region", operator: "in", values: ["East"] };

function chosenBy(act) {
  const said = [];
  const crossFilter = new CrossFilter((text) => said.push(text));
  act(crossFilter);
  return { crossFilter, said };
}

test("the chosen group filters all charts but its own, after the dashboard's filters", () => {
  const { crossFilter, said } = chosenBy((each) => each.choose("a", CHART, DATA, 2));
  const saved = [{ column: "Day", operator: "between", values: ["2026-01-01", null] }];
  assert.deepEqual(crossFilter.filtersFor("b", saved), [...saved, EAST]);
  assert.equal(crossFilter.filtersFor("a", saved), saved);
  assert.deepEqual([crossFilter.placeIn("a", DATA), crossFilter.placeIn("b", DATA)], [2, null]);
  assert.deepEqual(said, ["The other charts show Region: East"]);
});

test("the same group once more takes it off, another one takes its place", () => {
  const { crossFilter, said } = chosenBy((each) => {
    each.choose("a", CHART, DATA, 0);
    each.choose("b", CHART, DATA, 0);
    each.choose("b", CHART, DATA, 2);
  });
  assert.deepEqual(crossFilter.filtersFor("c", []), [EAST]);
  crossFilter.choose("b", CHART, DATA, 2);
  assert.equal(crossFilter.chosen, null);
  assert.deepEqual(crossFilter.filtersFor("c", []), []);
  assert.equal(said.at(-1), "All charts show all groups");
});

test("what groups have together cannot be chosen, and nothing without groups", () => {
  const { crossFilter, said } = chosenBy((each) => {
    each.choose("a", CHART, DATA, 1);
    each.choose("a", CHART, { value: 3 }, 0);
    each.step("a", CHART, undefined, 1);
    each.clear();
  });
  assert.deepEqual([crossFilter.chosen, said], [null, []]);
});

test("a group that the chart no longer has is not at another one's place", () => {
  const { crossFilter } = chosenBy((each) => each.choose("a", CHART, DATA, 2));
  assert.equal(crossFilter.placeIn("a", { ...DATA, selections: DATA.selections.slice(0, 2) }), null);
});

test("steps lead from one group to the next, past what cannot be chosen, and off at the end", () => {
  const { crossFilter } = chosenBy(() => {});
  const place = (by) => {
    crossFilter.step("a", CHART, DATA, by);
    return crossFilter.placeIn("a", DATA);
  };
  assert.deepEqual([place(1), place(1), place(1), place(-1), place(-1), place(-1)], [0, 2, null, 2, 0, null]);
});
