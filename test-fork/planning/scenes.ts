import {
  type Address,
  concatHex,
  encodeAbiParameters,
  encodeFunctionData,
  keccak256,
  numberToHex,
  parseAbi,
} from 'viem';
import { setFeed } from '../harness/scene.ts';
import { setPrice } from '../lab/chain.ts';
import type { LabDirectory } from '../lab/directory.ts';
import type { Random } from '../lab/random.ts';
import { type AssetSymbol, assets } from '../lab/tokens.ts';
import type { Rig } from './rig.ts';

const pairAbi = parseAbi(['function skim(address)', 'function getReserves() view returns (uint112, uint112, uint32)']);
const poolAbi = parseAbi([
  'event Mint(address sender, address indexed owner, int24 indexed tickLower, int24 indexed tickUpper, uint128 amount, uint256 amount0, uint256 amount1)',
  'function slot0() view returns (uint160, int24 tick, uint16, uint16, uint16, uint8, bool)',
]);

/** A pool's positions: what liquidity begins and ends where. */
export type Positions = ReadonlyMap<Address, readonly { lower: number; upper: number; liquidity: bigint }[]>;

/** UniswapV3Pool keeps its liquidity in slot 4 and its ticks in the mapping at slot 5: gross below, net above. */
const LIQUIDITY_SLOT = numberToHex(4, { size: 32 });
const TICKS_SLOT = 5n;

/** All positions of the lab's pools. */
export async function positionsOf({ scene }: Pick<Rig, 'scene'>): Promise<Positions> {
  const found = new Map<Address, { lower: number; upper: number; liquidity: bigint }[]>();
  for (const { address } of scene.directory.uniswapV3.pools) {
    const logs = await scene.client.getLogs({ address, event: poolAbi[0], fromBlock: 0n });
    found.set(
      address,
      logs.map(({ args }) => ({ lower: args.tickLower!, upper: args.tickUpper!, liquidity: args.amount! })),
    );
  }
  return found;
}

/** Makes a pool as shallow as if all its positions were `divisor` times smaller. */
export async function thin(
  { scene }: Pick<Rig, 'scene'>,
  pool: Address,
  positions: Positions,
  divisor: bigint,
): Promise<void> {
  const { client } = scene;
  const [, tick] = await client.readContract({ address: pool, abi: poolAbi, functionName: 'slot0' });
  const ticks = new Map<number, { gross: bigint; net: bigint }>();
  let liquidity = 0n;
  for (const position of positions.get(pool)!) {
    const { lower, upper } = position;
    const less = position.liquidity / divisor;
    if (lower <= tick && tick < upper) liquidity += less;
    for (const [index, net] of [[lower, less] as const, [upper, -less] as const]) {
      const known = ticks.get(index) ?? { gross: 0n, net: 0n };
      ticks.set(index, { gross: known.gross + less, net: known.net + net });
    }
  }
  for (const [index, { gross, net }] of ticks) {
    const slot = keccak256(encodeAbiParameters([{ type: 'int24' }, { type: 'uint256' }], [index, TICKS_SLOT]));
    const value = concatHex([numberToHex(net, { size: 16, signed: true }), numberToHex(gross, { size: 16 })]);
    await client.setStorageAt({ address: pool, index: slot, value });
  }
  await client.setStorageAt({
    address: pool,
    index: LIQUIDITY_SLOT,
    value: numberToHex(liquidity, { size: 32 }),
  });
}

/** Another market: ether and bitcoin fall and the pools follow, dollars stray from theirs, each pool is deep or shallow. */
export async function shake(rig: Rig, dice: Random, positions: Positions): Promise<void> {
  const prices = new Map<AssetSymbol, bigint>();
  for (const symbol of ['WETH', 'WBTC'] as const) {
    prices.set(symbol, scaled(symbol, dice.between(0.62, 0.95)));
    await setPrice(rig.scene, symbol, prices.get(symbol)!);
  }
  for (const symbol of dice.pick(['USDC', 'DAI', 'USDT'] as const, 2)) {
    await setFeed(rig.scene, symbol, scaled(symbol, dice.between(0.985, 1.015)));
  }
  for (const pool of positions.keys()) {
    await thin(rig, pool, positions, BigInt(Math.round(dice.logBetween(1, 3_000))));
  }
  for (const name of Object.keys(rig.scene.directory.uniswapV2.pairs) as PairName[]) {
    await settle(rig, name, prices, dice.logBetween(0.01, 1) * dice.between(0.99, 1.01));
  }
  await rig.scene.client.mine({ blocks: 1 });
}

type PairName = keyof LabDirectory['uniswapV2']['pairs'];
/** Whole USD on either side of a pair, at most; and the slot of the reserves: 112 bits each, above them a time. */
const PAIR_USD = 25_000_000;
const RESERVES_SLOT = 8;

/** Leaves a part of a pair of Uniswap v2, at these prices of the pools. */
async function settle(
  { scene }: Rig,
  name: PairName,
  prices: ReadonlyMap<AssetSymbol, bigint>,
  part: number,
): Promise<void> {
  const { directory, client, send, operator } = scene;
  const pair = directory.uniswapV2.pairs[name];
  const dollars = BigInt(Math.round(PAIR_USD * part)) * 10n ** 8n;
  const [first, second] = (name.split('_') as AssetSymbol[])
    .sort((a, b) => (BigInt(directory.tokens[a].address) < BigInt(directory.tokens[b].address) ? -1 : 1))
    .map((symbol) => {
      const { decimals, price } = assets[symbol];
      return (dollars * 10n ** BigInt(decimals)) / (prices.get(symbol) ?? price);
    });
  const value = numberToHex((second! << 112n) | first!, { size: 32 });
  await client.setStorageAt({ address: pair, index: RESERVES_SLOT, value });
  await send(operator, pair, encodeFunctionData({ abi: pairAbi, functionName: 'skim', args: [operator] }));
  const [reserve0, reserve1] = await client.readContract({ address: pair, abi: pairAbi, functionName: 'getReserves' });
  if (reserve0 !== first || reserve1 !== second) throw new Error(`the reserves of ${name} are not in slot 8`);
}

const scaled = (symbol: AssetSymbol, factor: number) => BigInt(Math.round(Number(assets[symbol].price) * factor));
