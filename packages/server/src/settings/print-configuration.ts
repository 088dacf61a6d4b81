import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { settingTable } from '../config.ts';
import { defaultOf, expectedOf, type Setting } from './setting-kinds.ts';

const before = `# Configuration

<!-- Printed from packages/server/src/config.ts by \`npm run docs:configuration\`: do not edit. -->

Settings come from the environment. A JSON file of the same names may stand behind it
(\`weir serve --config weir.json\`, such as \`{"MAX_WORKERS": 4}\`); the environment goes before the
file, and the file before the defaults. An empty variable counts as not set. \`weir check\` tells
whether a server would start, and lists everything that is wrong at once.

Sizes are plain bytes, or carry a unit: \`65536\`, \`64 KiB\`, \`8 MiB\`, \`2 GiB\`. Names that end in
\`_MS\` are whole milliseconds. Paths are relative to the folder in which weir was started.
`;

const after = `## The file of tenants

\`WEIR_TENANTS\` names a JSON or YAML file. JSON is read ten times faster: take it for thousands of
tenants. This is a whole one:

\`\`\`yaml
plans:
  standard:
    - { name: requests, unit: requests, tokens: 1000, period: 1s, burst: 2000, scope: tenant }
    - { name: volume, unit: bytes, tokens: 1000000000, period: 1d, burst: 50000000, scope: key }
tenants:
  acme:
    plan: standard
    limits: { eventBytes: 64 KiB }
    keys:
      - id: k3v9d0a1b2c3
        salt: "00112233445566778899aabbccddeeff"
        hash: "5f7a0c5e2c0f7c0a4d1b8d2e9f3a6b7c5f7a0c5e2c0f7c0a4d1b8d2e9f3a6b7c"
        scopes: [ingest]
\`\`\`

| Part | Meaning |
|---|---|
| \`plans.PLAN\` | A list of at least one quota; a request must pass all of them, and is charged to all or none. |
| \`name\` | 1 to 63 of \`A-Za-z0-9._-\`, once in a plan. Replies and metrics call the quota by it. |
| \`unit\` | What it counts: \`requests\`, \`events\` or \`bytes\` (of the decoded body). |
| \`tokens\`, \`period\` | So many are earned in each such time: \`250ms\`, \`1s\`, \`5m\`, \`1h\`, \`1d\`. |
| \`burst\` | The most that may be spent at one instant. What costs more can never pass. |
| \`scope\` | \`tenant\`: all keys share it; \`key\`: every key has its own. |
| \`shadow\` | Optional: \`true\` decides and counts, and refuses nobody, to try a quota out. Replies do not tell of it. |
| \`onTrouble\` | Optional, for limits in Redis: what holds while Redis is out of reach. \`local\` (default): this server's share of the quota; \`open\`: this quota refuses nobody; \`closed\`: nobody passes. |
| \`tenants.TENANT\` | 1 to 63 of \`a-z0-9.-\`, beginning with \`a-z0-9\`. |
| \`plan\` | The name of a plan. |
| \`limits\` | Optional: \`bodyBytes\`, \`decodedBytes\`, \`eventBytes\`, \`events\`. The server's own settings are the ceiling. |
| \`weight\` | Optional, 1 (default) to 1000: how large its share of a spool over half full is, beside the other tenants heard in the last minute. |
| \`keys\` | \`id\` is 12 of \`a-z0-9\`; \`hash\` is the hex SHA-256 of the bytes of the hex \`salt\` (8 to 64) and the secret; \`scopes\` are \`ingest\` and \`read\`. |
| \`lists.allow\`, \`lists.deny\` | Optional: each with \`addresses\` (\`192.0.2.7\`, \`10.0.0.0/8\`, \`2001:db8::/32\`; IPv6 counts by /64), \`tenants\` and \`keys\` (ids). Who is denied gets 403. Who is allowed is never blocked, and its address has no limit; quotas hold all the same. Who is on both is denied. |

\`weir keys create acme --tenants FILE\` makes a key, prints it once and adds its hash to the file;
\`weir keys list\` and \`weir keys revoke KEYID\` do the rest.

The file is looked at twice a second and swapped in whole: a revoked key is refused and a changed
plan counts within a second, without a restart. A bad file changes nothing: what was good before
stays in force, and the log and \`/readyz\` say why. Replace the file by renaming, as \`weir keys\`
does, so that nobody reads half of it.

Without a file there is one tenant, \`dev\`, with a key in \`dev-key\` in the data folder, and weir
listens on loopback only. TLS ends in front of weir. Quotas held in memory are full again after a
restart.

## Limits in Redis

With \`REDIS_URL\` servers share their quotas: on one Redis from version 7 on, on Valkey, or on a Cluster
of them (several URLs, or \`WEIR_REDIS_CLUSTER=on\`). User name, password and database stand in the URL;
\`rediss://\` is TLS, for which \`NODE_EXTRA_CA_CERTS\` names a certificate authority of your own.

- A quota in debt takes about 150 bytes under a key \`rl1:…\`, which goes when nothing is owed. Set
  \`maxmemory-policy noeviction\`: a state that is evicted is a quota that is full again.
- Nothing needs to be kept on disk. A Redis that comes back empty lets each quota's burst through once
  more.
- While Redis does not answer within \`WEIR_REDIS_DEADLINE_MS\`, \`/readyz\` says so without saying no, and
  each quota's \`onTrouble\` holds. How many servers share a quota is counted in Redis once a second;
  while it is away the last count stays, and a server that has never reached it counts itself alone.
`;

/** The page of all settings, as Markdown. */
export function configurationPage(): string {
  const rows = Object.values<Setting>(settingTable).map(rowOf);
  const table = ['| Name | Default | Expected | |', '|---|---|---|---|', ...rows].join('\n');
  return `${before}\n## Settings\n\n${table}\n\n${after}`;
}

function rowOf(setting: Setting): string {
  const cells = [`\`${setting.env}\``, defaultText(setting), expectedOf(setting), setting.about];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function defaultText(setting: Setting): string {
  const normally = defaultOf(setting, false);
  if (normally === undefined || normally === '') return '–';
  const inDevelopment = defaultOf(setting, true);
  if (inDevelopment === normally) return `\`${normally}\``;
  return `\`${normally}\`; \`${inDevelopment}\` without a tenants file`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , path] = process.argv;
  if (path === undefined) process.stdout.write(configurationPage());
  else await writeFile(path, configurationPage());
}
