// The ECharts options of a chart, in the colours of the page.
import { short } from "./words.js";

const PALETTES = {
  light: ["#0f766e", "#b45309", "#4f46e5", "#be185d", "#4d7c0f", "#0369a1", "#7e22ce", "#a16207"],
  dark: ["#2dd4bf", "#fbbf24", "#a5b4fc", "#f9a8d4", "#bef264", "#7dd3fc", "#d8b4fe", "#fde68a"],
};
const POINTS_DRAWN_AS_DOTS = 40;

export function optionOf(chart, { points }, { still }) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const text = { color: colour("--soft"), fontFamily: colour("--sans"), fontSize: 12 };
  const palette = PALETTES[window.dashkeepTheme.isDark ? "dark" : "light"];
  return {
    color: palette,
    animation: !still,
    animationDuration: 300,
    textStyle: text,
    // Drawn on the canvas: an HTML tooltip would interpret stored names as markup.
    tooltip: {
      renderMode: "richText",
      trigger: chart.kind === "scatter" || chart.kind === "pie" ? "item" : "axis",
      backgroundColor: colour("--card"),
      borderColor: colour("--line"),
      textStyle: { ...text, color: colour("--text") },
      valueFormatter: (value) => (Array.isArray(value) ? value.map(short).join(", ") : short(value)),
    },
    ...(chart.kind === "pie" ? pie(points, text, colour("--card")) : axes(chart, points, text, colour("--line"))),
  };
}

function pie(points, text, gap) {
  const data = points.map(([name, value]) => ({ name: String(name), value: Math.max(0, value) }));
  return {
    series: [{ type: "pie", radius: ["45%", "72%"], data, label: { ...text, overflow: "truncate" }, itemStyle: { borderColor: gap, borderWidth: 2 } }],
  };
}

function axes(chart, points, text, line) {
  const { kind = "bar", dataMapping = {} } = chart;
  const isScatter = kind === "scatter";
  const value = { type: "value", scale: isScatter, axisLabel: { ...text, formatter: short }, splitLine: { lineStyle: { color: line } } };
  const names = { type: "category", data: points.map(([name]) => String(name)), axisLabel: { ...text, hideOverlap: true, width: 96, overflow: "truncate" }, axisTick: { show: false }, axisLine: { lineStyle: { color: line } }, boundaryGap: kind === "bar" };
  return {
    grid: { left: 8, right: 16, top: 16, bottom: isScatter ? 24 : 8, containLabel: true },
    xAxis: isScatter ? { ...value, name: dataMapping.xAxis, nameLocation: "middle", nameGap: 28 } : names,
    yAxis: value,
    series: [
      {
        name: dataMapping.yAxis ?? "Rows",
        type: kind === "area" ? "line" : kind,
        data: isScatter ? points : points.map(([, each]) => each),
        barMaxWidth: 48,
        symbolSize: isScatter ? 7 : 5,
        showSymbol: points.length <= POINTS_DRAWN_AS_DOTS,
        itemStyle: kind === "bar" ? { borderRadius: [3, 3, 0, 0] } : { opacity: isScatter ? 0.65 : 1 },
        ...(kind === "area" && { areaStyle: { opacity: 0.18 } }),
      },
    ],
  };
}
