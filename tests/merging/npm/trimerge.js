// As trimerge's own test of a complex structure combines its mergers: equality, arrays whose elements have keys, and
// objects. It throws where it cannot merge.
import { combineMergers, trimergeArrayCreator, trimergeJsonDeepEqual, trimergeJsonObject } from 'trimerge';
import { identity } from './identity.js';

const merge = combineMergers(trimergeJsonDeepEqual, trimergeArrayCreator(identity), trimergeJsonObject);

export const prepared = (base, theirs, mine) => () => ({ document: merge(base, theirs.document, mine.document) });
