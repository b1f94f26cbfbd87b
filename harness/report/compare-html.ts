export function renderCompareHtml(): string { return ''; }
