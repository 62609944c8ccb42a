import assert from "node:assert/strict";
import { test } from "node:test";

import { Server, titled, world } from "./support.js";

test("a correction that is taken back leaves the dashboard clean", async () => {
  const server = new Server();
  server.save(titled("Revenue"));
  const document = world({ server }).client.open("sales");
  await document.load();
  document.correct(titled("Corrected"));
  assert.equal(document.state.status, "corrected");
  document.correct(titled("Revenue"));
  assert.equal(document.state.status, "clean");
  document.close();
});
