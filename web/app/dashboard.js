// An open dashboard: its document, its table, and the user's actions on them.
import { isShared, knownRole, rememberRole } from "./access.js";
import { chartsOf, isShown, themeOf } from "./config.js";
import { CrossFilter } from "./cross_filter.js";
import { dashboardView, newsView } from "./dashboard_view.js";
import { Editing } from "./editing.js";
import { fileActions } from "./files_of_charts.js";
import { Following } from "./following.js";
import { Grid } from "./grid.js";
import { keepFocus, mark } from "./pointing.js";
import { Printing } from "./printing.js";
import { openCopyDialog, openRenameDialog } from "./project_dialogs.js";
import { isAutosaveOn, Saving } from "./saving.js";
import { matchingRows, shownCharts } from "./shown_charts.js";
import { ProjectTable } from "./table.js";
import { showData, TableFiles } from "./table_files.js";
import { Versions } from "./versions.js";

export { LinkPage } from "./link.js";

export class DashboardPage {
  /** The project's name, once it is loaded. */
  title = "";
  /** @type {import("../client/dist/index.js").DashboardDocument} */
  document;
  /** Whether it is another user's. */
  isShared;
  /** What the user may do, null until that is known. */
  role;
  /** @type {Saving} */
  saving;
  announcement = "";
  /** Who may do what, as the server said last; null until somebody had to be named. */
  knownPeople = null;
  crossFilter = new CrossFilter((text) => this.announce(text));
  grid;
  /** @type {Editing} */
  editing;
  /** @type {TableFiles} */
  files;
  /** @type {Following} */
  following;
  /** @type {Printing} */
  printing;
  /** @type {Versions} */
  versions;
  #table;
  #rows;
  #app;
  #id;
  #closing = [];
  #isClosed = false;
  #asking = null;
  /** The config that is shown: the newest, unless a dialog is open. */
  #shown;
  /** Whether the server has said what the user may do since the page was opened. */
  #isRoleConfirmed = false;
  /** The last refusal that was looked into: the editor may have become a viewer. */
  #forbidden = null;

