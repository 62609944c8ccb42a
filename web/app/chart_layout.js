// Which of a chart's groups are drawn in the room of its card, and which of them are named: a function of both.
import { largest } from "./aggregates.js";
import { namedGroups } from "./chart_words.js";
import { numberOf, stepFor } from "./periods.js";

/** In pixels: what a horizontal bar needs to be named, the narrowest of many, what is between two names, and what the axes need. */
const BAND = 18;
const BAR = 7;
const GAP = 8;
const AXIS = { width: 60, height: 38 };
/** A canvas that is lower than this has no room for an axis of values; tooltips have them. */
const LOW = { height: 90, axis: { width: 20, height: 10 } };
const NARROWEST_NAME = 60;
const WIDEST_NAME = 0.4;
const MOST_SLICES = { least: 3, most: 8 };
const SLICE_NAME = 32;
const SMALLEST_SLICE = 0.015;

/**
 * Lay out bars, lines or areas: what has no room for its name is part of the rest.
 *
 * @param {object} data groups as `dataOf` returns them
 * @param {{ kind: string, aggregate: string, width: number, height: number, measure: (text: string) => number,
 *   bars?: number, isHorizontal?: boolean }} room the canvas in pixels; `measure` returns the width of a text; a group has so
 *   many `bars` side by side, which lie or stand if that was chosen
 * @returns {{ groups: object[], isTurned: boolean, nameWidth: number, isNamed: (index: number) => boolean, hasValues: boolean }}
 *   `groups` as `namedGroups` returns them; names run down the side of a chart that `isTurned`; `hasValues` says whether there
 *   is room for an axis of values
 */
export function layoutOf(data, { kind, aggregate, width, height, measure, bars = 1, isHorizontal }) {
  const all = namedGroups(data);
  const hasValues = height >= LOW.height;
  const axis = hasValues ? AXIS : LOW.axis;
  const room = Math.max(1, width - axis.width);
  const widest = Math.ceil(Math.max(0, ...all.map(({ label }) => measure(label)))) + 2;
  const bandFor = Math.max(widest + GAP, bars * BAR + GAP);
  const canStand = kind !== "bar" || isHorizontal !== true;
  const canLie = kind === "bar" && isHorizontal !== false;
  const across = (groups) => ({ hasValues, groups: groups.map((each) => shorter(each, "\n")), isTurned: false, nameWidth: Math.min(widest, room / groups.length - GAP), isNamed: () => true });
  const nameWidth = Math.min(widest, width * WIDEST_NAME);
  const down = (groups) => ({ hasValues, groups: groups.map((each) => (measure(each.label) > nameWidth ? shorter(each, " ") : each)), isTurned: true, nameWidth, isNamed: () => true });
  if (canStand && bandFor * all.length <= room) return across(all);
  const mostDown = canLie ? Math.floor((height - axis.height) / Math.max(BAND, bars * BAR + GAP / 2)) : 0;
  if (data.order !== "size" && !data.isRanked) {
    if (canLie && all.length <= mostDown && (data.order === "number" || !canStand)) return down(all);
    if (!canStand) return { ...down(all), isNamed: evenly(data, all.length / Math.max(1, mostDown)) };
    return { ...across(all), nameWidth: widest, isNamed: evenly(data, (bandFor * all.length) / room) };
  }
  const mostAcross = canStand ? Math.floor(room / Math.max(bars * BAR + GAP, Math.min(NARROWEST_NAME + GAP, bandFor))) : 0;
  const most = Math.max(mostDown, mostAcross, 1);
  const shown = all.length <= most ? all : namedGroups(largest(data, Math.max(1, most - 1), aggregate));
  return mostDown >= Math.min(mostAcross, all.length) && canLie ? down(shown) : across(shown);
}

/** Name the rest with fewer letters: `Other +2,950`. */
function shorter(group, space) {
  return group.isRest ? { ...group, label: group.label.replace(/ \((\S+) .*/, `${space}+$1`) } : group;
}

/** Return which groups of an ordered axis are named: one of so many, at round periods if there are any. */
function evenly({ points, order }, ofSoMany) {
  const every = Math.ceil(ofSoMany);
  if (order === "number") return (index) => index % every === 0;
  const numbers = points.map(([text]) => numberOf(order, text));
  const step = stepFor(order, every * Math.abs(numbers[1] - numbers[0]));
  const round = new Set([...numbers.keys()].filter((index) => numbers[index] % step === 0));
  return round.size > 1 ? (index) => round.has(index) : (index) => index % every === 0;
}

/** Return the slices of a pie as high as its canvas; what is too small to be named is part of the rest. */
export function slicesOf(data, { aggregate, height }) {
  const { points, rest } = data;
  const whole = points.reduce((sum, [, value]) => sum + value, rest?.value ?? 0);
  const large = points.filter(([, value]) => value >= whole * SMALLEST_SLICE).length;
  const most = Math.min(MOST_SLICES.most, Math.max(MOST_SLICES.least, Math.floor(height / SLICE_NAME)));
  const areAllSeen = !rest && points.length <= most && points.length - large < 2;
  const shown = namedGroups(areAllSeen ? data : largest(data, Math.max(1, Math.min(large, most - 1)), aggregate));
  return shown.map((each) => shorter(each, " "));
}

/** Break a text into lines; what has no spaces is broken anywhere. */
export function linesOf(text, width, measure) {
  const lines = [""];
  for (const word of text.split(/(?<=\s)/)) {
    if (lines.at(-1) && measure(lines.at(-1) + word.trimEnd()) > width) lines.push("");
    for (const part of measure(word) > width ? word : [word]) {
      if (measure(lines.at(-1) + part) > width && lines.at(-1)) lines.push("");
      lines[lines.length - 1] += part;
    }
  }
  return lines.map((line) => line.trimEnd());
}
