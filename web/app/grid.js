// The grid of charts: GridStack places them, ECharts draws them, and the keyboard can move them as well as the mouse.
import { GridStack } from "gridstack";
import { cardItems } from "./card_menu.js";
import { drawPart } from "./card_parts.js";
import { chartCard } from "./chart_card.js";
import { ChartDrawing, prepareDrawing } from "./chart_drawing.js";
import { render } from "./html.js";

const COLUMNS = 12;
const ROW_HEIGHT = 64;
const ONE_COLUMN_BELOW = 720;
/** Charts this far from the view are drawn already. */
const SEEN_BEFORE = "160px 0px";
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
/** What has not been computed by then is printed without its drawing. */
const LONGEST_WAIT_MS = 10_000;
const isStill = matchMedia("(prefers-reduced-motion: reduce)");

export class Grid {
  #element = null;
  #grid = null;
  /** By chart id: the element, whether it has come into view, the drawing, and what they show. */
  #cards = new Map();
  #layout = "";
  #actions;
  #isReadOnly = false;
  /** Where the charts were before the user began to move one, null while nobody does. */
  #before = null;
  #views = new IntersectionObserver((entries) => this.#see(entries), { rootMargin: SEEN_BEFORE });

  /**
   * `moved` gets the positions that have changed after the user has moved a chart; `placed` gets all of them as the grid has
   * laid them out.
   *
   * @param {{ moved: (positions: Record<string, object>) => void, placed: (positions: Record<string, object>) => void,
   *   say: (text: string) => void, edit: Function, duplicate: Function, hide: Function, remove: Function, savePicture: Function,
   *   saveCsv: Function, pick: Function, step: Function }} actions
   */
  constructor(actions) {
    this.#actions = actions;
  }

