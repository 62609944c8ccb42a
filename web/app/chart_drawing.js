// A chart on its canvas. Charts are drawn one a task, so that many of them never block the page.
import { canSplit } from "./chart_kinds.js";
import { optionOf } from "./chart_option.js";

const drawings = new WeakMap();
const waiting = new Set();
let isWorking = false;
/** ECharts, once it is loaded; null if that has failed. */
let echarts;

/** Load what draws charts. */
export async function prepareDrawing() {
  echarts ??= await import("./echarts.js").catch(() => null);
}

const sizes = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) drawings.get(target)?.resize(contentRect);
});

export class ChartDrawing {
  canvas;
  #shown = null;
  #drawn = { groups: [], isTurned: false };
  #instance = null;
  #size = { width: 0, height: 0 };

  constructor(canvas) {
    this.canvas = canvas;
    drawings.set(canvas, this);
    sizes.observe(canvas);
  }

  /**
   * @param {object} chart
   * @param {object} data
   * @param {{ pick?: (index: number) => void, chosen?: number | null }} [options] `pick` gets the index of the point that is
   *   clicked, `chosen` is that of the point that stands out
   */
  show(chart, data, { pick = null, chosen = null } = {}) {
    this.#shown = { chart, data, pick, chosen };
    this.#wait();
  }

  /** Draw again, because the room has changed; before the first drawing, this says how much there is. */
  resize({ width, height }) {
    this.#size = { width, height };
    this.#wait();
  }

  /** Draw without waiting, in the room that there is now, with so many pixels for each of the page. */
  drawNow(devicePixelRatio) {
    if (!echarts || !this.#shown) return;
    waiting.delete(this);
    this.#instance?.dispose();
    this.#instance = null;
    this.#size = { width: this.canvas.clientWidth, height: this.canvas.clientHeight };
    this.draw({ devicePixelRatio, lazyUpdate: false });
  }

  /** Return a canvas with the chart as it is drawn, without a tooltip, with so many pixels for each of the page. */
  image(pixelRatio) {
    const { chart, data, chosen } = this.#shown;
    const instance = echarts.init(document.createElement("div"), null, this.#size);
    instance.setOption(optionOf(chart, data, this.#size, { chosen }).option);
    const image = instance.renderToCanvas({ pixelRatio });
    instance.dispose();
    return image;
  }

  dispose() {
    waiting.delete(this);
    sizes.unobserve(this.canvas);
    this.#instance?.dispose();
  }

  draw({ devicePixelRatio, lazyUpdate = !this.#instance } = {}) {
    if (!echarts) {
      this.canvas.textContent = "The chart could not be drawn. Load the page again.";
      return;
    }
    const { chart, data, chosen } = this.#shown;
    if (!this.#instance) this.#init(devicePixelRatio);
    // Resizing draws what was there once more.
    else if (this.#instance.getWidth() !== this.#size.width || this.#instance.getHeight() !== this.#size.height) this.#instance.resize(this.#size);
    const { option, ...drawn } = optionOf(chart, data, this.#size, { chosen });
    this.#drawn = drawn;
    this.#instance.setOption(option, { notMerge: true, lazyUpdate });
  }

  /** The first drawing takes longest and is a task of its own; until then, ECharts has no data for a pointer above it, and would throw. */
  #init(devicePixelRatio) {
    this.#instance = echarts.init(this.canvas, null, { ...this.#size, devicePixelRatio });
    this.canvas.style.pointerEvents = "none";
    this.#instance.on("rendered", () => (this.canvas.style.pointerEvents = ""));
    this.#instance.getZr().on("click", ({ offsetX, offsetY }) => this.#pickAt([offsetX, offsetY]));
    this.#instance.on("click", "series.pie", ({ dataIndex }) => this.#pick(dataIndex));
  }

  /** A bar may be thin, and a line is thin everywhere: the group is picked above and below them as well, where its tooltip is shown. */
  #pickAt(place) {
    const { kind } = this.#shown.chart;
    if (!canSplit(kind ?? "bar") || !this.#instance.containPixel("grid", place)) return;
    const [across, down] = this.#instance.convertFromPixel("grid", place);
    this.#pick(Math.round(this.#drawn.isTurned ? down : across));
  }

  /** What groups have together cannot be picked. */
  #pick(place) {
    const index = this.#drawn.groups[place]?.index ?? null;
    if (index !== null) this.#shown.pick?.(index);
  }

  #wait() {
    if (!this.#shown || !this.#size.width) return;
    waiting.add(this);
    if (!isWorking) void work();
  }
}

/** Between two charts, the browser paints and answers the user. */
function nextFrame() {
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
}

async function work() {
  isWorking = true;
  await prepareDrawing();
  try {
    for (const each of waiting) {
      await nextFrame();
      if (waiting.delete(each)) each.draw();
    }
  } finally {
    isWorking = false;
  }
}
