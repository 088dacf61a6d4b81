import { expect, test } from 'vitest';
import { decodeManifest, encodeManifest, type Manifest, type ManifestObject } from './manifest.ts';

const object: ManifestObject = {
  key: 'tenant=acme/1.ndjson.zst',
  state: 'stored',
  events: 3,
  bytes: 100,
  contentBytes: 400,
  sha256: 'ab'.repeat(32),
  firstTime: '2026-01-31T10:30:00.000Z',
  lastTime: '2026-01-31T10:30:09.000Z',
  tenants: { acme: 3 },
  gaps: { '0': [1, 4] },
};
const manifest: Manifest = {
  version: 1,
  writer: 'abcdefghij012345',
  segment: 7,
  sealedAt: '2026-01-31T10:30:09.000Z',
  objects: [object, { ...object, state: 'dead', gaps: undefined }],
};

test('comes back as it was written', () => {
  expect(decodeManifest(encodeManifest(manifest))).toEqual(manifest);
  const empty = { ...manifest, objects: [] };
  expect(decodeManifest(encodeManifest(empty))).toEqual(empty);
});

const changed = (changes: object) => ({ ...manifest, ...changes });
const withObject = (changes: object) => changed({ objects: [object, { ...object, ...changes }] });

test.each([
  [[], 'a manifest is a JSON object'],
  [changed({ version: 2 }), 'manifest format 2 is not understood, only 1 is'],
  [changed({ writer: 5 }), 'not a manifest: writer: expected a string'],
  [changed({ segment: -1 }), 'not a manifest: segment: expected a whole number'],
  [changed({ sealedAt: 'soon' }), 'not a manifest: sealedAt: expected a time'],
  [changed({ objects: {} }), 'not a manifest: objects: expected an array'],
  [changed({ objects: [null] }), 'not a manifest: objects[0]: expected an object'],
  [withObject({ key: '' }), 'not a manifest: objects[1].key: expected a key'],
  [withObject({ state: 'lost' }), 'not a manifest: objects[1].state: expected stored or dead'],
  [withObject({ events: 1.5 }), 'not a manifest: objects[1].events: expected a whole number'],
  [withObject({ bytes: '5' }), 'not a manifest: objects[1].bytes: expected a whole number'],
  [withObject({ sha256: 'AB' }), 'not a manifest: objects[1].sha256: expected 64 hex digits'],
  [withObject({ lastTime: 5 }), 'not a manifest: objects[1]: expected two times'],
  [withObject({ tenants: { a: -1 } }), 'not a manifest: objects[1].tenants: expected counts'],
  [withObject({ gaps: { 1: 5 } }), 'not a manifest: objects[1].gaps: expected lists of indices'],
])('refuses what is no manifest: %j', (value, message) => {
  expect(() => decodeManifest(Buffer.from(JSON.stringify(value)))).toThrow(new Error(message));
});
