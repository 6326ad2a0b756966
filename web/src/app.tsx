import { effect } from "@preact/signals";
import type { ComponentChildren, VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Loading, PageHead } from "./parts/basics";
import { ErrorBoundary } from "./parts/error_boundary";
import { Icon, type IconName } from "./parts/icon";
import { NoticeArea } from "./parts/notice_area";
import { AuditPage } from "./pages/audit";
import { DeployPage } from "./pages/deploy";
import { GamePage } from "./pages/game";
import { GamesPage } from "./pages/games";
import { MorePage } from "./pages/more";
import { NodePage } from "./pages/node";
import { NodesPage } from "./pages/nodes";
import { OperationsPage } from "./pages/operations";
import { OverviewPage } from "./pages/overview";
import { ServerPage } from "./pages/server";
import { ServersPage } from "./pages/servers";
import { SignInPage } from "./pages/sign_in";
import { TokensPage } from "./pages/tokens";
import { address, match } from "./state/router";
import { current, mayAdminister, restoring, seesNodes, session, signOut } from "./state/session";
import { needsAttention } from "./state/states";
import { cycleTheme, theme } from "./state/theme";
import { capital } from "./words/format";

type Parts = Record<string, string>;

const ROUTES: [string, (parts: Parts) => VNode][] = [
  ["/", () => <OverviewPage />],
  ["/servers", () => <ServersPage />],
  ["/servers/{id}", (parts) => <ServerPage key={parts.id} id={parts.id!} tab="console" />],
  ["/servers/{id}/{tab}", (parts) => <ServerPage key={parts.id} id={parts.id!} tab={parts.tab!} />],
  ["/deploy", () => <DeployPage key="" game="" />],
  ["/deploy/{game}", (parts) => <DeployPage key={parts.game} game={parts.game!} />],
  ["/nodes", () => <NodesPage />],
  ["/nodes/{id}", (parts) => <NodePage key={parts.id} id={parts.id!} />],
  ["/games", () => <GamesPage />],
  ["/games/{id}", (parts) => <GamePage key={parts.id} id={parts.id!} />],
  ["/operations", () => <OperationsPage />],
  ["/tokens", () => <TokensPage />],
  ["/audit", () => <AuditPage />],
  ["/more", () => <MorePage />],
];

function page(path: string): VNode {
  for (const [pattern, draw] of ROUTES) {
    const parts = match(pattern, path);
    if (parts) return draw(parts);
  }
  return (
    <>
      <PageHead title="No such page" />
      <p>
        There is nothing at <code>{path}</code>. <a href="/">Go to the overview</a>.
      </p>
    </>
  );
}

interface Place {
  href: string;
  icon: IconName;
  text: string;
  admin?: boolean;
  /** Not for a token that is limited to some servers. */
  whole?: boolean;
  phone?: boolean;
}

export const PLACES: readonly Place[] = [
  { href: "/", icon: "home", text: "Overview", phone: true },
  { href: "/servers", icon: "servers", text: "Servers", phone: true },
  { href: "/nodes", icon: "nodes", text: "Nodes", phone: true, whole: true },
  { href: "/games", icon: "games", text: "Games", phone: true },
  { href: "/operations", icon: "operations", text: "Operations" },
  { href: "/tokens", icon: "tokens", text: "Tokens", admin: true },
  { href: "/audit", icon: "audit", text: "Audit", admin: true },
];

function here(href: string, path: string): boolean {
  if (href === "/") return path === "/";
  if (href === "/servers" && path.startsWith("/deploy")) return true;
  if (href === "/more") return ["/more", "/operations", "/tokens", "/audit"].some((start) => path.startsWith(start));
  return path === href || path.startsWith(`${href}/`);
}

function NavLink({ place, path, badge }: { place: Place; path: string; badge?: number }) {
  return (
    <a href={place.href} aria-current={here(place.href, path) ? "page" : undefined}>
      <Icon name={place.icon} />
      <span>{place.text}</span>
      {badge ? (
        <span class="badge" title={`${badge} need attention`}>
          {badge}
        </span>
      ) : null}
    </a>
  );
}

