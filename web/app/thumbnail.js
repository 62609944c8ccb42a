// A small drawing of a dashboard's layout: its charts at their places, each with a sign of its kind, without data.
import { bottomOf, chartsOf, isShown, positionOf } from "./config.js";
import { html, icon, nothing } from "./html.js";

const COLUMNS = 12;
/** A column's width and a row's height; the rows that have room. */
const COLUMN = 10;
const ROW = 6;
const ROWS = 9;
const GAP = 1;
/** Charts may lie on one another. */
const MOST_TILES = 40;

/** What fills the room of its tile, on 24 by 12, and what keeps its shape. */
const FILLED = { bar: "M1 12V6h4v6zM7 12V2h4v10zM13 12V4h4v8zM19 12V8h4v4z", area: "M0 12V8l6-4 6 3 6-5 6 3v7z", number: "M4 3h16v6H4z" };
const STROKED = { line: "M0 9l6-5 6 3 6-6 6 3", scatter: "M2 9h.01M6 5h.01M9 8h.01M13 3h.01M15 7h.01M19 2h.01M22 5h.01", table: "M0 1h24M0 6h24M0 11h24M8 1v10", text: "M0 1h24M0 6h20M0 11h12" };
const ROUND = { pie: "M12 0a6 6 0 1 0 6 6h-6z" };

/** The frame of a drawing, which may come later. */
const frame = (content, kind = "") => html`<div class="thumbnail ${kind}" aria-hidden="true">${content}</div>`;

/** Draw a dashboard's layout; undefined is a config that is not there yet. */
export const thumbnail = (config) =>
  frame(config ? html`<svg viewBox="0 0 ${COLUMNS * COLUMN} ${ROWS * ROW}" preserveAspectRatio="xMidYMin">${tilesOf(config).map(tile)}</svg>` : nothing);

/** Of a dashboard without charts. */
export const blankThumbnail = () => frame(nothing, "blank");

/** Of a dashboard whose config is not listed. */
export const iconThumbnail = (name) => frame(icon(name));

/** Return the tiles of the charts that are seen; a config may be any JSON. */
export function tilesOf(config) {
  const charts = chartsOf(config).filter(([, chart]) => chart && typeof chart === "object" && isShown(chart));
  const below = bottomOf({ chartCustomizations: Object.fromEntries(charts) });
  const placed = charts.map(([, chart]) => ({ kind: chart.kind ?? "bar", ...positionOf(chart, below) }));
  return placed.filter(({ x, y }) => x < COLUMNS && y < ROWS).slice(0, MOST_TILES);
}

const tile = ({ kind, x, y, w, h }) => html`<svg x=${x * COLUMN + GAP} y=${y * ROW + GAP} width=${w * COLUMN - 2 * GAP} height=${h * ROW - 2 * GAP}>
  <rect width="100%" height="100%" rx="1.5"></rect>${sign(kind)}
</svg>`;

function sign(kind) {
  const path = FILLED[kind] ?? STROKED[kind] ?? ROUND[kind];
  if (!path) return nothing;
  return html`<svg x="14%" y="20%" width="72%" height="60%" viewBox="0 0 24 12" preserveAspectRatio=${kind in ROUND ? "xMidYMid" : "none"}><path class=${kind in STROKED ? "stroked" : nothing} d=${path}></path></svg>`;
}
