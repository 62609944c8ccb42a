// The list of dashboards, the user's own and those that others share with them: what is loaded, and what can be done.
import { Layouts } from "./layouts.js";
import { Listing } from "./listing.js";
import { found, rememberedOrder, rememberOrder } from "./listing_order.js";
import { placeOf } from "./project_card.js";
import { openCopyDialog, openNewDialog, openRenameDialog } from "./project_dialogs.js";
import { projectsView } from "./projects_view.js";
import { Unsaved } from "./unsaved.js";

/** How many cards are shown at first, and with each “Show more”. */
const STEP = 24;
/** The server's own limits of a page. */
const MOST_PER_PAGE = { own: 100, shared: 25 };
const MOST_NAME = 200;
const COPY = " (copy)";

export class ProjectsPage {
  title = "";
  search = "";
  order = rememberedOrder();
  #app;
  #most = { own: STEP, shared: STEP };

  constructor(app) {
    const redraw = () => app.redraw();
    this.#app = app;
    this.own = new Listing((page) => app.client.projects.list(page), MOST_PER_PAGE.own, redraw);
    this.shared = new Listing(async (page) => (await app.sharing()).shared(page), MOST_PER_PAGE.shared, redraw);
    this.layouts = new Layouts(app.client, redraw);
    this.unsaved = new Unsaved(app.client, redraw);
  }

  open() {
    this.retry();
    this.unsaved.open();
  }

  close() {
    for (const each of [this.own, this.shared, this.layouts, this.unsaved]) each.close();
  }

  view() {
    return projectsView(this);
  }

  drawn() {
    const shown = this.shown("own").projects.filter(({ dashboardConfig }) => dashboardConfig?.chartCount);
    if (shown.length) void this.layouts.want(shown.map(({ address }) => address));
  }

  /** Return the dashboards of a part that are shown, how many there are like them, and whether there are more. */
  shown(part) {
    const all = found(this[part].projects, this);
    const projects = all.slice(0, this.#most[part]);
    return { projects, count: all.length, hasMore: all.length > projects.length || !this[part].isWhole };
  }

  /** Load what is wanted and could not be loaded; the pages of what is shared come in another order, so it takes all of them. */
  retry() {
    void this.own.want(this.search || this.order !== "changed" ? Infinity : this.#most.own);
    void this.shared.want(Infinity);
  }

  showMore(part) {
    this.#most[part] += STEP;
    this.retry();
    this.#app.redraw();
  }

  searchFor(text) {
    this.search = text.trim();
    this.#showFirst();
  }

  sortBy(order) {
    this.order = order;
    rememberOrder(order);
    this.#showFirst();
  }

  create() {
    openNewDialog(this.#app);
  }

  rename(project) {
    openRenameDialog(this.#app, placeOf(project), project.name, (renamed) => this.#partOf(project).put(renamed));
  }

  copy({ address, name }) {
    openCopyDialog(this.#app, address, name);
  }

  async duplicate({ id, address, name }) {
    await this.#app.attempt(async () => {
      const copy = await this.#app.client.projects.create({ copyOf: id, name: name.slice(0, MOST_NAME - COPY.length) + COPY });
      this.layouts.put(copy.address, this.layouts.of(address));
      this.own.put(copy);
      this.#app.tell(`“${name}” was duplicated.`, () => this.#app.go(copy.id), "Open");
    });
  }

  async remove(project) {
    await this.#app.attempt(async () => {
      await this.#app.client.projects.remove(project.id);
      this.own.remove(project.address);
      this.#app.tell(`“${project.name}” was deleted.`, () => this.#bringBack(project));
    });
  }

  async #bringBack(project) {
    await this.#app.attempt(async () => this.own.put(await this.#app.client.projects.restore(project.id)));
  }

  #partOf(project) {
    return project.owner ? this.shared : this.own;
  }

  /** Another search or order begins at its first cards. */
  #showFirst() {
    this.#most = { own: STEP, shared: STEP };
    this.retry();
    this.#app.redraw();
  }
}
