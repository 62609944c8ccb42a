// A picture of a chart: its drawing, and above it the legend, which is beside the canvas on the page.
import { colorsOf } from "./chart_kinds.js";

const RATIO = 2;
const MARGIN = 12;
const LINE_HEIGHT = 20;
const SWATCH = 10;
const FONT_SIZE = 12;

/** Return the address of a PNG with twice as many pixels as the chart has on the page, on the background of a card. */
export function pictureOf(instance, chart, { series = [] }) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const picture = document.createElement("canvas");
  const brush = picture.getContext("2d");
  const font = `${FONT_SIZE}px ${colour("--sans")}`;
  brush.font = font;
  const colors = colorsOf(chart.color);
  const width = instance.getWidth();
  const { entries, height } = placed(series, (name) => brush.measureText(name).width, width);
  picture.width = width * RATIO;
  picture.height = (height + instance.getHeight()) * RATIO;
  brush.scale(RATIO, RATIO);
  brush.fillStyle = colour("--card");
  brush.fillRect(0, 0, width, height + instance.getHeight());
  brush.font = font;
  brush.textBaseline = "middle";
  for (const { name, isRest, place, x, y } of entries) {
    brush.fillStyle = colour(isRest ? "--soft" : `--${colors[place]}`);
    brush.fillRect(x, y - SWATCH / 2, SWATCH, SWATCH);
    brush.fillStyle = colour("--soft");
    brush.fillText(name, x + SWATCH + 6, y);
  }
  const drawing = instance.renderToCanvas({ pixelRatio: RATIO });
  brush.drawImage(drawing, 0, height, width, instance.getHeight());
  return picture.toDataURL("image/png");
}

/** Place the names of series in lines. */
function placed(series, measure, width) {
  let [x, line] = [MARGIN, 0];
  const entries = series.map(({ name, isRest }, place) => {
    const needed = SWATCH + 6 + measure(name);
    if (x > MARGIN && x + needed > width - MARGIN) [x, line] = [MARGIN, line + 1];
    const entry = { name, isRest, place, x, y: MARGIN + (line + 0.5) * LINE_HEIGHT };
    x += needed + MARGIN;
    return entry;
  });
  return { entries, height: series.length ? MARGIN + (line + 1) * LINE_HEIGHT : 0 };
}
