// biome-ignore-all lint/style/noRestrictedGlobals: a page in a browser has no other clock and no other timer

// The console page. It asks its own server every two seconds and draws what it says; everything is
// put in as text, never as markup.

const everyMs = 2_000;
const state = { at: 0, accepted: new Map(), requests: undefined };

const at = (id) => document.getElementById(id);

function make(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const dollars = new Intl.NumberFormat('en', {
  style: 'currency',
  currency: 'USD',
  maximumFractionDigits: 4,
});

function bytesText(bytes) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let power = 0;
  let value = bytes;
  while (value >= 1024 && power < units.length - 1) {
    value /= 1024;
    power += 1;
  }
  return `${value.toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

function secondsText(seconds) {
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  return `${Math.round(seconds / 60)} min`;
}

function sumOf(metrics, prefix) {
  return Object.entries(metrics)
    .filter(([name]) => name === prefix || name.startsWith(`${prefix}{`))
    .reduce((sum, [, value]) => sum + value, 0);
}

function tilesOf(metrics, perSecond) {
  const value = (name) => metrics[name] ?? 0;
  const difference = value('weir_ledger_difference');
  const troubled = value('weir_limiter_troubled') === 1;
  const stopped = value('weir_store_stopped') === 1;
  return [
    ['requests/s', perSecond === undefined ? '…' : short.format(perSecond)],
    ['events taken', short.format(value('weir_events_accepted_total'))],
    ['requests waiting', short.format(value('weir_spool_requests'))],
    ['bytes waiting', bytesText(value('weir_spool_bytes'))],
    ['oldest batch', secondsText(value('weir_spool_oldest_seconds'))],
    ['room used', `${(100 * value('weir_spool_full_ratio')).toFixed(1)} %`],
    ['objects stored', short.format(value('weir_objects_total{state=stored}'))],
    ['store writes', short.format(sumOf(metrics, 'weir_store_puts_total'))],
    ['store', stopped ? 'out of order' : 'works', stopped],
    ['price of writes', dollars.format(value('weir_store_put_dollars_total'))],
    ['limits', troubled ? 'Redis is away' : 'work', troubled],
    ['ledger off by', whole.format(difference), difference !== 0],
  ];
}

function drawTiles(metrics, perSecond) {
  const tiles = tilesOf(metrics, perSecond).map(([title, text, isBad]) =>
    make(
      'div',
      { className: isBad ? 'tile bad' : 'tile' },
      make('b', { textContent: text }),
      make('span', { textContent: title }),
    ),
  );
  at('tiles').replaceChildren(...tiles);
}

function drawReasons(reasons) {
  const ready = at('ready');
  ready.className = reasons.length === 0 ? 'good' : 'bad';
  ready.textContent = reasons.length === 0 ? 'all is well' : 'somebody should look';
  at('reasons').replaceChildren(...reasons.map((reason) => make('li', { textContent: reason })));
}

const periods = new Map([
  [1_000, 's'],
  [60_000, 'min'],
  [3_600_000, 'h'],
  [86_400_000, 'day'],
]);

function quotaLine({ name, unit, tokens, periodMs, burst, remaining, scope, shadow }) {
  const period = periods.get(periodMs) ?? `${periodMs / 1_000} s`;
  const units = tokens === 1 ? unit.replace(/s$/, '') : unit;
  const rest = remaining === undefined ? '' : ` · ${whole.format(remaining)} left`;
  const kinds = [scope === 'key' ? 'per key' : '', shadow ? 'on trial' : ''].filter(Boolean);
  const kind = kinds.length === 0 ? '' : ` (${kinds.join(', ')})`;
  const text = `${name}: ${whole.format(tokens)} ${units}/${period}, burst ${whole.format(burst)}${kind}${rest}`;
  const line = make('div', { className: 'quota' });
  if (remaining !== undefined) {
    const meter = make('meter', { min: 0, max: burst, low: burst / 5, optimum: burst });
    meter.value = remaining;
    meter.setAttribute('aria-label', `${name}: left of its burst`);
    line.append(meter);
  }
  line.append(make('span', { textContent: text }));
  return line;
}

function number(text) {
  return make('td', { className: 'number', textContent: text });
}

function tenantRow({ tenant, quotas, events, refused }, seconds) {
  const accepted = events.accepted ?? 0;
  const before = state.accepted.get(tenant);
  state.accepted.set(tenant, accepted);
  const pace = before === undefined || seconds === 0 ? undefined : (accepted - before) / seconds;
  return make(
    'tr',
    {},
    make('th', { scope: 'row', textContent: tenant }),
    make('td', {}, ...quotas.map(quotaLine)),
    number(pace === undefined ? '…' : short.format(Math.max(0, pace))),
    number(whole.format(accepted)),
    number(whole.format(events.queued ?? 0)),
    number(whole.format(events.stored ?? 0)),
    number(whole.format(refused)),
  );
}

function refusalRow({ atMs, tenant, code, reason, retryAfterMs }) {
  const time = new Date(atMs).toISOString().slice(11, 23);
  const wait = retryAfterMs === undefined ? '' : secondsText(retryAfterMs / 1_000);
  return make(
    'tr',
    {},
    make('td', {}, make('code', { textContent: time })),
    make('td', { textContent: tenant ?? '–' }),
    make('td', {}, make('code', { textContent: code })),
    make('td', { textContent: reason ?? '–' }),
    number(wait),
  );
}

/** Rows of a table, or what it means that there are none. */
function fill(id, rows, none) {
  const cell = make('td', { className: 'none', colSpan: 7, textContent: none });
  at(id).replaceChildren(...(rows.length === 0 ? [make('tr', {}, cell)] : rows));
}

function draw(said) {
  const now = performance.now();
  const seconds = state.at === 0 ? 0 : (now - state.at) / 1_000;
  state.at = now;
  const requests = sumOf(said.metrics, 'weir_requests_total');
  const perSecond =
    state.requests === undefined || seconds === 0
      ? undefined
      : Math.max(0, (requests - state.requests) / seconds);
  state.requests = requests;
  state.jaegerUrl = said.jaegerUrl;
  drawReasons(said.reasons);
  drawTiles(said.metrics, perSecond);
  const tenants = said.tenants.map((tenant) => tenantRow(tenant, seconds));
  fill('tenants', tenants, 'the tenants file names nobody');
  at('more').textContent = said.moreTenants > 0 ? `and ${said.moreTenants} more` : '';
  fill('refusals', said.refusals.map(refusalRow), 'nothing was refused since the start');
  at('fresh').textContent = `as of ${new Date().toLocaleTimeString()}`;
}

async function poll() {
  try {
    const reply = await fetch('/console/state.json');
    draw(await reply.json());
  } catch {
    at('ready').className = 'bad';
    at('ready').textContent = 'the server does not answer';
  }
  setTimeout(poll, everyMs);
}

function receiptLines({ receipt, state: became, tenant, events, trace }) {
  const lines = [
    make(
      'p',
      {},
      make('code', { textContent: receipt }),
      ' is ',
      make('span', { className: 'state', textContent: became }),
      tenant === undefined ? '' : `, of ${tenant}`,
    ),
  ];
  const [first] = events;
  if (first !== undefined) {
    const last = events.at(-1);
    const where = first === last ? `line ${first.line}` : `lines ${first.line} to ${last.line}`;
    lines.push(make('p', {}, make('code', { textContent: first.object }), ` ${where}`));
  }
  if (trace !== undefined) {
    const id = make('code', { textContent: trace });
    const link =
      state.jaegerUrl === undefined
        ? id
        : make('a', { href: new URL(`/trace/${trace}`, state.jaegerUrl).href }, id);
    lines.push(make('p', {}, 'trace ', link));
  }
  return lines;
}

function barLine(bar, wholeMs) {
  const { name, service, depth, startMs, tookMs, failed, facts } = bar;
  const about = Object.entries(facts).map(([fact, value]) => `${fact}: ${value}`);
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const rect = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  svg.setAttribute('viewBox', '0 0 1000 14');
  svg.setAttribute('preserveAspectRatio', 'none');
  rect.setAttribute('x', `${(1000 * startMs) / wholeMs}`);
  rect.setAttribute('width', `${Math.max(2, (1000 * tookMs) / wholeMs)}`);
  rect.setAttribute('y', '2');
  rect.setAttribute('height', '10');
  svg.append(rect);
  return make(
    'div',
    { className: failed ? 'bar failed' : 'bar', title: about.join('\n') },
    make(
      'span',
      { className: 'name' },
      `${'\u2003'.repeat(depth)}${name} `,
      make('small', { textContent: service }),
    ),
    svg,
    make('span', { className: 'number', textContent: `${tookMs.toFixed(1)} ms` }),
  );
}

async function drawWaterfall(trace) {
  const reply = await fetch(`/console/traces/${trace}`);
  const bars = await reply.json();
  if (!reply.ok) {
    at('found').append(make('p', { className: 'note', textContent: bars.problem }));
    return;
  }
  const wholeMs = Math.max(...bars.map(({ startMs, tookMs }) => startMs + tookMs), 0.001);
  const lines = bars.map((bar) => barLine(bar, wholeMs));
  at('found').append(make('div', { className: 'waterfall' }, ...lines));
}

at('lookup').addEventListener('submit', async (event) => {
  event.preventDefault();
  const found = at('found');
  found.replaceChildren('looking…');
  try {
    const id = encodeURIComponent(at('receipt').value.trim());
    const reply = await fetch(`/console/receipts/${id}`);
    const said = await reply.json();
    if (!reply.ok) {
      found.replaceChildren(said.problem);
      return;
    }
    found.replaceChildren(...receiptLines(said));
    if (said.trace !== undefined && state.jaegerUrl !== undefined) await drawWaterfall(said.trace);
  } catch {
    found.replaceChildren('the server does not answer');
  }
});

void poll();
