// The dialog of who may do what: the owner invites, changes and removes, everyone else sees whom they work with, and can leave.
import { NO_TEAM, nameOf, ROLES } from "./people.js";
import { memberView, ownerView } from "./sharing_view.js";
import { html, nothing } from "./html.js";
import { exactly } from "./words.js";

const DAY_MS = 86_400_000;

/**
 * Open the dialog; `calls` promises the calls for sharing, `left` gets the teams that still let the user in after they have
 * left.
 */
export function openSharing(dialog, calls, page, left) {
  const sharing = new SharingDialog(dialog, calls, page, left);
  const isOwner = page.role === "owner";
  dialog.open({
    title: () => (isOwner ? `Share “${page.title}”` : "People"),
    kind: "sharing",
    body: () => html`
      ${sharing.problem ? html`<p class="problem" role="alert">${sharing.problem}</p>` : nothing}
      <p class="hint said" role="status">${sharing.said}</p>
      ${sharing.people ? (isOwner ? ownerView : memberView)(sharing) : sharing.problem ? nothing : html`<p role="status">Loading…</p>`}
    `,
  });
  void sharing.attempt(() => {});
}

class SharingDialog {
  people = null;
  problem = null;
  isBusy = false;
  /** The link that was just made, which is shown once: `{ kind, url, text, isCopied }`. */
  made = null;
  /** What the user has to confirm: the key of its row. */
  asked = null;
  said = "";
  #dialog;
  #calls;
  #page;
  #left;

  constructor(dialog, calls, page, left) {
    this.#dialog = dialog;
    this.#calls = calls;
    this.#page = page;
    this.#left = left;
  }

  get name() {
    return this.#page.title;
  }

  /** The version that is shown, which a public link can be kept at. */
  get version() {
    return this.#page.state.version;
  }

  // --- people and teams ---

  invite(form) {
    const [role, uses] = [valueOf(form, "invited"), Number(valueOf(form, "uses"))];
    const whom = uses === 1 ? "For one person" : `For ${uses} people`;
    return this.#present("invitation", async (calls) => {
      const { invitationId, token, expiresAt } = await calls.invite(this.#page.id, { role, uses });
      return { id: invitationId, place: `#/invitations/${token}`, text: `${whom}, who ${ROLES[role]} then. Valid until ${exactly(expiresAt)}.` };
    });
  }

  setRole({ id }, role) {
    return this.attempt((calls) => calls.setRole(this.#page.id, id, role));
  }

  remove(member) {
    return this.attempt(async (calls) => {
      const { stillThrough } = await calls.removeMember(this.#page.id, member.id);
      if (stillThrough.length) this.said = `${nameOf(member)} can still open this dashboard through ${stillThrough.join(", ")}.`;
    });
  }

  leave() {
    return this.attempt(async (calls) => {
      const { stillThrough } = await calls.removeMember(this.#page.id, this.people.you);
      this.#dialog.close();
      this.#left(stillThrough);
      return false;
    });
  }

  addTeam(form) {
    const name = valueOf(form, "team").trim();
    return name && this.setTeam(name, valueOf(form, "team-role"));
  }

  setTeam(name, role) {
    const inWords = ({ code, message }) => (code === "forbidden" ? NO_TEAM : message);
    return this.attempt((calls) => calls.teams.set(this.#page.id, name, role), inWords);
  }

  removeTeam(name) {
    return this.attempt((calls) => calls.teams.remove(this.#page.id, name));
  }

  takeBackInvitation({ invitationId }) {
    return this.#takeBack(invitationId, (calls) => calls.takeBack(this.#page.id, invitationId));
  }

  // --- public links ---

  makeLink(form) {
    const [version, days] = [Number(valueOf(form, "shown")) || undefined, Number(valueOf(form, "days"))];
    const expiresAt = days ? new Date(Date.now() + days * DAY_MS) : undefined;
    return this.#present("link", async (calls) => {
      const { linkId, token } = await calls.links.create(this.#page.id, { version, expiresAt });
      const until = expiresAt ? ` on ${exactly(expiresAt)}, or when` : " when";
      return { id: linkId, place: `#/links/${token}`, text: `Everyone with this link sees the dashboard, without signing in. It ends${until} you take it back.` };
    });
  }

  takeBackLink({ linkId }) {
    return this.#takeBack(linkId, (calls) => calls.links.remove(this.#page.id, linkId));
  }

  // --- what was made ---

  async copy() {
    try {
      await navigator.clipboard.writeText(this.made.url);
      this.made = { ...this.made, isCopied: true };
    } catch {
      // Without the permission, the user copies what is selected.
      document.querySelector(".made input").select();
    }
    this.#dialog.redraw();
  }

  /** Have a row's action confirmed; null asks for nothing. */
  ask(key) {
    this.asked = key;
    this.#dialog.redraw();
  }

  /** Do something and show who may do what since, unless `work` returns false; `inWords` says why it failed. */
  async attempt(work, inWords = ({ message }) => message) {
    if (this.isBusy) return;
    const { asked } = this;
    Object.assign(this, { isBusy: true, problem: null, said: "" });
    this.#dialog.redraw();
    try {
      const isStaying = (await work(await this.#calls())) !== false;
      // Another row may be asked for meanwhile.
      if (this.asked === asked) this.asked = null;
      if (isStaying) this.people = await (await this.#calls()).members(this.#page.id);
    } catch (error) {
      if (error.status === undefined) throw error;
      this.problem = inWords(error);
      reveal(".sharing .problem");
    }
    this.isBusy = false;
    this.#dialog.redraw();
  }

  /** Make a link, and show it wherever the dialog is scrolled to; `make` returns what it is. */
  async #present(kind, make) {
    let isMade = false;
    await this.attempt(async (calls) => {
      const { place, ...link } = await make(calls);
      this.made = { kind, url: `${location.origin}${location.pathname}${place}`, isCopied: false, ...link };
      isMade = true;
    });
    if (isMade) reveal(".made", ".made input");
  }

  /** Take back an invitation or a link, which is no longer shown then. */
  #takeBack(id, call) {
    return this.attempt(async (calls) => {
      await call(calls);
      if (this.made?.id === id) this.made = null;
    });
  }
}

/** Scroll to what is about to be drawn, and move the focus there. */
function reveal(selector, focused) {
  requestAnimationFrame(() => {
    document.querySelector(selector)?.scrollIntoView({ block: "nearest" });
    if (focused) document.querySelector(focused)?.focus();
  });
}

const valueOf = (form, name) => form.elements[name].value;
