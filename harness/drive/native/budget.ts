/** The request budget, shared by everything that this process sends for one plan (setup and every leg), or for several plans that are steps of one search. */
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

  /** Makes this the budget of that plan, too. Before anything is sent for it. */
  share(plan: Plan): void {
    budgets.set(plan, this);
  }

  /** Requests that may still be sent; Infinity without a limit. */
  get left(): number {
    return this.maxRequests === undefined ? Number.POSITIVE_INFINITY : Math.max(0, this.maxRequests - this.#taken);
  }

  /** False when it is used up. */
  take(): boolean {
    if (this.maxRequests !== undefined && this.#taken >= this.maxRequests) return false;
    this.#taken += 1;
    return true;
  }
}
