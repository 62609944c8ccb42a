// The people of a dashboard in words: who they are, what they may do, and who saved a version.

/** What a role allows, after a name. */
export const ROLES = { owner: "owner", editor: "can edit", viewer: "can view" };
/** The roles that can be given to others. */
export const GIVEN = { viewer: "Can view", editor: "Can edit" };
/** The role that nobody can be given. */
export const OWNER = "Owner";
export const NO_TEAM = "You are not in a team of this name, so you cannot let it in.";
const SHORT_ID = 6;
const TONES = 6;
/** Of an id that no owner or member has. */
export const FORMER = "someone who is no longer a member";

/** `Ada`; without a name, a short id, which distinguishes the people of one dashboard. */
export const nameOf = ({ id, name }) => name || `User ${id.slice(0, SHORT_ID)}`;

/** `AL` for Ada Lovelace; without a name, the id's first character. */
export function initialsOf({ id, name }) {
  const words = (name || id).trim().split(/[\s.@_-]+/).filter(Boolean);
  const [first, last] = [words[0] ?? "", words.length > 1 && name ? words.at(-1) : ""];
  return [first, last].map((word) => String.fromCodePoint(...[word.codePointAt(0)].filter(Boolean))).join("").toUpperCase();
}

/** One of a few colors, always the same for a person. */
export const toneOf = ({ id }) => [...id].reduce((sum, character) => sum + character.codePointAt(0), 0) % TONES;

/**
 * Return a function that names who saved something by their id: “You”, their name, or that they are not a member any more.
 *
 * It returns an empty text without an id, and if the members are not known.
 *
 * @param {import("../client/dist/sharing.js").Members | null} people
 */
export function savers(people) {
  const known = people ? new Map([people.owner, ...people.members].map((person) => [person.id, nameOf(person)])) : null;
  return (id) => {
    if (!known || !id) return "";
    return id === people.you ? "You" : (known.get(id) ?? FORMER);
  };
}

/** Whether the user is all alone in a dashboard, so that nobody has to be named. */
export function isAlone({ you, owner, members, teams = [] }) {
  return owner.id === you && !members.length && !teams.length;
}

/** Whether the user can leave by themselves: whom only a team lets in cannot. */
export function canLeave({ you, members }) {
  return members.some(({ id, through }) => id === you && through !== "team");
}

/** `Always the newest version`; `format` writes a time. */
export function linkInWords({ version, expiresAt }, format) {
  return [version ? `Shows version ${version} only` : "Always shows the newest version", expiresAt && `until ${format(expiresAt)}`].filter(Boolean).join(", ");
}

/** Whether somebody else can still accept an invitation. */
export const isOpen = ({ used, uses }) => used < uses;

/** `Can edit, for 3 people, 1 accepted`. */
export function invitationInWords({ role, uses, used }) {
  return [GIVEN[role], uses === 1 ? "for one person" : `for ${uses} people`, used && `${used} accepted`].filter(Boolean).join(", ");
}
