// Merges the pairs that come in as lines with one library: `node peer.js yjs`. Each line is answered with the
// outcomes of both orders and the microseconds of the first merge alone, without what prepares it.
import { createInterface } from 'node:readline';

const { prepared } = await import(`./${process.argv[2]}.js`);

/** Merges once; a library that throws refuses, which counts as a conflict. */
function merged(merge) {
  const began = process.hrtime.bigint();
  let outcome;
  try {
    outcome = merge();
  } catch (error) {
    outcome = { refused: String(error.message) };
  }
  const microseconds = Number(process.hrtime.bigint() - began) / 1000;
  return { ...(outcome.read ? outcome.read() : outcome), microseconds };
}

for await (const line of createInterface({ input: process.stdin })) {
  const { base, theirs, mine } = JSON.parse(line);
  const forward = merged(prepared(base, { editor: '01', document: theirs }, { editor: '02', document: mine }));
  const backward = merged(prepared(base, { editor: '02', document: mine }, { editor: '01', document: theirs }));
  process.stdout.write(`${JSON.stringify({ forward, backward })}\n`);
}
