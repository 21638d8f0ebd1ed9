// A part of `pnpm lint`: what anybody may call, hear or be refused with is documented, no Solidity file is too long to be read
// in a sitting, and the storage of the Liquidator is the one below. Prints a line for each thing that is not so.
import './check-node.mjs';
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';

/** Slot, byte in it, type, name: in the order of `forge inspect Liquidator storageLayout`. */
const STORAGE = [
  '0 +0 address _owner',
  '1 +0 address _pendingOwner',
  '2 +0 address treasury',
  '2 +20 uint16 tipCapBps',
  '3 +0 mapping(address => address) _treasuryOf',
  '4 +0 address[] _operators',
];
const LONGEST = 300;
/** Parameters whose meaning their notice gives without their name: may now, or no longer. */
const IN_OTHER_WORDS = ['OperatorSet(address,bool): allowed'];

/** Built where it disturbs nobody, with the compiler's documentation in the artifacts. */
const OUT = 'out-docs';
try {
  execFileSync('forge', ['build', 'contracts/Liquidator.sol', 'contracts/interfaces'], {
    stdio: 'pipe',
    env: {
      ...process.env,
      FOUNDRY_PROFILE: 'no-ir',
      FOUNDRY_OUT: OUT,
      FOUNDRY_CACHE_PATH: 'cache-docs',
      FOUNDRY_EXTRA_OUTPUT: '["devdoc","userdoc","storageLayout","metadata"]',
    },
  });
} catch (error) {
  console.error(`forge build failed: ${error.stderr ?? error.message}`);
  process.exit(1);
}
const artifact = (path) => JSON.parse(readFileSync(path, 'utf8'));
const ours = artifact(`${OUT}/Liquidator.sol/Liquidator.json`);
const surface = artifact(`${OUT}/ILiquidator.sol/ILiquidator.json`);

const typeOf = ({ type, components }) =>
  components ? `(${components.map(typeOf).join(',')})${type.slice('tuple'.length)}` : type;
const signatureOf = ({ name, inputs }) => `${name}(${inputs.map(typeOf).join(',')})`;
const sections = { function: 'methods', event: 'events', error: 'errors' };
const documented = ({ abi }) => abi.filter(({ type }) => Object.hasOwn(sections, type));

/** What the compiler read of an entry: its notice, its `@dev`, its params and returns. */
function docOf({ userdoc, devdoc }, entry) {
  const pick = (doc) => [doc[sections[entry.type]]?.[signatureOf(entry)] ?? {}].flat()[0];
  return { notice: '', params: {}, returns: {}, ...pick(devdoc), ...pick(userdoc) };
}

/**
 * What is missing of an entry. Functions that act document each parameter by `@param`; of views, events and errors the notice
 * may call it by its name instead. What a view returns is what its notice says.
 */
function gaps(artifact, entry) {
  const { notice, params, returns } = docOf(artifact, entry);
  const getter = entry.stateMutability === 'view' && notice;
  const act = entry.type === 'function' && !getter;
  const said = (name) => params[name] ?? (!act && notice.match(new RegExp(`\\b${name}\\b`)));
  const found = [];
  if (!notice) found.push('has no @notice');
  for (const { name } of entry.inputs) {
    if (name && !said(name) && !IN_OTHER_WORDS.includes(`${signatureOf(entry)}: ${name}`))
      found.push(`does not document its parameter ${name}`);
  }
  const missing = (entry.outputs ?? []).length - Object.keys(returns).length;
  if (missing > 0 && !getter) found.push(`does not document ${missing} of its return values`);
  return found.map((gap) => `${entry.type} ${entry.name} ${gap}`);
}

/** Signatures that others have defined: callbacks of protocols, and what is inherited from packages. */
const foreign = new Set(
  globSync(`${OUT}/*.sol/*.json`)
    .map(artifact)
    .filter(({ metadata }) => {
      const [source] = Object.keys(metadata.settings.compilationTarget);
      return source.startsWith('contracts/interfaces/external/') || !source.startsWith('contracts/');
    })
    .flatMap((each) => documented(each).map(signatureOf)),
);
const inherited = new Set(documented(surface).map(signatureOf));

function undocumented() {
  const found = documented(surface).flatMap((entry) => gaps(surface, entry));
  for (const entry of documented(ours)) {
    const signature = signatureOf(entry);
    if (foreign.has(signature) || inherited.has(signature)) {
      // Its parameters are documented where it is defined; that it is there and why must be said.
      const { notice, details } = docOf(ours, entry);
      if (entry.type === 'function' && !notice && !details) found.push(`function ${entry.name} has no @notice or @dev`);
    } else found.push(...gaps(ours, entry));
  }
  const { inputs } = ours.abi.find(({ type }) => type === 'constructor');
  for (const { name } of inputs) {
    if (!ours.devdoc.methods.constructor.params?.[name]) found.push(`constructor does not document ${name}`);
  }
  return found.map((line) => `documentation: ${line}`);
}

function tooLong() {
  return globSync('contracts/**/*.sol')
    .map((path) => ({ path, lines: readFileSync(path, 'utf8').trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > LONGEST)
    .map(({ path, lines }) => `length: ${path} has ${lines} lines, at most ${LONGEST}: split it by what its parts do`);
}

function otherStorage() {
  const { storage, types } = ours.storageLayout;
  const now = storage.map(({ slot, offset, type, label }) => `${slot} +${offset} ${types[type].label} ${label}`);
  const gone = STORAGE.filter((line) => !now.includes(line)).map((line) => `storage: - ${line}`);
  const come = now.filter((line) => !STORAGE.includes(line)).map((line) => `storage: + ${line}`);
  if (gone.length + come.length === 0) return [];
  return [...gone, ...come, 'storage: is not the list in tools/contract-docs.mjs; correct whichever is wrong'];
}

const wrong = [...undocumented(), ...tooLong(), ...otherStorage()];
for (const line of wrong) console.error(line);
process.exitCode = wrong.length > 0 ? 1 : 0;
