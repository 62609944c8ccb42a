// What the history drawer shows: its days, their entries, and the version that is open.
import { daysOf, timeOfDay } from "./history_days.js";
import { origin, takenBack } from "./history_words.js";
import { html, live, nothing, ref, repeat } from "./html.js";
import { count, exactly } from "./words.js";

const MOST_CHANGES = 12;
const LONGEST_NAME = 100;

/** By element, what to do once it is in view. */
const awaited = new WeakMap();
const observer = new IntersectionObserver(onSeen);

export function historyView(drawer) {
  const { list, problem } = drawer;
  return html`
    ${problem ? html`<p class="problem" role="alert">${problem.message}</p>` : nothing}
    ${list ? listView(drawer, list) : problem ? nothing : html`<p role="status">Loading versions…</p>`}
  `;
}

function listView(drawer, { versions, nextCursor, retentionDays }) {
  const named = versions.filter(({ name }) => name);
  const shown = named.length && drawer.isNamedOnly ? named : versions;
  return html`
    ${named.length
      ? html`<label class="inline switch named-only"
          ><input type="checkbox" role="switch" .checked=${live(drawer.isNamedOnly)} @input=${(event) => drawer.showNamedOnly(event.target.checked)}><span>Named versions only</span></label
        >`
      : nothing}
    ${daysOf(shown).map(
      ({ name, entries }) => html`<section class="day">
        <h3>${name}</h3>
        <ol class="versions">${repeat(entries, ([{ version }]) => version, (entry) => (entry.length > 1 ? run(drawer, entry) : single(drawer, entry)))}</ol>
      </section>`,
    )}
    ${nextCursor
      ? html`<button type="button" @click=${() => drawer.loadMore()}>Show older versions</button>`
      : html`<p class="hint">Versions are kept for ${retentionDays} days after they are replaced.</p>`}
  `;
}

/** Automatic saves of one person, which open to the single versions. */
function run(drawer, entry) {
  const [newest] = entry;
  const oldest = entry.at(-1);
  const isOpen = drawer.isRunOpen(entry);
  const [from, to] = [oldest, newest].map(({ updatedAt }) => timeOfDay(updatedAt));
  return html`<li class="run">
    <button type="button" class="entry" aria-expanded=${isOpen} @click=${() => drawer.toggleRun(entry)}>
      <strong>Versions ${oldest.version}–${newest.version}${currentTag(drawer, newest)}</strong>
      <time datetime=${newest.updatedAt} title=${exactly(newest.updatedAt)}>${from === to ? to : `${from} – ${to}`}</time>
      ${summary(drawer, entry)}
      <span>${by(drawer, newest)}Saved automatically ${entry.length} times</span>
    </button>
    ${isOpen ? html`<ol class="versions">${repeat(entry, ({ version }) => version, (each) => single(drawer, [each]))}</ol>` : nothing}
  </li>`;
}

function single(drawer, entry) {
  const [each] = entry;
  const { version, updatedAt, name, deleted, removed } = each;
  const isOpen = drawer.opened?.version === version;
  return html`<li>
    <button type="button" class="entry" aria-expanded=${isOpen} @click=${() => drawer.toggle(each)}>
      <strong>${name ?? `Version ${version}`}${currentTag(drawer, each)}</strong>
      <time datetime=${updatedAt} title=${exactly(updatedAt)}>${timeOfDay(updatedAt)}</time>
      ${deleted || removed ? nothing : summary(drawer, entry)}
      <span>${by(drawer, each)}${name ? `Version ${version} · ` : nothing}${origin(each)}</span>
    </button>
    ${isOpen ? details(drawer, each, drawer.opened) : nothing}
  </li>`;
}

const currentTag = ({ current }, { version }) => (version === current ? html` <span class="tag">current</span>` : nothing);

function by({ who }, { updatedBy }) {
  const name = who(updatedBy?.id);
  return name ? html`<b>${name}</b> · ` : nothing;
}

/** What an entry has changed is asked for when it comes into view. Without it, there is the number of charts. */
function summary(drawer, entry) {
  const text = drawer.summaryOf(entry);
  const seen = ref((element) => element && whenSeen(element, () => drawer.summarize(entry)));
  if (text === undefined) return html`<span class="did" ${seen}></span>`;
  return html`<span class="did">${text || count(entry[0].chartCount, "chart")}</span>`;
}

