// A button with a menu. The browser opens and closes it, above everything else: https://html.spec.whatwg.org/multipage/popover.html
import { html, icon, nothing } from "./html.js";

const GAP = 4;
/** A button that is lower than this part of the window has its menu above. */
const UPPER_PART = 0.6;
const STEPS = { ArrowDown: 1, ArrowUp: -1 };

/**
 * @param {{ id: string, label: string, items: ({ label: string, icon?: string, isDanger?: boolean, act: () => void } | null)[] }} menu
 *   `id` is the element's, unique on the page; `label` names the button and the menu; an item that is null is left out,
 *   and may come while the menu is open
 */
export function menu({ id, label, items }) {
  const first = items.find(Boolean);
  return html`<button type="button" class="icon-button" aria-label=${label} title=${label} aria-haspopup="menu" popovertarget=${id}>${icon("more")}</button
    ><div class="menu" id=${id} popover role="menu" aria-label=${label} @beforetoggle=${place} @keydown=${onKey}>${items.map((each) => each && item(each, each === first))}</div>`;
}

/** The first item has the focus as soon as the menu is open: the next key is already for the menu. */
function item({ label, icon: name, isDanger, act }, isFirst) {
  const choose = ({ currentTarget }) => {
    currentTarget.parentElement.hidePopover();
    act();
  };
  return html`<button type="button" role="menuitem" tabindex="-1" ?autofocus=${isFirst} class=${isDanger ? "danger" : nothing} @click=${choose}>${name ? icon(name) : nothing}<span>${label}</span></button>`;
}

/** Put the menu where its button is, before it is painted. */
function place({ target, newState }) {
  if (newState !== "open") return;
  const { top, bottom, right } = target.previousElementSibling.getBoundingClientRect();
  const isBelow = bottom < innerHeight * UPPER_PART;
  const { clientWidth } = document.documentElement;
  Object.assign(target.style, {
    top: isBelow ? `${bottom + GAP}px` : "auto",
    bottom: isBelow ? "auto" : `${innerHeight - top + GAP}px`,
    right: `${Math.max(GAP, clientWidth - right)}px`,
  });
}

/** https://www.w3.org/WAI/ARIA/apg/patterns/menu-button/ */
function onKey(event) {
  const { key, currentTarget } = event;
  const items = [...currentTarget.querySelectorAll("[role=menuitem]")];
  const at = items.indexOf(document.activeElement);
  // A card's keys and those of the page are not meant.
  event.stopPropagation();
  if (key === "Tab") return currentTarget.hidePopover();
  const next = { Home: 0, End: items.length - 1 }[key] ?? (STEPS[key] && (at + STEPS[key] + items.length) % items.length);
  if (next === undefined) return undefined;
  event.preventDefault();
  return items[next].focus();
}
