/**
 * Undo and redo of the edits of one tab. This module is loaded on the first edit, or when the tab has stored steps.
 *
 * A step is a pair of configs: what an edit started from and what it led to. Reverting one is a three-way merge whose base is
 * what the edit led to, so it reverts only what still is as the edit left it: a value that somebody has changed since stays.
 * The merge is loaded once somebody has.
 */

import { apply } from "./apply.js";
import type { Merging } from "./conflicts.js";
import type { Events } from "./core.js";
import { isEqual, toJson, type Json } from "./json.js";
import { diff, type Operation } from "./patch.js";

/** One edit: `before` and `after` are the configs shown. */
interface Step {
  readonly before: Json;
  readonly after: Json;
  /** When it was made, in milliseconds. */
  readonly at: number;
}

/** What an event has changed. */
export interface Change extends Step {
  readonly name: keyof Events;
}

export type Direction = "undo" | "redo";

export interface Steps {
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  /** Add an edit, and keep up with what else has changed; before the page is left, the steps are stored. */
  record(change: Change): void;
  /**
   * Show the config without the last step's changes, or with those of the last step undone; nothing happens if no step is left.
   * Rejects with the code `network` if it needs the merge and that cannot be loaded.
   */
  revert(direction: Direction): Promise<void>;
}

/** The document whose edits the steps are. */
export interface Tab {
  /** Where the steps are stored for the tab's next page, if anywhere, and under which name. */
  readonly storage: Storage | null;
  readonly name: string;
  /** The merge, null until it is loaded. */
  merging(): Merging | null;
  loadMerge(): Promise<Merging>;
  shown(): Json;
  show(config: Json): void;
  /** Called when `canUndo` or `canRedo` may have changed by itself. */
  changed(): void;
}

/** The steps as stored: all their configs in order, each as the patch from the one before. */
interface Stored {
  readonly first: Json;
  readonly patches: readonly (readonly Operation[])[];
  /** How many of the steps can be undone; the others can be redone. */
  readonly undo: number;
}

/** The most steps of each kind. */
const MOST = 100;
const LONGEST = 1_000_000;
/** Edits of the same values within this many milliseconds, such as typing, are one step. */
const TOGETHER = 1_000;
/** The time of a step that no edit continues. */
const NEVER = Number.NEGATIVE_INFINITY;

/** Return the steps that an earlier page of this tab has stored, and the tab's changes since. */
export function openSteps({ storage, name, ...tab }: Tab, changes: readonly Change[]): Steps {
  const steps = fromText(storage?.getItem(name) ?? null);

  function push(direction: Direction, step: Step): void {
    steps[direction].push(step);
    if (steps[direction].length > MOST) steps[direction].shift();
  }

  /** Drop the last steps that no longer change anything, because others have changed the same values. */
  function tidy(shown: Json): void {
    for (const list of Object.values(steps)) {
      for (let last = list.at(-1); last && isEqual(without(last, shown), shown); last = list.at(-1)) list.pop();
    }
    const isUnknown = Object.values(steps).some((list) => list.length && without(list.at(-1) as Step, shown) === undefined);
    // If the merge cannot be loaded, the next change or `revert` asks for it again.
    if (isUnknown) tab.loadMerge().then(tidyLater, () => {});
  }

  function tidyLater(): void {
    tidy(tab.shown());
    tab.changed();
  }

  /** Revert a step's changes, except where the config shown is no longer as the step left it; undefined without the merge for that. */
  function without({ before, after }: Step, shown: Json): Json | undefined {
    return isEqual(after, shown) ? before : tab.merging()?.merge(after, shown, before, "theirs").document;
  }

  /** Serialize the steps, without the oldest ones if the text gets too long; null if none are left. */
  function shortened(): string | null {
    let { undo, redo } = steps;
    let text = textOf(undo, redo);
    while (text !== null && text.length > LONGEST) {
      [undo, redo] = [half(undo), half(redo)];
      text = textOf(undo, redo);
    }
    return text;
  }

  /** Add an edit; what was undone before can no longer be redone. */
  function add(step: Step): void {
    const last = steps.redo.length ? undefined : steps.undo.at(-1);
    steps.redo = [];
    if (last && isContinued(last, step)) steps.undo[steps.undo.length - 1] = { ...step, before: last.before };
    else push("undo", step);
  }

  /** Count a correction as a part of the edit that it directly follows. */
  function correct({ before, after }: Step): void {
    const last = steps.undo.at(-1);
    if (last?.after === before) steps.undo[steps.undo.length - 1] = { ...last, after };
  }

  /** Store the steps for the next page of this tab. */
  function keep(): void {
    try {
      // First, because a stored text may leave no space for the next one.
      storage?.removeItem(name);
      const text = shortened();
      if (text !== null) storage?.setItem(name, text);
    } catch {
      // The storage is full: the steps last as long as the page.
    }
  }

  function record(change: Change): void {
    if (change.name === "hidden") keep();
    if (change.before === change.after) return;
    if (change.name === "edited") add(change);
    else if (change.name === "corrected") correct(change);
    else tidy(change.after);
  }

  for (const change of changes) record(change);
  tidy(tab.shown());

  return {
    get canUndo() {
      return steps.undo.length > 0;
    },
    get canRedo() {
      return steps.redo.length > 0;
    },
    record,
    async revert(direction) {
      const next = steps[direction].at(-1);
      if (next && without(next, tab.shown()) === undefined) {
        await tab.loadMerge();
        tidyLater();
      }
      const last = steps[direction].pop();
      if (!last) return;
      const before = tab.shown();
      const after = without(last, before) as Json;
      push(direction === "undo" ? "redo" : "undo", { before, after, at: NEVER });
      tidy(after);
      tab.show(after);
    },
  };
}

function half(steps: readonly Step[]): Step[] {
  return steps.slice(Math.ceil(steps.length / 2));
}

function isContinued(last: Step, next: Step): boolean {
  if (last.after !== next.before || Math.abs(next.at - last.at) >= TOGETHER) return false;
  const places = [last, next].map(({ before, after }) => diff(before, after).map(({ op, path }) => (op === "replace" ? path : null)));
  return isEqual(places[0], places[1]) && !places.flat().includes(null);
}

function textOf(undo: readonly Step[], redo: readonly Step[]): string | null {
  const configs = [...undo, ...redo].flatMap(({ before, after }) => [before, after]);
  const [first] = configs;
  if (first === undefined) return null;
  const patches = configs.slice(1).map((config, index) => diff(configs[index] as Json, config));
  return JSON.stringify({ first, patches, undo: undo.length } satisfies Stored);
}

function fromText(text: string | null): Record<Direction, Step[]> {
  try {
    const { first, patches, undo } = JSON.parse(text ?? "") as Stored;
    const configs = [toJson(first)];
    for (const patch of patches) configs.push(apply(configs.at(-1) as Json, patch));
    const steps = configs.flatMap((before, index) => (index % 2 ? [] : [{ before, after: configs[index + 1] as Json, at: NEVER }]));
    return { undo: steps.slice(0, undo), redo: steps.slice(undo) };
  } catch {
    // There are no steps, or another version of the client has stored them.
    return { undo: [], redo: [] };
  }
}
