#!/usr/bin/env node
// Plain old syntax on purpose: this file must load on any Node to say which one is needed.
var major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  console.error(
    'plumbline needs Node 24 or later; this is ' +
      process.version +
      '. Get one from https://nodejs.org or with: npx --package node@26 --package plumbline-bench plumbline',
  );
  process.exit(2);
}
import(new URL('../dist/harness/cli.js', import.meta.url).href);
