// Why a file is not a table, how far an upload is, and why it failed.
import assert from "node:assert/strict";
import { test } from "node:test";

import { droppedFile, refusalOf } from "../chosen_files.js";
import { portion, problemInWords } from "../table_words.js";

test("a file that is not a table is recognized by its first bytes, whatever its name", async () => {
  const says = (name, ...bytes) => refusalOf(new File(bytes, name));
  assert.match(await says("table.xlsx", "PK\x03\x04…"), /Excel workbook. Save it as “CSV UTF-8”/);
  assert.match(await says("table.csv", "PK\x03\x04…"), /ZIP archive/);
  assert.match(await says("table.ods", "PK\x03\x04…"), /spreadsheet/);
  assert.match(await says("old.xls", new Uint8Array([0xd0, 0xcf, 0x11, 0xe0])), /old Excel workbook/);
  assert.match(await says("report.csv", "%PDF-1.7"), /PDF document/);
  assert.match(await says("table.csv.gz", new Uint8Array([0x1f, 0x8b, 8])), /compressed/);
  assert.match(await says("picture", new Uint8Array([0x89, 0x50, 0x4e, 0x47])), /picture/);
  assert.match(await says("none.csv"), /empty/);
  assert.match(await refusalOf({ size: 1, slice: () => ({ arrayBuffer: () => Promise.reject(new DOMException("gone")) }) }), /cannot be read/);
  assert.equal(await says("table.csv", "PK,Name\n1,a\n"), null);
  assert.equal(await says("table.json", "[]"), null);
});

test("of what is dropped, only a single file is taken", () => {
  const file = new File(["a"], "a.csv");
  const item = (isDirectory) => ({ webkitGetAsEntry: () => ({ isDirectory }) });
  assert.deepEqual(droppedFile({ files: [file], items: [item(false)] }), { file });
  assert.match(droppedFile({ files: [file, file], items: [] }).refusal, /one file/);
  assert.match(droppedFile({ files: [file], items: [item(true)] }).refusal, /folder/);
});

test("a portion has the unit of the whole", () => {
  assert.deepEqual([portion(3_100_000, 9_800_000), portion(50_000, 9_800_000), portion(500, 1_500)], ["3.1 of 9.8 MB", "0.1 of 9.8 MB", "0.5 of 1.5 KB"]);
});

test("a problem says what failed, why, and what to do", () => {
  const why = (error, action = "upload") => problemInWords({ action, fileName: "a.csv", error }).why;
  assert.deepEqual(problemInWords({ action: "upload", fileName: "a.csv", refusal: "Empty." }), { what: "“a.csv” was not uploaded.", why: "Empty." });
  assert.equal(problemInWords({ action: "upload", refusal: "Two files." }).what, "Nothing was uploaded.");
  assert.equal(why({ code: "network", message: "The server cannot be reached." }), "The server cannot be reached. Check the connection, then try again.");
  assert.match(why({ code: "upload-refused", message: "" }), /storage did not accept/);
  assert.match(why({ code: "upload-too-large", problem: { actualBytes: 150_000_000, limitBytes: 100_000_000 } }), /150 MB, and the limit is 100 MB/);
  assert.equal(why({ code: "invalid-data", message: "Row 2: Wrong." }), "Row 2: Wrong. Correct the file, and upload it again.");
  assert.equal(why({ code: "invalid-data", message: "Row 2: Wrong." }, "change"), "Row 2: Wrong.");
  const sent = { action: "upload", fileName: "a.csv", uploadId: "1", error: { code: "invalid-data", message: "Row 2: Wrong.", problem: { errors: [{}] } } };
  assert.equal(problemInWords(sent).why, "Row 2: Wrong. Choose its delimiter, or correct the file and upload it again.");
  assert.equal(problemInWords({ ...sent, error: { code: "invalid-data", message: "No rows.", problem: {} } }).why, "No rows. Correct the file, and upload it again.");
  assert.match(problemInWords({ ...sent, fileName: "a.json" }).why, /^Row 2: Wrong. Correct the file/);
});
