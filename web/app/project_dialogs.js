// The dialogs that name a dashboard: a new one, one with another name, and a copy.
import { html } from "./html.js";

export function openNewDialog(app) {
  app.dialog.open({
    title: "New dashboard",
    action: "Create",
    body: () => nameField(""),
    submit: async (form) => {
      const project = await app.client.projects.create({ name: form.get("name") });
      app.go(project.id);
    },
  });
}

/** Open the dialog that renames a dashboard; `renamed` gets the project. */
export function openRenameDialog(app, address, name, renamed) {
  app.dialog.open({
    title: "Rename dashboard",
    action: "Rename",
    body: () => nameField(name),
    submit: async (form) => renamed(await rename(app.client, address, form.get("name"))),
  });
}

/** Open the dialog that makes a copy of a dashboard, which is the user's own and independent of it. */
export function openCopyDialog(app, address, name) {
  app.dialog.open({
    title: "Make my own copy",
    action: "Make copy",
    body: () => html`<p class="hint">The copy has the dashboard and the table as they are now. Later changes go into one of them only.</p>${nameField(name)}`,
    submit: async (form) => {
      const { id } = await app.client.projects.create({ copyOf: address, name: form.get("name") });
      app.go(id);
    },
  });
}

/** Rename a project, regardless of other changes made to it in the meantime. */
async function rename(client, id, name) {
  const { version } = await client.projects.get(id);
  return client.projects.update(id, { name }, { ifMatch: version });
}

const nameField = (name) =>
  html`<label class="field"><span>Name</span><input name="name" .value=${name} required maxlength="200" autocomplete="off" autofocus></label>`;
