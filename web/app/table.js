// A project's table: loading it, replacing it, reading its columns differently, and downloading it.
import { refusalOf } from "./chosen_files.js";
import { saveFile } from "./saved_file.js";
import { LOST } from "./table_rows.js";

export class ProjectTable {
  /**
   * What is known: `loading`, `none`, `ready` with the schema, `working` with the task and what was there before, or `failed`
   * with the error. `problem` is the task that failed, with its error; `showsNotes` says that the table has just changed,
   * `isCopy` that this browser kept it and the server has not confirmed it yet, `isOutdated` that it could not be asked.
   */
  shown = { status: "loading" };
  #client;
  #project;
  /** Ends what is being sent. */
  #sending = new AbortController();
  #rows;
  #changed;
  #loading = null;

  constructor(client, project, rows, changed) {
    this.#client = client;
    this.#project = project;
    this.#rows = rows;
    this.#changed = changed;
  }

  /** Show the copy that this browser has, then the newest table. */
  async open() {
    this.#loading = this.#openCopy();
    await this.#loading;
    this.#loading = null;
    await this.load();
  }

  /** Whether it is being loaded or changed: what is newest is shown then. */
  get isBusy() {
    return this.#loading !== null || this.shown.status === "working";
  }

  /** Load the newest table, once at a time. */
  load(showsNotes = false) {
    this.#loading ??= this.#load(showsNotes).finally(() => {
      this.#loading = null;
      // A newer one may have been announced meanwhile.
      this.#changed();
    });
    return this.#loading;
  }

  async #load(showsNotes) {
    try {
      const known = await this.#rows.load();
      const { status, version, problem = null, showsNotes: hadNotes } = this.shown;
      // Some work has begun meanwhile, which loads the table in the end.
      if (status === "working" && !showsNotes) return;
      const keepsNotes = hadNotes && known?.version === version;
      this.#show(known ? { status: "ready", ...known, showsNotes: showsNotes || keepsNotes, problem } : { status: "none", problem });
    } catch (error) {
      if (error.status === undefined) throw error;
      const isKept = this.shown.status === "ready" && error.code !== LOST;
      this.#show(isKept ? { ...this.shown, isOutdated: true } : { status: "failed", error });
    }
  }

  /** Replace the table by a file; returns whether that succeeded. */
  async upload(file) {
    const task = { action: "upload", file, fileName: file.name, stage: "sending", bytesSent: 0, bytesRead: 0, bytes: file.size };
    const refusal = await refusalOf(file);
    if (refusal) {
      this.#show({ ...this.shown, problem: { ...task, refusal } });
      return false;
    }
    return this.#attempt(task, (options) => this.#client.data.uploadFile(this.#project, file, options));
  }

  /** Say why nothing is uploaded. */
  refuse(refusal) {
    this.#show({ ...this.shown, problem: { action: "upload", refusal } });
  }

  /** Stop sending a file; returns false if the server has all of it, because then it becomes the table. */
  cancel() {
    const { status, task } = this.shown;
    if (status !== "working" || task.stage !== "sending") return false;
    this.#sending.abort();
    return true;
  }

  /** Read the file that was refused once more, with another delimiter; returns whether that succeeded. */
  async readAgain(delimiter) {
    const { error: _, ...task } = this.shown.problem;
    return this.#attempt(task, (options) => this.#client.data.completeUpload(this.#project, task.uploadId, { delimiter, ...options }));
  }

  /** Read columns differently; returns whether that succeeded. */
  async readAs(columns) {
    return this.#attempt({ action: "change" }, (options) => this.#save(columns, options));
  }

  /** Rename columns and read them differently; rejects if that fails. */
  async change(columns) {
    await this.#work({ action: "change" }, (options) => this.#save(columns, options));
  }

  /** Make an older version the table again; rejects if that fails. */
  async restore(version) {
    await this.#work({ action: "change" }, (options) => this.#client.data.restore(this.#project, version, { ifMatch: this.shown.version, ...options }));
  }

  /** Return the versions that can be made the table again, and the table itself. */
  versions() {
    return this.#client.data.versions(this.#project);
  }

  /**
   * Download the table as a CSV file, without what a spreadsheet would take for formulas if it has to be `safe`. Without
   * the right to see older tables, that is the newest one.
   */
  async download(safe, seesOlder) {
    const file = await this.#client.data.csv(this.#project, { version: seesOlder ? this.shown.version : undefined, safe });
    saveFile(file, this.shown.dataSchema.fileName.replace(/\.[^.]*$/, ""), "csv");
  }

  dismissProblem() {
    this.#show({ ...this.shown, problem: null });
  }

  dismissNotes() {
    this.#show({ ...this.shown, showsNotes: false });
  }

  #save(columns, options) {
    return this.#client.data.saveSchema(this.#project, columns, { ifMatch: this.shown.version, ...options });
  }

  async #attempt(task, call) {
    let known = task;
    try {
      await this.#work(task, call, (progress) => (known = { ...task, ...progress }));
    } catch (error) {
      if (this.#sending.signal.aborted) return false;
      if (error.status === undefined) throw error;
      this.#show({ ...this.shown, problem: { ...known, error } });
      return false;
    }
    return this.shown.status === "ready";
  }

  /** Show the progress of some work, and its outcome; if it fails, what was there before. */
  async #work(task, call, progressed = () => {}) {
    const before = { ...this.shown, problem: null };
    const onProgress = (progress) => {
      progressed(progress);
      this.#show({ ...before, status: "working", task: { ...task, ...progress } });
    };
    this.#sending = new AbortController();
    this.#show({ ...before, status: "working", task });
    try {
      await call({ onProgress, signal: this.#sending.signal });
    } catch (error) {
      this.#show(before);
      // Somebody else has replaced the table.
      if (error.status === 412) await this.load(before.showsNotes);
      throw error;
    }
    // What is still loading may be what was there before.
    await this.#loading;
    await this.load(true);
  }

  async #openCopy() {
    try {
      const copy = await this.#rows.copy();
      if (copy) this.#show({ status: "ready", ...copy, isCopy: true });
    } catch (error) {
      // Loading the newest table fails for the same reason, and says so.
      if (error.status === undefined) throw error;
    }
  }

  #show(shown) {
    this.shown = shown;
    this.#changed();
  }
}
