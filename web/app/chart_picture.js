// A chart with its title as a PNG picture.
import { linesOf } from "./chart_layout.js";
import { saveFile } from "./saved_file.js";

const PADDING = 32;
const TITLE = { size: 32, line: 44 };

/** Save a picture of a drawn chart, in the colours of the page. */
export async function savePicture({ title = "Untitled" }, drawing) {
  const image = new Image();
  image.src = drawing.image();
  await image.decode();
  const canvas = withTitle(String(title), image);
  const file = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  saveFile(file, String(title), "png");
}

function withTitle(title, image) {
  const style = getComputedStyle(document.documentElement);
  const canvas = document.createElement("canvas");
  const brush = canvas.getContext("2d");
  const font = `600 ${TITLE.size}px ${style.getPropertyValue("--sans")}`;
  brush.font = font;
  const lines = linesOf(title, image.width, (text) => brush.measureText(text).width);
  const top = PADDING + lines.length * TITLE.line;
  canvas.width = image.width + 2 * PADDING;
  canvas.height = top + image.height + PADDING;
  brush.fillStyle = style.getPropertyValue("--card");
  brush.fillRect(0, 0, canvas.width, canvas.height);
  // Another size has reset it.
  brush.font = font;
  brush.textBaseline = "middle";
  brush.fillStyle = style.getPropertyValue("--text");
  for (const [index, line] of lines.entries()) brush.fillText(line, PADDING, PADDING + (index + 0.5) * TITLE.line);
  brush.drawImage(image, PADDING, top);
  return canvas;
}
