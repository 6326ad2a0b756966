import { signal } from "@preact/signals";

/** Where the person is: the browser's address, as a signal. */
export const address = signal({ path: location.pathname, search: location.search });

function read(): void {
  address.value = { path: location.pathname, search: location.search };
}

export function navigate(to: string, replace = false): void {
  if (to === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", to);
  read();
  if (!replace) window.scrollTo(0, 0);
}

/** Changes one part of the query without a step in the history: filters can be shared as a link. */
export function setQuery(name: string, value: string): void {
  const search = new URLSearchParams(location.search);
  if (value) search.set(name, value);
  else search.delete(name);
  const text = search.toString();
  navigate(location.pathname + (text ? `?${text}` : ""), true);
}

export function query(name: string): string {
  return new URLSearchParams(address.value.search).get(name) ?? "";
}

/** "/servers/{id}/{tab}" against "/servers/srv-1/charts": its parts by name, or null. */
export function match(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split("/").filter(Boolean);
  const given = path.split("/").filter(Boolean);
  if (wanted.length !== given.length) return null;
  const found: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const text = given[index]!;
    if (!part.startsWith("{")) {
      if (part !== text) return null;
      continue;
    }
    try {
      found[part.slice(1, -1)] = decodeURIComponent(text);
    } catch {
      return null;
    }
  }
  return found;
}

/** Makes plain links of this page navigate without loading it anew. */
export function interceptLinks(): () => void {
  const onClick = (event: MouseEvent): void => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest?.("a[href]");
    const href = link?.getAttribute("href");
    if (!link || !href?.startsWith("/") || href.startsWith("/api/") || link.hasAttribute("download") || link.getAttribute("target")) return;
    event.preventDefault();
    navigate(href);
  };
  document.addEventListener("click", onClick);
  window.addEventListener("popstate", read);
  return () => {
    document.removeEventListener("click", onClick);
    window.removeEventListener("popstate", read);
  };
}
