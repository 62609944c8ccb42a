/** Elements that a merge would have twice, and references to elements that it would no longer have. */

import { IDENTITIES, identityOf, NAMES, nameOf } from "./identity.js";
import { isObject, isSame, type Json } from "./json.js";
import { escaped, tokensOf } from "./pointer.js";

/** What a side made of a value that the other side left as it was; undefined stands for no value. */
export interface Change {
  readonly pointer: string;
  /** Whether the pointer ends with an index. */
  readonly isElement: boolean;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

/** What a side did to identities and texts, each with the place of the topmost value that it removed or added. */
interface Edits {
  readonly document: Json;
  readonly removed: Map<string, string>;
  readonly texts: { text: string; member: string | undefined; place: string }[];
  readonly identities: Map<string, string>;
}

/** A value, the nearest member that holds it, and whether that is directly its own and identifies an object. */
interface Value {
  readonly value: Json;
  readonly member: string | undefined;
  readonly isMember: boolean;
  readonly isIdentity: boolean;
}

/**
 * Where a value is: its pointer, after the document whose indices the pointer has. A pointer alone may be that of an element
 * that `theirs` deleted and that of another one.
 */
export function placeOf(base: Json | undefined, theirs: Json | undefined, pointer: string): string {
  return (theirs !== undefined ? "theirs" : base !== undefined ? "base" : "mine") + pointer;
}

/** The pointer of a place. */
export function pointerOf(place: string): string {
  return place.slice(place.search(/\/|$/));
}

/**
 * The places of what was taken from each side that does not go together: an element that both sides moved, or one that a side
 * removed and a reference to it that the other added.
 */
export function misplaced(theirs: Json, mine: Json, taken: { readonly theirs: readonly Change[]; readonly mine: readonly Change[] }, outcome: Json): string[] {
  const [saved, sent] = [editsOf(theirs, taken.theirs, true), editsOf(mine, taken.mine, false)];
  return [...doubled(saved, sent, outcome), ...dangling(saved, sent, outcome), ...dangling(sent, saved, outcome)];
}

function editsOf(document: Json, changes: readonly Change[], isSaved: boolean): Edits {
  const edits: Edits = { document, removed: new Map(), texts: [], identities: new Map() };
  const borne = new Set<string>();
  for (const { pointer, isElement, before, after } of changes.flatMap((change) => smallest(change, isSaved))) {
    // The other side left it as it was, so without this side's edit `theirs` has what the base has.
    const place = placeOf(before, isSaved ? after : before, pointer);
    const [old, now] = [inside(before, pointer, isElement), inside(after, pointer, isElement)];
    for (const name of namesIn(now)) borne.add(name);
    for (const name of namesIn(old)) if (!edits.removed.has(name)) edits.removed.set(name, place);
    const texts = new Set(textsIn(old).map(({ text }) => text));
    edits.texts.push(...textsIn(now).flatMap((each) => (texts.has(each.text) ? [] : [{ ...each, place }])));
    const known = new Set(identitiesIn(old));
    for (const identity of identitiesIn(now)) if (!known.has(identity) && !edits.identities.has(identity)) edits.identities.set(identity, place);
  }
  for (const name of borne) edits.removed.delete(name);
  return edits;
}

/** The two places of each element that stands once on each side and twice in the outcome. */
function doubled(theirs: Edits, mine: Edits, outcome: Json): string[] {
  const both = [...theirs.identities.keys()].filter((identity) => mine.identities.has(identity));
  if (!both.length) return [];
  const [once, alsoOnce, together] = [theirs.document, mine.document, outcome].map((document) => identitiesIn(inside(document)));
  const count = (all: readonly string[] | undefined, identity: string) => all?.filter((each) => each === identity).length ?? 0;
  const isTwice = (identity: string) => count(once, identity) === 1 && count(alsoOnce, identity) === 1 && count(together, identity) > 1;
  return both.filter(isTwice).flatMap((identity) => [theirs.identities.get(identity) as string, mine.identities.get(identity) as string]);
}

/**
 * The places of each element that one side removed and of the references to it that the other added.
 *
 * A text counts as a reference if nothing in the outcome bears it as its identity, the side that removed the element kept no
 * such text, and the side that added it has only identities under the member that holds it. A text that was kept as a word
 * does not count: under a member that holds other texts that identify nothing.
 */
function dangling(remover: Edits, adder: Edits, outcome: Json): string[] {
  const found = adder.texts.filter(({ text }) => remover.removed.has(text));
  if (!found.length) return [];
  const borne = new Set(namesIn(inside(outcome)));
  const [kept, added] = [wordsIn(remover.document), wordsIn(adder.document)];
  const isOnly = (words: ReadonlySet<string> | undefined, text: string) => !words || (words.size === 1 && words.has(text));
  const left = new Set(textsIn(inside(remover.document)).flatMap(({ text, member }) => (isOnly(kept.get(member), text) ? [text] : [])));
  const isReference = ({ text, member }: (typeof found)[number]) => !borne.has(text) && !left.has(text) && !added.has(member);
  return found.filter(isReference).flatMap(({ text, place }) => [remover.removed.get(text) as string, place]);
}

/** The texts under each member that identify nothing in a document. */
function wordsIn(document: Json): Map<string | undefined, Set<string>> {
  const all = inside(document);
  const known = new Set(namesIn(all));
  const words = new Map<string | undefined, Set<string>>();
  for (const { text, member } of textsIn(all)) if (!known.has(text)) words.set(member, (words.get(member) ?? new Set()).add(text));
  return words;
}

/** The topmost values inside a change that were added, removed or replaced. */
function smallest(change: Change, isSaved: boolean): Change[] {
  const { pointer, before, after } = change;
  if (isSame(before, after)) return [];
  if (isObject(before) && isObject(after)) {
    const [old, now] = [before, after];
    const names = new Set([...Object.keys(old), ...Object.keys(now)]);
    const part = (side: typeof old, name: string) => (Object.hasOwn(side, name) ? side[name] : undefined);
    return [...names].flatMap((name) => smallest({ pointer: `${pointer}/${escaped(name)}`, isElement: false, before: part(old, name), after: part(now, name) }, isSaved));
  }
  const identity = identityOf(before, after);
  if (!identity) return [change];
  const [old, now] = [before, after].map((side) => new Map((side as Json[]).map((element, index) => [nameOf(element, identity), { element, index }])));
  // The last side that has an element sets its index: the base's before `mine`, but not before `theirs`.
  const places = new Map((isSaved ? [old, now] : [now, old]).flatMap((side) => [...(side ?? [])].map(([name, { index }]) => [name, index])));
  return [...places].flatMap(([name, index]) => smallest({ pointer: `${pointer}/${index}`, isElement: true, before: old?.get(name)?.element, after: now?.get(name)?.element }, isSaved));
}

/** A value and everything inside it. */
function inside(value: Json | undefined, pointer = "", isElement = false): Value[] {
  const found: Value[] = [];
  const visit = (value: Json, member: string | undefined, isMember: boolean, isIdentity: boolean) => {
    found.push({ value, member, isMember, isIdentity });
    if (Array.isArray(value)) for (const each of value as Json[]) visit(each, member, false, false);
    else if (isObject(value)) {
      // An element without an id is named by what identifies it in its array.
      const naming = isMember || IDENTITIES.some((name) => Object.hasOwn(value, name)) ? IDENTITIES : NAMES;
      for (const [name, each] of Object.entries(value)) visit(each, name, true, naming.includes(name));
    }
  };
  if (value !== undefined) visit(value, tokensOf(pointer).at(isElement ? -2 : -1), !isElement, false);
  return found;
}

/** The texts that identify an object: the value of what identifies it, and the name of its own member. */
function namesIn(values: readonly Value[]): string[] {
  return values.flatMap(({ value, member, isMember, isIdentity }) => {
    if (isObject(value)) return isMember && member !== undefined ? [member] : [];
    return isIdentity && typeof value === "string" ? [value] : [];
  });
}

function identitiesIn(values: readonly Value[]): string[] {
  return values.flatMap(({ value, member, isMember }) => {
    const isIdentity = isMember && member !== undefined && IDENTITIES.includes(member) && (typeof value === "string" || Number.isInteger(value));
    return isIdentity ? [JSON.stringify([member, value])] : [];
  });
}

/** Each text other than identities, and the member that holds it. */
function textsIn(values: readonly Value[]): { text: string; member: string | undefined }[] {
  return values.flatMap(({ value, member, isIdentity }) => (typeof value === "string" && !isIdentity ? [{ text: value, member }] : []));
}
