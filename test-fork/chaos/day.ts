import { stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { encodeFunctionData, type Hash, parseAbi } from 'viem';
import { PROVIDER, sendCalls } from '../day/people.ts';
import { openScript, type Script } from '../day/script.ts';
import { type Watched, watchKeeper } from '../day/watched.ts';
import { taken } from '../harness/blocks.ts';
import type { FlyingLeg } from '../harness/legs.ts';
import type { Scene } from '../harness/scene.ts';
import { type Anvil, startAnvil } from '../lab/anvil.ts';
import { testClient } from '../lab/chain.ts';
import { root } from '../lab/paths.ts';
import { random } from '../lab/random.ts';
import { type Endpoint, startEndpoint } from './endpoint.ts';
import type { Fault } from './faults.ts';
import { openReckoning, type Reckoning } from './reckoning.ts';
import { type Blow, type Planned, type Schedule, scheduleOf } from './schedule.ts';

/** What is asked of a day. */
export type DayOptions = {
  seed: number;
  blocks: number;
  reorgs: number;
  kills: number;
  faults: readonly Fault[];
  /** Milliseconds that a block waits for the keeper at most; the chain does not wait longer. */
  patience: number;
};

/** What a day has left. */
export type ChaosDay = {
  watched: Watched;
  script: Script;
  reckoning: Reckoning;
  schedule: Schedule;
  /** The first block of the day. */
  from: bigint;
  /** Transactions that only a store knew of that was cut short. */
  lost: Set<Hash>;
  /** What keepers said last that ended by themselves, and after which block. */
  crashes: { after: number; said: string }[];
  /** How many answers each fault has changed, by its name. */
  met(): Record<string, number>;
  /** Blocks that came before the keeper was done with the one before. */
  late: number[];
  stop(): Promise<void>;
};

/** All that a day goes on with. */
type Going = ChaosDay & {
  scene: Scene;
  options: DayOptions;
  path: string;
  endpoints: readonly Endpoint[];
  /** The forks that endpoints follow meanwhile. */
  forks: Map<Endpoint, Anvil>;
  /** The endpoint that fails now, or failed last. */
  failing: Endpoint;
  /** Whether the keeper that runs was told to begin with a new store. */
  rebuilt: boolean;
  /** Symbols whose feeds revert. */
  broken: Set<string>;
};

const feedAbi = parseAbi(['function setBroken(bool)']);
const CLOCK = pathToFileURL(join(root, 'test-fork/chaos/skewed-clock.mjs')).href;
const REBUILD = '--rebuild-store';
const HOUR = 3_600_000;
/** Seconds between blocks of a fork, other than the chain's so that its blocks are others. */
const FORK_SECONDS = 13;

/** The scripted day, behind two endpoints that fail in turn. The scene must not mine by itself. */
export async function runDay(scene: Scene, options: DayOptions): Promise<ChaosDay> {
  const going = await begin(scene, options);
  for (let index = 0; index < options.blocks; index++) await oneBlock(going, index);
  for (const planned of going.schedule.faults) await lift(going, planned);
  await mend(going);
  await arrive(going, options.blocks);
  return going;
}

async function begin(scene: Scene, options: DayOptions): Promise<Going> {
  const { seed, blocks, reorgs, kills, faults } = options;
  const script = await openScript(scene, { seed, blocks, reorgs });
  const from = (await scene.client.getBlockNumber({ cacheTime: 0 })) + 1n;
  const schedule = scheduleOf(random(seed + 77), faults, { blocks, kills });
  const tip = { number: from - 1n, hash: '', before: '', at: Date.now() };
  const node = { url: scene.url, wsUrl: scene.wsUrl };
  const endpoints = await Promise.all([0, 1].map((index) => startEndpoint(node, tip, seed * 2 + index)));
  const path = join(scene.folder, 'store.sqlite');
  const urls = `${endpoints[0]!.wsUrl},${endpoints[1]!.url}`;
  const watched = watchKeeper(scene, path, ['--max-in-flight', '24'], urls);
  const forks = new Map<Endpoint, Anvil>();
  watched.start();
  return {
    ...{ scene, options, path, endpoints, forks, watched, script, schedule, from },
    failing: endpoints[0]!,
    rebuilt: false,
    reckoning: await openReckoning(scene),
    broken: new Set(),
    lost: new Set(),
    crashes: [],
    late: [],
    met: () => metOf(endpoints, faults),
    async stop() {
      await Promise.all([...forks.values()].map((fork) => fork.stop()));
      await Promise.all(endpoints.map((endpoint) => endpoint.stop()));
    },
  };
}

const metOf = (endpoints: readonly Endpoint[], faults: readonly Fault[]): Record<string, number> =>
  Object.fromEntries(
    faults.map((fault) => [fault.name, endpoints.reduce((sum, { met }) => sum + (met.get(fault) ?? 0), 0)]),
  );

async function oneBlock(going: Going, index: number): Promise<void> {
  const { schedule, script, reckoning, scene, broken } = going;
  await arrive(going, index);
  for (const planned of schedule.faults) if (planned.until === index) await lift(going, planned);
  for (const planned of schedule.faults) if (planned.from === index) await lay(going, planned);
  for (const { symbol, from, until } of schedule.broken) {
    if (from === index) await breakFeed(going, symbol, true);
    if (until === index) await breakFeed(going, symbol, false);
  }
  announce(going);
  // Nobody does anything while a price is missing: the script reckons by them, too.
  if (broken.size > 0) await scene.client.mine({ blocks: 1 });
  else await script.block(index, flying(going));
  for (const fork of going.forks.values()) await testClient(fork.url).mine({ blocks: 1 });
  await tell(going);
  await reckoning.look(broken.size === 0);
  if (script.reorgs.has(index)) {
    await arrive(going, index);
    announce(going);
    await script.after(index);
    await tell(going);
    reckoning.forget();
  }
  for (const blow of schedule.blows) if (blow.after === index) await strike(going, blow, index);
}

/** Endpoints know the newest block. */
async function tell({ scene, endpoints }: Going): Promise<void> {
  const { number, hash } = await scene.client.getBlock();
  for (const endpoint of endpoints) endpoint.tip = { ...endpoint.tip, number, hash };
}

/** Endpoints know that another block comes now: the keeper may ask for it before anybody here. */
function announce({ endpoints }: Going): void {
  for (const endpoint of endpoints) {
    endpoint.tip = { ...endpoint.tip, before: endpoint.tip.hash, at: Date.now() };
    endpoint.asked = 0;
  }
}

function flying({ watched }: Going): readonly FlyingLeg[] {
  try {
    return watched.flying();
  } catch {
    return []; // there is no store yet
  }
}

/** Waits until the keeper is done with the newest block, as long as the chain waits; one that has ended is started again. */
async function arrive(going: Going, index: number): Promise<void> {
  const { scene, watched, options, crashes, late } = going;
  const { child } = watched.process;
  const over = Date.now() + options.patience;
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  await taken(scene, watched.process, () => Date.now() > over || ended()).catch((error: unknown) => {
    if (!ended()) throw error;
  });
  if (!ended() && Date.now() > over) late.push(index);
  if (!ended()) return;
  const said = watched.process.output().slice(-600);
  // A store that was cut short is refused in one line, which says how to go on: that is what is done.
  const refused = said.includes('is damaged') && said.includes(REBUILD) && !going.rebuilt;
  going.rebuilt = refused;
  if (!refused) crashes.push({ after: index, said });
  watched.start({}, refused ? [REBUILD] : []);
}

async function lay(going: Going, { fault, onUsed }: Planned): Promise<void> {
  const { endpoints, forks, scene } = going;
  // At any time one of them tells the truth.
  if (endpoints.every(({ faults }) => faults.size === 0)) {
    const [least, most] = endpoints.toSorted((a, b) => a.asked - b.asked);
    going.failing = onUsed ? most! : least!;
  }
  const endpoint = going.failing;
  endpoint.faults.add(fault);
  if (!fault.forks || forks.has(endpoint)) return;
  const fork = await startAnvil({ forkUrl: scene.url, noStorageCaching: true, noMining: true, autoImpersonate: true });
  forks.set(endpoint, fork);
  endpoint.met.set(fault, (endpoint.met.get(fault) ?? 0) + 1);
  await testClient(fork.url).setBlockTimestampInterval({ interval: FORK_SECONDS });
  endpoint.node = fork;
  endpoint.drop();
}

async function lift({ endpoints, forks, scene }: Going, { fault }: Planned): Promise<void> {
  const endpoint = endpoints.find(({ faults }) => faults.has(fault));
  if (!endpoint) return;
  endpoint.faults.delete(fault);
  const fork = fault.forks && forks.get(endpoint);
  if (!fork) return;
  forks.delete(endpoint);
  endpoint.node = { url: scene.url, wsUrl: scene.wsUrl };
  endpoint.drop();
  await fork.stop();
}

/** The feed reverts from the next block on, or does no longer. */
async function breakFeed({ scene, broken }: Going, symbol: 'WETH' | 'WBTC', breaks: boolean): Promise<void> {
  if (breaks === broken.has(symbol)) return;
  if (breaks) broken.add(symbol);
  else broken.delete(symbol);
  const data = encodeFunctionData({ abi: feedAbi, functionName: 'setBroken', args: [breaks] });
  await sendCalls(scene, [{ from: PROVIDER, to: scene.directory.feeds[symbol], data }]);
  // Whole again before anybody asks for a price.
  if (!breaks) await scene.client.mine({ blocks: 1 });
}

const mend = async (going: Going): Promise<void> => {
  for (const symbol of going.broken) await breakFeed(going, symbol as 'WETH' | 'WBTC', false);
};

/** All transactions that a store knows of; none where it is damaged already. */
function knownOf(watched: Watched): Hash[] {
  try {
    return watched.look((store) => store.attempts.recent(100_000)).flatMap(({ hashes }) => hashes);
  } catch {
    return [];
  }
}

async function strike({ watched, path, lost }: Going, { kind }: Blow, index: number): Promise<void> {
  await watched.kill();
  if (kind === 'store cut short') {
    for (const hash of knownOf(watched)) lost.add(hash);
    await truncate(path, Math.floor((await stat(path)).size / 2));
  }
  const off = index % 2 === 0 ? HOUR : -HOUR;
  const skewed = { NODE_OPTIONS: `--import ${CLOCK}`, CLOCK_OFF_MS: String(off) };
  watched.start(kind === 'clock an hour off' ? skewed : {});
}
