// The default mutators of Stryker, by their names and rules there (stryker-mutator.io), over the syntax tree of TypeScript.
import ts from 'typescript';

const K = ts.SyntaxKind;

const SWAPS = new Map([
  ...entries('ArithmeticOperator', { '+': '-', '-': '+', '*': '/', '/': '*', '%': '*' }),
  ...entries('EqualityOperator', {
    '<': ['<=', '>='],
    '<=': ['<', '>'],
    '>': ['>=', '<='],
    '>=': ['>', '<'],
    '==': '!=',
    '!=': '==',
    '===': '!==',
    '!==': '===',
  }),
  ...entries('AssignmentOperator', {
    '+=': '-=',
    '-=': '+=',
    '*=': '/=',
    '/=': '*=',
    '%=': '*=',
    '<<=': '>>=',
    '>>=': '<<=',
    '&=': '|=',
    '|=': '&=',
    '&&=': '||=',
    '||=': '&&=',
    '??=': '&&=',
  }),
]);
const LOGICAL = { '&&': '||', '||': '&&', '??': '&&' };
const BOOLEAN = ['==', '===', '!=', '!==', '<', '<=', '>', '>=', '&&', '||'];
/** What a method's call becomes: the name of another, or `''` for what it was called on. */
const METHODS = {
  charAt: '',
  endsWith: 'startsWith',
  startsWith: 'endsWith',
  every: 'some',
  some: 'every',
  toLowerCase: 'toUpperCase',
  toUpperCase: 'toLowerCase',
  toLocaleLowerCase: 'toLocaleUpperCase',
  toLocaleUpperCase: 'toLocaleLowerCase',
  sort: '',
  toSorted: '',
  reverse: '',
  toReversed: '',
  slice: '',
  substr: '',
  substring: '',
  trim: '',
  trimEnd: 'trimStart',
  trimStart: 'trimEnd',
  filter: '',
  min: 'max',
  max: 'min',
};

function entries(mutator, swaps) {
  return Object.entries(swaps).map(([operator, others]) => [operator, { mutator, others: [others].flat() }]);
}

/**
 * Every mutant of a source file.
 * @returns {{ mutator: string, start: number, end: number, line: number, text: string, replacement: string }[]} in the file's
 * order; `text` is what stands from `start` to `end`
 */
