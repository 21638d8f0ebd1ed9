import { z } from 'zod';
import { type Notes, notes } from './notes.ts';
import { type SettingName, shape } from './schema.ts';

/** One setting, with every name it goes by. */
export interface Field extends Notes {
  name: SettingName;
  /** `--min-profit`; undefined for what may not stand on a command line. */
  flag: string | undefined;
  /** `PLIMSOLL_MIN_PROFIT` */
  variable: string;
  /** The default as it would be typed; undefined when there is none or it is found at run time. */
  default: string | undefined;
}

const kebab = (name: string) => name.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase();

/** Every setting, in the order of help and README. */
export const fields: readonly Field[] = (Object.keys(shape) as SettingName[]).map((name) => {
  const schema = shape[name];
  const about = notes.get(schema as never) as Notes | undefined;
  if (!about) throw new Error(`no notes for the setting ${name}`);
  const initial = schema instanceof z.ZodPrefault ? String(schema.def.defaultValue) : undefined;
  return {
    ...about,
    name,
    flag: about.isSecret ? undefined : `--${kebab(name)}`,
    variable: `PLIMSOLL_${kebab(name).replaceAll('-', '_').toUpperCase()}`,
    default: initial,
  };
});

/** The settings as a markdown table, for the README. */
export function configurationTable(): string {
  const rows = fields.map((field) => {
    const flag = field.flag ? `\`${field.flag}\`` : 'none: environment only';
    const initial = field.default === undefined ? (field.unset ?? '') : `\`${field.default}\``;
    const key = field.flag && field.name !== 'config' ? `\`${field.name}\`` : '';
    const unit = field.unit ? ` (${field.unit})` : '';
    const cells = [flag, `\`${field.variable}\``, key, `${field.description}${unit}`, initial, `\`${field.example}\``];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '| flag | environment | config file | meaning | default | example |',
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}
