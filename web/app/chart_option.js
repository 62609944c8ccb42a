// The ECharts options of a chart in the room of its card, in the colours of the page.
import { layoutOf, linesOf, slicesOf } from "./chart_layout.js";
import { measureInWords } from "./chart_words.js";
import { exact, share, short } from "./numbers.js";

const PALETTES = {
  light: ["#0f766e", "#b45309", "#4f46e5", "#be185d", "#4d7c0f", "#0369a1", "#7e22ce", "#a16207"],
  dark: ["#2dd4bf", "#fbbf24", "#a5b4fc", "#f9a8d4", "#bef264", "#7dd3fc", "#d8b4fe", "#fde68a"],
};
const FONT_SIZE = 12;
const LINE_HEIGHT = 15;
const TOOLTIP_LINES = 8;
const WIDEST_TOOLTIP = 320;
const DOT = 5;
const ROOM_FOR_DOT = 14;
const MOST_OF_REST = 3;
/** A pie is named beside it if there is as much room as this, in pixels. */
const ROOM_FOR_NAMES = { width: 230, height: 110 };
const WIDEST_SLICE_NAME = 0.36;
const ROOM_FOR_SHARES = 50;
/** A lower canvas has its names in tooltips only. */
const ROOM_FOR_AXIS_NAMES = 120;
const SMALLEST_SHARE_INSIDE = 0.09;
const brush = document.createElement("canvas").getContext("2d");

/**
 * Return the options of a chart.
 *
 * @param {object} chart
 * @param {object} data as `dataOf` returns it, without a problem
 * @param {{ width: number, height: number }} size of the canvas in pixels
 */
export function optionOf(chart, data, { width, height }) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const text = { color: colour("--soft"), fontFamily: colour("--sans"), fontSize: FONT_SIZE };
  brush.font = `${FONT_SIZE}px ${text.fontFamily}`;
  const { kind = "bar", dataMapping = {} } = chart;
  const room = { kind, aggregate: dataMapping.aggregate ?? "sum", width, height, measure: (each) => brush.measureText(each).width };
  const look = { text, line: colour("--line"), card: colour("--card"), soft: colour("--soft") };
  const parts = kind === "scatter" ? scatter(dataMapping, data, room, look) : kind === "pie" ? pie(dataMapping, data, room, look) : axes(dataMapping, data, room, look);
  return {
    ...parts,
    color: PALETTES[window.dashkeepTheme.isDark ? "dark" : "light"],
    // Each chart would draw itself in every frame for a while, and a dashboard has many.
    animation: false,
    textStyle: text,
    // Drawn on the canvas: an HTML tooltip would interpret stored names as markup.
    tooltip: {
      renderMode: "richText",
      confine: true,
      trigger: kind === "scatter" || kind === "pie" ? "item" : "axis",
      axisPointer: { type: kind === "bar" ? "shadow" : "line", lineStyle: { color: look.soft }, shadowStyle: { color: look.line, opacity: 0.4 } },
      backgroundColor: look.card,
      borderColor: look.line,
      textStyle: { ...text, color: colour("--text") },
      formatter: (shown) => tooltip(parts.describe([shown].flat()[0]), room),
    },
  };
}

/** Break lines that are wider than the chart; `{name|text}` would be markup of a rich text. */
function tooltip(paragraphs, { width, measure }) {
  const lines = paragraphs.flatMap((each) => {
    const all = linesOf(each.replaceAll(/\s+/g, " "), Math.min(WIDEST_TOOLTIP, width - 32), measure);
    return all.length > TOOLTIP_LINES ? [...all.slice(0, TOOLTIP_LINES - 1), "…"] : all;
  });
  return lines.join("\n").replaceAll("{", "{\u2060");
}

const valueInWords = (value) => (value === null ? "no value" : exact(value));

function pie(mapping, data, room, { text, card, soft }) {
  const groups = slicesOf(data, room);
  const whole = groups.reduce((sum, { value }) => sum + value, 0);
  // A share of averages means nothing.
  const hasShares = room.aggregate === "sum" || room.aggregate === "count";
  const label = (value) => (hasShares ? share(value, whole) : short(value));
  const isWide = room.width >= ROOM_FOR_NAMES.width && room.height >= ROOM_FOR_NAMES.height;
  const names = Math.min(room.width * WIDEST_SLICE_NAME, Math.max(...groups.map((each) => room.measure(each.label))) + 26);
  const radius = isWide ? Math.min(room.height / 2 - 32, room.width / 2 - names) : Math.min(room.width, room.height) / 2 - 4;
  const beside = { ...text, formatter: ({ dataIndex }) => `${groups[dataIndex].label}\n${label(groups[dataIndex].value)}`, lineHeight: LINE_HEIGHT, overflow: "truncate", ellipsis: "…", bleedMargin: 2 };
  const inside = { ...text, show: radius >= ROOM_FOR_SHARES, position: "inside", color: card, formatter: ({ value }) => (value / whole < SMALLEST_SHARE_INSIDE ? "" : label(value)) };
  return {
    describe: ({ dataIndex }) => {
      const { name, value } = groups[dataIndex];
      return [name, `${measureInWords(mapping)}: ${exact(value)}${hasShares ? ` (${share(value, whole)})` : ""}`];
    },
    series: [
      {
        type: "pie",
        radius: isWide ? [radius * 0.6, radius] : [0, radius],
        data: groups.map(({ value, isRest }) => ({ value, ...(isRest && { itemStyle: { color: soft } }) })),
        label: isWide ? beside : inside,
        labelLine: { show: isWide, length: 12, length2: 4 },
        itemStyle: { borderColor: card, borderWidth: 2 },
      },
    ],
  };
}

