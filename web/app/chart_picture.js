// A chart as a PNG picture: its title, its legend, which is beside the canvas on the page, and its drawing.
import { colorsOf } from "./chart_kinds.js";
import { linesOf } from "./chart_layout.js";
import { saveFile } from "./saved_file.js";
import { chartHeading } from "./words.js";

const RATIO = 2;
const MARGIN = 16;
const TITLE = { font: "600 16px", line: 22 };
const LEGEND = { font: "12px", line: 20, swatch: 10, gap: 6 };

/** Save a picture of a drawn chart, in the colours of the page. */
export async function savePicture(chart, data, drawing) {
  const picture = pictureOf(chart, data, drawing.image(RATIO));
  const file = await new Promise((resolve) => picture.toBlob(resolve, "image/png"));
  saveFile(file, chartHeading(chart), "png");
}

/** Return a canvas with the same number of pixels for each of the page as the image. */
function pictureOf(chart, { series = [] }, image) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const picture = document.createElement("canvas");
  const brush = picture.getContext("2d");
  const use = ({ font }) => (brush.font = `${font} ${colour("sans")}`);
  const measure = (text) => brush.measureText(text).width;
  const [width, height] = [image.width / RATIO, image.height / RATIO];
  use(TITLE);
  const title = linesOf(chartHeading(chart), width, measure);
  use(LEGEND);
  const legend = placed(series, measure, width);
  const below = MARGIN + title.length * TITLE.line;
  const top = below + (legend.length ? (legend.at(-1).line + 1) * LEGEND.line : 0);
  picture.width = (width + 2 * MARGIN) * RATIO;
  picture.height = (top + height + MARGIN) * RATIO;
  brush.scale(RATIO, RATIO);
  brush.fillStyle = colour("card");
  brush.fillRect(0, 0, picture.width, picture.height);
  brush.textBaseline = "middle";
  brush.fillStyle = colour("text");
  use(TITLE);
  for (const [index, line] of title.entries()) brush.fillText(line, MARGIN, MARGIN + (index + 0.5) * TITLE.line);
  use(LEGEND);
  const colors = colorsOf(chart.color);
  for (const [index, { name, isRest, x, line }] of legend.entries()) {
    const middle = below + (line + 0.5) * LEGEND.line;
    brush.fillStyle = colour(isRest ? "soft" : colors[index]);
    brush.fillRect(MARGIN + x, middle - LEGEND.swatch / 2, LEGEND.swatch, LEGEND.swatch);
    brush.fillStyle = colour("soft");
    brush.fillText(name, MARGIN + x + LEGEND.swatch + LEGEND.gap, middle);
  }
  brush.drawImage(image, MARGIN, top, width, height);
  return picture;
}

/** Place the names of series in lines; one that is wider is cut. */
function placed(series, measure, width) {
  let [x, line] = [0, 0];
  return series.map(({ name: whole, isRest }) => {
    const [name] = linesOf(whole, width - LEGEND.swatch - LEGEND.gap, measure);
    const needed = LEGEND.swatch + LEGEND.gap + measure(name);
    if (x > 0 && x + needed > width) [x, line] = [0, line + 1];
    const entry = { name, isRest, x, line };
    x += needed + MARGIN;
    return entry;
  });
}
