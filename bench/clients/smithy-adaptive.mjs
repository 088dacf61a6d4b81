import { AdaptiveRetryStrategy, DEFAULT_MAX_ATTEMPTS } from '@smithy/util-retry';
import { postAll, task } from './task.mjs';

// What the AWS clients do with `retryMode: 'adaptive'`: one strategy for all requests, told of each
// outcome, with the Retry-After of a refusal as a hint.
const strategy = new AdaptiveRetryStrategy(async () => DEFAULT_MAX_ATTEMPTS);

await postAll(async (init) => {
  let token = await strategy.acquireInitialRetryToken('');
  for (;;) {
    const response = await fetch(`${task.url}/v1/events`, init);
    await response.arrayBuffer();
    if (response.ok) return strategy.recordSuccess(token);
    const error = Object.assign(new Error(response.statusText), {
      $metadata: { httpStatusCode: response.status },
    });
    const retryAfterMs = Number(response.headers.get('retry-after')) * 1_000;
    const errorType = response.status === 429 ? 'THROTTLING' : 'SERVER_ERROR';
    const retryAfterHint = new Date(Date.now() + retryAfterMs);
    token = await strategy.refreshRetryTokenForRetry(token, { error, errorType, retryAfterHint });
    const delayMs = token.getRetryDelay();
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
  }
});
