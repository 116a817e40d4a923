// The frame around the pages: navigation, health, palette, settings.
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useState } from "react";
import { type Cluster, get } from "./api";
import { absolute } from "./format";
import { type Key, locale, setLocale, t, useLocale } from "./i18n";
import { Jobs } from "./jobs/page";
import { pollTime, useHealth } from "./live";
import { LoginDialog, LoginPage } from "./login";
import { Activity } from "./pages/activity";
import { Hosts } from "./pages/hosts";
import { JobPage } from "./pages/job";
import { NowPage } from "./pages/now";
import { RunPage } from "./pages/run";
import { Palette } from "./palette";
import { Empty, Loading, Menu, Shape, Toasts } from "./parts";
import { to, usePlace } from "./router";
import { useOrders, useSession } from "./session";
import { setTheme, type Theme, useTheme } from "./theme";
import { User } from "./user";

const GraphPage = lazy(() => import("./pages/graph"));
const EditorPage = lazy(() => import("./editor/page"));

const nav: [string, Key][] = [
  ["now", "nav.now"],
  ["jobs", "nav.jobs"],
  ["graph", "nav.graph"],
  ["activity", "nav.activity"],
  ["cluster", "nav.cluster"],
];

function Page({ parts }: { parts: string[] }) {
  const [first, second] = parts;
  switch (first) {
    case undefined:
    case "jobs":
      return second ? <JobPage key={second} name={second} tab={parts[2] ?? "overview"} /> : <Jobs />;
    case "new":
      return <EditorPage key={second ?? ""} from={second} />;
    case "runs":
      return second ? <RunPage key={second} id={second} /> : <Empty>{t("nothing")}</Empty>;
    case "now":
      return <NowPage />;
    case "graph":
      return <GraphPage />;
    case "activity":
      return <Activity />;
    case "cluster":
      return <Hosts />;
  }
  return <Empty>{t("nothing")}</Empty>;
}

function Banner() {
  const health = useHealth();
  if (health.state === "away" || health.state === "leaderless") {
    return (
      <div className="banner" role="alert">
        <Shape of="late" />
        {t(health.state === "away" ? "health.awayLong" : "health.leaderlessLong", { time: absolute(health.since) })}
      </div>
    );
  }
  return null;
}

function HealthMark() {
  const health = useHealth();
  const cluster = useQuery({ queryKey: ["cluster"], queryFn: ({ signal }) => get<Cluster>("cluster", signal), refetchInterval: pollTime });
  let state: string = health.state;
  if (state === "live" && cluster.data && !cluster.data.mesos.connected) state = "mesosless";
  const look = state === "live" || state === "polling" ? "succeeded" : state === "connecting" ? "queued" : "late";
  return (
    <a className={`health ${look}`} href="#/cluster" title={cluster.data?.leader}>
      <Shape of={look} />
      <span>{t(`health.${state}` as Key)}</span>
    </a>
  );
}

function Settings() {
  const theme = useTheme();
  return (
    <Menu label={<span aria-hidden="true">☼</span>} title={t("settings")}>
      <fieldset>
        <legend>{t("theme")}</legend>
        {(["auto", "light", "dark"] as Theme[]).map((x) => (
          <label key={x}>
            <input type="radio" name="theme" checked={theme === x} onChange={() => setTheme(x)} /> {t(`theme.${x}` as Key)}
          </label>
        ))}
      </fieldset>
      <fieldset>
        <legend>{t("language")}</legend>
        <label>
          <input type="radio" name="language" checked={locale() === "en"} onChange={() => setLocale("en")} /> <span lang="en">English</span>
        </label>
        <label>
          <input type="radio" name="language" checked={locale() === "zh"} onChange={() => setLocale("zh")} /> <span lang="zh">中文</span>
        </label>
      </fieldset>
    </Menu>
  );
}

const typing = (e: KeyboardEvent) =>
  (e.target as HTMLElement).closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], .code") != null;

/** Asks who somebody is before anything is shown, and again when their session ends. */
export function App() {
  const { state, me } = useSession();
  const language = useLocale();
  useEffect(() => {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  }, [language]);
  if (state === "asking") return <Loading />;
  if (state === "out" && !me) return <LoginPage settings={<Settings />} />;
  return (
    <>
      <Frame />
      {state === "out" && me && <LoginDialog known={me.by === "user" ? me.name : ""} />}
    </>
  );
}

function Frame() {
  useLocale();
  const place = usePlace();
  const [palette, setPalette] = useState(false);
  const orders = useOrders();
  const page = place.parts[0] ?? "jobs";
  useEffect(() => {
    const press = (e: KeyboardEvent) => {
      if ((e.metaKey || e.ctrlKey) && e.key.toLowerCase() === "k") {
        e.preventDefault();
        setPalette(true);
      } else if (e.key === "/" && !e.metaKey && !e.ctrlKey && !e.altKey && !typing(e)) {
        const box = document.querySelector<HTMLInputElement>("[data-filter]");
        e.preventDefault();
        if (box) {
          box.focus();
          box.select();
        } else setPalette(true);
      }
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
  const second = place.parts[1];
  useEffect(() => {
    document.title = second ? `${second} – hora` : "hora";
  }, [second]);
  return (
    <div className="app">
      <button type="button" className="skip" onClick={() => document.getElementById("main")?.focus()}>
        {t("skip")}
      </button>
      <header className="top">
        <a className="logo" href="#/jobs" aria-label={t("home")}>
          <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
            <circle cx="16" cy="16" r="14" fill="var(--accent)" />
            <path d="M16 7v9l6 4" fill="none" stroke="#fff" strokeWidth="3" strokeLinecap="round" strokeLinejoin="round" />
          </svg>
          <span>hora</span>
        </a>
        <nav aria-label={t("nav")}>
          {nav.map(([path, key]) => (
            <a key={path} href={to([path])} aria-current={page === path ? "page" : undefined}>
              {t(key)}
            </a>
          ))}
        </nav>
        <div className="right">
          <HealthMark />
          <button type="button" className="find" onClick={() => setPalette(true)}>
            <span>{t("palette.short")}</span> <kbd>{navigator.platform?.startsWith("Mac") ? "⌘K" : "Ctrl K"}</kbd>
          </button>
          <Settings />
          <User />
          {orders && (
            <a className="button primary" href="#/new">
              <span aria-hidden="true">+</span> <span className="label">{t("jobs.new")}</span>
            </a>
          )}
        </div>
      </header>
      <Banner />
      <main id="main" tabIndex={-1}>
        <Suspense fallback={<Loading />}>
          <Page parts={place.parts} />
        </Suspense>
      </main>
      <Palette open={palette} close={() => setPalette(false)} />
      <Toasts />
    </div>
  );
}
