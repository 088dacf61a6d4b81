import { compileQuota } from '@weir/core/gcra';
import type { TunedPlans } from '@weir/core/tuned';
import type { Problems } from '../problems.ts';
import type { PlanQuota, TenantsFile } from './tenants-file.ts';

/**
 * The file of tenants with other bursts, as `weir-sim tune` found them; rates stay. Lists each plan and
 * quota that the file does not have: whoever tuned had another file in mind.
 */
export function withBursts(
  file: TenantsFile,
  bursts: TunedPlans | undefined,
): TenantsFile | Problems {
  if (bursts === undefined) return file;
  const problems: string[] = [];
  const plans = new Map(file.plans);
  for (const [name, quotas] of Object.entries(bursts)) {
    let plan = file.plans.get(name);
    if (plan === undefined) {
      problems.push(`plans: expected the plan ${name}, of which the tuned file has bursts`);
      continue;
    }
    for (const [quota, { burst }] of Object.entries(quotas)) {
      const changed = planWith(plan, quota, burst);
      if (typeof changed === 'string') problems.push(`plans.${name}: ${changed}`);
      else plan = changed;
    }
    plans.set(name, plan);
  }
  return problems.length === 0 ? { ...file, plans } : { problems };
}

function planWith(
  plan: readonly PlanQuota[],
  name: string,
  burst: number,
): readonly PlanQuota[] | string {
  const place = plan.findIndex((each) => each.name === name);
  const planned = plan[place];
  if (planned === undefined)
    return `expected the quota ${name}, of which the tuned file has a burst`;
  const { tokens, periodUs } = planned.quota;
  try {
    return plan.with(place, { ...planned, quota: compileQuota({ tokens, periodUs, burst }) });
  } catch (error) {
    return `${name}: ${(error as Error).message}`;
  }
}
