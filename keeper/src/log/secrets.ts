import { describeUrl, hasMore } from './url.ts';

// What must never be shown, in lower case, and what is shown in its place. One for the process: a secret is one everywhere.
const replacements = new Map<string, string>();
let pattern: RegExp | undefined;

const REDACTED = '[redacted]';
/** A part of a URL this long is taken for a key: it is also hidden when an error quotes it without the URL. */
const KEY_LENGTH = 12;

function hide(text: string, shown: string): void {
  if (text === '') return;
  // Also as it looks inside a JSON string, in a URL, and twice quoted.
  const json = JSON.stringify(text).slice(1, -1);
  for (const form of [text, json, JSON.stringify(json).slice(1, -1), encodeURIComponent(text), encodeURI(text)]) {
    replacements.set(form.toLowerCase(), shown);
  }
  const alternatives = [...replacements.keys()].sort((a, b) => b.length - a.length).map(alternative);
  pattern = new RegExp(alternatives.join('|'), 'gi');
}

/** A short secret (the password `pass`) is hidden as a word only: inside other words it would tear the log apart. */
function alternative(form: string): string {
  const literal = form.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return form.length < 8 ? `(?<!\\w)${literal}(?!\\w)` : literal;
}

/** Registers a secret: from here on no log line and no error shows it, a hex one neither with nor without 0x. */
export function addSecret(secret: string): void {
  const bare = /^0x[0-9a-f]{16,}$/i.test(secret) ? secret.slice(2) : secret;
  hide(bare, REDACTED);
  if (/^[0-9a-f]{16,}$/i.test(bare)) hide(`0x${bare}`, REDACTED);
}

/** Registers an endpoint: its URL is shown by its origin alone, and its credentials and keys not at all. */
export function addSecretUrl(endpoint: string): void {
  if (!URL.canParse(endpoint)) return;
  const url = new URL(endpoint);
  if (!hasMore(url)) return;
  const shown = describeUrl(endpoint);
  const withoutLogin = new URL(url);
  withoutLogin.username = '';
  withoutLogin.password = '';
  for (const form of [endpoint, url.href, withoutLogin.href]) {
    // The origin alone says nothing, and matching it would turn every mention of the host into this replacement.
    const bare = form.replace(/\/$/, '');
    if (bare === url.origin) continue;
    hide(bare, shown);
    hide(`${bare}/`, shown);
  }
  const login = [url.username, url.password].map(decodeURIComponent);
  if (url.password) hide(login[1] ?? '', REDACTED);
  if (url.username) hide(Buffer.from(login.join(':')).toString('base64'), REDACTED);
  const parts = [...url.pathname.split('/'), ...url.searchParams.values(), login[0] ?? ''];
  for (const part of parts) if (part.length >= KEY_LENGTH) hide(part, REDACTED);
}

/** The text without any registered secret, and without the login of any URL. */
export function scrub(text: string): string {
  const known = pattern ? text.replace(pattern, (found) => replacements.get(found.toLowerCase()) ?? REDACTED) : text;
  return known.replace(/\b((?:https?|wss?):\/\/)[^\s/@"'\\]+@/gi, '$1');
}
