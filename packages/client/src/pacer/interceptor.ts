import type { Dispatcher } from '../transport/undici.ts';
import { Pacer, type PacerOptions, type Turn } from './pacer.ts';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** As undici 7 and 8 call what hears of a request; only what is needed here. */
interface Handler {
  onResponseStart?: (
    controller: unknown,
    status: number,
    headers: Headers,
    ...rest: never[]
  ) => unknown;
  onRequestUpgrade?: (
    controller: unknown,
    status: number,
    headers: Headers,
    ...rest: never[]
  ) => unknown;
  onResponseError?: (controller: unknown, error: Error) => unknown;
}

/** What `dispatcher.compose` takes. */
export type Interceptor = Dispatcher.DispatcherComposeInterceptor;

/**
 * Paces all requests of an undici dispatcher that share a quota. Put it before `interceptors.retry`,
 * so that repeats wait for their turn as well.
 *
 * @example
 * const dispatcher = new Agent().compose(throttleInterceptor());
 * const { body } = await request('https://api.example.com/things', { dispatcher });
 * await body.dump();
 */
export function throttleInterceptor(options: PacerOptions = {}): Interceptor {
  const pacer = new Pacer(options);
  return (dispatch) => (request, handler) => {
    pacer.turn().then(
      (turn) => dispatch(request, heard(handler, turn)),
      (error: Error) => (handler as Handler).onResponseError?.(undefined, error),
    );
    return true;
  };
}

/** The same handler, whose news the turn hears first. */
function heard(handler: Dispatcher.DispatchHandler, turn: Turn): Dispatcher.DispatchHandler {
  let isTold = false;
  const once = (tell: () => void): void => {
    if (!isTold) tell();
    isTold = true;
  };
  const answered = (status: number, headers: Headers): void => {
    const header = (name: string): string | undefined => {
      const value = headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    };
    once(() => turn.answered({ status, header }));
  };
  const own: Handler = {
    onResponseStart: (controller, status, headers, ...rest) => {
      if (status >= 200) answered(status, headers);
      return (handler as Handler).onResponseStart?.(controller, status, headers, ...rest);
    },
    onRequestUpgrade: (controller, status, headers, ...rest) => {
      answered(status, headers);
      return (handler as Handler).onRequestUpgrade?.(controller, status, headers, ...rest);
    },
    onResponseError: (controller, error) => {
      once(() => turn.failed());
      return (handler as Handler).onResponseError?.(controller, error);
    },
  };
  return new Proxy(handler, {
    get: (target, name) => {
      const mine = own[name as keyof Handler];
      const theirs: unknown = Reflect.get(target, name, target);
      if (mine !== undefined) return mine;
      return typeof theirs === 'function' ? theirs.bind(target) : theirs;
    },
  });
}
