// What an attempt wrote: its last part, and more of it on either side.
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { type Piece, paint, plainPen } from "./ansi";
import { call, enc, get, Problem, type SandboxFile } from "./api";
import { bytes } from "./format";
import { t } from "./i18n";
import { Card, Failure, Menu } from "./parts";

const chunk = 64 << 10;
const most = 512 << 10; // bytes of a file that are held, whatever its size
const pause = 1000;

interface Held {
  from: number; // offset of the first byte
  data: Uint8Array<ArrayBuffer>;
  size: number; // of the file
}

function join(a: Uint8Array<ArrayBuffer>, b: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

export function Log({ run, attempt, live }: { run: string; attempt: number; live: boolean }) {
  const [name, setName] = useState("stdout");
  const [wrap, setWrap] = useState(true);
  const [following, setFollowing] = useState(live);
  const [held, setHeld] = useState<Held | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [search, setSearch] = useState("");
  const [hit, setHit] = useState(0);
  const [round, setRound] = useState(0); // counts how often the end was gone back to
  const box = useRef<HTMLDivElement>(null);
  const base = `runs/${run}/attempts/${attempt}/files`;
  const files = useQuery({
    queryKey: ["files", run, attempt],
    queryFn: ({ signal }) => get<SandboxFile[]>(base, signal),
    refetchInterval: live ? 10_000 : false,
  });
  const url = `${base}/${enc(name)}`;
  const liveNow = useRef(live);
  liveNow.current = live;

  // biome-ignore lint/correctness/useExhaustiveDependencies: when the attempt ends, or the end is wanted, the last part is read again
  useEffect(() => {
    const stop = new AbortController();
    let timer: number | undefined;
    let at = -1;
    const read = async () => {
      try {
        const resp = await call(`${url}?offset=${at < 0 ? -chunk : at}`, { signal: stop.signal });
        const data = new Uint8Array(await resp.arrayBuffer());
        const offset = Number(resp.headers.get("X-Offset"));
        const size = Number(resp.headers.get("X-Size"));
        const first = at < 0;
        at = offset + data.length;
        setError(null);
        if (first || data.length > 0)
          setHeld((h) => {
            if (first || !h) return { from: offset, data, size };
            if (h.from + h.data.length !== offset) return { ...h, size }; // an earlier part is looked at
            let all = join(h.data, data);
            let from = h.from;
            if (all.length > most) {
              from += all.length - most;
              all = all.slice(all.length - most);
            }
            return { from, data: all, size };
          });
        if (at < size) {
          void read();
          return;
        }
      } catch (e) {
        if (stop.signal.aborted) return;
        setError(e);
        if (e instanceof Problem && e.status === 410) return;
      }
      if (liveNow.current) timer = window.setTimeout(read, pause);
    };
    setHeld(null);
    setError(null);
    void read();
    return () => {
      stop.abort();
      window.clearTimeout(timer);
    };
  }, [url, live, round]);

  const earlier = async () => {
    if (!held) return;
    const from = Math.max(0, held.from - chunk);
    try {
      const resp = await call(`${url}?offset=${from}&limit=${held.from - from}`);
      const data = new Uint8Array(await resp.arrayBuffer());
      setFollowing(false);
      setHeld((h) => h && { ...h, from, data: join(data, h.data).slice(0, most) });
    } catch (e) {
      setError(e);
    }
  };

  /** What was let go for the sake of what is earlier. */
  const later = async () => {
    if (!held) return;
    try {
      const resp = await call(`${url}?offset=${held.from + held.data.length}&limit=${chunk}`);
      const more = new Uint8Array(await resp.arrayBuffer());
      const size = Number(resp.headers.get("X-Size"));
      setHeld((h) => {
        if (!h) return h;
        const all = join(h.data, more);
        const over = Math.max(0, all.length - most);
        return { from: h.from + over, data: all.slice(over), size };
      });
    } catch (e) {
      setError(e);
    }
  };

  const lines = useMemo(() => {
    if (!held) return [];
    let data = held.data;
    if (held.from > 0) {
      const nl = data.indexOf(10); // half a line is not shown
      if (nl >= 0 && nl < data.length - 1) data = data.subarray(nl + 1);
    }
    const list = new TextDecoder().decode(data).split("\n");
    if (list[list.length - 1] === "") list.pop();
    const pen = plainPen();
    return list.map((l) => paint(l, pen));
  }, [held]);
  const wanted = search.toLowerCase();
  const hits = useMemo(() => {
    if (!wanted) return [];
    const out: number[] = [];
    lines.forEach((l, i) => {
      if (plain(l).toLowerCase().includes(wanted)) out.push(i);
    });
    return out;
  }, [lines, wanted]);
  const current = hits.length ? hits[hit % hits.length] : -1;

  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines scroll, nothing else does
  useEffect(() => {
    if (following && !search && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines, following]);
  useEffect(() => {
    if (current >= 0) box.current?.querySelector(`[data-line="${current}"]`)?.scrollIntoView({ block: "center" });
  }, [current]);

  const behind = held ? held.size - held.from - held.data.length : 0; // bytes of the file that were let go
  const missing = error instanceof Problem && error.status === 404 && live; // the task has not begun
  const names = files.data?.filter((f) => !f.folder) ?? [];
  const others = names.filter((f) => f.name !== "stdout" && f.name !== "stderr");
  return (
    <Card
      className="logcard"
      title={t("log.title", { n: attempt })}
      extra={
        <div className="logbar">
          <div className="switch" role="group" aria-label={t("log.file")}>
            {["stdout", "stderr"].map((f) => (
              <button key={f} type="button" aria-pressed={f === name} onClick={() => setName(f)}>
                {f}
                {names.some((x) => x.name === f) && <small> {bytes(names.find((x) => x.name === f)!.size)}</small>}
              </button>
            ))}
          </div>
          {others.length > 0 && (
            <Menu label={others.some((f) => f.name === name) ? name : t("log.others")}>
              {others.map((f) => (
                <button key={f.name} type="button" onClick={() => setName(f.name)}>
                  {f.name} <small>{bytes(f.size)}</small>
                </button>
              ))}
            </Menu>
          )}
          <input
            type="search"
            data-filter
            aria-label={t("log.search")}
            placeholder={t("log.search")}
            value={search}
            onChange={(e) => {
              setSearch(e.target.value);
              setHit(0);
            }}
            onKeyDown={(e) => e.key === "Enter" && setHit((h) => (h + (e.shiftKey ? hits.length - 1 : 1)) % Math.max(1, hits.length))}
          />
          <span className="num muted" role="status">
            {search && t("log.hits", { at: hits.length ? (hit % hits.length) + 1 : 0, n: hits.length })}
            {search && held && (held.from > 0 || behind > 0) && ` ${t("log.searched")}`}
          </span>
          <label>
            <input type="checkbox" checked={wrap} onChange={(e) => setWrap(e.target.checked)} /> {t("log.wrap")}
          </label>
          <label>
            <input
              type="checkbox"
              checked={following}
              onChange={(e) => {
                setFollowing(e.target.checked);
                if (e.target.checked && behind > 0) setRound(round + 1);
              }}
            />{" "}
            {t("log.follow")}
          </label>
          <a className="button" href={`api/${url}?download`} download>
            {t("log.download")}
          </a>
        </div>
      }
    >
      {error && !missing ? <Failure error={error} /> : null}
      {held && held.from > 0 && (
        <button type="button" onClick={earlier}>
          {t("log.earlier", { size: bytes(held.from) })}
        </button>
      )}
      <div className={wrap ? "log wrap" : "log"} ref={box} tabIndex={0} role="log" aria-live="off" aria-label={name}>
        {missing && <div className="muted">{t("log.notYet")}</div>}
        {held && lines.length === 0 && <div className="muted">{t("log.empty")}</div>}
        {lines.map((l, i) => (
          <div key={i + (held?.from ?? 0)} data-line={i} className={i === current ? "line current" : "line"}>
            {wanted ? <Marked pieces={l} wanted={wanted} /> : l.map((p, k) => <Painted key={k} piece={p} />)}
          </div>
        ))}
      </div>
      {behind > 0 && (
        <button type="button" onClick={later}>
          {t("log.later")} ({bytes(behind)})
        </button>
      )}
    </Card>
  );
}

const plain = (l: Piece[]) => l.map((p) => p.text).join("");

function Painted({ piece }: { piece: Piece }) {
  return piece.classes ? <span className={piece.classes}>{piece.text}</span> : piece.text;
}

function Marked({ pieces, wanted }: { pieces: Piece[]; wanted: string }) {
  return pieces.map((p, i) => {
    const low = p.text.toLowerCase();
    const out = [];
    let at = 0;
    for (let f = low.indexOf(wanted); f >= 0; f = low.indexOf(wanted, at)) {
      out.push(p.text.slice(at, f), <mark key={f}>{p.text.slice(f, f + wanted.length)}</mark>);
      at = f + wanted.length;
    }
    out.push(p.text.slice(at));
    return (
      <span key={i} className={p.classes}>
        {out}
      </span>
    );
  });
}
