// The menu of a chart's card: what is done with a chart now and then.
import { canFillScreen, fillScreen } from "./full_screen.js";

/**
 * @param {object} shown the chart's id, the chart, its data as `dataOf` returns it, and `allRows`, which returns the CSV of a table
 * @param {object} card its element and its drawing
 * @param {object} actions those of the grid
 * @param {boolean} isReadOnly
 */
export function cardItems({ id, chart, data, allRows }, card, actions, isReadOnly) {
  return [
    isReadOnly ? null : { label: "Duplicate", icon: "copy", act: () => actions.duplicate(id) },
    data?.points?.length ? { label: "Save as picture", icon: "picture", act: () => actions.savePicture(chart, data, card.drawing) } : null,
    hasValues(data) ? { label: "Save as CSV", icon: "download", act: () => actions.saveCsv(chart, data, () => allRows(card.orderBy)) } : null,
    canFillScreen ? { label: "Full screen", icon: "full", act: () => void fillScreen(card.content) } : null,
    isReadOnly ? null : { label: "Hide", icon: "hide", act: () => actions.hide(id) },
    isReadOnly ? null : { label: "Remove", icon: "remove", isDanger: true, act: () => actions.remove(id) },
  ];
}

const hasValues = (data) => Boolean(data?.points?.length || data?.rows?.length) || Number.isFinite(data?.value);
