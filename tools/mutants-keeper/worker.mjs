// A process with one Vitest that stays warm. It is sent a mutant at a time and answers which test file failed; the mutant is
// never on disk, Vitest is handed its source instead of the file's.
import { resolve } from 'node:path';
import { createVitest } from 'vitest/node';

const { root, tests, first, limit } = JSON.parse(process.argv[2]);
const at = (file) => resolve(root, file);
/** The mutant that is on. */
let on;

const vitest = await createVitest(
  'test',
  {
    config: false,
    root,
    watch: false,
    include: tests,
    // A thread ends with this process, also out of a loop that does not.
    pool: 'threads',
    isolate: false,
    maxWorkers: 1,
    bail: 1,
    reporters: [{}],
    silent: true,
    testTimeout: limit,
    hookTimeout: limit,
    // It would hand out the modules of before.
    fsModuleCache: false,
  },
  {
    server: { watch: null },
    plugins: [
      { name: 'mutant', enforce: 'pre', transform: (_, id) => (on && id === at(on.file) ? on.code : undefined) },
    ],
  },
);
await vitest.standalone();
const all = await vitest.globTestSpecifications();

/** The first of the files that fails, or nothing. */
async function run(files) {
  if (files.length === 0) return undefined;
  const wanted = all.filter(({ moduleId }) => files.some((file) => at(file) === moduleId));
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(wanted);
  const ours = testModules.filter(({ moduleId }) => wanted.some((each) => each.moduleId === moduleId));
  const failed = ours.find((module) => module.state() === 'failed');
  return failed?.relativeModuleId ?? (unhandledErrors.length > 0 ? 'an unhandled error' : undefined);
}

async function judge({ mutant, files }) {
  on = mutant;
  vitest.invalidateFile(at(mutant.file));
  try {
    process.send({ by: await run(files) });
  } finally {
    on = undefined;
    vitest.invalidateFile(at(mutant.file));
  }
}

process.on('message', judge);
// Whoever started it is gone.
process.on('disconnect', () => process.exit());
process.send({ ready: true, failing: await run(first) });