function details(drawer, summary, opened) {
  const { comparison, changes, refusal } = opened;
  return html`<div class="changes">
    ${summary.removed ? html`<p>The owner of this dashboard has taken the content of this version out of history.</p>` : html`${comparing(drawer, summary, opened)} ${summary.version === 1 && !comparison ? html`<p>The first version.</p>` : changeList(comparison ? comparison.changes : changes)}`}
    ${actions(drawer, summary, opened)}
    ${refusal ? html`<p class="problem" role="alert">${refusal}</p>` : nothing}
  </div>`;
}

/** What the open version is compared with: the older one comes first. */
function comparing(drawer, { version }, { comparison }) {
  const others = drawer.list.versions.filter((each) => each.version !== version && !each.deleted && !each.removed);
  const choose = ({ target }) => drawer.compareWith(target.value ? Number(target.value) : null);
  return html`<label class="inline compared"
    ><span>Changes ${comparison?.other > version ? "until" : "since"}</span>
    <select .value=${live(String(comparison?.other ?? ""))} @change=${choose}>
      <option value="">the version before</option>
      ${others.map((each) => html`<option value=${each.version} ?selected=${each.version === comparison?.other}>${each.name ?? `version ${each.version}`}, ${exactly(each.updatedAt)}</option>`)}
    </select></label
  >`;
}

function changeList(changes) {
  if (changes === undefined) return html`<p role="status">Loading changes…</p>`;
  if (changes === null) return html`<p>One of these versions is no longer available.</p>`;
  const { lines } = changes;
  if (!lines.length) return html`<p>No changes.</p>`;
  const more = lines.length - MOST_CHANGES;
  return html`<ul>
    ${lines.slice(0, MOST_CHANGES).map(({ place, text }) => html`<li><b>${place}</b> ${text}</li>`)}
    ${more > 0 ? html`<li>and ${count(more, "more change")}</li>` : nothing}
  </ul>`;
}

function actions(drawer, { version, name, deleted, removed }, { asked, changes, isBusy }) {
  if (removed) return nothing;
  if (asked === "removal") return removal(drawer, version);
  if (asked === "name") return naming(drawer, name, isBusy);
  const isWhole = version !== drawer.current && !deleted;
  const canTakeBack = changes?.lines.length > 0;
  return html`<p class="actions">
      ${isWhole
        ? html`<button type="button" @click=${() => drawer.look()}>Preview</button>
            <button type="button" class="primary" @click=${() => drawer.restore()}>Restore</button>`
        : nothing}
      ${canTakeBack ? html`<button type="button" @click=${() => drawer.takeBack()}>Take back changes</button>` : nothing}
      <button type="button" class="quiet" @click=${() => drawer.ask("name")}>${name ? "Rename" : "Name"} this version</button>
      ${drawer.isOwner && isWhole ? html`<button type="button" class="quiet" @click=${() => drawer.ask("removal")}>Remove content</button>` : nothing}
    </p>
    ${canTakeBack ? html`<p class="hint">${takenBack(changes)}</p>` : nothing}
    ${isWhole ? html`<p class="hint">Restoring: the whole dashboard as it was in version ${version}.</p>` : nothing}`;
}

function removal(drawer, version) {
  return html`<p class="sure" role="alert">The content of version ${version} will be gone for good: nobody can preview, restore or compare it any more. The entry stays in this list.</p>
    <p class="actions">
      <button type="button" class="danger" @click=${() => drawer.remove()}>Remove for good</button>
      <button type="button" @click=${() => drawer.ask(null)}>Keep it</button>
    </p>`;
}

function naming(drawer, name = "", isBusy = false) {
  const save = (event) => drawer.name(event.target.closest(".naming").querySelector("input").value);
  const onKey = (event) => event.key === "Enter" && (event.preventDefault(), save(event));
  return html`<div class="naming">
    <label class="field"><span>Name of this version</span><input maxlength=${LONGEST_NAME} value=${name} autocomplete="off" @keydown=${onKey} ${ref(focusOnce)}></label>
    <p class="actions">
      <button type="button" class="primary" ?disabled=${isBusy} @click=${save}>Save name</button>
      <button type="button" @click=${() => drawer.ask(null)}>Cancel</button>
    </p>
    ${name ? html`<p class="hint">Without a text, the version has no name.</p>` : nothing}
  </div>`;
}

/** What is asked for gets the focus, once it is in the document. */
function focusOnce(element) {
  if (element) requestAnimationFrame(() => element.focus());
}

function whenSeen(element, act) {
  awaited.set(element, act);
  observer.observe(element);
}

function onSeen(entries) {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    observer.unobserve(target);
    awaited.get(target)();
  }
}
