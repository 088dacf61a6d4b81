import { expect } from 'vitest';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Expected {
  readonly status: number;
  readonly code: string;
  /** What the detail must say: what was wrong, and where. */
  readonly detail: string;
}

/**
 * Holds a reply to what every refusal promises: a problem document (RFC 9457) that names its code
 * and place, and gives away nothing of how the server is made. Returns the document.
 */
export function expectProblem(answer: Answer, expected: Expected): Record<string, unknown> {
  const { status, code, detail } = expected;
  expect(answer, answer.body).toMatchObject({ status });
  expect(answer.headers['content-type']).toBe('application/problem+json');
  const problem = JSON.parse(answer.body) as Record<string, unknown>;
  expect(problem).toMatchObject({ status, code, title: expect.any(String) });
  expect(problem.type).toMatch(/^(\/problems\/[a-z0-9_]+|https:\/\/iana\.org\/\S+)$/);
  expect(problem.detail).toContain(detail);
  expect(String(problem.detail).length).toBeLessThan(300);
  expect(answer.body).not.toMatch(/\.ts\b|node:|node_modules|\n\s+at |weir_[0-9a-z]{12}_/);
  return problem;
}
