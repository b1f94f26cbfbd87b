export function renderCompareHtml(_a: unknown, _b: unknown, _comparison: unknown): string { return ''; }
