// Which test files can notice a change of a source file: those that import it, themselves or through others.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

/** The unit tests of planning, execution and store. */
const TESTS = ['keeper/test/{planning,execution,store}/**/*.test.ts', 'keeper/test/store*.test.ts'];
/** A test that runs the keeper in a process of its own runs the source as it is on disk. */
const ELSEWHERE = /node:child_process|runCli\(/;

export const testFiles = () =>
  globSync(TESTS)
    .filter((file) => !ELSEWHERE.test(readFileSync(file, 'utf8')))
    .sort();

/** The files that are loaded with one: types are not. */
function importsOf(file) {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, false);
  const specifiers = source.statements
    .filter(
      (each) =>
        (ts.isImportDeclaration(each) && !each.importClause?.isTypeOnly) ||
        (ts.isExportDeclaration(each) && !each.isTypeOnly),
    )
    .map(({ moduleSpecifier }) => moduleSpecifier?.text ?? '');
  const dynamic = [...source.text.matchAll(/\bimport\('([^']+)'\)/g)].map(([, specifier]) => specifier);
  return [...specifiers, ...dynamic]
    .filter((specifier) => /^\..*\.ts$/.test(specifier))
    .map((specifier) => join(dirname(file), specifier));
}

/** @returns {Map<string, string[]>} the test files of each file that any of them loads */
export function testsByFile(tests = testFiles()) {
  const imports = new Map();
  const known = (file) => {
    if (!imports.has(file)) imports.set(file, importsOf(file));
    return imports.get(file);
  };
  const noticing = new Map();
  for (const test of tests) {
    const loaded = new Set([test]);
    for (const file of loaded) for (const each of known(file)) loaded.add(each);
    for (const file of loaded) noticing.set(file, [...(noticing.get(file) ?? []), test]);
  }
  return noticing;
}
