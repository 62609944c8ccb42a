// Points at charts in the page: scrolls to them, marks them for a moment, and moves the focus to them.
/** As long as the mark takes to fade in editing.css. */
const MARKED_MS = 4_000;
const isStill = matchMedia("(prefers-reduced-motion: reduce)");
/** By card, the timer that ends its mark. */
const marks = new WeakMap();

/**
 * Once they are drawn, scroll to these charts and mark them. The first one gets the focus if it `takesFocus`, or with
 * `if-lost` when what had the focus is gone.
 *
 * @param {string[]} ids
 * @param {boolean | "if-lost"} [takesFocus]
 */
export function pointTo(ids, takesFocus = false) {
  requestAnimationFrame(() => {
    const cards = ids.map(cardOf).filter(Boolean);
    cards.forEach(markCard);
    cards[0]?.scrollIntoView({ block: "nearest", behavior: isStill.matches ? "auto" : "smooth" });
    if (takesFocus === true || (takesFocus && isFocusLost())) focus(cards[0]);
  });
}

/** Once they are drawn, mark these charts, and leave the user where they are. */
export function mark(ids) {
  requestAnimationFrame(() => ids.map(cardOf).filter(Boolean).forEach(markCard));
}

/** Return a function that moves the focus to the chart beside this one, if the focus is lost once this one is gone. */
export function besides(id) {
  const card = cardOf(id);
  const neighbour = card?.nextElementSibling ?? card?.previousElementSibling;
  return () => requestAnimationFrame(() => isFocusLost() && focus(neighbour ?? document.getElementById("main")));
}

/** Before others' changes are drawn: if what has the focus is gone afterwards, move it to the chart beside, or to the page. */
export function keepFocus() {
  const focused = document.activeElement ?? document.body;
  const card = focused.closest("[data-chart]");
  const neighbour = card?.nextElementSibling ?? card?.previousElementSibling;
  requestAnimationFrame(() => {
    if (focused.isConnected || !isFocusLost()) return;
    if (neighbour?.isConnected) focus(neighbour);
    else document.getElementById("main").focus({ preventScroll: true });
  });
}

const isFocusLost = () => document.activeElement === document.body;

function cardOf(id) {
  return document.querySelector(`[data-chart="${CSS.escape(id)}"]`);
}

function markCard(card) {
  clearTimeout(marks.get(card));
  card.classList.remove("pointed");
  // Read the layout in between, so that a chart that is still marked is marked again.
  void card.offsetWidth;
  card.classList.add("pointed");
  marks.set(card, setTimeout(() => card.classList.remove("pointed"), MARKED_MS));
}

function focus(card) {
  const element = card?.querySelector("article") ?? card;
  if (!element) return;
  element.tabIndex = -1;
  element.focus({ preventScroll: true });
}
