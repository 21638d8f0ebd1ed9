// Where the gas of one benched transaction goes, measured: forge dumps every step of the test, and each is counted once, for
// the frame that took it. What a frame of ours calls is one row by what was asked, without the callbacks into us inside it.
import { execFileSync } from 'node:child_process';
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** `execute`: how the transaction begins. */
const EXECUTE = '0x10dbf67f';
const ASKED = {
  '0x70a08231': 'token reads',
  '0xdd62ed3e': 'token reads',
  '0x095ea7b3': 'approvals',
  '0xa9059cbb': 'payments',
  '0x00a718a9': 'liquidation',
};
const CALLS = new Set([0xf1, 0xf2, 0xf4, 0xfa]);

/** The row of an opcode of ours. */
function kindOf(op) {
  if (op === 0x54 || op === 0x55) return 'storage';
  if (op === 0x5c || op === 0x5d) return 'transient storage';
  if (op >= 0xa0 && op <= 0xa4) return 'events';
  if (CALLS.has(op)) return 'calling out';
  return 'code';
}

/** What of a step takes half a gigabyte a test and is not looked at. */
const BULK = /"(?:memory|returndata)":"0x[0-9a-f]*",|"stack":\[[^\]]*\],|"push_stack":\[[^\]]*\],/g;

/** The pieces of a dump. Read as a stream: it is longer than a string may be. */
async function piecesOf(dump) {
  const parts = [];
  let rest = '';
  for await (const chunk of createReadStream(dump, { encoding: 'latin1', highWaterMark: 1 << 24 })) {
    const text = rest + chunk;
    // Only whole steps; the last may go on in the next chunk.
    const cut = Math.max(text.lastIndexOf('{"pc":'), 0);
    parts.push(text.slice(0, cut).replace(BULK, ''));
    rest = text.slice(cut);
  }
  return JSON.parse(parts.join('') + rest).debug_arena;
}

/** Puts the pieces of a dump, which end wherever a call does, together to frames. */
function framesOf(pieces) {
  const frames = [];
  let open = [];
  for (const { address, kind, gas_limit: limit, calldata, steps } of pieces) {
    const key = `${address} ${kind} ${limit} ${calldata}`;
    const at = steps[0]?.pc === 0 ? -1 : open.findLastIndex((frame) => frame.key === key);
    if (at >= 0) {
      open = open.slice(0, at + 1);
    } else {
      while (open.length > 0 && !CALLS.has(open.at(-1).steps.at(-1).op)) open.pop();
      const frame = { key, address, calldata, steps: [], children: new Map() };
      open.at(-1)?.children.set(open.at(-1).steps.length - 1, frame);
      open.push(frame);
      frames.push(frame);
    }
    for (const { op, gas_remaining: left, gas_cost: cost } of steps) open.at(-1).steps.push({ op, left, cost });
  }
  return frames;
}

const gasOf = ({ steps }) => steps[0].left - steps.at(-1).left + steps.at(-1).cost;

/** What the frames of `ours` under `frame`, outermost first, took in all. */
function backWithUs(frame, ours) {
  let sum = 0;
  for (const child of frame.children.values()) sum += child.address === ours ? gasOf(child) : backWithUs(child, ours);
  return sum;
}

function count(frames, ours, rows) {
  const add = (row, gas) => rows.set(row, (rows.get(row) ?? 0) + gas);
  for (const { steps, children } of frames.filter(({ address }) => address === ours)) {
    steps.forEach(({ op, left, cost }, index) => {
      const child = children.get(index);
      const spent = index + 1 < steps.length ? left - steps[index + 1].left : cost;
      add(kindOf(op), spent - (child ? gasOf(child) : 0));
      if (child && child.address !== ours) {
        add(ASKED[child.calldata.slice(0, 10)] ?? 'funding and sales', gasOf(child) - backWithUs(child, ours));
      }
    });
  }
}

/**
 * The rows of one test of the bench, in gas; they add up to `total`.
 *
 * @param test - its name
 * @param total - gas of its transaction, refunds off
 */
export async function breakdown(test, total) {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-gas-'));
  try {
    const dump = join(folder, 'steps.json');
    const only = ['--match-contract', '^GasBench$', '--match-test', `${test}\\b`];
    execFileSync('forge', ['test', ...only, '--debug', '--dump', dump], { stdio: 'pipe' });
    const frames = framesOf(await piecesOf(dump));
    const outermost = frames.find(({ calldata }) => calldata.startsWith(EXECUTE));
    const bytes = Buffer.from(outermost.calldata.slice(2), 'hex');
    const rows = new Map([
      ['intrinsic', 21_000],
      ['calldata', bytes.reduce((sum, byte) => sum + (byte === 0 ? 4 : 16), 0)],
    ]);
    count(frames, outermost.address, rows);
    const gross = [...rows.values()].reduce((sum, gas) => sum + gas, 0);
    return [...rows, ['refund', total - gross]];
  } finally {
    rmSync(folder, { recursive: true });
  }
}
