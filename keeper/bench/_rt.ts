import { startLab } from '../../test-fork/lab/anvil.ts';
import { roundTrips } from './transport.ts';

const ipc = '/tmp/latx/rt.ipc';
const lab = await startLab({ anvil: { ipc } });
for (let i = 0; i < 3; i++) console.log(await roundTrips({ http: lab.url, ws: lab.wsUrl, ipc }, lab.directory));
await lab.stop();
process.exit(0);
