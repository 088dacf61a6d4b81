// biome-ignore-all lint/performance/noBarrelFile: an entry point of the package, name by name

export { type FakeServer, startFakeWeir } from './testing/fake-server.ts';
export {
  type FakeOptions,
  type FakeQuota,
  type FakeReply,
  type FakeRequest,
  FakeWeir,
  type Fault,
  type TakenEvent,
} from './testing/fake-weir.ts';
