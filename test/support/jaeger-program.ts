import { GoProgram } from './go-program.ts';

/** The last version that can be compiled from its module; what users run is in `compose.yaml`. */
export const jaeger: GoProgram = new GoProgram({
  program: 'jaeger-all-in-one',
  version: '1.42.0',
  module: 'github.com/jaegertracing/jaeger/cmd/all-in-one',
});
