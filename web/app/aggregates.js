// Running aggregates: one for each group, so that no group's cells have to be collected.

/** Return what is known of a group before its first cell. */
export const emptyTotal = () => ({ rows: 0, numbers: 0, sum: 0, lost: 0, min: Infinity, max: -Infinity });

/** Add a cell; what is not a finite number only counts as a row. */
export function addCell(total, cell) {
  total.rows += 1;
  if (!Number.isFinite(cell)) return;
  total.numbers += 1;
  addExactly(total, cell);
  if (cell < total.min) total.min = cell;
  if (cell > total.max) total.max = cell;
}

/** Add all cells of another group. */
export function addTotal(total, other) {
  total.rows += other.rows;
  total.numbers += other.numbers;
  addExactly(total, other.sum);
  total.lost += other.lost;
  total.min = Math.min(total.min, other.min);
  total.max = Math.max(total.max, other.max);
}

/**
 * Keep what rounding loses, so that a sum of many cells is exact in every digit that is shown.
 * https://en.wikipedia.org/wiki/Kahan_summation_algorithm#Further_enhancements
 */
function addExactly(total, number) {
  const sum = total.sum + number;
  total.lost += Math.abs(total.sum) >= Math.abs(number) ? total.sum - sum + number : number - sum + total.sum;
  total.sum = sum;
}

/** The number of cells behind a value. */
export const weightOf = (total, aggregate) => (aggregate === "count" ? total.rows : total.numbers);

/** The value of a group, null if it has none: no average, minimum or maximum is known without a number. */
export function resultOf(total, aggregate) {
  if (aggregate === "count") return total.rows;
  if (aggregate === "sum") return total.sum + total.lost;
  if (!total.numbers) return null;
  return aggregate === "mean" ? (total.sum + total.lost) / total.numbers : total[aggregate];
}

/**
 * Aggregate groups into one, as if their rows had been a single group.
 *
 * @param {[name: string, value: number | null, weight: number][]} points `weight` is the number of cells behind a value
 * @param {string} aggregate
 * @returns {{ value: number | null, weight: number }}
 */
export function together(points, aggregate) {
  const total = emptyTotal();
  let weight = 0;
  for (const [, value, cells] of points) {
    addCell(total, aggregate === "mean" && value !== null ? value * cells : value);
    weight += cells;
  }
  if (aggregate === "min" || aggregate === "max") return { value: resultOf(total, aggregate), weight };
  const sum = resultOf(total, "sum");
  if (aggregate !== "mean") return { value: sum, weight };
  return { value: weight ? sum / weight : null, weight };
}

/**
 * Keep the largest groups, by their distance from zero, in the order that they have; `rest` is what the others have together.
 *
 * @param {{ points: [string, number | null, number][], rest: { value: number | null, weight: number, groups: number } | null,
 *   series?: object[] }} data as `dataOf` returns it, with what was left out before; its series keep the same groups
 * @param {number} most
 * @param {string} aggregate
 * @returns {object} the data, and the `indexes` that the groups had
 */
export function largest(data, most, aggregate) {
  const { points, rest, series } = data;
  if (points.length <= most) return data;
  const areKept = areLargest(Float64Array.from(points, ([, value]) => distance(value)), most);
  const split = (of, restOf, how) => ({
    points: of.filter((_, index) => areKept[index]),
    rest: joined(of.filter((_, index) => !areKept[index]), restOf, how),
  });
  return {
    ...data,
    ...split(points, rest, aggregate),
    ...(series && { series: series.map((each) => ({ ...each, ...split(each.points, each.rest, each.aggregate) })) }),
    indexes: [...points.keys()].filter((index) => areKept[index]),
  };
}

function joined(points, rest, aggregate) {
  const all = rest ? [...points, ["", rest.value, rest.weight]] : points;
  return { ...together(all, aggregate), groups: points.length + (rest?.groups ?? 0) };
}

/** A group without a value is the nearest to zero. */
export const distance = (value) => (value === null ? -1 : Math.abs(value));

/** Return which distances are among the largest; of equal ones, the first. */
export function areLargest(distances, most) {
  const nearest = distances.toSorted().at(-most);
  let equal = most - distances.reduce((number, each) => number + (each > nearest), 0);
  return Array.from(distances, (each) => each > nearest || (each === nearest && equal-- > 0));
}
