import { Agent, RetryAgent, request } from 'undici';
import { postAll, task } from './task.mjs';

// As it comes, but for POST, which it does not repeat unless told to.
const dispatcher = new RetryAgent(new Agent(), { methods: ['POST'] });
await postAll(async (init) => {
  const { body } = await request(`${task.url}/v1/events`, { ...init, dispatcher });
  await body.dump();
});
