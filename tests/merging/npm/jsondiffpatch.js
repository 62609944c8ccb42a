// What changed from base to mine, patched onto theirs, with the objectHash that its documentation asks for. It has no
// three-way merge of its own; this is how it is used for one.
import { create } from 'jsondiffpatch';
import { identity } from './identity.js';

const library = create({ objectHash: identity, arrays: { detectMove: true } });

export const prepared = (base, theirs, mine) => {
  const onto = structuredClone(theirs.document);
  return () => ({ document: library.patch(onto, library.diff(base, mine.document)) });
};
