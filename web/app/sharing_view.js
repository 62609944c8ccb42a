// What the dialog of who may do what shows: people, invitations, teams and public links, each with what can be done about it.
import { html, icon, live, nothing, repeat } from "./html.js";
import { canLeave, GIVEN, initialsOf, invitationInWords, isOpen, linkInWords, nameOf, OWNER, toneOf } from "./people.js";
import { ago, onDay } from "./words.js";

const MOST_USES = 100;
const DAYS = { "": "until you take it back", 7: "for 7 days", 30: "for 30 days", 90: "for 90 days" };

export function ownerView(sharing) {
  const { people, isBusy, made, version } = sharing;
  const invitations = people.invitations.filter(isOpen);
  const number = 1 + people.members.length;
  return html`
    <section aria-labelledby="invite-title">
      <h3 id="invite-title">Invite people</h3>
      <div class="fields">
        <label class="inline"><span>They</span><select name="invited">${roles("viewer", { viewer: "can view", editor: "can edit" })}</select></label>
        <label class="inline"><span>How many</span><input name="uses" type="number" min="1" max=${MOST_USES} value="1" required></label>
        <button type="button" class="primary" ?disabled=${isBusy} @click=${ifValid((form) => sharing.invite(form))}>Create invitation link</button>
      </div>
      ${made?.kind === "invitation" ? madeView(sharing) : html`<p class="hint">Send the link yourself. It is valid for 7 days.</p>`}
    </section>
    <section aria-labelledby="people-title">
      <h3 id="people-title">People with access <small>${number}</small></h3>
      <ul class="rows">
        ${personRow(sharing, people.owner, OWNER)}
        ${repeat(people.members, ({ id }) => id, (member) => memberRow(sharing, member))}
        ${repeat(invitations, ({ invitationId }) => invitationId, (invitation) => invitationRow(sharing, invitation))}
      </ul>
    </section>
    <section aria-labelledby="links-title">
      <h3 id="links-title">Public links</h3>
      <p class="hint">Everyone with a public link sees the charts and the table, without signing in.</p>
      ${people.links.length ? html`<ul class="rows">${repeat(people.links, ({ linkId }) => linkId, (link) => linkRow(sharing, link))}</ul>` : nothing}
      <div class="fields">
        <label class="inline"><span>It shows</span><select name="shown">
          <option value="">always the newest version</option>
          ${version ? html`<option value=${version}>version ${version} only</option>` : nothing}
        </select></label>
        <label class="inline"><span>It works</span><select name="days">${Object.entries(DAYS).map(([days, words]) => html`<option value=${days} ?selected=${days === ""}>${words}</option>`)}</select></label>
        <button type="button" ?disabled=${isBusy} @click=${({ target }) => sharing.makeLink(target.closest("form"))}>Create public link</button>
      </div>
      ${made?.kind === "link" ? madeView(sharing) : nothing}
    </section>
    <details ?open=${people.teams.length > 0}>
      <summary>Teams${people.teams.length ? html` <small>${people.teams.length}</small>` : nothing}</summary>
      <section aria-label="Teams">
        <p class="hint">Everyone who signs in as a member of a team that you are in, too.</p>
        ${people.teams.length ? html`<ul class="rows">${repeat(people.teams, ({ name }) => name, (team) => teamRow(sharing, team))}</ul>` : nothing}
        <div class="fields">
          <label class="inline"><span>Team</span><input name="team" maxlength="255" autocomplete="off" @keydown=${(event) => event.key === "Enter" && void sharing.addTeam(event.target.closest("form"))}></label>
          <select name="team-role" aria-label="Role of the team">${roles("viewer")}</select>
          <button type="button" ?disabled=${isBusy} @click=${({ target }) => sharing.addTeam(target.closest("form"))}>Add team</button>
        </div>
      </section>
    </details>
  `;
}

export function memberView(sharing) {
  const { people, asked } = sharing;
  return html`
    <ul class="rows">
      ${personRow(sharing, people.owner, OWNER)}
      ${repeat(people.members, ({ id }) => id, (member) => personRow(sharing, member, roleInWords(member)))}
      ${(people.teams ?? []).map(({ name, role }) => plainRow(mark("people"), name, "Team", GIVEN[role]))}
    </ul>
    ${canLeave(people)
      ? html`<section>
          ${asked === "leave"
            ? html`<p class="sure" role="alert">You lose access at once. To come back, you need another invitation.</p>
                <p class="row-tools">${sure(sharing, "Leave", () => sharing.leave())}</p>`
            : html`<button type="button" @click=${() => sharing.ask("leave")}>Leave this dashboard</button>`}
        </section>`
      : nothing}
  `;
}

// --- rows ---

const plainRow = (sign, name, note, role) => html`<li>${sign}${whoIs(name, note)}<span class="role">${role}</span></li>`;

