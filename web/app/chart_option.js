// The ECharts options of a chart in the room of its card, in the colours of the page.
import { colorsOf } from "./chart_kinds.js";
import { layoutOf, linesOf, slicesOf } from "./chart_layout.js";
import { measureInWords, numbersOf } from "./chart_words.js";
import { exact, share, short } from "./numbers.js";
import { hasOwnAxis, isStacked } from "./series.js";

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
/** How much is seen of what has not been chosen. */
const DIMMED = 0.28;
const brush = document.createElement("canvas").getContext("2d");

/**
 * Return the options of a chart, its groups in the order in which they are drawn, and whether they run down the side.
 *
 * @param {object} chart
 * @param {object} data as `dataOf` returns it, without a problem
 * @param {{ width: number, height: number }} size of the canvas in pixels
 * @param {{ chosen?: number | null }} [options] the index of the point that stands out
 */
export function optionOf(chart, data, { width, height }, { chosen = null } = {}) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const text = { color: colour("--soft"), fontFamily: colour("--sans"), fontSize: FONT_SIZE };
  brush.font = `${FONT_SIZE}px ${text.fontFamily}`;
  const { kind = "bar", dataMapping = {} } = chart;
  const room = { kind, aggregate: dataMapping.aggregate ?? "sum", width, height, measure: (each) => brush.measureText(each).width };
  const colors = colorsOf(chart.color).map((name) => colour(`--${name}`));
  const opacityOf = (index) => (chosen === null || index === chosen ? 1 : DIMMED);
  const look = { text, line: colour("--line"), card: colour("--card"), soft: colour("--soft"), colors, chosen, opacityOf };
  const parts = { scatter, pie }[kind] ?? axes;
  const { describe, groups = [], isTurned = false, ...drawn } = parts(chart, data, room, look);
  const option = {
    ...drawn,
    color: colors,
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
      formatter: (shown) => tooltip(describe([shown].flat()[0]), room),
    },
  };
  return { option, groups, isTurned };
}

/** Break lines that are wider than the chart; `{name|text}` would be markup of a rich text. */
function tooltip(paragraphs, { width, measure }) {
  const lines = paragraphs.flatMap((each) => {
    const all = linesOf(each.replaceAll(/\s+/g, " "), Math.min(WIDEST_TOOLTIP, width - 32), measure);
    return all.length > TOOLTIP_LINES ? [...all.slice(0, TOOLTIP_LINES - 1), "…"] : all;
  });
  return lines.join("\n").replaceAll("{", "{\u2060");
}

function pie(chart, data, room, { text, card, soft, opacityOf }) {
  const numbers = numbersOf(chart);
  const groups = slicesOf(data, room);
  const whole = groups.reduce((sum, { value }) => sum + value, 0);
  // A share of averages means nothing.
  const hasShares = room.aggregate === "sum" || room.aggregate === "count";
  const label = (value) => (hasShares ? share(value, whole) : numbers.short(value));
  const isWide = room.width >= ROOM_FOR_NAMES.width && room.height >= ROOM_FOR_NAMES.height;
  const names = Math.min(room.width * WIDEST_SLICE_NAME, Math.max(...groups.map((each) => room.measure(each.label))) + 26);
  const radius = isWide ? Math.min(room.height / 2 - 32, room.width / 2 - names) : Math.min(room.width, room.height) / 2 - 4;
  const beside = { ...text, formatter: ({ dataIndex }) => `${groups[dataIndex].label}\n${label(groups[dataIndex].value)}`, lineHeight: LINE_HEIGHT, overflow: "truncate", ellipsis: "…", bleedMargin: 2 };
  const inside = { ...text, show: radius >= ROOM_FOR_SHARES, position: "inside", color: card, formatter: ({ value }) => (value / whole < SMALLEST_SHARE_INSIDE ? "" : label(value)) };
  return {
    groups,
    describe: ({ dataIndex }) => {
      const { name, value } = groups[dataIndex];
      return [name, `${measureInWords(chart.dataMapping)}: ${numbers.exact(value)}${hasShares ? ` (${share(value, whole)})` : ""}`];
    },
    series: [
      {
        type: "pie",
        radius: isWide ? [radius * 0.6, radius] : [0, radius],
        data: groups.map(({ value, isRest, index }) => ({ value, itemStyle: { opacity: opacityOf(index), ...(isRest && { color: soft }) } })),
        label: { ...(isWide ? beside : inside), opacity: 1 },
        labelLine: { show: isWide, length: 12, length2: 4 },
        itemStyle: { borderColor: card, borderWidth: 2 },
      },
    ],
  };
}

