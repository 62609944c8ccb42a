// The chart that a form describes, drawn as its card shows it. A chart is computed once the one before it is drawn.
import { drawPart } from "./card_parts.js";
import { cardContent } from "./chart_card.js";
import { ChartDrawing } from "./chart_drawing.js";
import { html, ref, render } from "./html.js";

export class ChartPreview {
  #table;
  #order;
  #redraw;
  /** What is shown: a chart with its data, undefined until it is computed. */
  #shown = { chart: {}, data: undefined };
  /** What decides the data of the chart that is wanted, and of the one that is computed. */
  #wanted = null;
  #isComputing = false;
  #drawing = null;

  /**
   * @param {{ basis: () => unknown, compute: (chart: object) => Promise<object> }} table `basis` is what decides the data besides
   *   the chart, null without a table
   * @param {(orderBy: object | null) => void} order gets what is chosen in the head of a table
   * @param {() => void} redraw
   */
  constructor(table, order, redraw) {
    this.#table = table;
    this.#order = order;
    this.#redraw = redraw;
  }

  view(chart) {
    void this.#compute(chart);
    const { title } = chart;
    return html`<section class="preview" aria-label="Preview">
      <h3 ?hidden=${!title}>${title}</h3>
      <div class="drawn" ${ref((element) => element && this.#draw(element, title))}></div>
    </section>`;
  }

  close() {
    this.#drawing?.dispose();
  }

  async #compute({ title: _, ...chart }) {
    const basis = this.#table.basis();
    const wanted = JSON.stringify([basis, chart]);
    if (wanted === this.#wanted || this.#isComputing) return;
    this.#wanted = wanted;
    this.#isComputing = true;
    const data = basis && (await this.#table.compute(chart).catch(problemOf));
    this.#shown = { chart, data };
    this.#isComputing = false;
    // Something else may have been entered meanwhile.
    this.#redraw();
  }

  #draw(element, title) {
    const { chart, data } = this.#shown;
    render(cardContent(title, chart, data), element);
    const canvas = element.querySelector(".canvas");
    if (this.#drawing?.canvas !== canvas) {
      this.#drawing?.dispose();
      this.#drawing = canvas && new ChartDrawing(canvas);
    }
    this.#drawing?.show(chart, data);
    const part = element.querySelector(".part");
    if (part) void drawPart(part, { ...chart, title }, data, this.#order);
  }
}

function problemOf(error) {
  if (error.status === undefined) throw error;
  return { problem: error.message };
}