const personRow = (sharing, person, role) => plainRow(avatar(person), nameFor(sharing, person), person.since && `Since ${onDay(person.since)}`, role);

function memberRow(sharing, member) {
  if (member.through) return personRow(sharing, member, roleInWords(member));
  const name = nameOf(member);
  return row(sharing, {
    key: `member ${member.id}`,
    content: html`${avatar(member)}${whoIs(nameFor(sharing, member), `Since ${onDay(member.since)}`)}`,
    controls: roleSelect(sharing, name, member.role, (role) => sharing.setRole(member, role)),
    action: "Remove",
    label: `Remove ${name}`,
    question: `${name} loses access at once.`,
    run: () => sharing.remove(member),
  });
}

function invitationRow(sharing, invitation) {
  const { invitationId, createdAt, expiresAt } = invitation;
  return row(sharing, {
    key: `invitation ${invitationId}`,
    content: html`${mark("link")}${whoIs("Open invitation", `${invitationInWords(invitation)} · made ${ago(createdAt)}, valid until ${onDay(expiresAt)}`)}`,
    action: "Take back",
    label: `Take back the invitation made ${ago(createdAt)}`,
    question: "Nobody can accept it any more.",
    run: () => sharing.takeBackInvitation(invitation),
  });
}

function teamRow(sharing, { name, role, since }) {
  return row(sharing, {
    key: `team ${name}`,
    content: html`${mark("people")}${whoIs(name, `Since ${onDay(since)}`)}`,
    controls: roleSelect(sharing, name, role, (changed) => sharing.setTeam(name, changed)),
    action: "Remove",
    label: `Remove the team ${name}`,
    question: "Its members lose access at once.",
    run: () => sharing.removeTeam(name),
  });
}

function linkRow(sharing, link) {
  const { linkId, createdAt } = link;
  return row(sharing, {
    key: `link ${linkId}`,
    content: html`${mark("link")}${whoIs(linkInWords(link, onDay), `Made ${ago(createdAt)}`)}`,
    action: "Take back",
    label: `Take back the link made ${ago(createdAt)}`,
    question: "The link shows nothing any more, after a minute at most.",
    run: () => sharing.takeBackLink(link),
  });
}

/** A row with an action that has to be confirmed. */
function row(sharing, { key, content, controls = nothing, action, label, question, run }) {
  return html`<li>
    ${content}
    ${sharing.asked === key
      ? html`<span class="sure" role="alert">${question}</span>
          <span class="row-tools">${sure(sharing, action, run)}</span>`
      : html`<span class="row-tools">${controls}<button type="button" class="quiet" aria-label=${label} @click=${() => sharing.ask(key)}>${action}</button></span>`}
  </li>`;
}

const sure = (sharing, action, run) => html`
  <button type="button" class="danger" ?disabled=${sharing.isBusy} @click=${run}>${action}</button>
  <button type="button" @click=${() => sharing.ask(null)}>Cancel</button>
`;

const whoIs = (name, note) => html`<span class="who-is"><b>${name}</b>${note ? html`<small>${note}</small>` : nothing}</span>`;
const nameFor = ({ people }, person) => `${nameOf(person)}${person.id === people.you ? " (you)" : ""}`;
const roleInWords = ({ role, through }) => (through ? `${GIVEN[role]}, through a team` : GIVEN[role]);
const avatar = (person) => html`<span class="avatar" data-tone=${toneOf(person)} aria-hidden="true">${initialsOf(person)}</span>`;
const mark = (name) => html`<span class="avatar" aria-hidden="true">${icon(name)}</span>`;

const roleSelect = ({ isBusy }, name, role, change) =>
  html`<select aria-label=${`Role of ${name}`} .value=${live(role)} ?disabled=${isBusy} @change=${(event) => change(event.target.value)}>${roles(role)}</select>`;

function madeView(sharing) {
  const { url, text, isCopied } = sharing.made;
  const mail = `mailto:?subject=${encodeURIComponent(sharing.name)}&body=${encodeURIComponent(url)}`;
  return html`<div class="made">
    <label class="field"><span>Copy this link now: it is shown only once.</span><input readonly .value=${url} @focus=${(event) => event.target.select()}></label>
    <button type="button" class="primary" @click=${() => sharing.copy()}>${isCopied ? "Copied" : "Copy"}</button>
    <a class="button" href=${mail}>Send by email</a>
    <p class="hint" role="status">${text}</p>
  </div>`;
}

/** Do something with the form if what was entered is possible; the browser says what is not. */
const ifValid = (act) => ({ target }) => {
  const form = target.closest("form");
  if (form.reportValidity()) void act(form);
};

const roles = (chosen, inWords = GIVEN) => Object.entries(inWords).map(([role, words]) => html`<option value=${role} ?selected=${role === chosen}>${words}</option>`);
