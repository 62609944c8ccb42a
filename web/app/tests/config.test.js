// Edits of a config.
import assert from "node:assert/strict";
import { test } from "node:test";

import { bottomOf, placedFreely, positionOf, themeOf, withChart, withChartBack, withCharts, withColumnNames, withFilter, withoutChart, withPositions, withTheme } from "../config.js";

const CONFIG = {
  chartCustomizations: { a: { title: "A", note: "kept", position: { x: 0, y: 2, w: 6, h: 4 } }, b: { title: "B" } },
  filters: [{ id: "f", column: "City", operator: "in", values: ["Bonn"] }],
  theme: "dark",
  extensions: { "acme.refresh": 30 },
};

test("an edit changes its place and keeps everything else, other applications' members included", () => {
  assert.deepEqual(withChart("a", { title: "New" })(CONFIG), {
    ...CONFIG,
    chartCustomizations: { ...CONFIG.chartCustomizations, a: { ...CONFIG.chartCustomizations.a, title: "New" } },
  });
  assert.deepEqual(Object.keys(withoutChart("a")(CONFIG).chartCustomizations), ["b"]);
  assert.deepEqual(withPositions({ b: { x: 1, y: 1, w: 2, h: 2 } })(CONFIG).chartCustomizations.b, { title: "B", position: { x: 1, y: 1, w: 2, h: 2 } });
  assert.deepEqual(withTheme("light")(CONFIG).theme, { id: "light" });
  assert.deepEqual(withTheme("light")({ ...CONFIG, theme: { id: "dark", palette: ["red"] } }).theme, { id: "light", palette: ["red"] });
});

test("a chart that somebody else has removed is not made again by a change of it", () => {
  assert.equal(withChart("gone", { title: "New" })(CONFIG), CONFIG);
});

test("a member that becomes undefined is removed", () => {
  const config = { chartCustomizations: { a: { title: "A", color: "pink" } } };
  const { a } = withChart("a", { color: undefined, isStacked: true })(config).chartCustomizations;
  assert.deepEqual(Object.entries(a), [["title", "A"], ["isStacked", true]]);
});

test("a moved chart keeps what else its position holds, and the order of all members", () => {
  const config = { chartCustomizations: { a: { title: "A", position: { x: 0, minW: 3, y: 0, w: 6, h: 4 }, note: "kept" } } };
  const moved = withPositions({ a: { x: 6, y: 1, w: 6, h: 4 } })(config);
  assert.equal(JSON.stringify(moved), '{"chartCustomizations":{"a":{"title":"A","position":{"x":6,"minW":3,"y":1,"w":6,"h":4},"note":"kept"}}}');
  assert.deepEqual(withPositions({ a: { x: 1, y: 1, w: 2, h: 2 } })({ chartCustomizations: { a: { position: "left" } } }).chartCustomizations.a.position, { x: 1, y: 1, w: 2, h: 2 });
});

test("a removed chart comes back to its place, so that nothing has changed", () => {
  assert.equal(JSON.stringify(withChartBack("a", CONFIG)(withoutChart("a")(CONFIG))), JSON.stringify(CONFIG));
  const later = withCharts({ c: { title: "C" } })(withoutChart("a")(withoutChart("b")(CONFIG)));
  assert.deepEqual(Object.keys(withChartBack("a", CONFIG)(later).chartCustomizations), ["a", "c"]);
});

test("a filter is replaced, appended or removed", () => {
  const changed = { id: "f", column: "City", operator: "in", values: [] };
  assert.deepEqual(withFilter("f", changed)(CONFIG).filters, [changed]);
  assert.deepEqual(withFilter("g", { id: "g" })(CONFIG).filters.map(({ id }) => id), ["f", "g"]);
  assert.deepEqual(withFilter("f", null)(CONFIG).filters, []);
});

test("a chart without a valid position goes below the others", () => {
  assert.equal(bottomOf(CONFIG), 6);
  assert.deepEqual(positionOf({ kind: "number" }, 6), { x: 0, y: 6, w: 4, h: 4 });
  for (const position of [{ x: -1 }, { y: 1.5 }, { w: "6" }, { h: 1e9 }, "left", null]) {
    assert.equal(positionOf({ position }, 6).y, 6);
  }
  assert.deepEqual(positionOf({ position: { x: 0, y: 0, w: 99, h: 0 } }, 6), { x: 0, y: 0, w: 12, h: 2 });
});

