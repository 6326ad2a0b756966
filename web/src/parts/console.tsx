import { FitAddon } from "@xterm/addon-fit";
import { Terminal, type ITheme } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import { useEffect, useRef, useState } from "preact/hooks";
import { Channel, type ChannelState } from "../api/channel";
import type { Server } from "../api/types";
import { LineHistory } from "../state/line_history";
import { attempt } from "../state/notices";
import { current, mayOperate } from "../state/session";
import { isRunning } from "../state/states";
import { plainText, withoutOverlap } from "../words/console_text";

/** A server's console: what it prints, and a line to type into it. */

const SCROLLBACK_LINES = 5_000;
const BACKLOG_LINES = 300;
/** How much of the end readers of the page are told. */
const HEARD_CHARACTERS = 12_000;

// The console is dark in both colour schemes: programs choose their colours for that.
const THEME: ITheme = {
  background: "#0f1318", foreground: "#d6dde6", cursor: "#0f1318", selectionBackground: "#2f4a5c", scrollbarSliderBackground: "#ffffff1a", scrollbarSliderHoverBackground: "#ffffff33", scrollbarSliderActiveBackground: "#ffffff40",
  black: "#1b222b", red: "#f0716e", green: "#6cc788", yellow: "#e2b65b", blue: "#6ea8f2", magenta: "#c792ea", cyan: "#5cc6c6", white: "#d6dde6",
  brightBlack: "#8592a1", brightRed: "#ff8f8c", brightGreen: "#8fe0a8", brightYellow: "#f5cf7d", brightBlue: "#93c1ff", brightMagenta: "#dcb0f7", brightCyan: "#84dede", brightWhite: "#ffffff",
};

function makeTerminal(place: HTMLElement): { terminal: Terminal; stop: () => void } {
  const terminal = new Terminal({
    convertEol: true, disableStdin: true, scrollback: SCROLLBACK_LINES, theme: THEME, fontSize: innerWidth < 600 ? 12 : 13, lineHeight: 1.25, cursorInactiveStyle: "none",
    fontFamily: "ui-monospace, 'SF Mono', 'Cascadia Mono', 'DejaVu Sans Mono', Menlo, Consolas, monospace", screenReaderMode: false,
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(place);
  fit.fit();
  const observer = new ResizeObserver(() => {
    if (place.clientWidth > 0) fit.fit();
  });
  observer.observe(place);
  return {
    terminal,
    stop: () => {
      observer.disconnect();
      terminal.dispose();
    },
  };
}

const PLACE: Record<ChannelState, string> = { connecting: "Connecting…", open: "Connected", waiting: "Connection lost, trying again…", closed: "Not running" };

/**
 * The lines before this moment come from the log, the later ones from the socket; what both tell is shown once. Until the log has
 * come, what the socket says waits for it.
 */
function useConsole(server: Server, running: boolean, place: { current: HTMLDivElement | null }) {
  const [state, setState] = useState<ChannelState>("connecting");
  const [heard, setHeard] = useState("");
  const channel = useRef<Channel | null>(null);
  useEffect(() => {
    if (!place.current) return;
    const { client } = current();
    const { terminal, stop } = makeTerminal(place.current);
    let attempts = 0;
    let waiting: string | null = "";
    const show = (text: string): void => {
      terminal.write(text);
      setHeard((before) => (before + plainText(text)).slice(-HEARD_CHARACTERS));
    };
    const fetchLog = async (): Promise<void> => {
      const attempt = ++attempts;
      waiting = "";
      const log = await client.get<string>(`/servers/${server.id}/logs`, { tail: BACKLOG_LINES }).catch(() => "");
      if (attempt !== attempts) return;
      terminal.reset();
      setHeard("");
      show(log + withoutOverlap(log, waiting ?? ""));
      waiting = null;
    };
    if (!running) void fetchLog();
    const line = !running ? null : new Channel({
      open: () => client.socket(`/servers/${server.id}/console`),
      onMessage: (text) => {
        if (waiting === null) show(text);
        else waiting += text;
      },
      delayMsMax: 5_000,
      onState: (next) => {
        setState(next);
        if (next === "open") void fetchLog();
      },
    });
    channel.current = line;
    if (!running) setState("closed");
    return () => {
      attempts++;
      line?.close();
      channel.current = null;
      stop();
    };
  }, [server.id, running]);
  return { state, heard, channel };
}

export function Console({ server }: { server: Server }) {
  const place = useRef<HTMLDivElement>(null);
  const { state, heard, channel } = useConsole(server, isRunning(server.state), place);
  return (
    <div class="console" data-console={state}>
      <div class="console-screen" ref={place} />
      <div class="hidden" role="log" aria-label={`Console of ${server.name}`} aria-live="off" data-console-text>
        {heard}
      </div>
      {mayOperate() ? (
        <ConsoleInput server={server} send={(text) => channel.current?.send(text) ?? false} />
      ) : (
        <p class="console-note">Your token may read this console, not type into it.</p>
      )}
      <p class="console-state" role="status">
        <span class={`dot ${state === "open" ? "good" : "warn"}`} aria-hidden="true" /> {PLACE[state]}
      </p>
    </div>
  );
}

function ConsoleInput({ server, send }: { server: Server; send: (text: string) => boolean }) {
  const [line, setLine] = useState("");
  const history = useRef(new LineHistory(`muster.console.${server.id}`));
  const running = isRunning(server.state);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!line) return;
    // With the socket down, the plain call still gets the line there, or says why not.
    if (!send(`${line}\n`)) {
      const done = await attempt("Typing into the console", () => current().client.post<unknown>(`/servers/${server.id}/console`, { line }));
      if (done === undefined) return;
    }
    history.current.add(line);
    setLine("");
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    event.preventDefault();
    setLine((typed) => history.current.step(event.key === "ArrowUp" ? "older" : "newer", typed));
  };
  return (
    <form class="console-input" onSubmit={submit}>
      <span aria-hidden="true">›</span>
      <input
        name="console-line" aria-label={`Type into the console of ${server.name}`} value={line} disabled={!running} autocomplete="off" autocapitalize="off" spellcheck={false}
        placeholder={running ? innerWidth < 600 ? "Type a command" : "Type a command. Up and down go through earlier ones." : "It does not run."} onInput={(event) => setLine(event.currentTarget.value)} onKeyDown={onKey}
      />
      <button type="submit" class="quiet" disabled={!running || !line}>
        Send
      </button>
    </form>
  );
}
