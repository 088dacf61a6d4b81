/** Why one event of a request was not taken; its neighbours are. Documented in docs/http-api.md. */
export const rejections = {
  malformed: 'the event is not valid JSON',
  not_an_object: 'the event is not a JSON object',
  invalid_attribute: 'an attribute is missing or has a wrong type or name',
  reserved_attribute: 'attributes beginning with "weir" are set by weir alone',
  too_deep: 'the event is nested deeper than 100 levels',
  event_too_large: 'the event is larger than one event may be',
} as const;

export type RejectionCode = keyof typeof rejections;

/** One event of a request that was not taken. */
export interface RejectedEvent {
  /** Its place in the request, from 0. */
  readonly index: number;
  readonly code: RejectionCode;
  /** What was wrong and where: `events[3].type: expected a non-empty string`. */
  readonly detail: string;
}

/** The deepest nesting an event may have; the event itself is level 1. */
export const maxDepth = 100;

/**
 * The attributes weir fills in where a sender leaves them out, as bits: a record of the spool says
 * with them which ones its events lack, so that nobody has to parse them again.
 */
export const missing = { specversion: 1, id: 2, source: 4, time: 8 } as const;
