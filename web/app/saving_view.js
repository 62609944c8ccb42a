// The views of a dashboard's saving: the toolbar's state, the banner below it, and what is shown instead of a dashboard.
import { html, iconButton, nothing } from "./html.js";
import { placeInWords } from "./places.js";
import { isSignedOut, reasonInWords } from "./saving_words.js";
import { ago, exactly } from "./words.js";

const DETAILS = "state-details";

export function missing() {
  return html`<div class="inner wide page"><div class="notice" role="alert">
    <h1>Dashboard not found</h1>
    <p>It was deleted, or it is not shared with you.</p>
    <a class="button" href="#/">All dashboards</a>
  </div></div>`;
}

export function failed(page, { error }) {
  const isOut = isSignedOut(page.state);
  return html`<div class="inner wide page"><div class="notice" role="alert">
    <h1>The dashboard could not be loaded</h1>
    <p>${isOut ? error.message : reasonInWords(error, null)}</p>
    <p class="choose">
      ${isOut ? signIn(page) : html`<button type="button" class="primary" @click=${() => page.loadAgain()}>Try again</button>`}
      <a class="button" href="#/">All dashboards</a>
    </p>
  </div></div>`;
}

/** The state stays in sight while its banner is closed, and brings it back. */
export function saveState({ state, saving, following }) {
  const { version, updatedAt } = state;
  const { trouble, shown } = saving;
  const by = saving.savedBy && `, by ${saving.savedBy}`;
  const title = version && updatedAt ? `Version ${version}, ${exactly(updatedAt)}${by}` : nothing;
  return html`<div class="saving">
    <p class="save-state" data-status=${trouble ? "trouble" : state.status} role="status" title=${title}>
      <span>${saving.status}</span>${version ? html`<span class="version">Version ${version}</span>` : nothing}
    </p>
    ${trouble && !shown ? html`<button type="button" class="quiet" id=${DETAILS} @click=${() => saving.openBanner()}>Details</button>` : nothing}
    ${following.isLive && !trouble ? html`<span class="live" title="What others change is shown at once">Live</span>` : nothing}
  </div>`;
}

/** What is wrong, or else what an older version has left behind; below the toolbar and above everything else. */
export function banner(page) {
  const { saving, state } = page;
  const { shown } = saving;
  if (shown) {
    return html`<section class="banner over ${shown.kind === "offline" ? "" : "bad"}" aria-label="State of saving">
      <p role="alert">${shown.text}</p>
      <div class="choose">${remedy(page, shown.kind)}</div>
      ${dismissButton(page)}
    </section>`;
  }
  return state.notMoved.length && !saving.isNotMovedRead ? leftBehind(page) : nothing;
}

function remedy(page, kind) {
  const { isDirty } = page.state;
  switch (kind) {
    case "conflict":
      return !page.canEdit ? nothing : html`<button type="button" class="primary" @click=${() => page.saving.decideConflict()}>Compare changes</button>`;
    case "signed-out":
      return signIn(page);
    case "deleted":
      return html`<button type="button" class="primary" @click=${() => page.saving.restoreDashboard()}>Restore dashboard</button><a class="button" href="#/">All dashboards</a>`;
    case "gone":
      return html`<button type="button" @click=${() => page.loadAgain()}>Try again</button><a class="button" href="#/">All dashboards</a>`;
    case "refused":
      return !page.canEdit ? nothing : html`<button type="button" @click=${() => (isDirty ? page.saving.save() : page.loadAgain())}>Try again</button>`;
    default:
      return nothing;
  }
}

const signIn = (page) => html`<button type="button" class="primary" @click=${() => page.saving.signInAgain()}>Sign in again</button>`;

/** The focus goes to what brings the banner back. */
function dismissButton(page) {
  const dismiss = () => {
    page.saving.closeBanner();
    requestAnimationFrame(() => document.getElementById(DETAILS)?.focus());
  };
  return iconButton("close", "Dismiss", dismiss);
}

/** What an older version has left in this browser and the server does not accept. */
function leftBehind(page) {
  return html`<section class="banner over left-behind" aria-label="Not moved">
    <div role="status">
      <p>Some of what an older version kept in this browser could not be moved here. It stays in this browser.</p>
      <ul>${page.state.notMoved.map(({ pointer, message }) => html`<li><b>${placeInWords(pointer)}</b> ${message}</li>`)}</ul>
    </div>
    ${dismissButton(page)}
  </section>`;
}

export function previewBanner(page) {
  const { version, updatedAt } = page.preview;
  return html`<div class="banner" role="status">
    <p>You are viewing version ${version}, saved ${ago(updatedAt)}. The current dashboard is unchanged.</p>
    <button type="button" class="primary" @click=${() => page.versions.restorePreview()}>Restore this version</button>
    <button type="button" @click=${() => page.versions.leavePreview()}>Back to the current version</button>
  </div>`;
}
