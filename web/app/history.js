// The history drawer: the versions, their changes, and how to preview and restore one.
import { html, nothing, repeat } from "./html.js";
import { placeInWords, valueInWords } from "./places.js";
import { ago, count, exactly } from "./words.js";

const PAGE_SIZE = 25;
const MOST_CHANGES = 12;
const IS_ELEMENT = /^\/(chartCustomizations|filters)\/[^/]+$/;
const SOURCES = { user: "Saved", autosave: "Saved automatically", ai: "Saved by AI", localStorage: "Moved from browser storage", import: "Imported" };

/** Open the history; `look` gets a version with its config, `restore` a version number. */
export function openHistory(dialog, client, projectId, current, { look, restore }) {
  let list = null;
  let problem = null;
  let opened = null;

  const attempt = async (work) => {
    problem = null;
    try {
      await work();
    } catch (error) {
      if (error.status === undefined) throw error;
      problem = error;
    }
    dialog.redraw();
  };
  const loadMore = () =>
    attempt(async () => {
      const page = await client.history(projectId, { limit: PAGE_SIZE, cursor: list?.nextCursor ?? undefined });
      list = { ...page, versions: [...(list?.versions ?? []), ...page.versions] };
    });
  const toggle = (version) =>
    attempt(async () => {
      if (opened?.version === version) {
        opened = null;
        return;
      }
      opened = { version, changes: null };
      dialog.redraw();
      const changes = await changesOf(client, projectId, version);
      if (opened?.version === version) opened = { version, changes };
    });
  const lookAt = (version) =>
    attempt(async () => {
      const found = await client.version(projectId, version);
      dialog.close();
      look(found);
    });

  const row = (summary) => {
    const { version, updatedAt, deleted } = summary;
    const isOpen = opened?.version === version;
    return html`<li>
      <button type="button" class="entry" aria-expanded=${isOpen} @click=${() => toggle(version)}>
        <strong>Version ${version}${version === current ? html` <span class="tag">current</span>` : nothing}</strong>
        <span>${origin(summary)}</span>
        <time datetime=${updatedAt} title=${exactly(updatedAt)}>${ago(updatedAt)}</time>
      </button>
      ${isOpen
        ? html`<div class="changes">
            ${changeList(opened.changes)}
            ${version === current || deleted
              ? nothing
              : html`<p class="actions">
                  <button type="button" @click=${() => lookAt(version)}>Preview</button>
                  <button type="button" class="primary" @click=${() => dialog.attempt(() => restore(version))}>Restore</button>
                </p>`}
          </div>`
        : nothing}
    </li>`;
  };

  dialog.open({
    title: "History",
    kind: "drawer",
    body: () => html`
      ${problem ? html`<p class="problem" role="alert">${problem.message}</p>` : nothing}
      ${list
        ? html`<ol class="versions">${repeat(list.versions, ({ version }) => version, row)}</ol>
            ${list.nextCursor ? html`<button type="button" @click=${loadMore}>Show older versions</button>` : html`<p class="hint">Versions are kept for ${list.retentionDays} days after they are replaced.</p>`}`
        : problem
          ? nothing
          : html`<p role="status">Loading versions…</p>`}
    `,
  });
  void loadMore();
}

function origin({ source, message, forced, merged, restoredFrom, deleted, chartCount }) {
  const what = deleted ? "Deleted" : restoredFrom ? `Restored version ${restoredFrom}` : SOURCES[source];
  const notes = [merged && "merged with other changes", forced && "replaced the latest version", message && `“${message}”`].filter(Boolean);
  return [what, ...notes, deleted ? null : count(chartCount, "chart")].filter(Boolean).join(" · ");
}

/** Return a version's changes relative to the previous one, place by place. */
async function changesOf(client, projectId, version) {
  if (version === 1) return { first: true, lines: [] };
  let before;
  try {
    before = await client.version(projectId, version - 1);
  } catch (error) {
    if (error.status === 404) return { expired: true, lines: [] };
    throw error;
  }
  const [{ config: after }, { operations }] = await Promise.all([client.version(projectId, version), client.diff(projectId, version - 1, version)]);
  return { lines: operations.map((operation) => inSentence(operation, before.config, after)) };
}

function inSentence({ op, path, value }, before, after) {
  const place = placeInWords(path, after, before);
  if (op === "remove") return { place, text: "removed" };
  if (op === "move") return { place, text: "moved" };
  const now = valueInWords(path, value);
  if (op === "add") return { place, text: IS_ELEMENT.test(path) ? `added: ${now}` : now };
  return { place, text: `${valueInWords(path, valueAt(before, path))} → ${now}` };
}

function valueAt(document, pointer) {
  return pointer.split("/").slice(1).reduce((value, token) => value?.[token.replaceAll("~1", "/").replaceAll("~0", "~")], document);
}

function changeList(changes) {
  if (!changes) return html`<p role="status">Loading changes…</p>`;
  if (changes.first) return html`<p>The first version.</p>`;
  if (changes.expired) return html`<p>The previous version is no longer available.</p>`;
  if (!changes.lines.length) return html`<p>No changes.</p>`;
  const more = changes.lines.length - MOST_CHANGES;
  return html`<ul>
    ${changes.lines.slice(0, MOST_CHANGES).map(({ place, text }) => html`<li><b>${place}</b> ${text}</li>`)}
    ${more > 0 ? html`<li>and ${count(more, "more change")}</li>` : nothing}
  </ul>`;
}
