import type { Abi, Address } from 'viem';
import { liquidatorAbi } from './bindings.ts';
import { type Book, openBook } from './book/book.ts';
import { birthBlock } from './chain/birth.ts';
import type { Head } from './chain/heads.ts';
import { chainPreset } from './config/chains.ts';
import { KeeperError } from './config/error.ts';
import { gasPriceNow } from './execution/fees.ts';
import { openLane, type Settled } from './execution/lane.ts';
import { outcomeOf } from './execution/outcome.ts';
import { planData, rehearse } from './execution/rehearse.ts';
import { bestOffers, type Offer, type Planning, planOf } from './planning/plan.ts';
import { pricesIn } from './planning/pricing.ts';
import type { Ready } from './preflight.ts';
import type { Protocol } from './protocols/protocol.ts';
import { protocols } from './protocols/registry.ts';
import { describeError } from './telemetry/describe-error.ts';
import type { Logger } from './telemetry/log.ts';
import { createReport } from './telemetry/report.ts';
import { uniswapV3 } from './venues/uniswap-v3.ts';

/** What a run came to. Wei. */
export type Summary = {
  liquidated: number;
  lost: number;
  reverted: number;
  cancelled: number;
  value: bigint;
  gas: bigint;
};

/**
 * The keeper: at every head, settle what was sent, read what changed, judge every account at the next block's time, plan the
 * best legal liquidation of each that is under water, rehearse it and send it. An error ends the head, not the loop.
 */
export async function runKeeper(ready: Ready, signal: AbortSignal, log: Logger): Promise<Summary> {
  const { settings, chain, operator, liquidator } = ready;
  const { client } = chain;
  const protocol = protocols[settings.protocol]!;
  const errors: Abi = [...liquidatorAbi, ...protocol.errors];
  const summary: Summary = { liquidated: 0, lost: 0, reverted: 0, cancelled: 0, value: 0n, gas: 0n };

  const book = await backfill(ready, protocol, signal, log);
  const report = createReport(log, book);
  const lane =
    operator && liquidator && !settings.dryRun
      ? await openLane<Offer>({
          client,
          account: operator.account,
          chainId: chain.id,
          bumpAfterBlocks: BigInt(settings.bumpAfterBlocks),
          maxGasPrice: settings.maxGasPrice,
          onEvent: report.lane,
          save: () => {},
          resume: [],
        })
      : undefined;
  const venue = venueOf(ready);
  // A block that comes later than usual has let more interest accrue, never less: nothing is judged too early.
  const secondsPerBlock = BigInt(Math.ceil((chainPreset(chain.id)?.blockTime ?? 1_000) / 1_000));
  let nativeBase: bigint | undefined;
  let acted = false;

  for await (const head of chain.heads(signal)) {
    try {
      for (const settled of (await lane?.onHead(head.number)) ?? []) await settle(settled);
      if (acted) {
        if (lane && lane.inFlight().length > 0) continue;
        break;
      }
      const { touched } = await book.advance(head);
      const timestamp = head.timestamp + secondsPerBlock;
      const { underwater, unjudged } = book.judge(timestamp);
      report.head(head, { touched, underwater, unjudged });

      const busy = new Set(lane?.inFlight().map(({ option }) => option.account));
      const due = [...underwater.keys()].filter((account) => !busy.has(account));
      if (due.length > 0) await act(due, head, timestamp);
      acted = settings.once;
      if (acted && !lane?.inFlight().length) break;
    } catch (error) {
      if (error instanceof KeeperError || signal.aborted) throw error;
      log.error(
        { head: head.number, err: describeError(error, errors) },
        'this head is given up; the next is taken whole',
      );
    }
  }
  report.left(lane?.inFlight() ?? []);
  return summary;

  /** Plans for the accounts that are due, the best first, as many as the lane takes; the rest is planned anew next head. */
  async function act(due: readonly Address[], head: Head, timestamp: bigint): Promise<void> {
    const { market, state } = book;
    nativeBase = protocol.price(market, state, settings.wrappedNative)?.base ?? nativeBase;
    if (nativeBase === undefined)
      throw new Error(`no price for --wrapped-native ${settings.wrappedNative} in this market`);
    const gas = await gasPriceNow(client);
    const planning: Planning = {
      venue,
      hub: settings.wrappedNative,
      lend: protocol.lender(market, state),
      priceOf: pricesIn(protocol, market, state, { token: settings.wrappedNative, base: nativeBase }),
      leg: (option) => protocol.leg(market, option),
      slippage: BigInt(settings.slippage),
      gasPrice: gas.baseFee + gas.priority,
    };
    const options = new Map(due.map((account) => [account, book.options(account, timestamp)]));
    const { offers, without } = await bestOffers(options, planning);
    for (const [account, reason] of without) report.skipped(account, reason);
    for (const [index, offer] of offers.entries()) {
      if (signal.aborted) return;
      if (lane && lane.inFlight().length >= settings.maxInFlight) return report.waiting(offers.length - index);
      await attempt(offer, head, planning);
    }
  }

  async function attempt(offer: Offer, head: Head, planning: Planning): Promise<void> {
    const { account } = offer.option;
    if (!operator || !liquidator) return report.wouldSend(offer, undefined);
    const plan = planOf(offer, head, settings.minProfit, planning);
    const call = { from: operator.account.address, to: liquidator.address, data: planData(plan) };
    try {
      const { value, gas } = await rehearse(client, call, 'pending');
      const net = value - gas * planning.gasPrice;
      if (net < settings.minProfit) return report.skipped(account, `pays ${net} wei after gas, less than --min-profit`);
      if (!lane) return report.wouldSend(offer, { value, gas, net });
      const shipment = { to: call.to, data: call.data, gas, budget: value - settings.minProfit, about: offer };
      report.sent(offer, await lane.send(shipment, head.number), { value, gas, net });
    } catch (error) {
      report.skipped(account, describeError(error, errors));
    }
  }

  async function settle(settled: Settled<Offer>): Promise<void> {
    if ('receipt' in settled) summary.gas += settled.receipt.gasUsed * settled.receipt.effectiveGasPrice;
    if (settled.state !== 'mined') {
      summary.cancelled += 1;
      return report.withdrawn(settled);
    }
    const outcome = await outcomeOf(client, settled.receipt, protocol.errors);
    if (outcome.state === 'landed') {
      summary.liquidated += outcome.legs.length;
      summary.value += outcome.value;
    } else {
      summary[outcome.state] += 1;
    }
    report.outcome(settled.about, settled.receipt, outcome);
  }
}