export function mutantsOf(file, code) {
  const source = ts.createSourceFile(file, code, ts.ScriptTarget.Latest, true);
  const found = [];
  const emit = (mutator, start, end, replacement) => {
    const line = source.getLineAndCharacterOfPosition(start).line + 1;
    found.push({ mutator, start, end, line, text: code.slice(start, end), replacement });
  };
  const visit = (node) => {
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return;
    if (ts.isImportDeclaration(node)) return;
    for (const mutate of MUTATORS) {
      mutate(
        node,
        (mutator, of, replacement) => emit(mutator, of.getStart?.(source) ?? of.pos, of.end, replacement),
        source,
      );
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const MUTATORS = [operators, conditions, literals, functions, unaries, chains, methods];

function operators(node, emit, source) {
  if (!ts.isBinaryExpression(node)) return;
  const { left, right, operatorToken } = node;
  const operator = operatorToken.getText(source);
  const swap = SWAPS.get(operator);
  const joins = operator === '+' && (isText(left) || isText(right));
  if (swap && !joins) for (const other of swap.others) emit(swap.mutator, operatorToken, other);
  const logical = LOGICAL[operator];
  // `??` may not stand beside the others without parentheses.
  if (logical) emit('LogicalOperator', node, `(${left.getText(source)} ${logical} ${right.getText(source)})`);
}

/** Whether a plus beside it joins texts. */
const isText = (node) =>
  ts.isStringLiteralLike(node) ||
  ts.isTemplateExpression(node) ||
  (ts.isBinaryExpression(node) && node.operatorToken.kind === K.PlusToken && (isText(node.left) || isText(node.right)));

function conditions(node, emit, source) {
  if (ts.isForStatement(node) || ts.isWhileStatement(node) || ts.isDoStatement(node)) {
    const test = ts.isForStatement(node) ? node.condition : node.expression;
    if (test) emit('ConditionalExpression', test, 'false');
  } else if (ts.isIfStatement(node) || ts.isConditionalExpression(node)) {
    const test = ts.isIfStatement(node) ? node.expression : node.condition;
    for (const value of ['true', 'false'])
      if (test.getText(source) !== value) emit('ConditionalExpression', test, value);
  } else if (ts.isCaseOrDefaultClause(node) && node.statements.length > 0) {
    emit('ConditionalExpression', { getStart: () => node.statements[0].getStart(source), end: node.end }, '');
  } else if (ts.isBinaryExpression(node) && BOOLEAN.includes(node.operatorToken.getText(source)) && !isTest(node)) {
    const inside = outside(node).parent;
    const operator = ts.isBinaryExpression(inside) ? inside.operatorToken.getText(source) : '';
    // What the operator around it makes of one of the values is no other program.
    if (operator !== '&&') emit('ConditionalExpression', node, 'false');
    if (operator !== '||') emit('ConditionalExpression', node, 'true');
  }
}

/** The expression with the parentheses around it. */
const outside = (node) => (ts.isParenthesizedExpression(node.parent) ? outside(node.parent) : node);

function isTest(node) {
  const whole = outside(node);
  const { parent } = whole;
  if (ts.isForStatement(parent) || ts.isConditionalExpression(parent)) return parent.condition === whole;
  return (ts.isIfStatement(parent) || ts.isIterationStatement(parent, false)) && parent.expression === whole;
}

function literals(node, emit) {
  if (node.kind === K.TrueKeyword) emit('BooleanLiteral', node, 'false');
  else if (node.kind === K.FalseKeyword) emit('BooleanLiteral', node, 'true');
  else if (ts.isArrayLiteralExpression(node) && !isPattern(node))
    emit('ArrayDeclaration', node, node.elements.length > 0 ? '[]' : '["Stryker was here"]');
  else if (ts.isObjectLiteralExpression(node) && node.properties.length > 0 && !isPattern(node))
    emit('ObjectLiteral', node, '{}');
  else if (ts.isStringLiteralLike(node) && isMutableText(node))
    emit('StringLiteral', node, node.text === '' ? '"Stryker was here!"' : '""');
  else if (ts.isTemplateExpression(node) && !ts.isTaggedTemplateExpression(node.parent))
    emit('StringLiteral', node, '``');
  else if (ts.isRegularExpressionLiteral(node))
    for (const other of otherPatterns(node.text)) emit('Regex', node, other);
}

/** The left side of an assignment that takes apart: nothing is made there. */
const isPattern = (node) =>
  ts.isBinaryExpression(node.parent) && node.parent.operatorToken.kind === K.EqualsToken && node.parent.left === node;

function isMutableText({ parent, pos }) {
  const isName = ts.isPropertyAssignment(parent) && parent.name.pos === pos;
  const isModule =
    ts.isExportDeclaration(parent) || (ts.isCallExpression(parent) && parent.expression.kind === K.ImportKeyword);
  return !isName && !isModule && !ts.isExpressionStatement(parent) && !ts.isTaggedTemplateExpression(parent);
}

function* otherPatterns(text) {
  const swaps = [
    [/^\/\^/, '/'],
    [/\$(?=\/[a-z]*$)/, ''],
    ...['dD', 'Dd', 'wW', 'Ww', 'sS', 'Ss'].map(([from, to]) => [new RegExp(`\\\\${from}`), `\\${to}`]),
    [/\[\^/, '['],
    [/\[(?!\^)/, '[^'],
    [/(?<=[\w\])])[*+?]/, ''],
    [/(?<=[\w\])])\{[\d,]+\}/, ''],
  ];
  for (const [from, to] of swaps) if (from.test(text)) yield text.replace(from, () => to);
}

function functions(node, emit) {
  if (ts.isBlock(node) && node.statements.length > 0) emit('BlockStatement', node, '{}');
  else if (ts.isArrowFunction(node) && !ts.isBlock(node.body)) emit('ArrowFunction', node, '() => undefined');
}

function unaries(node, emit, source) {
  if (!ts.isPrefixUnaryExpression(node) && !ts.isPostfixUnaryExpression(node)) return;
  const operand = node.operand.getText(source);
  const isPrefix = ts.isPrefixUnaryExpression(node);
  if (node.operator === K.ExclamationToken) emit('BooleanLiteral', node, operand);
  else if (node.operator === K.TildeToken) emit('UnaryOperator', node, operand);
  else if (node.operator === K.MinusToken) emit('UnaryOperator', node, `+${operand}`);
  else if (node.operator === K.PlusToken) emit('UnaryOperator', node, `-${operand}`);
  else {
    const other = node.operator === K.PlusPlusToken ? '--' : '++';
    emit('UpdateOperator', node, isPrefix ? `${other}${operand}` : `${operand}${other}`);
  }
}

function chains(node, emit) {
  if (!node.questionDotToken) return;
  emit('OptionalChaining', node.questionDotToken, ts.isPropertyAccessExpression(node) ? '.' : '');
}

function methods(node, emit, source) {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return;
  const { name, expression } = node.expression;
  const other = Object.hasOwn(METHODS, name.text) ? METHODS[name.text] : undefined;
  if (other === undefined) return;
  const isExtreme = name.text === 'min' || name.text === 'max';
  if (isExtreme && expression.getText(source) !== 'Math') return;
  if (other === '') emit('MethodExpression', node, expression.getText(source));
  else emit('MethodExpression', name, other);
}

/** Whether a mutant can be read at all; one that cannot says nothing of the tests. */
export function parses(file, code) {
  return ts.createSourceFile(file, code, ts.ScriptTarget.Latest, false).parseDiagnostics.length === 0;
}
