// The base as a document of Y.Map and Y.Array, a copy for each side with its changes, and mine's update applied to
// theirs. Yjs knows no conflicts. The editors' ids stay the same in both orders.
import * as Y from 'yjs';
import { change } from './changes.js';

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

function shared(value) {
  if (Array.isArray(value)) return Y.Array.from(value.map(shared));
  return isObject(value) ? new Y.Map(Object.entries(value).map(([name, inner]) => [name, shared(inner)])) : value;
}

const at = {
  set: (target, name, value) => target.set(name, shared(value)),
  remove: (target, name) => target.delete(name),
  insert: (target, index, value) => target.insert(index, [shared(value)]),
  removeAt: (target, index) => target.delete(index),
  inside: (target, name) => target.get(name),
};

function copy(update, editor) {
  const made = new Y.Doc();
  Y.applyUpdate(made, update);
  made.clientID = Number(editor);
  return made;
}

export function prepared(base, theirs, mine) {
  const first = new Y.Doc();
  first.clientID = 1000;
  first.transact(() => Object.entries(base).forEach(([name, value]) => at.set(first.getMap('dashboard'), name, value)));
  const update = Y.encodeStateAsUpdate(first);
  const [ours, others] = [theirs, mine].map(({ editor, document }) => {
    const made = copy(update, editor);
    made.transact(() => change(made.getMap('dashboard'), base, document, at));
    return made;
  });
  const changes = Y.encodeStateAsUpdate(others, Y.encodeStateVector(ours));
  return () => {
    Y.applyUpdate(ours, changes);
    return { read: () => ({ document: ours.getMap('dashboard').toJSON() }) };
  };
}
