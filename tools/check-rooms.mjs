// A part of `pnpm lint`: imports of keeper/src point down the rooms of tools/rooms.mjs, type imports too, and nobody asks for a
// protocol or a venue by its id outside its room. Prints a line for each thing that is not so. It only parses: no types are needed.
import './check-node.mjs';
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { REGISTRY, ROOMS } from './rooms.mjs';

const SOURCE = /\.[cm]?[jt]sx?$/;
/** Methods that look for one value among several, or in a text. */
const LOOKS_FOR = ['includes', 'has', 'indexOf', 'lastIndexOf', 'startsWith', 'endsWith', 'match', 'search', 'equals'];
const COMPARES = [
  ts.SyntaxKind.EqualsEqualsToken,
  ts.SyntaxKind.EqualsEqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsToken,
  ts.SyntaxKind.ExclamationEqualsEqualsToken,
];

/** @returns {string[]} the paths of all files under `folder`, relative to it, with slashes */
const filesUnder = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => posix.relative(folder, join(entry.parentPath, entry.name)))
    .sort();

const levelOf = (path) =>
  ROOMS.findIndex(({ holds }) => holds.some((held) => (held.endsWith('/') ? path.startsWith(held) : path === held)));

/** The member of a room that a file belongs to: `aave-v3` of `protocols/aave-v3/health.ts`, nothing of `protocols/registry.ts`. */
function memberOf(path) {
  const [, member, ...rest] = path.split('/');
  return rest.length > 0 ? member : undefined;
}

/** The texts of a literal, and of a list of them: what a comparison with it asks for. */
function textsOf(node) {
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node))
    return textsOf(node.expression);
  if (ts.isNonNullExpression(node)) return textsOf(node.expression);
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isPropertyAccessExpression(node)) return [node.name.text];
  if (ts.isElementAccessExpression(node)) return textsOf(node.argumentExpression);
  if (ts.isArrayLiteralExpression(node)) return node.elements.flatMap(textsOf);
  if (ts.isNewExpression(node)) return (node.arguments ?? []).flatMap(textsOf);
  return [];
}

/** What a node imports: the specifier, or `undefined` for one that is not written out; nothing where it imports nothing. */
function importOf(node) {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node))
    return node.moduleSpecifier && { specifier: node.moduleSpecifier.text };
  if (ts.isImportEqualsDeclaration(node) && ts.isExternalModuleReference(node.moduleReference))
    return written(node.moduleReference.expression);
  if (ts.isImportTypeNode(node)) return written(node.argument.literal);
  if (!ts.isCallExpression(node)) return undefined;
  const { expression, arguments: given } = node;
  const imports = expression.kind === ts.SyntaxKind.ImportKeyword;
  const requires = ts.isIdentifier(expression) && expression.text === 'require';
  return imports || requires ? written(given[0]) : undefined;
}

const written = (node) => ({ specifier: node && ts.isStringLiteralLike(node) ? node.text : undefined });

/** What a node compares something with. */
function comparedWith(node) {
  if (ts.isBinaryExpression(node) && COMPARES.includes(node.operatorToken.kind))
    return [node.left, node.right].flatMap(textsOf);
  if (ts.isCaseClause(node)) return textsOf(node.expression);
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return [];
  const { expression, name } = node.expression;
  if (!LOOKS_FOR.includes(name.text)) return [];
  // `venues.uniswapV2.includes(…)` looks in something of that name; a list or a text that stands there is looked for itself.
  const among = ts.isPropertyAccessExpression(expression) ? [] : textsOf(expression);
  return [...among, ...node.arguments.flatMap(textsOf)];
}

/** Every import and every comparison with a text in a file, with its line. */
function read(file, text) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, false);
  const imports = source.referencedFiles.map(({ fileName, pos }) => ({ specifier: `./${fileName}`, at: pos }));
  const texts = [];
  const visit = (node) => {
    const found = importOf(node);
    if (found) imports.push({ ...found, at: node.pos + node.getLeadingTriviaWidth(source) });
    for (const text of comparedWith(node)) texts.push({ text, at: node.pos + node.getLeadingTriviaWidth(source) });
    ts.forEachChild(node, visit);
  };
  visit(source);
  const placed = ({ at, ...rest }) => ({ ...rest, line: source.getLineAndCharacterOfPosition(at).line + 1 });
  return { file, imports: imports.map(placed), texts: texts.map(placed) };
}

