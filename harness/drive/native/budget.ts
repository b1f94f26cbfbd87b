/** The plan's request budget, shared by everything that this process sends for one plan: setup and every native leg. */
import type { Plan } from '../../plan/plan.ts';

const budgets = new WeakMap<Plan, RequestBudget>();

export class RequestBudget {
  readonly maxRequests: number | undefined;
  #taken = 0;

  constructor(maxRequests: number | undefined) {
    this.maxRequests = maxRequests;
  }

  static of(plan: Plan): RequestBudget {
    let budget = budgets.get(plan);
    if (!budget) {
      budget = new RequestBudget(plan.maxRequests);
      budgets.set(plan, budget);
    }
    return budget;
  }

  /** False when it is used up. */
  take(): boolean {
    if (this.maxRequests !== undefined && this.#taken >= this.maxRequests) return false;
    this.#taken += 1;
    return true;
  }
}
