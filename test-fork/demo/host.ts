// Keeps a forked lab up on its own: `pnpm demo --keep` leaves this process behind. Says where it is in one line of JSON, and
// ends both chains when it is told to end.
import { forkLab } from '../lab/anvil.ts';

const lab = await forkLab({ scope: 'core' });
const end = () => lab.stop().then(() => process.exit(0));
process.on('SIGTERM', end);
process.on('SIGINT', end);
console.log(JSON.stringify({ url: lab.url, pid: process.pid }));
