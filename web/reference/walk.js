// Four requests that show what the service does, sent to a real project.
const chart = (title) => ({
  chartCustomizations: { revenue: { title, isVisible: true, dataMapping: { xAxis: "month" } } },
  theme: { id: "dark" },
});

const STEPS = [
  {
    title: "Create a project",
    say: "A project holds one dashboard and one table. You can choose its id.",
    operation: ["Projects", "createProject"],
    request: (id) => ({ method: "POST", path: "/api/projects", body: { id, name: "First steps" } }),
  },
  {
    title: "Save the config",
    say: "A save names the version it started from. Nothing is saved yet, so that is \"0\". Run it twice: saving the same content again keeps version 1.",
    operation: ["Config", "putConfig"],
    request: (id) => ({
      method: "PUT",
      path: `/api/projects/${id}/config`,
      headers: { "If-Match": '"0"' },
      body: chart("Revenue"),
    }),
  },
  {
    title: "Load it",
    say: "A load returns the latest save. Its ETag is the version to name in the next save.",
    operation: ["Config", "getConfig"],
    request: (id) => ({ method: "GET", path: `/api/projects/${id}/config` }),
  },
  {
    title: "Cause a conflict",
    say: "Another tab still assumes that nothing is saved. Its save writes nothing; the 412 response contains the current version and config.",
    operation: ["Config", "putConfig"],
    request: (id) => ({
      method: "PUT",
      path: `/api/projects/${id}/config`,
      headers: { "If-Match": '"0"' },
      body: chart("Revenue, from another tab"),
    }),
  },
];

const SHOWN_HEADERS = ["ETag", "Location"];

const newProjectId = () => `first-steps-${crypto.randomUUID().slice(0, 4)}`;
const INNERMOST_OBJECT = /\{\n\s+([^{}[\]]{1,40}?)\n\s+\}/g;
const pretty = (value) =>
  JSON.stringify(value, null, 2).replace(INNERMOST_OBJECT, (_, members) => `{ ${members.replace(/\n\s+/g, " ")} }`);
const byId = (id) => document.getElementById(id);

function requestText({ method, path, headers = {}, body }) {
  const lines = [`${method} ${path}`, "Authorization: Bearer …"];
  if (body) lines.push("Content-Type: application/json");
  lines.push(...Object.entries(headers).map(([name, value]) => `${name}: ${value}`));
  return body ? `${lines.join("\n")}\n\n${pretty(body)}` : lines.join("\n");
}

async function send({ method, path, headers, body }, token) {
  const answer = await fetch(path, {
    method,
    headers: { Authorization: `Bearer ${token}`, ...(body && { "Content-Type": "application/json" }), ...headers },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  const named = SHOWN_HEADERS.filter((name) => answer.headers.has(name)).map((name) => `${name}: ${answer.headers.get(name)}`);
  const shown = answer.headers.get("Content-Type")?.includes("json") ? pretty(JSON.parse(text)) : text;
  return { status: answer.status, text: [...named, ...(named.length ? [""] : []), shown].join("\n") };
}

export class Walk {
  #session;
  #openOperation;
  #project = newProjectId();
  #answers = [];
  #at = 0;
  #tabs;

  constructor(session, openOperation) {
    this.#session = session;
    this.#openOperation = openOperation;
    this.#tabs = STEPS.map((step, index) => this.#tab(step, index));
    byId("steps").append(...this.#tabs);
    byId("steps").addEventListener("keydown", (event) => this.#onKey(event));
    byId("run").addEventListener("click", () => this.#run());
    byId("next").addEventListener("click", () => this.#onNext());
    byId("more").addEventListener("click", (event) => {
      event.preventDefault();
      this.#openOperation(...STEPS[this.#at].operation);
    });
    this.#show();
  }

  restart() {
    this.#project = newProjectId();
    this.#answers = [];
    this.#at = 0;
    this.#show();
  }

  #tab({ title }, index) {
    const tab = document.createElement("button");
    const name = document.createElement("span");
    const status = document.createElement("span");
    name.textContent = title;
    status.className = "code";
    Object.assign(tab, { type: "button", id: `step-${index + 1}`, role: "tab" });
    tab.setAttribute("aria-controls", "step");
    tab.append(name, status);
    tab.addEventListener("click", () => this.#go(index));
    return tab;
  }

  #go(index) {
    this.#at = index;
    this.#show();
  }

  #onKey(event) {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    this.#go((this.#at + step + STEPS.length) % STEPS.length);
    this.#tabs[this.#at].focus();
  }

  #onNext() {
    if (this.#at === STEPS.length - 1) this.restart();
    else this.#go(this.#at + 1);
    byId("run").focus();
  }

  async #run() {
    const at = this.#at;
    const answers = this.#answers;
    byId("run").disabled = true;
    try {
      answers[at] = await send(STEPS[at].request(this.#project), await this.#session.token());
    } catch (error) {
      answers[at] = { status: "failed", text: `The request did not reach the service: ${error.message}` };
    }
    byId("run").disabled = false;
    byId("run").focus();
    this.#show();
  }

  #show() {
    const step = STEPS[this.#at];
    const answer = this.#answers[this.#at];
    this.#tabs.forEach((tab, index) => {
      tab.setAttribute("aria-selected", index === this.#at);
      tab.tabIndex = index === this.#at ? 0 : -1;
      showStatus(tab.querySelector(".code"), this.#answers[index]?.status);
    });
    byId("step").setAttribute("aria-labelledby", this.#tabs[this.#at].id);
    byId("say").textContent = step.say;
    byId("request").textContent = requestText(step.request(this.#project));
    byId("answer").textContent = answer?.text ?? "";
    byId("answer").dataset.empty = answer ? "" : "Not run yet";
    byId("next").textContent = this.#at === STEPS.length - 1 ? "Start over" : "Next step";
    showStatus(byId("status"), answer?.status);
  }
}

function showStatus(element, status) {
  element.textContent = status ?? "";
  element.dataset.kind = status >= 200 && status < 300 ? "good" : "bad";
}