  attach(element) {
    if (element === this.#element) return;
    this.#detach();
    if (!element) return;
    this.#element = element;
    this.#grid = GridStack.init(
      {
        column: COLUMNS,
        cellHeight: ROW_HEIGHT,
        margin: 8,
        animate: false,
        draggable: { handle: ".handle" },
      },
      element,
    );
    this.#grid.on("dragstart resizestart", () => (this.#before = this.#positions()));
    this.#grid.on("dragstop resizestop", () => {
      const moved = this.#changedSince(this.#before);
      this.#before = null;
      this.#actions.moved(moved);
    });
  }

  /**
   * Show charts at their positions.
   *
   * @param {{ id: string, chart: object, position: object, data: () => object, allRows: () => Promise<string>, chosen: (data: object) => number | null }[]} charts
   * @param {boolean} isReadOnly
   */
  show(charts, isReadOnly) {
    // Leave a chart alone while the user drags it; the drop triggers another drawing.
    if (!this.#grid || this.#before) return;
    this.#isReadOnly = isReadOnly;
    this.#place(charts);
    for (const each of charts) this.#fill(each);
  }

  #detach() {
    this.#views.disconnect();
    for (const card of this.#cards.values()) card.drawing?.dispose();
    this.#cards.clear();
    this.#grid?.destroy(false);
    this.#grid = null;
    this.#before = null;
    this.#element = null;
    this.#layout = "";
  }

  #see(entries) {
    for (const { target, isIntersecting } of entries) {
      const card = this.#cards.get(target.dataset.chart);
      if (!isIntersecting || !card) continue;
      this.#views.unobserve(target);
      card.isSeen = true;
      card.fill();
    }
  }

  get #isNarrow() {
    return innerWidth < ONE_COLUMN_BELOW;
  }

  /** Lay the grid out again if its layout has changed. */
  #place(charts) {
    const isFixed = this.#isNarrow || this.#isReadOnly;
    const layout = JSON.stringify([isFixed, this.#isNarrow, charts.map(({ id, position }) => [id, position])]);
    if (layout === this.#layout) return;
    this.#layout = layout;
    const grid = this.#grid;
    const kept = new Set(charts.map(({ id }) => id));
    grid.batchUpdate();
    grid.removeAll(false, false);
    grid.column(this.#isNarrow ? 1 : COLUMNS, "none");
    for (const [id, card] of this.#cards) {
      if (kept.has(id)) continue;
      card.drawing?.dispose();
      card.element.remove();
      this.#cards.delete(id);
    }
    const inOrder = charts.toSorted(({ position: one }, { position: other }) => one.y - other.y || one.x - other.x);
    const focused = document.activeElement;
    for (const [index, { id, position }] of inOrder.entries()) {
      const { element } = this.#card(id);
      // In reading order, so that Tab visits the charts in the order in which they appear.
      if (this.#element.children[index] !== element) this.#element.insertBefore(element, this.#element.children[index] ?? null);
      grid.makeWidget(element, this.#isNarrow ? { id, x: 0, w: 1, h: position.h } : { id, ...position, minW: 2, minH: 2 });
    }
    grid.batchUpdate(false);
    grid.setStatic(isFixed);
    // Charts move to a new place, but not to their first one; the grid may be gone by then.
    if (charts.length) requestAnimationFrame(() => this.#grid === grid && grid.setAnimation(!isStill.matches));
    // Moving an element removes its focus; the page is not scrolled, because somebody else may have moved it.
    if (this.#element.contains(focused)) focused.focus({ preventScroll: true });
    // It separates charts that overlap, closes gaps, and finds a place for a chart without one.
    if (!isFixed) this.#actions.placed(this.#positions());
  }

  #card(id) {
    if (!this.#cards.has(id)) {
      const element = document.createElement("div");
      const content = document.createElement("article");
      content.className = "grid-stack-item-content";
      element.className = "grid-stack-item";
      element.dataset.chart = id;
      element.append(content);
      element.addEventListener("keydown", (event) => this.#onDrawingKey(id, event));
      this.#cards.set(id, { element, content, isSeen: false, shown: null, drawing: null, orderBy: null });
      this.#views.observe(element);
    }
    return this.#cards.get(id);
  }

  /** Fill a card; what a chart shows is asked for once it has come into view. */
  #fill({ id, chart, data, allRows, chosen }) {
    const card = this.#card(id);
    card.fill = () => this.#fill({ id, chart, data, allRows, chosen });
    // A table's own order is used again once it may have changed.
    if (card.shown && card.shown[0].dataMapping !== chart.dataMapping) card.orderBy = null;
    const known = card.isSeen ? data(card.orderBy) : undefined;
    const place = chosen(known);
    const shown = [chart, known, place, window.dashkeepTheme.isDark, this.#isReadOnly, this.#isNarrow];
    if (card.shown?.every((value, index) => value === shown[index])) return;
    card.shown = shown;
    render(this.#content(id, chart, known, allRows), card.content);
    const canvas = card.content.querySelector(".canvas");
    if (card.drawing?.canvas !== canvas) {
      card.drawing?.dispose();
      card.drawing = canvas && new ChartDrawing(canvas);
    }
    card.drawing?.show(chart, known, { pick: (index) => this.#actions.pick(id, chart, known, index), chosen: place });
    const part = card.content.querySelector(".part");
    if (part) void drawPart(part, chart, known, (orderBy) => this.#order(card, orderBy));
  }

  /** Show a table in the order that its head asks for, which is not part of the dashboard. */
  #order(card, orderBy) {
    card.orderBy = orderBy;
    card.fill();
  }

  #content(id, chart, data, allRows) {
    return chartCard(chart, data, {
      isReadOnly: this.#isReadOnly,
      isFixed: this.#isNarrow,
      edit: () => this.#actions.edit(id),
      menuId: `more-${id}`,
      items: cardItems({ id, chart, data, allRows }, this.#card(id), this.#actions, this.#isReadOnly),
    });
  }

  /** Arrow keys choose one group of a drawing after the other. */
  #onDrawingKey(id, event) {
    const move = MOVES[event.key];
    if (!move || !event.target.matches(".canvas")) return;
    event.preventDefault();
    const [chart, data] = this.#card(id).shown;
    this.#actions.step(id, chart, data, Math.sign(move[0] + move[1]));
  }

  /** Compute all charts, also those that have not come into view, and wait until they can be drawn. */
  async fillAll() {
    for (const card of this.#cards.values()) {
      card.isSeen = true;
      card.fill();
    }
    await prepareDrawing();
    for (const end = performance.now() + LONGEST_WAIT_MS; performance.now() < end; await nextFrame()) {
      if (!this.#element?.querySelector(".skeleton, .part:empty")) return;
    }
  }

  /** Draw all charts in the room that they have now, with so many pixels for each of the page. */
  drawNow(devicePixelRatio) {
    for (const { drawing } of this.#cards.values()) drawing?.drawNow(devicePixelRatio);
  }

  #positions() {
    return Object.fromEntries(this.#grid.engine.nodes.map(({ id, x, y, w, h }) => [id, { x, y, w, h }]));
  }

  #changedSince(before) {
    const isMoved = ([id, position]) => JSON.stringify(position) !== JSON.stringify(before[id]);
    return Object.fromEntries(Object.entries(this.#positions()).filter(isMoved));
  }

  /** Handle arrow keys on a card's handle. */
  onKey(event) {
    const move = MOVES[event.key];
    const element = event.target.closest?.(".handle") && event.target.closest(".grid-stack-item");
    if (!move || !element || this.#isNarrow) return;
    event.preventDefault();
    const { x, y, w, h } = element.gridstackNode;
    const [across, down] = move;
    const wanted = event.shiftKey ? { w: w + across, h: h + down } : { x: x + across, y: y + down };
    if (Object.values(wanted).some((value) => value < 0)) return;
    const before = this.#positions();
    this.#grid.update(element, wanted);
    const { x: column, y: row, w: columns, h: rows } = element.gridstackNode;
    this.#actions.moved(this.#changedSince(before));
    requestAnimationFrame(() => element.scrollIntoView({ block: "nearest" }));
    this.#actions.say(`Column ${column + 1}, row ${row + 1}, ${columns} wide, ${rows} high`);
  }
}

const nextFrame = () => new Promise(requestAnimationFrame);
