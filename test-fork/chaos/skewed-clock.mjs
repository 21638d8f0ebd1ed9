// Loaded before the keeper: the machine's clock is off by CLOCK_OFF_MS milliseconds.
const off = Number(process.env.CLOCK_OFF_MS ?? 0);
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
