import { existsSync, readFileSync, rmSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';
import { missingToolsFile } from './tools.ts';

/** Closes a test run with the list of missing tools and one plain line, `N passed, N failed`. */
export default class ClosingReporter implements Reporter {
  onTestRunStart(): void {
    rmSync(missingToolsFile, { force: true });
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed' || state === 'failed' || state === 'skipped') counts[state] += 1;
      }
      // A file that could not be loaded ran none of its tests.
      if (module.errors().length > 0) counts.failed += 1;
    }
    if (existsSync(missingToolsFile)) {
      const lines = [...new Set(readFileSync(missingToolsFile, 'utf8').trim().split('\n'))].sort();
      console.log(`\nSkipped for want of a tool:\n${lines.map((line) => `  ${line}`).join('\n')}`);
    }
    console.log(`\n${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`);
  }
}