/** The same, of each file of a folder; what `seen` holds already is not parsed again. */
function readAll(folder, files, seen) {
  return files.map((file) => {
    const text = readFileSync(join(folder, file), 'utf8');
    const key = `${file}\n${text}`;
    if (!seen.has(key)) seen.set(key, read(file, text));
    return seen.get(key);
  });
}

/** Where a specifier leads, as a path under keeper/src; `../…` where it leads out of it; nothing for a package. */
function resolve(file, specifier) {
  if (!/^(\.|\/|#|file:|@plimsoll\/)/.test(specifier)) return undefined;
  return specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier) : specifier;
}

/** Why a file may not import another; nothing where it may. `above` are the files of rooms with members that import a registry. */
function whyNot(file, target, above) {
  const [from, to] = [levelOf(file), levelOf(target)];
  if (to < 0) return 'which is in no room of keeper/src';
  if (to < from) return `but ${ROOMS[from].name} stands under ${ROOMS[to].name}`;
  const { members, holds } = ROOMS[from];
  if (to !== from || !members) return undefined;
  const [own, other] = [memberOf(file), memberOf(target)];
  if (own !== undefined && other !== undefined && own !== other) return `but no ${members} knows another`;
  if (own !== undefined && other === undefined && above.has(target)) return `which stands over each ${members}`;
  if (own === undefined && other !== undefined && file !== `${holds[0]}${REGISTRY}`)
    return `but beside the folders of ${ROOMS[from].name} only ${REGISTRY} knows one`;
  return undefined;
}

/** Registries, and the files beside their folders that lead to one. */
function standingOver(sources) {
  const over = new Set(ROOMS.filter(({ members }) => members).map(({ holds }) => `${holds[0]}${REGISTRY}`));
  const beside = sources.filter(({ file }) => ROOMS[levelOf(file)]?.members && memberOf(file) === undefined);
  const leads = ({ file, imports }) => imports.some(({ specifier = '' }) => over.has(resolve(file, specifier)));
  for (let before = 0; before !== over.size; ) {
    before = over.size;
    for (const each of beside) if (leads(each)) over.add(each.file);
  }
  return over;
}

/** Each id with the room whose it is, the word for its kind, and who may compare it. */
function ids(files) {
  const all = new Map();
  for (const room of ROOMS.filter(({ members }) => members)) {
    const [home] = room.holds;
    const folders = files.filter((file) => file.startsWith(home)).map(memberOf);
    for (const id of new Set([...room.ids, ...folders.filter((member) => member !== undefined)])) {
      // Until it has a folder, its code lies anywhere in the room.
      const own = folders.includes(id) ? [`${home}${id}/`, `${home}${REGISTRY}`] : [home];
      all.set(id, { kind: room.members, homes: [...own, ...room.names.map((name) => `${name}/`)] });
    }
  }
  return all;
}

/**
 * Checks a folder like keeper/src.
 * @param {string} folder
 * @param {Map<string, unknown>} seen what was parsed for calls before; who asks often hands over the same map
 * @returns {{ faults: string[], files: number, imports: number }} a line for each fault, `file:line …` at its start
 */
export function checkRooms(folder, seen = new Map()) {
  const files = filesUnder(folder);
  const known = ids(files);
  const sources = readAll(
    folder,
    files.filter((file) => SOURCE.test(file)),
    seen,
  );
  const above = standingOver(sources);
  const faults = files.filter((file) => levelOf(file) < 0).map((file) => `${file}:1 is in no room of tools/rooms.mjs`);
  let imports = 0;
  for (const { file, imports: found, texts } of sources.filter(({ file }) => levelOf(file) >= 0)) {
    for (const { specifier, line } of found) {
      imports += 1;
      if (specifier === undefined) faults.push(`${file}:${line} imports what is not written out: name the file`);
      const target = specifier && resolve(file, specifier);
      const why = target && whyNot(file, target, above);
      if (why) faults.push(`${file}:${line} imports ${target}, ${why}`);
    }
    for (const { text, line } of texts) {
      const id = known.get(text);
      if (id && !id.homes.some((home) => file.startsWith(home)))
        faults.push(`${file}:${line} compares with the ${id.kind} '${text}' outside its room`);
    }
  }
  return { faults, files: files.length, imports };
}

/** What `pnpm lint` shows: the rooms and what was seen, or the faults. */
function main(folder) {
  const { faults, files, imports } = checkRooms(folder);
  for (const fault of faults) console.log(`keeper/src/${fault}`);
  const order = ROOMS.map(({ name }) => name).join(' > ');
  if (faults.length === 0)
    console.log(`rooms: ${ROOMS.length} rooms in order (${order}), ${files} files, ${imports} imports`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main('keeper/src');
