import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { mutantsOf, parses } from '../../tools/mutants-keeper/operators.mjs';
import { sampleOf } from '../../tools/mutants-keeper/sample.mjs';

/** A statement with each of its mutants put in. */
const changed = (code: string) =>
  mutantsOf('a.ts', code).map(({ mutator, start, end, replacement }) => [
    mutator,
    code.slice(0, start) + replacement + code.slice(end),
  ]);

describe('what becomes of', () => {
  test.each<[code: string, ...[mutator: string, code: string][]]>([
    ['a + b * c;', ['ArithmeticOperator', 'a - b * c;'], ['ArithmeticOperator', 'a + b / c;']],
    ["x = a + 'b' + c;", ['StringLiteral', 'x = a + "" + c;']],
    [
      'x = a < b;',
      ['EqualityOperator', 'x = a <= b;'],
      ['EqualityOperator', 'x = a >= b;'],
      ['ConditionalExpression', 'x = false;'],
      ['ConditionalExpression', 'x = true;'],
    ],
    ['x = a ?? b;', ['LogicalOperator', 'x = (a && b);']],
    [
      'x = a && b;',
      ['LogicalOperator', 'x = (a || b);'],
      ['ConditionalExpression', 'x = false;'],
      ['ConditionalExpression', 'x = true;'],
    ],
    [
      'if (!a) b();',
      ['ConditionalExpression', 'if (true) b();'],
      ['ConditionalExpression', 'if (false) b();'],
      ['BooleanLiteral', 'if (a) b();'],
    ],
    ['while (a) b();', ['ConditionalExpression', 'while (false) b();']],
    ['switch (a) { case 1: b(); }', ['ConditionalExpression', 'switch (a) { case 1:  }']],
    ['x = true;', ['BooleanLiteral', 'x = false;']],
    ['x = [a];', ['ArrayDeclaration', 'x = [];']],
    ['x = { a };', ['ObjectLiteral', 'x = {};']],
    [`x = \`a\${b}\`;`, ['StringLiteral', 'x = ``;']],
    ['x = /^a$/;', ['Regex', 'x = /a$/;'], ['Regex', 'x = /^a/;']],
    ['function f() { a(); }', ['BlockStatement', 'function f() {}']],
    ['x = () => a;', ['ArrowFunction', 'x = () => undefined;']],
    ['a += -b;', ['AssignmentOperator', 'a -= -b;'], ['UnaryOperator', 'a += +b;']],
    ['a++;', ['UpdateOperator', 'a--;']],
    ['a?.b?.[c];', ['OptionalChaining', 'a?.b[c];'], ['OptionalChaining', 'a.b?.[c];']],
    ['Math.min(a, b);', ['MethodExpression', 'Math.max(a, b);']],
    ['a.slice(1).some(f);', ['MethodExpression', 'a.slice(1).every(f);'], ['MethodExpression', 'a.some(f);']],
  ])('%s', (code, ...mutants) => {
    expect(changed(code)).toEqual(mutants);
  });

  test('types, modules and names of properties: nothing', () => {
    const code = `import a from 'a';
export * from 'b';
type T = 'c' | 1;
export const load = async (): Promise<Record<'d', T>> => ({ 'e': a }) as never;`;
    expect(changed(code).map(([mutator]) => mutator)).toEqual(['ArrowFunction', 'ObjectLiteral']);
  });
});

test('a mutant of the keeper is a program in another place than before', () => {
  const house = fileURLToPath(new URL('../src', import.meta.url));
  let count = 0;
  for (const file of globSync('{execution,store}/*.ts', { cwd: house })) {
    const code = readFileSync(join(house, file), 'utf8');
    for (const { start, end, text, replacement } of sampleOf(
      mutantsOf(file, code).map((mutant) => ({ file, ...mutant })),
      20,
      1,
    )) {
      expect(code.slice(start, end)).toBe(text);
      expect(replacement).not.toBe(text);
      expect(parses(file, code.slice(0, start) + replacement + code.slice(end)), `${text} -> ${replacement}`).toBe(
        true,
      );
      count += 1;
    }
  }
  expect(count).toBeGreaterThan(200);
});

describe('a sample', () => {
  const lines = (file: string, count: number) =>
    Array.from({ length: 3 * count }, (_, index) => ({ file, line: 1 + Math.floor(index / 3), index }));
  const mutants = [...lines('large', 100), ...lines('small', 20), ...lines('tiny', 1)];

  test('gives each file its share of lines, and none of them nothing', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const files = Object.groupBy(sampleOf(mutants, 61, seed), ({ file }) => file);
      expect([files.large!.length, files.small!.length, files.tiny!.length]).toEqual([50, 10, 1]);
      // One of a line before a second of any.
      expect(new Set(files.large!.map(({ line }) => line)).size).toBe(50);
    }
  });

  test('is the same for a seed and another for another', () => {
    expect(sampleOf(mutants, 61, 1)).toEqual(sampleOf(mutants, 61, 1));
    expect(sampleOf(mutants, 61, 1)).not.toEqual(sampleOf(mutants, 61, 2));
  });

  test('is all there is where more is asked for', () => {
    expect(sampleOf(mutants, 9_999, 1).sort((a, b) => mutants.indexOf(a) - mutants.indexOf(b))).toEqual(mutants);
  });
});
