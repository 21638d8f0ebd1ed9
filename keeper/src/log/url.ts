/**
 * An endpoint as it may be shown: its origin, with `/…` for a path, query or credentials, which may hold a key. The path of
 * an IPC socket is shown as it is.
 */
export function describeUrl(endpoint: string): string {
  if (!endpoint.includes('://')) return endpoint;
  if (!URL.canParse(endpoint)) return `${endpoint.slice(0, endpoint.indexOf('://'))}://…`;
  const url = new URL(endpoint);
  return hasMore(url) ? `${url.protocol}//${url.host}/…` : `${url.protocol}//${url.host}`;
}

/** Whether a URL says more than where the server is. */
export function hasMore(url: URL): boolean {
  return url.pathname.length > 1 || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '';
}
