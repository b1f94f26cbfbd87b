export function renderCompareTerminal(): string { return ''; }
