// Asks who somebody is: as a page of its own, or over what was there when a session ended.
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { Problem } from "./api";
import { t } from "./i18n";
import { Shape, useNow } from "./parts";
import { identify, login } from "./session";

/** Why it did not work, in words that help. */
function Refusal({ error, until, byToken }: { error: unknown; until: number; byToken: boolean }) {
  const left = Math.ceil((until - useNow()) / 1000);
  if (!error) return null;
  let text = error instanceof Error ? error.message : String(error);
  if (error instanceof Problem) {
    if (error.status === 401) text = t(byToken ? "login.wrongToken" : "login.wrong");
    else if (error.status === 429) text = left > 0 ? t("login.wait", { n: left }) : t("login.retry");
    else if (error.status === 0) text = t("login.away");
  }
  return (
    <p className="notice bad" role="alert">
      <Shape of="failed" /> <span>{text}</span>
    </p>
  );
}

function Fields({ known }: { known?: string }) {
  const client = useQueryClient();
  const [byToken, setByToken] = useState(false);
  const [user, setUser] = useState(known ?? "");
  const [secret, setSecret] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [until, setUntil] = useState(0);
  const [busy, setBusy] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  const last = useRef<HTMLInputElement>(null);
  const id = useId();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another form is another first field
  useEffect(() => {
    if (known && !byToken) last.current?.focus();
    else (first.current ?? last.current)?.focus();
  }, [byToken]);
  useEffect(() => {
    const again = () => void identify(); // they may have logged in in another tab
    window.addEventListener("focus", again);
    return () => window.removeEventListener("focus", again);
  }, []);
  const submit = async (e: FormEvent) => {
    e.preventDefault();
    if (busy) return;
    setBusy(true);
    try {
      await login(byToken ? { token: secret.trim() } : { user: user.trim(), password: secret });
      void client.invalidateQueries();
    } catch (x) {
      setError(x);
      if (x instanceof Problem && x.after) setUntil(Date.now() + x.after * 1000);
      setBusy(false);
      last.current?.focus();
      last.current?.select();
    }
  };
  return (
    <form className="login" onSubmit={submit}>
      {byToken ? (
        <label className="field" key="token">
          <span>{t("login.token")}</span>
          <input
            ref={last}
            type="password"
            name="token"
            required
            autoComplete="off"
            spellCheck={false}
            value={secret}
            onChange={(e) => setSecret(e.target.value)}
            aria-describedby={`${id}-hint`}
          />
          <small id={`${id}-hint`} className="muted">
            {t("login.tokenHint")}
          </small>
        </label>
      ) : (
        <>
          <label className="field">
            <span>{t("login.user")}</span>
            <input
              ref={first}
              name="username"
              required
              autoComplete="username"
              autoCapitalize="none"
              spellCheck={false}
              value={user}
              onChange={(e) => setUser(e.target.value)}
            />
          </label>
          <label className="field" key="password">
            <span>{t("login.password")}</span>
            <input
              ref={last}
              type="password"
              name="password"
              required
              autoComplete="current-password"
              value={secret}
              onChange={(e) => setSecret(e.target.value)}
            />
          </label>
        </>
      )}
      <Refusal error={error} until={until} byToken={byToken} />
      <footer>
        <button
          type="button"
          className="ghost"
          onClick={() => {
            setByToken(!byToken);
            setSecret("");
            setError(null);
          }}
        >
          {t(byToken ? "login.byPassword" : "login.byToken")}
        </button>
        <button type="submit" className="primary" disabled={busy}>
          {t("login")}
        </button>
      </footer>
    </form>
  );
}

/** Nobody has logged in. */
export function LoginPage({ settings }: { settings: ReactNode }) {
  return (
    <main className="login-page" id="main">
      <section className="card" aria-labelledby="login">
        <header>
          <h1 id="login">{t("login.title")}</h1>
          {settings}
        </header>
        <Fields />
      </section>
    </main>
  );
}

/** A session has ended while the page was open: what was there stays, behind the form. */
export function LoginDialog({ known }: { known: string }) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const d = ref.current;
    if (d && !d.open) d.showModal(); // before the form chooses which field has the focus
    return () => d?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      aria-labelledby={id}
      onCancel={(e) => e.preventDefault()}
      onClose={() => ref.current?.showModal()} // a second Escape closes what the first could not
    >
      <div className="dialog">
        <header>
          <h2 id={id}>{t("login.ended")}</h2>
        </header>
        <p className="muted">{t("login.endedLong")}</p>
        <Fields known={known} />
      </div>
    </dialog>
  );
}
