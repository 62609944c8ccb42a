// The last uploads of a table, and going back to one of them.
import { html, nothing, repeat } from "./html.js";
import { ago, count, exactly } from "./words.js";

export class UploadsView {
  title = "Uploads";
  #versions;
  #redraw;
  #list = null;
  #problem = null;

  constructor(versions, redraw) {
    this.#versions = versions;
    this.#redraw = redraw;
  }

  async refresh() {
    try {
      this.#list = await this.#versions();
      this.#problem = null;
    } catch (error) {
      if (error.status === undefined) throw error;
      this.#problem = error;
    }
    this.#redraw();
  }

  body({ version }, { isBusy, restore }) {
    if (this.#problem) return html`<p class="problem" role="alert">${this.#problem.message} <button type="button" @click=${() => this.refresh()}>Try again</button></p>`;
    if (!this.#list) return html`<p role="status">Loading uploads…</p>`;
    const { versions, dataVersionsKept: kept } = this.#list;
    const again = (each) => () => restore(each.version, `“${each.fileName}” of ${exactly(each.updatedAt)} is the table again.`);
    return html`
      <ol class="uploads">
        ${repeat(
          versions,
          (each) => each.version,
          (each) => html`<li>
            <div>
              <strong>${each.fileName}</strong> ${each.version === version ? html`<span class="tag">current</span>` : nothing}
              <p class="hint">${count(each.rowCount, "row")}, ${count(each.columnCount, "column")} · <time datetime=${each.updatedAt} title=${exactly(each.updatedAt)}>${ago(each.updatedAt)}</time></p>
            </div>
            ${each.version === version ? nothing : html`<button type="button" ?disabled=${isBusy} @click=${again(each)}>Use this one again</button>`}
          </li>`,
        )}
      </ol>
      <p class="hint">The last ${kept} uploads are kept; a change of the columns counts as one. An upload that is used again keeps its names and types. Charts and filters stay as they are.</p>
    `;
  }

  footer() {
    return nothing;
  }
}
