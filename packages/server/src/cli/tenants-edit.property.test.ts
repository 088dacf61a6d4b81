import { VirtualWorld } from '@weir/core/world/virtual';
import fc from 'fast-check';
import { test } from 'vitest';
import { hasProblems, type Problems } from '../problems.ts';
import { keepKey, newKey } from '../tenants/key.ts';
import { parseTenants } from '../tenants/tenants-file.ts';
import { addKey, type Edited, removeKey } from './tenants-edit.ts';

type Action = { readonly add: string } | { readonly remove: number };

const tenants = fc.constantFrom('acme', 'blue', '42', '007', 'true', 'null', 'a.b-c', '1e3');
const actions = fc.array(fc.oneof(fc.record({ add: tenants }), fc.record({ remove: fc.nat(8) })), {
  maxLength: 12,
});
const paths = fc.constantFrom('tenants.json', 'tenants.yaml');

test('after any changes the file holds exactly the keys that were made and not revoked', () => {
  fc.assert(
    fc.property(paths, actions, fc.nat(), (path, steps, seed) => {
      const world = new VirtualWorld({ seed });
      let text: string | undefined;
      let expected: string[] = [];
      for (const step of steps) {
        const change = applied(step, { text, path, world, expected });
        if (change === undefined) continue;
        text = change.text;
        expected = change.expected;
      }
      return text === undefined || keysIn(text, path).join() === expected.sort().join();
    }),
    { numRuns: 200 },
  );
});

interface State {
  readonly text: string | undefined;
  readonly path: string;
  readonly world: VirtualWorld;
  /** `TENANT KEYID` of each. */
  readonly expected: readonly string[];
}

function applied(step: Action, { text, path, world, expected }: State) {
  if ('add' in step) {
    const key = keepKey(newKey(world), world);
    const tenant = step.add;
    const edited = addKey(text, path, { key, tenant, plan: undefined, scopes: ['ingest'] });
    return { text: textOf(edited), expected: [...expected, `${tenant} ${key.id}`] };
  }
  const gone = expected[step.remove];
  if (gone === undefined || text === undefined) return undefined;
  const edited = removeKey(text, path, gone.split(' ')[1] as string);
  return { text: textOf(edited), expected: expected.filter((entry) => entry !== gone) };
}

function textOf(edited: Edited | Problems | undefined): string {
  if (edited === undefined || hasProblems(edited)) throw new Error(JSON.stringify(edited));
  return edited.text;
}

function keysIn(text: string, path: string): string[] {
  const file = parseTenants(text, path);
  if (hasProblems(file)) throw new Error(file.problems.join('\n'));
  return [...file.tenants]
    .flatMap(([tenant, { keys }]) => keys.map(({ id }) => `${tenant} ${id}`))
    .sort();
}
