// A chart with its title and the names of its series as a PNG picture, in the colours of the page.
import { colorsOf } from "./chart_kinds.js";
import { linesOf } from "./chart_layout.js";
import { saveFile } from "./saved_file.js";

const PADDING = 32;
const TITLE = { weight: 600, size: 32, line: 44 };
const SERIES = { weight: 400, size: 24, line: 40 };
const SWATCH = 20;

/** Save a picture of a drawn chart. */
export async function savePicture(chart, data, drawing) {
  const image = new Image();
  image.src = drawing.image();
  await image.decode();
  const canvas = composed(chart, data, image);
  const file = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  saveFile(file, String(chart.title ?? "Untitled"), "png");
}

function composed(chart, data, image) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`);
  const canvas = document.createElement("canvas");
  const brush = canvas.getContext("2d");
  const use = ({ weight, size }) => (brush.font = `${weight} ${size}px ${colour("sans")}`);
  const linesIn = (text, width) => linesOf(text, width, (part) => brush.measureText(part).width);
  use(TITLE);
  const title = linesIn(String(chart.title ?? "Untitled"), image.width);
  use(SERIES);
  const names = (data.series ?? []).map(({ name, isRest }, index) => ({ line: linesIn(name, image.width - 2 * SWATCH)[0], color: isRest ? "soft" : colorsOf(chart.color)[index] }));
  const below = PADDING + title.length * TITLE.line;
  const top = below + names.length * SERIES.line;
  Object.assign(canvas, { width: image.width + 2 * PADDING, height: top + image.height + PADDING });
  brush.fillStyle = colour("card");
  brush.fillRect(0, 0, canvas.width, canvas.height);
  brush.textBaseline = "middle";
  use(TITLE);
  brush.fillStyle = colour("text");
  for (const [index, line] of title.entries()) brush.fillText(line, PADDING, PADDING + (index + 0.5) * TITLE.line);
  use(SERIES);
  for (const [index, { line, color }] of names.entries()) {
    const middle = below + (index + 0.5) * SERIES.line;
    brush.fillStyle = colour(color);
    brush.fillRect(PADDING, middle - SWATCH / 2, SWATCH, SWATCH);
    brush.fillStyle = colour("soft");
    brush.fillText(line, PADDING + 2 * SWATCH, middle);
  }
  brush.drawImage(image, PADDING, top);
  return canvas;
}
