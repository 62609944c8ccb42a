// How the page words errors: in the server's sentences, each with its place.
import assert from "node:assert/strict";
import { test } from "node:test";

import { explain } from "../words.js";

test("an error is explained by its detail and by the places that the detail does not name", () => {
  const errors = [
    { pointer: "/chartCustomizations/a/title", message: "This must be a string." },
    { pointer: "", message: "The table has no columns." },
    { pointer: "/1", message: "Row 2 is too long." },
  ];
  const problem = { title: "The config is not valid", detail: "The file is not valid. Row 2 is too long.", errors };
  assert.equal(
    explain({ status: 422, problem }),
    "The file is not valid. Row 2 is too long. /chartCustomizations/a/title: This must be a string. The table has no columns.",
  );
});

test("an error without a detail is explained by its title, and one without a response as a lost network", () => {
  assert.equal(explain({ status: 500, problem: { title: "Something went wrong" } }), "Something went wrong");
  assert.equal(explain({ status: 0, problem: null }), "The server cannot be reached.");
});