test("a theme is an id, even if it is stored as a bare name", () => {
  assert.deepEqual([themeOf(CONFIG), themeOf({ theme: { id: "light" } }), themeOf({}), themeOf(null)], ["dark", "light", "system", "system"]);
});

const at = (x, y, w = 6, h = 5) => ({ kind: "bar", position: { x, y, w, h } });
const places = (charts) => charts.map(({ position: { x, y } }) => [x, y]);

test("an added chart takes the first place where it fits, else the one below all others", () => {
  const charts = { a: at(0, 0), b: at(6, 0), c: at(6, 5) };
  assert.deepEqual(places(placedFreely({ chartCustomizations: charts }, [{ kind: "bar" }, { kind: "bar" }])), [[0, 5], [0, 10]]);
  assert.deepEqual(places(placedFreely({ chartCustomizations: { a: at(0, 0, 8), b: at(0, 5, 12) } }, [{ kind: "number" }, { kind: "line" }])), [[8, 0], [0, 10]]);
  assert.deepEqual(places(placedFreely(null, [{ kind: "number" }, { kind: "line" }, { kind: "bar" }, { kind: "bar" }])), [[0, 0], [4, 0], [0, 4], [6, 4]]);
});

test("the room of a hidden chart is free, that of a chart without a place is not", () => {
  const charts = { a: { ...at(0, 0, 12), isVisible: false }, b: at(0, 5, 12), c: { kind: "bar" } };
  assert.deepEqual(places(placedFreely({ chartCustomizations: charts }, [{ kind: "bar" }, { kind: "bar" }, { kind: "bar" }])), [[0, 0], [6, 0], [6, 10]]);
  assert.deepEqual(placedFreely(null, [{ ...at(6, 0, 3, 2), title: "Small" }]), [{ ...at(0, 0, 3, 2), title: "Small" }]);
});

test("renamed columns are renamed in charts and filters, also if two swap their names", () => {
  const config = {
    chartCustomizations: {
      a: { title: "City by Price", dataMapping: { xAxis: "City", yAxis: "Price", aggregate: "sum", note: "City" } },
      b: { title: "B", dataMapping: { xAxis: "Other" } },
      c: { title: "C" },
    },
    filters: [{ id: "f", column: "Price", operator: "in", values: ["Price"] }, { id: "g", column: "Other" }],
  };
  const renamed = withColumnNames({ City: "Price", Price: "City" })(config);
  assert.deepEqual(renamed.chartCustomizations.a, { title: "City by Price", dataMapping: { xAxis: "Price", yAxis: "City", aggregate: "sum", note: "City" } });
  assert.deepEqual(renamed.filters, [{ ...config.filters[0], column: "City" }, config.filters[1]]);
  assert.equal(renamed.chartCustomizations.b, config.chartCustomizations.b);
  assert.equal(withColumnNames({ Unused: "Still unused", constructor: "x" })(config), config);
});

test("renaming a column reaches splits, second measures, and the columns and the order of a table", () => {
  const mapping = { splitBy: "City", second: { yAxis: "City", aggregate: "City" }, columns: ["Day", "City"], orderBy: { column: "City", isDescending: true }, sort: "City" };
  const { dataMapping } = withColumnNames({ City: "Town" })({ chartCustomizations: { a: { dataMapping: mapping } } }).chartCustomizations.a;
  assert.deepEqual(dataMapping, { splitBy: "Town", second: { yAxis: "Town", aggregate: "City" }, columns: ["Day", "Town"], orderBy: { column: "Town", isDescending: true }, sort: "City" });
  const odd = { chartCustomizations: { a: { dataMapping: null }, b: { dataMapping: "City" }, c: {}, d: { dataMapping: { second: "City", columns: "City", orderBy: [] } } } };
  assert.equal(withColumnNames({ City: "Town" })(odd), odd);
});
