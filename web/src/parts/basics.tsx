import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { clock, relative } from "../words/format";
import { Icon, type IconName } from "./icon";

/** The small parts every page is made of. */

export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={icon} />
      <h3>{title}</h3>
      {children && <div class="empty-more">{children}</div>}
    </div>
  );
}

export function Loading({ what = "Loading" }: { what?: string }) {
  return (
    <p class="loading" role="status">
      <span class="spinner" aria-hidden="true" /> {what}…
    </p>
  );
}

export function Failure({ children, retry }: { children: ComponentChildren; retry?: () => void }) {
  return (
    <div class="banner bad" role="alert">
      <Icon name="kill" />
      <span>{children}</span>
      {retry && (
        <button type="button" class="quiet" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Panel(props: { title?: ComponentChildren; aside?: ComponentChildren; children: ComponentChildren; class?: string }) {
  return (
    <section class={`panel ${props.class ?? ""}`}>
      {(props.title || props.aside) && (
        <header class="panel-head">
          {props.title && <h2>{props.title}</h2>}
          {props.aside && <div class="panel-aside">{props.aside}</div>}
        </header>
      )}
      {props.children}
    </section>
  );
}

export function PageHead({ title, children, back }: { title: string; children?: ComponentChildren; back?: { href: string; text: string } }) {
  useEffect(() => {
    document.title = `${title} · Muster`;
  }, [title]);
  return (
    <div class="page-head">
      <div class="page-title">
        {back && (
          <a class="back" href={back.href}>
            <Icon name="back" /> {back.text}
          </a>
        )}
        <h1 tabIndex={-1}>{title}</h1>
      </div>
      {children && <div class="page-actions">{children}</div>}
    </div>
  );
}

/** A part of something whole, with the figure in words beside it. */
export function Meter({ label, value, max, text }: { label: string; value: number | null | undefined; max: number; text: string }) {
  const share = typeof value === "number" && max > 0 ? Math.min(1, Math.max(0, value / max)) : 0;
  const tone = share > 0.92 ? "bad" : share > 0.78 ? "warn" : "good";
  return (
    <div class="meter">
      <span class="meter-label">{label}</span>
      <span class="meter-text">{text}</span>
      <span class="meter-bar" role="meter" aria-label={label} aria-valuenow={Math.round(share * 100)} aria-valuemin={0} aria-valuemax={100} aria-valuetext={text}>
        <span class={`meter-fill ${tone}`} style={{ width: `${share * 100}%` }} />
      </span>
    </div>
  );
}

export function Progress({ value, label }: { value: number | null; label: string }) {
  const known = typeof value === "number";
  return (
    <span
      class={`progress ${known ? "" : "unknown"}`} role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100}
      {...(known && { "aria-valuenow": Math.round(value * 100) })}
    >
      <span style={known ? { width: `${Math.round(value * 100)}%` } : undefined} />
    </span>
  );
}

/** A relative time that stays right while one looks at it, and the exact one on demand. */
export function Ago({ time }: { time: string | null | undefined }) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), 10_000);
    return () => clearInterval(timer);
  }, []);
  if (!time) return <span>–</span>;
  return (
    <time dateTime={time} title={clock(time)}>
      {relative(time)}
    </time>
  );
}

async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Plain HTTP pages have no clipboard object: the old way still works there.
    const area = document.createElement("textarea");
    area.value = text;
    area.style.position = "fixed";
    area.style.opacity = "0";
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

export function CopyButton({ text, what }: { text: string; what: string }) {
  const [state, setState] = useState<"" | "copied" | "failed">("");
  useEffect(() => {
    if (!state) return;
    const timer = setTimeout(() => setState(""), 2_000);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = async (event: Event): Promise<void> => {
    event.preventDefault();
    event.stopPropagation();
    setState((await copyText(text)) ? "copied" : "failed");
  };
  return (
    <button type="button" class="icon-button small" title={`Copy ${what}`} aria-label={`Copy ${what}`} onClick={copy}>
      <Icon name={state === "copied" ? "check" : "copy"} />
      <span class="hidden" aria-live="polite">
        {state === "copied" ? "Copied" : state === "failed" ? "Copying failed: select the text instead" : ""}
      </span>
    </button>
  );
}

export function Dialog(props: { title: string; open: boolean; onClose: () => void; children: ComponentChildren; wide?: boolean }) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    if (props.open && !element.open) {
      element.showModal();
      // The first thing to answer, or the way back; not the cross in the corner.
      element.querySelector<HTMLElement>(".dialog-body > :not(.dialog-head) :is(input, select, textarea), .dialog-actions button")?.focus();
    }
    if (!props.open && element.open) element.close();
  }, [props.open]);
  if (!props.open) return null;
  const onClick = (event: MouseEvent): void => {
    if (event.target === event.currentTarget) props.onClose();
  };
  return (
    <dialog ref={box} class={props.wide ? "wide" : ""} aria-label={props.title} onClose={props.onClose} onClick={onClick}>
      <div class="dialog-body">
        <header class="dialog-head">
          <h2>{props.title}</h2>
          <button type="button" class="icon-button" aria-label="Close" onClick={props.onClose}>
            <Icon name="close" />
          </button>
        </header>
        {props.children}
      </div>
    </dialog>
  );
}

/** Asks before something that cannot be taken back. */
export function Confirm(props: {
  title: string; open: boolean; verb: string; busy?: boolean; onConfirm: () => void; onClose: () => void; children: ComponentChildren;
}) {
  return (
    <Dialog title={props.title} open={props.open} onClose={props.onClose}>
      <div class="dialog-text">{props.children}</div>
      <div class="dialog-actions">
        <button type="button" onClick={props.onClose}>
          Cancel
        </button>
        <button type="button" class="danger" disabled={props.busy ?? false} onClick={props.onConfirm}>
          {props.verb}
        </button>
      </div>
    </Dialog>
  );
}
