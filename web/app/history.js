// The history drawer: the versions, their changes, and how to preview or restore one, or take its changes back.
import { placesOf } from "./conflict.js";
import { html, nothing, repeat } from "./html.js";
import { isAlone, savers } from "./people.js";
import { placeInWords, valueInWords } from "./places.js";
import { ago, count, exactly } from "./words.js";

const PAGE_SIZE = 25;
const MOST_CHANGES = 12;
const MOST_PLACES = 3;
const IS_ELEMENT = /^\/(chartCustomizations|filters)\/[^/]+$/;
const SOURCES = { user: "Saved", autosave: "Saved automatically", ai: "Saved by AI", localStorage: "Moved from browser storage", import: "Imported" };

/**
 * Open the history; `people` promises who may do what, `look` gets a version with its config, `restore` and `takeBack` a
 * version number. The owner can remove a version's content.
 */
export function openHistory(dialog, client, projectId, current, { isOwner, people, look, restore, takeBack }) {
  let list = null;
  let who = () => "";
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
  const toggle = ({ version, removed }) =>
    attempt(async () => {
      if (opened?.version === version) {
        opened = null;
        return;
      }
      opened = { version, changes: removed ? { removed, lines: [] } : null };
      dialog.redraw();
      if (removed) return;
      const changes = await changesOf(client, projectId, version);
      if (opened?.version === version) opened = { ...opened, changes };
    });
  const lookAt = (version) =>
    attempt(async () => {
      const found = await client.version(projectId, version);
      dialog.close();
      look(found);
    });

  /** Do something with the version that is open, and say there why it failed. */
  const withOpened = async (work, inWords) => {
    const entry = opened;
    if (entry.isBusy) return;
    Object.assign(entry, { isBusy: true, refusal: null });
    dialog.redraw();
    try {
      await work(entry.version);
    } catch (error) {
      if (error.status === undefined) throw error;
      entry.refusal = inWords(error, entry.changes);
    }
    entry.isBusy = false;
    dialog.redraw();
  };
  const takeBackOpened = () =>
    withOpened(async (version) => {
      await takeBack(version);
      dialog.close();
    }, refusalInWords);
  const askToRemove = (isAsking) => {
    opened = { ...opened, isAsking };
    dialog.redraw();
  };
  const removeOpened = () =>
    withOpened(
      async (version) => {
        await client.deleteVersion(projectId, version);
        list = { ...list, versions: list.versions.map((each) => (each.version === version ? { ...each, removed: true } : each)) };
        opened = { version, changes: { removed: true, lines: [] } };
      },
      ({ message }) => message,
    );

  const row = (summary) => {
    const { version, updatedAt, updatedBy } = summary;
    const by = who(updatedBy?.id);
    const isOpen = opened?.version === version;
    return html`<li>
      <button type="button" class="entry" aria-expanded=${isOpen} @click=${() => toggle(summary)}>
        <strong>Version ${version}${version === current ? html` <span class="tag">current</span>` : nothing}</strong>
        <span>${by ? html`<b>${by}</b> · ` : nothing}${origin(summary)}</span>
        <time datetime=${updatedAt} title=${exactly(updatedAt)}>${ago(updatedAt)}</time>
      </button>
      ${isOpen
        ? html`<div class="changes">
            ${changeList(opened.changes)}
            ${actions(summary, opened.changes)}
            ${opened.refusal ? html`<p class="problem" role="alert">${opened.refusal}</p>` : nothing}
          </div>`
        : nothing}
    </li>`;
  };

  const actions = ({ version, deleted, removed }, changes) => {
    const isWhole = version !== current && !deleted && !removed;
    const canRemove = isOwner && isWhole;
    if (opened.isAsking) {
      return html`<p class="sure" role="alert">The content of version ${version} will be gone for good: nobody can preview, restore or compare it any more. The entry stays in this list.</p>
        <p class="actions">
          <button type="button" class="danger" @click=${removeOpened}>Remove for good</button>
          <button type="button" @click=${() => askToRemove(false)}>Keep it</button>
        </p>`;
    }
    const canTakeBack = changes?.lines.length > 0;
    if (!isWhole && !canTakeBack) return nothing;
    return html`<p class="actions">
        ${isWhole
          ? html`<button type="button" @click=${() => lookAt(version)}>Preview</button>
              <button type="button" class="primary" @click=${() => dialog.attempt(() => restore(version))}>Restore</button>`
          : nothing}
        ${canTakeBack ? html`<button type="button" @click=${takeBackOpened}>Take back changes</button>` : nothing}
        ${canRemove ? html`<button type="button" class="quiet" @click=${() => askToRemove(true)}>Remove content</button>` : nothing}
      </p>
      ${isWhole && canTakeBack ? html`<p class="hint">Taking back keeps all later changes. Restoring brings back the whole dashboard as it was.</p>` : nothing}`;
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
  void people.then((known) => {
    if (known && !isAlone(known)) who = savers(known);
    dialog.redraw();
  });
}

/** Say where a version comes from. */
export function origin({ source, message, forced, merged, restoredFrom, undoOf, deleted, removed, chartCount }) {
  const made = restoredFrom ? `Restored version ${restoredFrom}` : undoOf ? `Took back the changes of version ${undoOf}` : SOURCES[source];
  const what = deleted && !undoOf ? "Deleted" : made;
  if (removed) return [what, "its content was taken out"].join(" · ");
  const notes = [merged && !undoOf && "merged with other changes", forced && "replaced the latest version", message && `“${message}”`].filter(Boolean);
  return [what, ...notes, deleted ? null : count(chartCount, "chart")].filter(Boolean).join(" · ");
}

/** Say why a version's changes cannot be taken back, and what can be done instead. */
export function refusalInWords({ code, message, conflicts, current }, { before, after }) {
  if (code === "not-found") return "These changes can no longer be taken back: this version, or the one before it, is no longer kept.";
  if (!conflicts) return message;
  const names = placesOf({ conflicts, mine: before, theirs: current, base: after }).map(({ name }) => name);
  const more = names.length - MOST_PLACES;
  const places = [...names.slice(0, MOST_PLACES), ...(more > 0 ? [`${more} more`] : [])].join(", ");
  return `These changes cannot be taken back, because the same was changed again since: ${places}. Change it on the dashboard, or restore a whole version.`;
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
  return { before: before.config, after, lines: operations.map((operation) => inSentence(operation, before.config, after)) };
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
  if (changes.removed) return html`<p>The owner of this dashboard has taken the content of this version out of history.</p>`;
  if (changes.first) return html`<p>The first version.</p>`;
  if (changes.expired) return html`<p>The previous version is no longer available.</p>`;
  if (!changes.lines.length) return html`<p>No changes.</p>`;
  const more = changes.lines.length - MOST_CHANGES;
  return html`<ul>
    ${changes.lines.slice(0, MOST_CHANGES).map(({ place, text }) => html`<li><b>${place}</b> ${text}</li>`)}
    ${more > 0 ? html`<li>and ${count(more, "more change")}</li>` : nothing}
  </ul>`;
}
