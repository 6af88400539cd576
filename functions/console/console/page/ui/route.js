// Makes the address of a call from the route's path in the OpenAPI document.

/**
 * Fills in the names in a route's path, and adds the query. Values that are null or undefined are left out.
 * @param {string} path such as "/v1/days/{date}"
 * @param {{ path?: object, query?: object }} given
 */
export function addressOf(path, { path: names = {}, query = {} }) {
  const parts = new Map(Object.entries(names));
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(String(parts.get(name) ?? "")));
  const present = Object.entries(query).filter(([, value]) => value !== null && value !== undefined);
  const search = new URLSearchParams(present.map(([name, value]) => [name, String(value)]));
  return search.size ? `${filled}?${search}` : filled;
}
