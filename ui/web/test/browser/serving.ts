// Real `hora serve` processes, on a real ZooKeeper and a simulated Mesos that runs the commands.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cleanUp, program, until } from "./harness";

/** A process, and what it says. */
interface Running {
  child: ChildProcess;
  /** Waits for a line, and returns what the expression finds in it. */
  says: (what: RegExp) => Promise<string>;
  end: (signal: NodeJS.Signals) => Promise<void>;
}

function run(command: string, args: string[]): Running {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  let over = false;
  const heard: (() => void)[] = [];
  const hear = (d?: Buffer) => {
    text += d?.toString() ?? "";
    for (const h of [...heard]) h();
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  const ended = new Promise<void>((done) =>
    child.on("exit", () => {
      over = true;
      hear();
      done();
    }),
  );
  return {
    child,
    says: (what) =>
      new Promise((found, failed) => {
        const look = () => {
          const m = what.exec(text);
          if (m) found(m[1] ?? m[0]);
          else if (over) failed(new Error(`${command} ended and has not said ${what}: ${text}`));
        };
        heard.push(look);
        look();
      }),
    end: async (signal) => {
      child.kill(signal);
      await ended;
    },
  };
}

const freePort = () =>
  new Promise<number>((done) => {
    const s = createServer().listen(0, "127.0.0.1", () => {
      const at = s.address();
      s.close(() => done(typeof at === "object" && at ? at.port : 0));
    });
  });

const debianJar = "/usr/share/java/zookeeper.jar";
const there = !!process.env.HORA_TEST_ZK || !!process.env.HORA_ZOOKEEPER_JARS || existsSync(debianJar);

/** There is no ZooKeeper here, and its tests need not run. */
export const noZooKeeper = !there && process.env.HORA_CI !== "1";

interface ZooKeeper {
  address: string;
  signal: (s: NodeJS.Signals) => void;
  end: () => Promise<void>;
}

/** HORA_TEST_ZK, or a server of Debian's package or of HORA_ZOOKEEPER_JARS (as package zookeepertest has it). */
async function startZooKeeper(dir: string): Promise<ZooKeeper> {
  if (process.env.HORA_TEST_ZK) return { address: process.env.HORA_TEST_ZK, signal: () => {}, end: async () => {} };
  const jars = process.env.HORA_ZOOKEEPER_JARS ? join(process.env.HORA_ZOOKEEPER_JARS, "*") : debianJar;
  if (!there) throw new Error("there is no ZooKeeper: make zookeeper, or set HORA_TEST_ZK");
  const port = await freePort();
  mkdirSync(join(dir, "zookeeper"));
  const config = join(dir, "zoo.cfg");
  writeFileSync(
    config,
    `dataDir=${join(dir, "zookeeper")}\nclientPort=${port}\nclientPortAddress=127.0.0.1\ntickTime=200\nmaxSessionTimeout=120000\nadmin.enableServer=false\n`,
  );
  const java = "-Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1".split(" ");
  const p = run("java", [...java, "-cp", jars, "org.apache.zookeeper.server.quorum.QuorumPeerMain", config]);
  await until("ZooKeeper listens", () => {
    if (p.child.exitCode !== null) throw new Error(`ZooKeeper ended with ${p.child.exitCode}`);
    return new Promise<boolean>((done) => {
      const c = createConnection(port, "127.0.0.1", () => {
        c.destroy();
        done(true);
      }).on("error", () => done(false));
    });
  });
  return { address: `127.0.0.1:${port}`, signal: (s) => p.child.kill(s), end: () => p.end("SIGKILL") };
}

/** One hora serve. */
export interface Node {
  base: string;
  port: number;
  signal: (s: NodeJS.Signals) => void;
  /** Waits for a line of its log. */
  says: (what: RegExp) => Promise<string>;
  end: (signal: NodeJS.Signals) => Promise<void>;
}

/** What hora serve needs, and the processes that were started on it. */
export class Cluster {
  private nodes = new Set<Node>();
  private constructor(
    readonly dir: string,
    readonly bin: string,
    private zookeeper: ZooKeeper,
    private mesos: Running,
    private master: string,
  ) {}

  static async start(): Promise<Cluster> {
    const dir = mkdtempSync(join(tmpdir(), "hora-ui-"));
    const bin = program(dir);
    const zookeeper = await startZooKeeper(dir);
    const mesos = run(bin, ["mesos-sim", "--mesos_port", "0", "--agents", "2", "--allocation_interval", "100ms"]);
    return new Cluster(dir, bin, zookeeper, mesos, await mesos.says(/Mesos master +(http:\S+)/));
  }

  /** Starts a process, and waits until it listens. */
  async serve(args: string[] = [], port = 0): Promise<Node> {
    const path = `/hora-test-ui-${this.dir.split("-").at(-1)}`;
    const own = `--master ${this.master} --zk_hosts ${this.zookeeper.address} --zk_path ${path} --zk_timeout 2000 --hostname 127.0.0.1 --http_address 127.0.0.1`;
    const p = run(this.bin, ["serve", ...own.split(" "), "--http_port", String(port), ...args]);
    const base = `http://${await p.says(/listening=\[?([\d.:]+)/)}`;
    const node: Node = {
      base,
      port: Number(new URL(base).port),
      signal: (s) => p.child.kill(s),
      says: p.says,
      end: async (signal) => {
        this.nodes.delete(node);
        await p.end(signal);
      },
    };
    this.nodes.add(node);
    return node;
  }

  /** ZooKeeper neither answers nor ends sessions meanwhile, so that nobody is elected. */
  async still<T>(meanwhile: () => Promise<T>): Promise<T> {
    this.zookeeper.signal("SIGSTOP");
    try {
      return await meanwhile();
    } finally {
      this.zookeeper.signal("SIGCONT");
    }
  }

  /** hora's output for what it is given. */
  hora(args: string[], input = ""): string {
    return execFileSync(this.bin, args, { input, stdio: ["pipe", "pipe", "ignore"] })
      .toString()
      .trim();
  }

  async stop() {
    for (const n of [...this.nodes]) await n.end("SIGKILL");
    await this.mesos.end("SIGTERM");
    await this.zookeeper.end();
    cleanUp(this.dir);
  }
}

/** Waits until somebody leads. */
export const leads = (base: string) =>
  until("somebody leads", async () => ((await (await fetch(`${base}/ready`)).json()) as { ready: boolean }).ready);
