import { Panel, PageHead } from "../parts/basics";
import { Icon } from "../parts/icon";
import { current, mayAdminister, signOut } from "../state/session";
import { cycleTheme, theme } from "../state/theme";

/** What the bottom bar of a phone has no room for. */
export function MorePage() {
  const { me } = current();
  return (
    <>
      <PageHead title="More" />
      <Panel>
        <ul class="rows menu">
          <li>
            <a href="/operations">
              <Icon name="operations" /> Operations
            </a>
          </li>
          {mayAdminister() && (
            <>
              <li>
                <a href="/tokens">
                  <Icon name="tokens" /> Tokens
                </a>
              </li>
              <li>
                <a href="/audit">
                  <Icon name="audit" /> Audit
                </a>
              </li>
            </>
          )}
        </ul>
      </Panel>
      <Panel title="You">
        <p>
          Signed in as <b>{me.name}</b>, {me.role}.
        </p>
        <div class="button-row">
          <button type="button" onClick={cycleTheme}>
            <Icon name="sun" /> Colours: {theme.value}
          </button>
          <button type="button" onClick={() => signOut()}>
            <Icon name="out" /> Sign out
          </button>
        </div>
      </Panel>
    </>
  );
}
