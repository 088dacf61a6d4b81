import { expect, test } from 'vitest';
import { StoreError } from '../store/store.ts';
import { troubleOf } from './trouble.ts';

const noteOf = (error: unknown) => troubleOf(error).notes?.[0];
const ofSystem = (fields: object) => Object.assign(new Error('what it says'), fields);

test('trouble of disk, network or store is one sentence without a stack', () => {
  expect(troubleOf(new StoreError('trouble', 'the store is away')).exit).toBe(3);
  expect(noteOf(new StoreError('trouble', 'the store is away'))).toBe('the store is away');
  expect(noteOf(ofSystem({ syscall: 'read', code: 'EIO' }))).toBe('what it says');
  expect(noteOf(ofSystem({ syscall: 'listen', code: 'EADDRINUSE' }))).toBe(
    'what it says: something else listens there already; PORT and WEIR_ADMIN_PORT choose others, 0 a free one',
  );
});

test('a data folder that cannot be used is named by its setting', () => {
  const unfit = ofSystem({ syscall: 'open', code: 'ENOTDIR', path: '/etc/passwd/dev-key' });
  expect(noteOf(unfit)).toContain('WEIR_DATA_DIR names the folder');
  const elsewhere = ofSystem({ syscall: 'listen', code: 'EADDRNOTAVAIL' });
  expect(noteOf(elsewhere)).toContain('see HOST and WEIR_ADMIN_HOST');
});

test('a lock that stays is explained', () => {
  const stale = ofSystem({ syscall: 'open', code: 'EEXIST', path: '/etc/tenants.json.lock' });
  expect(noteOf(stale)).toContain('/etc/tenants.json.lock exists: another weir changes the file');
});

test('a fault of weir shows its place, and no secret', () => {
  const fault = new TypeError(`x is no function of weir_abcdefghijkl_${'S'.repeat(43)}`);
  expect(noteOf(fault)).toMatch(/^unexpected, and so a fault of weir: TypeError(.|\n)* at /);
  expect(noteOf(fault)).not.toContain('SSS');
  expect(noteOf('thrown text')).toBe('thrown text');
});
