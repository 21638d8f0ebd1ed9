/** A block of commands of the README: its name, and the commands as they stand there, without the indent. */
export type Block = { name: string; commands: string };

/** Blocks of `sh` in a page, in their order. @throws where one has no name */
export function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(/^( *)```sh(?: +(\S+))?\n([\s\S]*?)^\1```$/gm)].map(
    ([, indent = '', name, text = '']) => {
      if (!name) throw new Error(`a block of sh in the README has no name:\n${text}`);
      return { name, commands: text.replaceAll(new RegExp(`^${indent}`, 'gm'), '') };
    },
  );
}

/** What stands in the place of something that only a reader can know: every one must be found. */
export type Placeholder = { in: string; is: string; becomes: string };

/**
 * The blocks with their placeholders filled in.
 *
 * @param without - names of blocks that are left out
 * @throws where a placeholder is not there, or one is left that nothing fills
 */
export function filled(
  blocks: readonly Block[],
  placeholders: readonly Placeholder[],
  without: readonly string[],
): Block[] {
  const kept = blocks.filter(({ name }) => !without.includes(name));
  for (const { in: name, is } of placeholders) {
    if (!kept.some((block) => block.name === name && block.commands.includes(is)))
      throw new Error(`the README has no "${is}" in its block "${name}"`);
  }
  return kept.map(({ name, commands }) => {
    const text = placeholders
      .filter((placeholder) => placeholder.in === name)
      .reduce((done, { is, becomes }) => done.replaceAll(is, becomes), commands);
    const left = /\S*…\S*/.exec(text);
    if (left) throw new Error(`nothing fills "${left[0]}" in the README's block "${name}"`);
    return { name, commands: text };
  });
}
