// diff3 with a key for each element of an array; it throws where it cannot merge.
import { diff3 } from 'json-diff3';
import { identity } from './identity.js';

const options = { getArrayItemKey: identity };

export const prepared = (base, theirs, mine) => () => ({
  document: diff3(base, theirs.document, mine.document, options),
});
