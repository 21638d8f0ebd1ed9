import { defineConfig } from '@wagmi/cli';
import { foundry } from '@wagmi/cli/plugins';

/** `pnpm bindings` writes the Liquidator's ABI for the keeper; `pnpm lint` fails when it is not what forge builds now. */
export default defineConfig({
  out: process.env.BINDINGS_OUT ?? 'keeper/src/bindings.ts',
  plugins: [foundry({ project: '.', artifacts: 'out', include: ['Liquidator.sol/**'], forge: { build: false } })],
});
