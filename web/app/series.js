// How the series of a chart are drawn, as far as its data says it: for the canvas, and for the legend beside it.
import { canStack } from "./chart_kinds.js";

/** Below this, the smaller of two measures is hard to read on the axis of the larger. */
const SCALES_APART = 5;

export const isStacked = ({ kind = "bar", isStacked: wanted }, { series }) => wanted === true && canStack(kind) && series !== undefined;

/**
 * Whether the second of two measures has an axis of its own: its largest value is at least five times as far from zero as
 * that of the first, or the other way round. Stacked values are on one axis.
 */
export function hasOwnAxis(chart, data) {
  if (!data.series || chart.dataMapping.splitBy || isStacked(chart, data)) return false;
  const [one, other] = data.series.map(({ points }) => points.reduce((most, [, value]) => Math.max(most, Math.abs(value)), 0));
  return one > 0 && other > 0 && Math.max(one / other, other / one) >= SCALES_APART;
}
