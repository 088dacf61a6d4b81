import { serve } from '@hono/node-server';
import { Hono } from 'hono';

/** The yardstick: what Hono does with a JSON body that nobody keeps. */
const app = new Hono();
app.post('/v1/events', async (c) => c.json(await c.req.json()));
const port = Number(process.env.PORT);
serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, () => console.log('ready'));
