import { expect, test } from 'vitest';
import { createAlarms } from '../../src/report/alarms.ts';

function board() {
  const lines: unknown[] = [];
  const say = (level: string) => (fields: object, text: string) => lines.push({ level, text, ...fields });
  return { lines, alarms: createAlarms({ error: say('error'), warn: say('warn'), info: say('info') } as never) };
}

test('an alarm is a line when it begins and when it is over, and again when it comes back', () => {
  const { lines, alarms } = board();
  expect(alarms.set('clock', undefined)).toBe(false);
  expect(alarms.set('clock', '10 s off', { head: 5n })).toBe(true);
  expect(alarms.set('clock', '11 s off')).toBe(false);
  expect(lines).toEqual([{ level: 'warn', text: 'alarm', about: 'clock', reason: '10 s off', head: 5n }]);
  expect(alarms.set('clock', undefined)).toBe(true);
  expect(alarms.set('clock', undefined)).toBe(false);
  alarms.set('clock', '12 s off');
  expect(lines.slice(1)).toEqual([
    { level: 'info', text: 'the alarm is over', about: 'clock', was: '11 s off' },
    { level: 'warn', text: 'alarm', about: 'clock', reason: '12 s off' },
  ]);
});

test('those that stand are listed, the oldest first, with their newest words and since when they are', () => {
  const { lines, alarms } = board();
  alarms.set('a', 'first', {}, 'error');
  const [{ since } = { since: '' }] = alarms.list();
  alarms.set('b', 'second');
  alarms.set('a', 'first, and more');
  expect(alarms.list()).toEqual([
    { about: 'a', text: 'first, and more', since },
    { about: 'b', text: 'second', since: expect.stringMatching(/^\d{4}-/) },
  ]);
  expect(lines).toMatchObject([{ level: 'error' }, { level: 'warn' }]);
  alarms.set('a', undefined);
  expect(alarms.list()).toMatchObject([{ about: 'b' }]);
});
