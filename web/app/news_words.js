// What others have changed just now, in words.
import { deedsInWords } from "./changes.js";
import { FORMER, isAlone, savers } from "./people.js";

const COLLEAGUE = "A colleague";
const MOST_NAMED = 2;

/**
 * Name those who have saved, by their ids: “You”, their names, “A colleague” for all whose names the user does not get to
 * know; an empty text where it is not known who it was.
 *
 * @param {Iterable<string | null>} ids
 * @param {import("../client/dist/sharing.js").Members | null} people
 * @returns {string[]}
 */
export function namesOf(ids, people) {
  const nameOf = savers(people);
  const named = (id) => {
    // Nobody else can have saved.
    if (people && !id && isAlone(people)) return "You";
    const name = nameOf(id);
    return name === FORMER ? COLLEAGUE : name;
  };
  return [...ids].map(named);
}

/** Name who else has saved something; an empty text for the user, and where it is not known who it was. */
export function otherThanYou(id, people) {
  const [name] = people && id ? namesOf([id], people) : [""];
  return name === "You" ? "" : inside(name);
}

/**
 * @param {{ config: Iterable<string>, deeds: Iterable<string>, table: Iterable<string>, isWaiting: boolean }} changed the names
 *   of those who have changed the dashboard and the table, and what they did to the dashboard; `isWaiting` says that the
 *   user's next save merges it
 */
export function newsInWords({ config, deeds, table, isWaiting }) {
  const texts = [];
  const [ofConfig, ofTable, done] = [[...config], [...table], [...deeds]];
  if (ofConfig.length) texts.push(`${sentence(ofConfig, done, "This dashboard", "this dashboard")}${isWaiting ? " You get these changes when you save." : ""}`);
  if (ofTable.length) texts.push(sentence(ofTable, [], "The table", "the table"));
  return texts.join(" ");
}

function sentence(names, deeds, first, what) {
  const known = names.filter(Boolean);
  if (!known.length) return `${first} was changed.`;
  const elsewhere = String(known) === "You" ? " on another device or tab" : "";
  return `${together(known)} ${deeds.length ? deedsInWords(deeds) : `changed ${what}`}${elsewhere}.`;
}

/** `Ada and a colleague`; “You” is first, and who has no name last. */
function together(names) {
  const rank = (name) => (name === "You" ? 0 : name === COLLEAGUE ? 2 : 1);
  const [first, ...others] = names.toSorted((one, other) => rank(one) - rank(other));
  if (!others.length) return first;
  const last = others.length < MOST_NAMED ? inside(others[0]) : `${others.length} others`;
  return `${first} and ${last}`;
}

const inside = (name) => name.replace(COLLEAGUE, "a colleague");
