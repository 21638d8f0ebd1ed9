// Loaded with `node --import` by every script: checks the Node version, then lets Node run TypeScript through ts-node.
import { register } from 'node:module';
import './check-node.mjs';

register('ts-node/esm/transpile-only', import.meta.url);
