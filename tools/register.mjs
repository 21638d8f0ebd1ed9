// Loaded with `node --import` by every script: checks the Node version, then lets Node run TypeScript through ts-node.
import { register } from 'node:module';
import './check-node.mjs';

// ts-node uses a deprecated constructor in the thread that hooks run in; its users can do nothing about it.
register('data:text/javascript,process.noDeprecation = true;');
register('./transpile.mjs', import.meta.url);
