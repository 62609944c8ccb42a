// The base as a document, a fork for each side with its changes, and the forks merged. Conflicts are what getConflicts
// reports anywhere in the merged document. The editors' ids stay the same in both orders.
import * as automerge from '@automerge/automerge';
import { change } from './changes.js';

const at = {
  set: (target, name, value) => { target[name] = value; },
  remove: (target, name) => { delete target[name]; },
  insert: (target, index, value) => target.splice(index, 0, value),
  removeAt: (target, index) => target.splice(index, 1),
  inside: (target, name) => target[name],
};

export function prepared(base, theirs, mine) {
  const shared = automerge.from(base, { actor: '00' });
  const [ours, others] = [theirs, mine].map(({ editor, document }) =>
    automerge.change(automerge.clone(shared, { actor: editor }), (draft) => change(draft, base, document, at)));
  return () => {
    const merged = automerge.merge(ours, others);
    return { read: () => (hasConflict(merged) ? { refused: 'getConflicts' } : { document: automerge.toJS(merged) }) };
  };
}

function hasConflict(value) {
  return Object.keys(value).some((name) => {
    const key = Array.isArray(value) ? Number(name) : name;
    if (automerge.getConflicts(value, key) !== undefined) return true;
    const inner = value[key];
    return inner !== null && typeof inner === 'object' && hasConflict(inner);
  });
}
