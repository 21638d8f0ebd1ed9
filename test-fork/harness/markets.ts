import { type Address, encodeFunctionData, type Hash, parseAbi } from 'viem';
import { type PricedSymbol, tokenOf } from '../lab/chain.ts';
import type { KeeperProcess } from './keeper.ts';
import type { Scene } from './scene.ts';

/** The three markets of Aave v3 in the lab, as its directory calls them. */
export type MarketName = 'aave' | 'aaveSecond' | 'aaveV30';

const abi = parseAbi([
  'function getPoolConfigurator() view returns (address)',
  'function getConfiguration(address) view returns (uint256)',
  'function configureReserveAsCollateral(address asset, uint256 ltv, uint256 threshold, uint256 bonus)',
  'function setReservePause(address asset, bool paused)',
]);

async function configure(scene: Scene, market: MarketName, data: `0x${string}`): Promise<Hash> {
  const { addressesProvider, aclAdmin } = scene.directory[market];
  await scene.client.setBalance({ address: aclAdmin, value: 10n ** 22n });
  const call = { address: addressesProvider, abi, functionName: 'getPoolConfigurator' } as const;
  return scene.send(aclAdmin, await scene.client.readContract(call), data);
}

/** Lets accounts borrow up to the line, so that they can be opened next to it; the node must mine by itself. */
export async function lendToTheLine(scene: Scene, market: MarketName, symbols: readonly PricedSymbol[]): Promise<void> {
  const { client, directory } = scene;
  for (const symbol of symbols) {
    const { address } = tokenOf(directory, symbol);
    const read = { address: directory[market].pool, abi, functionName: 'getConfiguration', args: [address] } as const;
    const word = await client.readContract(read);
    const [threshold, bonus] = [BigInt.asUintN(16, word >> 16n), BigInt.asUintN(16, word >> 32n)];
    const args = [address, threshold, threshold, bonus] as const;
    const data = encodeFunctionData({ abi, functionName: 'configureReserveAsCollateral', args });
    const { status } = await client.waitForTransactionReceipt({ hash: await configure(scene, market, data) });
    if (status !== 'success') throw new Error(`${market} keeps the loan-to-value of ${symbol}`);
  }
}

/** Pauses a reserve, before anybody else in the block. */
export const pauseReserve = (scene: Scene, market: MarketName, symbol: PricedSymbol): Promise<Hash> => {
  const args = [tokenOf(scene.directory, symbol).address, true] as const;
  return configure(scene, market, encodeFunctionData({ abi, functionName: 'setReservePause', args }));
};

/** Waits until a keeper follows so many markets: those whose past is still searched are not liquidated in. */
export async function following(keeper: KeeperProcess, markets: number): Promise<void> {
  const read = () => keeper.lines.filter(({ msg }) => msg === 'every borrower is read');
  await keeper.waitFor(() => read().length >= markets);
}

/** Every borrower of a market that the lab was built with. */
export const borrowersOf = ({ directory }: Scene, market: MarketName): readonly Address[] =>
  market === 'aave' ? directory.borrowers : directory[market].borrowers;

/** Of the lab's markets, all. */
export const MARKETS = ['aave', 'aaveSecond', 'aaveV30'] as const satisfies readonly MarketName[];

/** The address of each market's Pool. */
export const poolsOf = ({ directory }: Pick<Scene, 'directory'>): Record<MarketName, Address> => ({
  aave: directory.aave.pool,
  aaveSecond: directory.aaveSecond.pool,
  aaveV30: directory.aaveV30.pool,
});