function venueOf({ settings, chain }: Ready) {
  const { uniswapV3Factory: factory, uniswapV3Quoter: quoter } = settings;
  if (factory && quoter) return uniswapV3(chain.client, factory, quoter);
  throw new KeeperError(
    `chain ${chain.shown} has no preset for Uniswap v3: pass --uniswap-v3-factory and --uniswap-v3-quoter`,
  );
}

/** Finds every borrower since the market was created, and reads them. */
async function backfill(ready: Ready, protocol: Protocol, signal: AbortSignal, log: Logger): Promise<Book> {
  const { settings, market, chain } = ready;
  const { client } = chain;
  const head = (await chain.heads(signal).next()).value;
  if (!head) throw new KeeperError('stopped before the first head');
  let fromBlock = settings.fromBlock;
  if (fromBlock === undefined) {
    const birth = await birthBlock(client, market, head.number);
    fromBlock = birth.block ?? 0n;
    if (birth.reason)
      log.warn({ reason: birth.reason }, 'creation block unknown, searching from block 0; --from-block shortens it');
  }
  const started = Date.now();
  let told = started;
  const book = await openBook(client, protocol, {
    address: market,
    fromBlock,
    head,
    range: settings.logRange,
    signal,
    onProgress({ block, toBlock, accounts }) {
      if (Date.now() - told < 2_000) return;
      told = Date.now();
      log.info({ block, toBlock, accounts }, 'searching for borrowers');
    },
  });
  log.info(
    { fromBlock, head: head.number, accounts: book.size, seconds: (Date.now() - started) / 1_000 },
    'every borrower is read',
  );
  return book;
}
