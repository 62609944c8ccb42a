// Express with better-sqlite3: parses the body, stores its text and returns it.
import Database from "better-sqlite3";
import express from "express";

const database = new Database(process.env.DATABASE_URL.replace("file:", ""));
database.pragma("synchronous = NORMAL");
const load = database.prepare("SELECT config FROM dashboard WHERE id = ?").pluck();
const save = database.prepare("INSERT INTO dashboard VALUES (?, ?) ON CONFLICT DO UPDATE SET config = excluded.config");

const app = express().disable("etag").disable("x-powered-by");
app.get("/dashboards/:id", (request, response) => {
  const config = load.get(request.params.id);
  if (config === undefined) response.sendStatus(404);
  else response.type("json").send(config);
});
app.put("/dashboards/:id", express.text({ type: "application/json", limit: "1mb" }), (request, response) => {
  JSON.parse(request.body);
  save.run(request.params.id, request.body);
  response.json({ success: true });
});
app.listen(Number(process.env.PORT), "127.0.0.1");