  constructor(app, id, rows) {
    this.#app = app;
    this.#id = id;
    this.isShared = isShared(id, app.session.user);
    this.role = this.isShared ? knownRole(id, app.session.user) : "owner";
    // Nothing is saved in another user's dashboard before it is certain that this user may: no edits of an earlier page either.
    this.document = app.client.open(id, this.isShared ? { autosave: false, legacyKeys: null } : { autosave: isAutosaveOn() });
    this.#shown = this.document.state.config;
    this.saving = new Saving(app, this);
    this.#rows = rows;
    this.#table = new ProjectTable(app.client, id, this.#rows, () => this.#tableChanged());
    this.following = new Following(app, this, this.#table);
    this.editing = new Editing(app, this, this.#rows);
    this.files = new TableFiles(app, this, this.#table);
    this.grid = new Grid({
      moved: (positions) => {
        this.editing.moveCharts(positions);
        // Another config may have come meanwhile, and the chart may be where it was.
        app.redraw();
      },
      placed: (positions) => this.editing.placeCharts(positions),
      say: (text) => this.announce(text),
      edit: (chartId) => this.editing.editChart(chartId),
      duplicate: (chartId) => this.editing.duplicateChart(chartId),
      hide: (chartId) => this.editing.hideChart(chartId),
      remove: (chartId) => this.editing.removeChart(chartId),
      ...fileActions(app),
      pick: (...group) => this.crossFilter.choose(...group),
      step: (...group) => this.crossFilter.step(...group),
    });
    this.printing = new Printing(this.grid, this);
    this.versions = new Versions(app, this);
  }

  open() {
    const listen = (target, type, listener) => {
      target.addEventListener(type, listener);
      this.#closing.push(() => target.removeEventListener(type, listener));
    };
    listen(window, "resize", () => this.#app.redraw());
    listen(window, "online", () => this.#retryTable());
    // Its owner may have changed the user's role meanwhile.
    if (this.isShared) listen(window, "focus", () => this.#loadProject({ again: true }));
    listen(window, "keydown", (event) => this.#onKey(event));
    for (const [type, listener] of Object.entries(this.files.dropTarget.listeners)) listen(window, type, listener);
    this.#closing.push(this.document.subscribe(() => this.#changed()), this.printing.open());
    void this.#loadDocument();
    void this.#loadProject();
    void this.#table.open();
  }

  close() {
    this.#isClosed = true;
    for (const stop of this.#closing) stop();
    this.saving.close();
    this.following.close();
    this.#rows.close();
    this.grid.attach(null);
  }

  view() {
    return dashboardView(this);
  }

  /** What others have changed; it is shown beside other messages. */
  newsView() {
    return newsView(this.following);
  }

  drawn() {
    this.grid.attach(document.querySelector(".grid-stack"));
    this.grid.show(shownCharts(this, this.#rows), this.isReadOnly);
  }

  get id() {
    return this.#id;
  }

  get state() {
    return this.document.state;
  }

  /** Whether the user may change the dashboard; what was deleted can be restored by its owner, so they may go on. */
  get canEdit() {
    return (this.role === "owner" || this.role === "editor") && !(this.isShared && this.saving.isDeleted);
  }

  /** An older version that is shown instead of the edited one, or null. */
  get preview() {
    return this.versions.preview;
  }

  /** Whether nothing of what is shown can be changed. */
  get isReadOnly() {
    return this.preview !== null || !this.canEdit;
  }

  /** Whether the title of the tab has a mark. */
  get isUnsaved() {
    return this.state.isDirty;
  }

  /** The number of the version on display, with unsaved changes or without. */
  get version() {
    return (this.preview ?? this.state).version;
  }

  /** What is known of the table. */
  get table() {
    return this.#table.shown;
  }

  /** The config on display: a previewed version, or the edited dashboard. */
  get config() {
    return this.preview ? this.preview.config : this.#shown;
  }

  get hiddenCharts() {
    return chartsOf(this.config).filter(([, chart]) => !isShown(chart));
  }

  /** The number of rows that match the filters, null until they are counted. */
  get matchingRows() {
    return matchingRows(this, this.#rows);
  }

  // --- name and people ---

  rename() {
    openRenameDialog(this.#app, this.#id, this.title, ({ name }) => (this.title = name));
  }

  /** Show who is let in, in a dialog whose script is loaded on first use. */
  share() {
    return this.#app.with(import("./sharing_dialog.js"), ({ openSharing }) =>
      openSharing(this.#app.dialog, () => this.#app.sharing(), this, (stillThrough) => this.#left(stillThrough)),
    );
  }

  makeCopy() {
    openCopyDialog(this.#app, this.#id, this.title);
  }

  /** Return who may do what, null if that cannot be known now. */
  async people() {
    try {
      this.knownPeople = await (await this.#app.sharing()).members(this.#id);
      this.#app.redraw();
      return this.knownPeople;
    } catch (error) {
      // Everything else is useful without names.
      if (error.status === undefined) throw error;
      return null;
    }
  }

  /** Leave the page of a dashboard that the user has left, unless a team still lets them in. */
  async #left(stillThrough) {
    if (stillThrough.length) {
      this.#app.tell(`You left, but can still open this dashboard through ${stillThrough.join(", ")}.`);
      return this.#loadProject({ again: true });
    }
    // Nothing of it stays in this browser but what was not saved.
    await this.document.refresh().catch(() => {});
    this.#app.tell(`You left “${this.title}”.`);
    this.#app.go(null);
  }

  // --- loading ---

  /** Load what is missing. */
  async loadAgain() {
    await this.#loadDocument();
    this.#retryTable();
    void this.following.follow();
  }

  /** Find out whether the user still has access. */
  checkAccess() {
    void this.#loadDocument();
    if (this.isShared) void this.#loadProject({ again: true });
  }

  #tableChanged() {
    this.following.proceed();
    this.#app.redraw();
  }

  /** Show the table's rows, columns and uploads. */
  showData() {
    const changes = this.isReadOnly ? null : this.files.changes;
    void showData(this.#app, { table: () => this.table, rows: this.#rows, load: () => this.#table.load(), changes });
  }

  #retryTable() {
    if (this.table.status === "failed" || this.table.isCopy || this.table.isOutdated) void this.#table.load();
    void this.#loadProject();
  }

  async #loadDocument() {
    try {
      await this.document.load();
      // They are needed once others change what is edited here, and once the user edits: a page that is open for days may outlive
      // its release.
      import("../client/dist/merge.js").catch(() => {});
      import("./forms.js").catch(() => {});
      // It may have been open before.
      this.following.changed(this.state);
      if (this.isShared && !this.knownPeople) void this.people();
    } catch (error) {
      // The state has the error and is shown.
      if (error.status === undefined) throw error;
    }
  }

  /** Load the name and the user's role, once unless `again`; after a failure, the next call tries again. */
  async #loadProject({ again = false } = {}) {
    if (this.#asking || (this.title && !again)) return;
    try {
      this.#asking = this.#app.client.projects.get(this.#id);
      const { name, role } = await this.#asking;
      this.title = name;
      if (this.isShared) this.#setRole(role);
    } catch (error) {
      // A dashboard is usable without its name; loading the config reports the error.
      if (error.status === undefined) throw error;
      if (this.isShared && error.code === "not-found") {
        rememberRole(this.#id, this.#app.session.user, null);
        // A page with unsaved edits does not ask for a newer version by itself.
        if (!this.saving.isDeleted) void this.#loadDocument();
      }
    } finally {
      this.#asking = null;
    }
    this.#app.redraw();
  }

  #setRole(role) {
    if (this.#isRoleConfirmed && role === this.role) return;
    const couldEdit = this.canEdit;
    this.#isRoleConfirmed = true;
    this.role = role;
    rememberRole(this.#id, this.#app.session.user, role);
    this.document.setAutosave(role !== "viewer" && isAutosaveOn());
    if (!couldEdit || this.canEdit) return;
    this.versions.leavePreview();
    // What it is about is not the user's to do any more.
    this.#app.dialog.close();
  }

  #changed() {
    const { status, error } = this.state;
    this.#show();
    if (status === "clean" || status === "corrected") this.#retryTable();
    const wasDeleted = this.saving.isDeleted;
    this.saving.changed();
    const changed = this.following.changed(this.state);
    if (changed) {
      keepFocus();
      mark(changed);
    }
    if (this.isShared) this.#followAccess(error, wasDeleted);
    // Its owner has restored it, or let the user in again.
    if (wasDeleted && !this.saving.isDeleted) void this.following.follow();
    this.#app.redraw();
  }

  /** Show the document's config, as soon as no dialog is open: the user's own save may have brought others' changes. */
  #show = () => {
    if (this.#app.holding.isDialogOpen) return this.#app.holding.wait(this.#show);
    if (this.#isClosed) return undefined;
    const { config } = this.state;
    this.#shown = config;
    if (config) window.dashkeepTheme.choose(themeOf(config), `#/dashboards/${encodeURIComponent(this.#id)}`);
    return this.#app.redraw();
  };

  /** Follow what the answers to loads and saves say of the user's access. */
  #followAccess(error, wasDeleted) {
    const { isDeleted } = this.saving;
    if (isDeleted && !wasDeleted) {
      this.#isRoleConfirmed = false;
      this.#rows.forget().catch(() => {});
    }
    const isBack = wasDeleted && !isDeleted;
    const isForbidden = error?.code === "forbidden" && error !== this.#forbidden;
    if (isForbidden) this.#forbidden = error;
    if (isBack || isForbidden) void this.#loadProject({ again: true });
    if (isBack) this.#retryTable();
  }

  #onKey(event) {
    this.crossFilter.onKey(event);
    if (!this.canEdit) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
      event.preventDefault();
      void this.saving.save();
    }
    this.editing.onKey(event);
  }

  announce(text) {
    this.announcement = text;
    this.#app.redraw();
  }
}
