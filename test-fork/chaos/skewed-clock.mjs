// Loaded before the keeper: the machine's clock is off by PLIMSOLL_TEST_CLOCK_OFF milliseconds.
const off = Number(process.env.PLIMSOLL_TEST_CLOCK_OFF ?? 0);
const now = Date.now;
const skewed = () => now() + off;
globalThis.Date = class extends Date {
  constructor(...args) {
    super(...(args.length === 0 ? [skewed()] : args));
  }
  static now() {
    return skewed();
  }
};
