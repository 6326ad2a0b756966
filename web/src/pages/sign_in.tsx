import { useRef, useState } from "preact/hooks";
import { ApiError, describe } from "../api/client";
import { SecretField } from "../parts/field";
import { goodbye, restore, restoring, signIn, storedToken } from "../state/session";

/** The door. A token is all there is: no names, no default password. */
export function SignInPage() {
  const [token, setToken] = useState("");
  const [remember, setRemember] = useState(false);
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    // Read from the form: a password manager may fill it without an input event.
    const typed = (form.current?.querySelector<HTMLInputElement>("input[name=token]")?.value ?? token).trim();
    if (!typed) {
      setError("Enter a token.");
      return;
    }
    setBusy(true);
    setError("");
    try {
      await signIn(typed, remember);
    } catch (failure) {
      setError(failure instanceof ApiError && failure.status === 401 ? "This token is not accepted. Check that it was copied whole." : describe(failure));
      form.current?.querySelector<HTMLInputElement>("input[name=token]")?.focus();
    } finally {
      setBusy(false);
    }
  };
  const again = (): void => {
    restoring.value = true;
    goodbye.value = "";
    void restore();
  };
  return (
    <main class="door">
      <form ref={form} class="door-card" onSubmit={submit} noValidate>
        <div class="brand large">
          <img src="/favicon.svg" alt="" width="44" height="44" />
          <h1>Muster</h1>
        </div>
        <p class="muted">Game servers on your own machines.</p>
        {goodbye.value && (
          <p class="banner plain" role="status">
            <span>{goodbye.value}</span>
            {storedToken() && (
              <button type="button" class="quiet" onClick={again}>
                Try again
              </button>
            )}
          </p>
        )}
        <SecretField label="Token" name="token" value={token} onInput={setToken} error={error || undefined} autocomplete="current-password" />
        <label class="check">
          <input type="checkbox" name="remember" checked={remember} onChange={(event) => setRemember(event.currentTarget.checked)} /> Remember me on this device
        </label>
        <button type="submit" class="primary wide" disabled={busy}>
          {busy ? "Signing in…" : "Sign in"}
        </button>
        <p class="hint">
          The first admin token was printed when the coordinator started, and is kept in <code>admin.token</code> in its data folder.
        </p>
      </form>
    </main>
  );
}