function scatter({ xAxis, yAxis }, { points }, { width, height }, { text, line }) {
  const hasNames = height >= ROOM_FOR_AXIS_NAMES;
  const axis = (name, splitNumber) => ({ type: "value", scale: true, splitNumber, name: hasNames ? name : "", nameTextStyle: text, nameTruncate: { maxWidth: 200, ellipsis: "…" }, axisLabel: { ...text, formatter: short, hideOverlap: true }, splitLine: { lineStyle: { color: line } } });
  return {
    describe: ({ value: [across, up] }) => [`${xAxis}: ${exact(across)}`, `${yAxis}: ${exact(up)}`],
    grid: { left: 8, right: 20, top: hasNames ? 28 : 8, bottom: hasNames ? 24 : 4, containLabel: true },
    xAxis: { ...axis(xAxis, Math.ceil(width / 90)), nameLocation: "middle", nameGap: 26 },
    yAxis: { ...axis(yAxis, Math.max(1, Math.round(height / 60))), nameLocation: "end", nameGap: 10, nameTextStyle: { ...text, align: "left" } },
    series: [{ type: "scatter", data: points, symbolSize: 7, itemStyle: { opacity: 0.65 } }],
  };
}

function axes(mapping, data, room, { text, line, card, soft }) {
  const isBar = room.kind === "bar";
  const { groups, isTurned, nameWidth, isNamed, hasValues } = layoutOf(data, room);
  const isZeroBased = isBar || room.kind === "area" || room.aggregate === "sum" || room.aggregate === "count";
  const splitNumber = isTurned ? Math.ceil(room.width / 140) : Math.max(1, Math.round(room.height / 60));
  const most = isBar ? endOf(groups) : null;
  const values = { type: "value", scale: !isZeroBased, max: most, axisLabel: { ...text, show: hasValues, formatter: short, hideOverlap: true, showMaxLabel: !most }, splitNumber, splitLine: { lineStyle: { color: line } } };
  const names = {
    type: "category",
    data: groups.map(({ label }) => label),
    inverse: isTurned,
    boundaryGap: isBar || data.order === "size",
    axisLabel: { ...text, lineHeight: LINE_HEIGHT, interval: isNamed, width: nameWidth, overflow: "truncate", ellipsis: "…", hideOverlap: false },
    axisTick: { show: false },
    axisLine: { lineStyle: { color: line } },
  };
  const beyond = { show: true, position: isTurned ? "insideRight" : "insideTop", color: card, formatter: ({ value }) => `${short(value)} ${isTurned ? "→" : "↑"}` };
  return {
    describe: ({ dataIndex }) => [groups[dataIndex].name, `${measureInWords(mapping)}: ${valueInWords(groups[dataIndex].value)}`],
    grid: { left: 8, right: hasValues ? 20 : 8, top: hasValues ? 12 : 4, bottom: hasValues ? 6 : 2, containLabel: true },
    xAxis: isTurned ? values : names,
    yAxis: isTurned ? names : values,
    series: [
      {
        type: isBar ? "bar" : "line",
        data: groups.map(({ value, isRest }, index) => ({
          value: value ?? "-",
          ...(isRest && { itemStyle: { color: soft }, ...(most && { label: beyond }) }),
          ...(!isBar && isAlone(groups, index) && { symbolSize: DOT }),
        })),
        barMaxWidth: 48,
        barCategoryGap: "28%",
        showSymbol: true,
        symbolSize: groups.length * ROOM_FOR_DOT <= room.width ? DOT : 0,
        ...(isBar && { itemStyle: { borderRadius: 3 } }),
        ...(room.kind === "area" && { areaStyle: { opacity: 0.18 } }),
      },
    ],
  };
}

/** Return where the axis ends if the rest would leave nothing to see of the named bars; its bar is cut off and has its value on it. */
function endOf(groups) {
  const rest = groups.at(-1)?.isRest ? groups.at(-1).value : 0;
  const most = Math.max(...groups.filter(({ isRest }) => !isRest).map(({ value }) => value ?? 0));
  return most > 0 && rest > most * MOST_OF_REST ? most * 1.15 : null;
}

/** A line has no length between two gaps. */
function isAlone(groups, index) {
  return (groups[index - 1]?.value ?? null) === null && (groups[index + 1]?.value ?? null) === null;
}
