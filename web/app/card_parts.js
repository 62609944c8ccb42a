// Draws the tables and texts of cards; what draws them is loaded with the first one.
import { html, render } from "./html.js";

const PARTS = { table: () => import("./table_card.js"), text: () => import("./text_card.js") };

/** @param {(orderBy: object | null) => void} order gets the order that was chosen in the table's head */
export async function drawPart(element, chart, data, order) {
  const part = await PARTS[chart.kind]().catch(() => null);
  const view = part ? part.view(chart, data, order) : html`<p class="empty">The card could not be drawn. Load the page again.</p>`;
  render(view, element);
}
