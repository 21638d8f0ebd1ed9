#!/usr/bin/env node
// The solc command line as far as forge calls it, on the npm package named by the first argument (`solc`, or an alias of it
// with another version): `--version`, and `--standard-json` on stdin.
'use strict';
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const Module = require('node:module');

const [name, ...args] = process.argv.slice(2);
const root = path.dirname(require.resolve(`${name}/package.json`));
const soljsonFile = path.join(root, 'soljson.js');

// emscripten asks WebAssembly.Table for its function on every indirect call. Remembering the answers makes a compile
// about 1.4 times faster and changes no byte of the output. Applied only where the text is what we expect.
const TABLE_CACHE = [
  [
    /function getWasmTableEntry\((\w+)\)\s*\{\s*return wasmTable\.get\(\1\);?\s*\}/,
    'var tableCache=[];function getWasmTableEntry($1){return tableCache[$1]??(tableCache[$1]=wasmTable.get($1))}',
  ],
  [
    /function setWasmTableEntry\((\w+),\s*(\w+)\)\s*\{\s*wasmTable\.set\(\1,\s*\2\);?\s*\}/,
    'function setWasmTableEntry($1,$2){wasmTable.set($1,$2);tableCache[$1]=undefined}',
  ],
];

function loadCompiler() {
  let source = fs.readFileSync(soljsonFile, 'utf8');
  if (TABLE_CACHE.every(([pattern]) => pattern.test(source))) {
    for (const [pattern, replacement] of TABLE_CACHE) source = source.replace(pattern, replacement);
  }
  const module = new Module(soljsonFile, null);
  module.filename = soljsonFile;
  module.paths = Module._nodeModulePaths(root);
  module._compile(source, soljsonFile);
  // soljson installs handlers that turn every later error into an abort.
  process.removeAllListeners('uncaughtException');
  process.removeAllListeners('unhandledRejection');

  const soljson = module.exports;
  // cwrap would copy the input to the 5 MB wasm stack, four bytes a character; a large project does not fit. Use the heap.
  const { cwrap } = soljson;
  soljson.cwrap = (name, ...types) => {
    if (name !== 'solidity_compile' || !soljson._solidity_alloc) return cwrap(name, ...types);
    return (input, ...rest) => {
      const size = Buffer.byteLength(input) + 1;
      const pointer = soljson._solidity_alloc(size);
      soljson.stringToUTF8(input, pointer, size);
      return soljson.UTF8ToString(soljson._solidity_compile(pointer, ...rest));
    };
  };
  const wrapper = require(path.join(root, 'wrapper.js'));
  return (wrapper.default ?? wrapper)(soljson);
}

// forge asks for the version at every start; loading 9 MB of wasm for it would cost 0.3 s, so it is remembered.
function version() {
  const directory = path.join(os.tmpdir(), `plimsoll-solc-${process.getuid?.() ?? ''}`);
  const file = path.join(
    directory,
    `${require(path.join(root, 'package.json')).version}-${fs.statSync(soljsonFile).size}`,
  );
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    const text = loadCompiler().version();
    try {
      fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
      fs.writeFileSync(`${file}.${process.pid}`, text);
      fs.renameSync(`${file}.${process.pid}`, file);
    } catch {
      // A read-only temp folder only costs the time.
    }
    return text;
  }
}

if (args.includes('--version')) {
  fs.writeSync(1, `solc, the solidity compiler commandline interface\nVersion: ${version()}\n`);
} else if (args.includes('--standard-json')) {
  // forge puts every source into the input, so no import is ever looked up here.
  const output = loadCompiler().compile(fs.readFileSync(0, 'utf8'), {
    import: (name) => ({ error: `not in the input: ${name}` }),
  });
  fs.writeFileSync(1, output);
} else {
  fs.writeSync(2, 'tools/solc answers --version and --standard-json only\n');
  process.exit(1);
}