function scatter({ dataMapping: { xAxis, yAxis } }, { points }, { width, height }, { text, line }) {
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

function axes(chart, data, room, look) {
  const { text, line, card } = look;
  const isBar = room.kind === "bar";
  const all = data.series ?? [{ name: measureInWords(chart.dataMapping), aggregate: room.aggregate }];
  const stacks = isStacked(chart, data);
  const { groups, isTurned, nameWidth, isNamed, hasValues } = layoutOf(data, { ...room, bars: isBar && !stacks ? all.length : 1, isHorizontal: chart.isHorizontal ?? undefined });
  const splitNumber = isTurned ? Math.ceil(room.width / 140) : Math.max(1, Math.round(room.height / 60));
  const most = isBar && all.length === 1 ? endOf(groups) : null;
  const isZeroBased = ({ aggregate }) => isBar || room.kind === "area" || aggregate === "sum" || aggregate === "count";
  const valuesOf = (index, of, colour) => {
    const label = { ...text, color: colour, show: hasValues, formatter: numbersOf(chart, index).short, hideOverlap: true, showMaxLabel: !most };
    return { type: "value", scale: !of.some(isZeroBased), max: most, axisLabel: label, splitNumber, splitLine: { show: index === 0, lineStyle: { color: line } }, alignTicks: index > 0 };
  };
  // Each of two axes has the colour of its measure.
  const values = hasOwnAxis(chart, data) ? all.map((each, index) => valuesOf(index, [each], look.colors[index])) : valuesOf(0, all, text.color);
  const names = {
    type: "category",
    data: groups.map(({ label }) => label),
    inverse: isTurned,
    boundaryGap: isBar || data.order === "size",
    axisLabel: { ...text, lineHeight: LINE_HEIGHT, interval: isNamed, width: nameWidth, overflow: "truncate", ellipsis: "…", hideOverlap: false },
    axisTick: { show: false },
    axisLine: { lineStyle: { color: line } },
  };
  const wordsOf = (value, index) => (value === null ? "no value" : numbersOf(chart, index).exact(value));
  return {
    groups,
    isTurned,
    describe: ({ dataIndex }) => {
      const { name, value, values: each } = groups[dataIndex];
      const total = hasTotal(chart, all) ? [`Total: ${wordsOf(value, 0)}`] : [];
      return [name, ...all.map((series, index) => `${series.name}: ${wordsOf(each[index], index)}`), ...total];
    },
    grid: { left: 8, right: hasValues ? 20 : 8, top: hasValues ? 12 : 4, bottom: hasValues ? 6 : 2, containLabel: true },
    xAxis: isTurned ? values : names,
    yAxis: isTurned ? names : values,
    series: all.map((each, index) => ({
      ...seriesOf(groups, each, index, room, { ...look, numbers: numbersOf(chart, index), end: most && (isTurned ? "→" : "↑"), isMany: all.length > 1 }),
      ...(stacks && { stack: "all", ...(isBar && { itemStyle: { borderColor: card, borderWidth: 1 } }) }),
      ...(Array.isArray(values) && { [isTurned ? "xAxisIndex" : "yAxisIndex"]: index }),
      ...(room.kind === "area" && { areaStyle: { opacity: stacks ? 0.55 : all.length > 1 ? 0.1 : 0.18 } }),
    })),
  };
}

/** A total of averages means nothing, nor does one of two measures. */
const hasTotal = ({ dataMapping: { splitBy, aggregate = "sum" } }, series) => series.length > 1 && splitBy && (aggregate === "sum" || aggregate === "count");

function seriesOf(groups, { isRest: isRestOfSeries }, place, room, { soft, card, colors, chosen, opacityOf, numbers, end, isMany }) {
  const isBar = room.kind === "bar";
  const beyond = { show: true, position: end === "→" ? "insideRight" : "insideTop", color: card, formatter: ({ value }) => `${numbers.short(value)} ${end}` };
  const colour = isRestOfSeries ? soft : colors[place];
  const symbol = groups.length * ROOM_FOR_DOT <= room.width ? DOT : 0;
  return {
    type: isBar ? "bar" : "line",
    color: colour,
    data: groups.map(({ values, isRest, index }, at) => ({
      value: values[place] ?? "-",
      itemStyle: { opacity: opacityOf(index), ...(isRest && !isMany && { color: soft }) },
      ...(isRest && end && { label: beyond }),
      ...(!isBar && (isAlone(groups, at, place) || index === chosen) && { symbolSize: index === chosen ? DOT * 2 : DOT }),
    })),
    barMaxWidth: 48,
    barCategoryGap: "28%",
    barGap: "8%",
    showSymbol: true,
    symbolSize: symbol,
    ...(isBar && { itemStyle: { borderRadius: 3 } }),
    ...(!isBar && { lineStyle: { opacity: chosen === null ? 1 : DIMMED * 2 } }),
  };
}

/** Return where the axis ends if the rest would leave nothing to see of the named bars; its bar is cut off and has its value on it. */
function endOf(groups) {
  const rest = groups.at(-1)?.isRest ? groups.at(-1).value : 0;
  const most = Math.max(...groups.filter(({ isRest }) => !isRest).map(({ value }) => value ?? 0));
  return most > 0 && rest > most * MOST_OF_REST ? most * 1.15 : null;
}

/** A line has no length between two gaps. */
function isAlone(groups, index, series) {
  return (groups[index - 1]?.values[series] ?? null) === null && (groups[index + 1]?.values[series] ?? null) === null;
}
