import { dismiss, notices } from "../state/notices";
import { Icon } from "./icon";

/** The corner where news is told. One polite and one assertive live region, always in the page, so that it is read aloud. */
export function NoticeArea() {
  const shown = notices.value;
  return (
    <div class="notices">
      <div role="status" aria-live="polite">
        {shown.filter((notice) => notice.tone !== "bad").map((notice) => (
          <NoticeCard key={notice.id} {...notice} />
        ))}
      </div>
      <div role="alert" aria-live="assertive">
        {shown.filter((notice) => notice.tone === "bad").map((notice) => (
          <NoticeCard key={notice.id} {...notice} />
        ))}
      </div>
    </div>
  );
}

function NoticeCard({ id, tone, text, link }: (typeof notices.value)[number]) {
  return (
    <div class={`notice ${tone}`}>
      <Icon name={tone === "bad" ? "kill" : tone === "good" ? "check" : "info"} />
      <span class="notice-text">
        {text} {link && <a href={link.href}>{link.text}</a>}
      </span>
      <button type="button" class="icon-button small" aria-label="Dismiss" onClick={() => dismiss(id)}>
        <Icon name="close" />
      </button>
    </div>
  );
}
