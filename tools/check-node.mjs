// The project brings its own Node through npm. Under an older one things fail far from their cause, so stop here.
const WANTED = 24;
const major = Number(process.versions.node.split('.')[0]);
if (major < WANTED) {
  console.error(
    `plimsoll needs Node ${WANTED} or newer and this is ${process.version}. ` +
      'Run it through pnpm, which brings the right one: npx -y pnpm@12 install, then npx -y pnpm@12 <script>.',
  );
  process.exit(1);
}