/** Whether this Muster has worlds: a coordinator alone has none to play in. */
function useWorlds(): boolean {
  const [there, setThere] = useState(false);
  useEffect(() => {
    const gone = new AbortController();
    fetch("/api/v1/worlds", { signal: gone.signal }).then((answer) => setThere(answer.ok), () => undefined);
    return () => gone.abort();
  }, []);
  return there;
}

/** To the game, in a tab of its own: it is another page, and wants the keyboard. */
function PlayLink() {
  return (
    <a href="/play" target="_blank" rel="noopener">
      <Icon name="play" />
      <span>Play</span>
    </a>
  );
}

function LiveMark() {
  const { live, failure } = current().fleet;
  if (live.value === "open" && !failure.value) return <span class="live good">Live</span>;
  return (
    <span class="live warn" role="status">
      {failure.value ? "Coordinator away, trying again" : live.value === "connecting" ? "Connecting" : "Reconnecting"}
    </span>
  );
}

function Shell({ children }: { children: ComponentChildren }) {
  const { me, fleet } = current();
  const path = address.value.path;
  const attention = [...fleet.servers.value.values()].filter(needsAttention).length;
  const worlds = useWorlds();
  const places = PLACES.filter((place) => (!place.admin || mayAdminister()) && (!place.whole || seesNodes()));
  return (
    <div class="shell">
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <header class="side">
        <a class="brand" href="/">
          <img src="/favicon.svg" alt="" width="28" height="28" />
          <span>Muster</span>
        </a>
        <nav aria-label="Main">
          {places.map((place) => (
            <NavLink key={place.href} place={place} path={path} {...(place.href === "/servers" && { badge: attention })} />
          ))}
          {worlds && <PlayLink />}
        </nav>
        <div class="side-foot">
          <LiveMark />
          <div class="who">
            <span class="who-name" title={me.id}>
              {me.name}
            </span>
            <span class="muted">{me.role}</span>
          </div>
          <div class="side-buttons">
            <button type="button" class="quiet" onClick={cycleTheme} title="Light or dark: as the system says, or one of them">
              <Icon name="sun" /> <span class="hidden">Colours: </span>{theme.value === "system" ? "Auto" : capital(theme.value)}
            </button>
            <button type="button" class="quiet" onClick={() => signOut()}>
              <Icon name="out" /> Sign out
            </button>
          </div>
        </div>
      </header>
      <main id="main">{children}</main>
      <nav class="bottom" aria-label="Main, at the bottom">
        {places.filter((place) => place.phone).map((place) => (
          <NavLink key={place.href} place={place} path={path} {...(place.href === "/servers" && { badge: attention })} />
        ))}
        <NavLink place={{ href: "/more", icon: "more", text: "More" }} path={path} />
      </nav>
    </div>
  );
}

/** After a step to another page, the keyboard and the reader start at its heading. */
function useFocusOnNavigation(path: string): void {
  const first = useRef(true);
  const area = path.split("/").slice(0, 3).join("/");
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true });
  }, [area]);
}

function SignedIn() {
  const path = address.value.path;
  useFocusOnNavigation(path);
  const { me } = current();
  if (me.role === "allocator") {
    return (
      <main class="door">
        <div class="door-card">
          <h1>Hello, {me.name}</h1>
          <p>This token may only allocate servers. It is meant for programs; there is nothing to see for it here.</p>
          <button type="button" class="primary" onClick={() => signOut()}>
            Sign out
          </button>
        </div>
      </main>
    );
  }
  return (
    <Shell>
      <ErrorBoundary key={path}>{page(path)}</ErrorBoundary>
    </Shell>
  );
}

export function App() {
  useEffect(
    () =>
      effect(() => {
        if (!session.value) document.title = "Sign in · Muster";
      }),
    [],
  );
  return (
    <>
      {restoring.value ? <Loading what="Opening" /> : session.value ? <SignedIn /> : <SignInPage />}
      <NoticeArea />
    </>
  );
}
