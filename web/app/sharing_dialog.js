// The dialog of who may do what: the owner invites, changes and removes, everyone else sees whom they work with, and can leave.
import { html, live, nothing, repeat } from "./html.js";
import { canLeave, GIVEN, invitationInWords, isOpen, linkInWords, nameOf, ROLES } from "./people.js";
import { ago, exactly } from "./words.js";

const NO_TEAM = "You are not in a team of this name, so you cannot let it in.";

/**
 * Open the dialog; `calls` promises the calls for sharing, `left` gets the teams that still let the user in after they have
 * left.
 */
export function openSharing(dialog, calls, page, left) {
  let people = null;
  let problem = null;
  let isBusy = false;
  /** The link that was just made, which is shown once: `{ kind, url, text, isCopied }`. */
  let made = null;
  /** What the user has to confirm: the key of its row. */
  let asked = null;
  let said = "";

  /** Do something and show who may do what since, unless `work` returns false; `inWords` says why it failed. */
  const attempt = async (work, inWords = ({ message }) => message) => {
    if (isBusy) return;
    isBusy = true;
    problem = null;
    said = "";
    dialog.redraw();
    try {
      const sharing = await calls();
      const isStaying = (await work(sharing)) !== false;
      asked = null;
      if (isStaying) people = await sharing.members(page.id);
    } catch (error) {
      if (error.status === undefined) throw error;
      problem = inWords(error);
      reveal(".sharing .problem");
    }
    isBusy = false;
    dialog.redraw();
  };
  /** Make a link, and show it wherever the dialog is scrolled to; `make` returns what it is. */
  const present = async (kind, make) => {
    let isMade = false;
    await attempt(async (sharing) => {
      const { place, ...link } = await make(sharing);
      made = { kind, url: `${location.origin}${location.pathname}${place}`, isCopied: false, ...link };
      isMade = true;
    });
    if (!isMade) return;
    reveal(".made", ".made input");
  };
  /** Take back an invitation or a link, which is no longer shown then. */
  const takeBack = (id, call) =>
    attempt(async (sharing) => {
      await call(sharing);
      if (made?.id === id) made = null;
    });
  const ask = (key) => {
    asked = key;
    dialog.redraw();
  };

  // --- what the owner does ---

  const invite = (event) => {
    const role = valueOf(event, "invited");
    return present("invitation", async (sharing) => {
      const { invitationId, token, expiresAt } = await sharing.invite(page.id, { role });
      return { id: invitationId, place: `#/invitations/${token}`, text: `For one person, who ${ROLES[role]} then. Valid until ${exactly(expiresAt)}.` };
    });
  };
  const makeLink = (event) => {
    const version = Number(valueOf(event, "shown")) || undefined;
    return present("link", async (sharing) => {
      const { linkId, token } = await sharing.links.create(page.id, { version });
      return { id: linkId, place: `#/links/${token}`, text: "Anyone who has this link sees the dashboard, until you take it back." };
    });
  };
  const letIn = (event) => {
    const [name, role] = [valueOf(event, "team").trim(), valueOf(event, "team-role")];
    if (!name) return undefined;
    const inWords = ({ code, message }) => (code === "forbidden" ? NO_TEAM : message);
    return attempt((sharing) => sharing.teams.set(page.id, name, role), inWords);
  };
  const removeMember = (member) =>
    attempt(async (sharing) => {
      const { stillThrough } = await sharing.removeMember(page.id, member.id);
      if (stillThrough.length) said = `${nameOf(member)} can still open this dashboard through ${stillThrough.join(", ")}.`;
    });
  const leave = () =>
    attempt(async (sharing) => {
      const { stillThrough } = await sharing.removeMember(page.id, people.you);
      dialog.close();
      left(stillThrough);
      return false;
    });
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(made.url);
      made = { ...made, isCopied: true };
    } catch {
      // Without the permission, the user copies what is selected.
      document.querySelector(".made input").select();
    }
    dialog.redraw();
  };

  // --- what is shown ---

  const madeView = (kind) => {
    if (made?.kind !== kind) return nothing;
    return html`<div class="made">
      <label class="field"><span>Copy this link now: it is shown only once.</span><input readonly .value=${made.url} @focus=${(event) => event.target.select()}></label>
      <button type="button" class="primary" @click=${copy}>${made.isCopied ? "Copied" : "Copy"}</button>
      <p class="hint" role="status">${made.text}</p>
    </div>`;
  };
  const sure = (action, run) => html`
    <button type="button" class="danger" ?disabled=${isBusy} @click=${run}>${action}</button>
    <button type="button" @click=${() => ask(null)}>Cancel</button>
  `;
  /** A row with an action that has to be confirmed. */
  const row = (key, content, { action, label, question, run }, controls = nothing) =>
    html`<li>
      <span class="who-is">${content}</span>
      ${asked === key
        ? html`<span class="sure" role="alert">${question}</span>
            <span class="row-tools">${sure(action, run)}</span>`
        : html`<span class="row-tools">${controls}<button type="button" aria-label=${label} @click=${() => ask(key)}>${action}</button></span>`}
    </li>`;
  const person = (who, note) => html`<b>${nameOf(who)}${who.id === people.you ? " (you)" : nothing}</b><small>${note}</small>`;
  const roleSelect = (name, role, change) =>
    html`<select aria-label=${`Role of ${name}`} .value=${live(role)} ?disabled=${isBusy} @change=${(event) => change(event.target.value)}>${roles(role)}</select>`;

  const memberRow = (member, isOwner) => {
    const name = nameOf(member);
    const note = member.through ? `${ROLES[member.role]}, through a team` : isOwner ? `since ${exactly(member.since)}` : ROLES[member.role];
    if (!isOwner || member.through) return html`<li><span class="who-is">${person(member, note)}</span></li>`;
    const removal = { action: "Remove", label: `Remove ${name}`, question: `${name} loses access at once.`, run: () => removeMember(member) };
    return row(`member ${member.id}`, person(member, note), removal, roleSelect(name, member.role, (role) => attempt((sharing) => sharing.setRole(page.id, member.id, role))));
  };
  const teamRow = ({ name, role, since }, isOwner) => {
    if (!isOwner) return html`<li><span class="who-is"><b>${name}</b><small>team, ${ROLES[role]}</small></span></li>`;
    const removal = { action: "Remove", label: `Remove the team ${name}`, question: "Its members lose access at once.", run: () => attempt((sharing) => sharing.teams.remove(page.id, name)) };
    const content = html`<b>${name}</b><small>since ${exactly(since)}</small>`;
    return row(`team ${name}`, content, removal, roleSelect(name, role, (changed) => attempt((sharing) => sharing.teams.set(page.id, name, changed))));
  };
  const invitationRow = (invitation) => {
    const { invitationId, createdAt, expiresAt } = invitation;
    const content = html`<b>${invitationInWords(invitation)}</b><small>made ${ago(createdAt)}, valid until ${exactly(expiresAt)}</small>`;
    return row(`invitation ${invitationId}`, content, {
      action: "Take back",
      label: `Take back the invitation made ${ago(createdAt)}`,
      question: "Nobody can accept it any more.",
      run: () => takeBack(invitationId, (sharing) => sharing.takeBack(page.id, invitationId)),
    });
  };
  const linkRow = (link) => {
    const content = html`<b>${linkInWords(link, exactly)}</b><small>made ${ago(link.createdAt)}</small>`;
    return row(`link ${link.linkId}`, content, {
      action: "Take back",
      label: `Take back the link made ${ago(link.createdAt)}`,
      question: "The link shows nothing any more, after a minute at most.",
      run: () => takeBack(link.linkId, (sharing) => sharing.links.remove(page.id, link.linkId)),
    });
  };

  const peopleList = (isOwner) => html`
    <ul class="rows">
      <li><span class="who-is">${person(people.owner, ROLES.owner)}</span></li>
      ${repeat(people.members, ({ id }) => id, (member) => memberRow(member, isOwner))}
      ${isOwner ? nothing : (people.teams ?? []).map((team) => teamRow(team, false))}
    </ul>
  `;

  const ownerView = () => {
    const invitations = people.invitations.filter(isOpen);
    return html`
      <section aria-labelledby="invite-title">
        <h3 id="invite-title">Invite someone</h3>
        <div class="fields">
          <label class="inline"><span>They</span><select name="invited">${roles("viewer", { viewer: ROLES.viewer, editor: ROLES.editor })}</select></label>
          <button type="button" class="primary" ?disabled=${isBusy} @click=${invite}>Create invitation link</button>
        </div>
        ${made?.kind === "invitation" ? madeView("invitation") : html`<p class="hint">For one person, valid for 7 days. Send it to them yourself.</p>`}
      </section>
      <section aria-labelledby="people-title">
        <h3 id="people-title">People</h3>
        ${peopleList(true)}
      </section>
      ${invitations.length
        ? html`<section aria-labelledby="invitations-title">
            <h3 id="invitations-title">Open invitations</h3>
            <ul class="rows">${repeat(invitations, ({ invitationId }) => invitationId, invitationRow)}</ul>
          </section>`
        : nothing}
      <section aria-labelledby="links-title">
        <h3 id="links-title">Public links</h3>
        <p class="hint">Anyone who has a public link sees the charts and the table, without signing in.</p>
        ${people.links.length ? html`<ul class="rows">${repeat(people.links, ({ linkId }) => linkId, linkRow)}</ul>` : nothing}
        <div class="fields">
          <label class="inline"><span>It shows</span><select name="shown">
            <option value="">always the newest version</option>
            ${page.state.version ? html`<option value=${page.state.version}>version ${page.state.version} only</option>` : nothing}
          </select></label>
          <button type="button" ?disabled=${isBusy} @click=${makeLink}>Create public link</button>
        </div>
        ${madeView("link")}
      </section>
      <section aria-labelledby="teams-title">
        <h3 id="teams-title">Teams</h3>
        <p class="hint">Everyone who signs in as a member of a team that you are in, too.</p>
        ${people.teams.length ? html`<ul class="rows">${repeat(people.teams, ({ name }) => name, (team) => teamRow(team, true))}</ul>` : nothing}
        <div class="fields">
          <label class="inline"><span>Team</span><input name="team" maxlength="255" autocomplete="off" @keydown=${(event) => event.key === "Enter" && void letIn(event)}></label>
          <select name="team-role" aria-label="Role of the team">${roles("viewer")}</select>
          <button type="button" ?disabled=${isBusy} @click=${letIn}>Add team</button>
        </div>
      </section>
    `;
  };

  const memberView = () => html`
    ${peopleList(false)}
    ${canLeave(people)
      ? html`<section>
          ${asked === "leave"
            ? html`<p class="sure" role="alert">You lose access at once. To come back, you need another invitation.</p>
                <p class="row-tools">${sure("Leave", leave)}</p>`
            : html`<button type="button" @click=${() => ask("leave")}>Leave this dashboard</button>`}
        </section>`
      : nothing}
  `;

  const isOwner = page.role === "owner";
  dialog.open({
    title: isOwner ? "Share" : "People",
    kind: "sharing",
    body: () => html`
      ${problem ? html`<p class="problem" role="alert">${problem}</p>` : nothing}
      <p class="hint said" role="status">${said}</p>
      ${people ? (isOwner ? ownerView() : memberView()) : problem ? nothing : html`<p role="status">Loading…</p>`}
    `,
  });
  void attempt(() => {});
}

/** Scroll to what is about to be drawn, and move the focus there. */
function reveal(selector, focused) {
  requestAnimationFrame(() => {
    document.querySelector(selector)?.scrollIntoView({ block: "nearest" });
    if (focused) document.querySelector(focused)?.focus();
  });
}

const valueOf = (event, name) => event.target.closest("form").elements[name].value;
const roles = (chosen, inWords = GIVEN) => Object.entries(inWords).map(([role, words]) => html`<option value=${role} ?selected=${role === chosen}>${words}</option>`);
